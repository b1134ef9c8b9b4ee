"""The pictures that lie in an answer themselves; those it has links to are gone when the links are."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from docbatch import media
from docbatch.core.results import Picture
from docbatch.providers.extractpage.chunks import figures

_KINDS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff"})
_WIDEST = 100_000


def pictures(answer: Mapping[str, Any]) -> Iterator[Picture]:
    """Yield the pictures of an answer. What says that it is one, and is not, is none."""
    places: Counter[int] = Counter()
    for page, found in figures(answer):
        place = places[page]
        places[page] += 1
        content = _content(found.get("image_b64"))
        kind = media.detect(content[: media.HEAD_SIZE], b"") if content else ""
        if kind in _KINDS:
            width, height = (_pixels(found.get(name)) for name in ("image_width", "image_height"))
            yield Picture(page, place, kind, content, width, height)


def _content(encoded: object) -> bytes:
    if not isinstance(encoded, str):
        return b""
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _pixels(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _WIDEST
    return value if is_count else None  # type: ignore[return-value]
