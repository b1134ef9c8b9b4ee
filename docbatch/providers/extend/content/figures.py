"""The pictures of a parsed document: figures and barcodes, which are cut out and linked to."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from docbatch.core.results import Picture
from docbatch.naming.picture_links import lasts, relinked, shown_picture
from docbatch.naming.signed import without_query
from docbatch.providers import linked_pictures
from docbatch.providers.extend.content.fields import content_of, listed, mapped, page_of
from docbatch.providers.linked_pictures import decoded

PICTURED = ("figure", "barcode")
LINK = "imageUrl"

Links = Mapping[tuple[int, int], str]

_WINDOW = 1 << 16
"""Characters in which a block's words are looked for behind those of the block before it."""


class Figure(NamedTuple):
    """A picture by its page and place, and the number of its block; `link` is where it is to be had."""

    page: int
    place: int
    number: int
    link: str | None


class _Placed(NamedTuple):
    """A block of a chunk, and the picture that it is."""

    words: str
    figure: Figure | None


def figures(output: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield what is a picture, in the order of the blocks; one on no page is on page 0. What lies inside of other blocks is part of these."""
    return (each.figure for chunk in _chunks(output) for each in chunk if each.figure is not None)


def links(output: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return where the pictures of an answer are to be had, by the numbers of their blocks."""
    return [(str(each.number), each.link) for each in figures(output) if each.link]


def pictures(output: Mapping[str, Any], fetched: Mapping[str, Any]) -> Iterator[Picture]:
    """Yield the pictures that were fetched, in base64 by the numbers of their blocks. What is none is left out."""
    for each in figures(output) if fetched else ():
        content, kind = decoded(fetched.get(str(each.number)))
        if each.link and kind is not None:
            yield Picture(each.page, each.place, kind, content)


def untold(output: Mapping[str, Any], fetched: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the warning that linked pictures are missing. Nothing is said where nobody asked for them, as of results kept before."""
    if fetched is not None:
        wanted = (number for number, _ in links(output))
        yield from linked_pictures.untold(sum(decoded(fetched.get(each))[1] is None for each in wanted))


class Drawn(NamedTuple):
    """The Markdown of each chunk, and how many pictures of others than the service's figures were replaced by their words."""

    chunks: list[str]
    lost: int


def drawn(output: Mapping[str, Any], shown: Links) -> Drawn:
    """Return Markdown with pictures above their words, or where these would stand; what is not shown leaves no link.

    The service does not say where in a chunk a block is: its words are looked for behind those of the block before it.
    """
    found = []
    lost = 0
    for chunk, blocks in zip(listed(output.get("chunks")), _chunks(output), strict=True):
        own = _Own({_place(each.link): each for _, each in blocks if each and each.link}, shown)
        content = relinked(content_of(mapped(chunk)), own.link)
        lost += own.lost
        pictures = {
            each.number: shown_picture(place, shown[place])
            for _, each in blocks
            if each and each.number not in own.there and (place := (each.page, each.place)) in shown
        }
        found.append(_with_others(content, blocks, pictures) if pictures else content)
    return Drawn(found, lost)


class _Own:
    """Gives what the service itself links to its new address; `there` are the numbers of what is shown then."""

    def __init__(self, sources: Mapping[str, Figure], shown: Links) -> None:
        self.there: set[int] = set()
        self.lost = 0
        self._sources = sources
        self._shown = shown

    def link(self, source: str) -> str | None:
        figure = self._sources.get(_place(source))
        if figure is None:
            is_there = lasts(source)
            self.lost += not is_there
            return source if is_there else None
        to = self._shown.get((figure.page, figure.place))
        if to is not None:
            self.there.add(figure.number)
        return to


def _chunks(output: Mapping[str, Any]) -> Iterator[list[_Placed]]:
    places: Counter[int] = Counter()
    number = 0
    for chunk in listed(output.get("chunks")):
        blocks = []
        for block in listed(mapped(chunk).get("blocks")):
            number += 1
            figure = None
            if mapped(block).get("type") in PICTURED:
                page, link = page_of(block) or 0, mapped(block.get("details")).get(LINK)
                figure = Figure(page, places[page], number, link if isinstance(link, str) else None)
                places[page] += 1
            blocks.append(_Placed(content_of(mapped(block)).strip(), figure))
        yield blocks


def _place(link: str) -> str:
    """Return host and path: what a link is known by once its signature is cut."""
    return re.sub(r"^https?://", "", without_query(link))


def _with_others(content: str, blocks: list[_Placed], pictures: Mapping[int, str]) -> str:
    paragraphs: list[str] = []
    done = at = 0
    for words, figure in blocks:
        begin = _line_with(content, words, at)
        if figure is not None and figure.number in pictures:
            where = max(_end_of_paragraph(content, at) if begin is None else begin, done)
            paragraphs += [content[done:where].strip("\n"), pictures[figure.number]]
            done = where
        if begin is not None:
            at = begin + len(words)
    return "\n\n".join(filter(None, (*paragraphs, content[done:].lstrip("\n"))))


def _line_with(content: str, words: str, at: int) -> int | None:
    """Return where a line begins with these words, None where none does."""
    if not words:
        return None
    end = at + len(words) + _WINDOW
    found = content.find(words, at, end)
    while found > 0 and content[found - 1] != "\n":
        found = content.find(words, found + 1, end)
    return None if found < 0 else found


def _end_of_paragraph(content: str, at: int) -> int:
    """Return where the paragraph ends in which something lies; at the beginning nothing is before it."""
    found = content.find("\n\n", at) if at else 0
    return len(content) if found < 0 else found
