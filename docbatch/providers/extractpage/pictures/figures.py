"""The pictures of an answer: those that lie in it, and those it links to as far as they were fetched when it was."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from docbatch.core.results import Picture
from docbatch.providers import linked_pictures
from docbatch.providers.extractpage.chunks import figures
from docbatch.providers.extractpage.pictures.linked_figures import is_linked
from docbatch.providers.linked_pictures import decoded

_WIDEST = 100_000


def pictures(answer: Mapping[str, Any], fetched: Mapping[str, Any]) -> Iterator[Picture]:
    """Yield the pictures of an answer. What says that it is one, and is not, is none.

    `fetched` has those it links to, in base64 by the numbers of their chunks.
    """
    places: Counter[int] = Counter()
    for page, number, found in figures(answer):
        place = places[page]
        places[page] += 1
        content, kind = decoded(fetched.get(str(number)) if is_linked(found) else found.get("image_b64"))
        if kind is not None:
            width, height = (_pixels(found.get(name)) for name in ("image_width", "image_height"))
            yield Picture(page, place, kind, content, width, height)


def untold(answer: Mapping[str, Any], fetched: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the warning that linked pictures are missing. Nothing is said where nobody asked for them, as of results kept before."""
    if fetched is None:
        return
    linked = [number for _, number, found in figures(answer) if is_linked(found)]
    yield from linked_pictures.untold(sum(decoded(fetched.get(str(number)))[1] is None for number in linked))


def _pixels(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _WIDEST
    return value if is_count else None  # type: ignore[return-value]
