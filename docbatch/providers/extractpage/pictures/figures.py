"""The pictures of an answer: those that lie in it, and those it links to as far as they were fetched when it was."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from docbatch import media
from docbatch.core.results import Picture
from docbatch.providers.extractpage.chunks import figures
from docbatch.providers.extractpage.pictures.linked_figures import is_linked

_KINDS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff"})
_WIDEST = 100_000


def pictures(answer: Mapping[str, Any], fetched: Mapping[str, Any]) -> Iterator[Picture]:
    """Yield the pictures of an answer. What says that it is one, and is not, is none.

    `fetched` has those it links to, in base64 by the numbers of their chunks.
    """
    places: Counter[int] = Counter()
    for page, number, found in figures(answer):
        place = places[page]
        places[page] += 1
        content, kind = _read(fetched.get(str(number)) if is_linked(found) else found.get("image_b64"))
        if kind is not None:
            width, height = (_pixels(found.get(name)) for name in ("image_width", "image_height"))
            yield Picture(page, place, kind, content, width, height)


def untold(answer: Mapping[str, Any], fetched: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the warning that linked pictures are missing. Nothing is said where nobody asked for them, as of results kept before."""
    if fetched is None:
        return
    linked = [number for _, number, found in figures(answer) if is_linked(found)]
    missing = sum(_read(fetched.get(str(number)))[1] is None for number in linked)
    if missing:
        are = "1 picture" if missing == 1 else f"{missing:,} pictures"
        yield f"pictures: {are} that the service links to could not be fetched with the result; no output shows what is missing"


def _read(encoded: object) -> tuple[bytes, str | None]:
    """Return a picture and its type, None for what is none."""
    content = _content(encoded)
    kind = media.detect(content[: media.HEAD_SIZE], b"") if content else ""
    return content, kind if kind in _KINDS else None


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
