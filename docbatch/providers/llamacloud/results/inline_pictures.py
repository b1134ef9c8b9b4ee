"""Pictures that Markdown has in itself, as jobs ask for by `output_options.markdown.inline_images`."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from itertools import count

from docbatch.core.results import Picture
from docbatch.naming.picture_links import relinked

Links = Mapping[tuple[int, int], str]

_INLINE = re.compile(r"data:(image/[a-z0-9.+-]{1,40});base64,", re.IGNORECASE)


def inline_pictures(markdown: object, page: int) -> Iterator[Picture]:
    """Yield the pictures in a page's Markdown; what says that it is one, and is not, is none."""
    sources: list[str] = []
    if isinstance(markdown, str) and "data:" in markdown:
        relinked(markdown, sources.append)
    for place, source in enumerate(filter(_INLINE.match, sources)):
        kind, encoded = source[len("data:") :].split(";base64,", 1)
        try:
            content = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            continue
        yield Picture(page, place, kind.lower(), content)


def with_links(markdown: str, page: int, links: Links) -> str:
    """Return a page's Markdown with each picture in it at its URL, or its words where it has none."""
    places = count()

    def link(source: str) -> str | None:
        return links.get((page, next(places))) if _INLINE.match(source) else source

    return relinked(markdown, link)
