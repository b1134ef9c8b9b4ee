"""Chunks of a document: pieces of text for a search index, each with the pages and boxes it was read from.

Groups of pieces that belong together, a heading with what follows it or a page, are put into one chunk as long as they
fit; what does not fit is cut by the library `semantic-text-splitter`, at the end of a paragraph, a sentence or a word.
"""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from docbatch.core.errors import SinkError
from docbatch.core.results import Result
from docbatch.sinks.faults import SAFE
from docbatch.sinks.rows.chunk_pieces import Piece, heading_paths, pieces
from docbatch.sinks.rows.options import ChunkSpec

_MODELS = {"cl100k_base": "gpt-4", "o200k_base": "gpt-4o"}
"""The models by whose name the library gives the tokenizer of an encoding."""

_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class _Part:
    """Some text of consecutive pieces, from one of them to another."""

    text: str
    first: int
    last: int


def chunk_records(result: Result, spec: ChunkSpec, job: str, path: str) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a document in reading order, as fields of rows. Raises SinkError where the library is missing."""
    found = pieces(result)
    paths = heading_paths(found)
    seen: Counter[str] = Counter()
    for part in _parts(found, spec):
        within = found[part.first : part.last + 1]
        pages = [piece.page for piece in within if piece.page is not None]
        yield {
            "chunk": _identifier(job, path, part.text, seen[part.text]),
            "text": part.text,
            "headings": list(paths[part.first]),
            "first_page": min(pages, default=None),
            "last_page": max(pages, default=None),
            "attachment": within[0].attachment,
            "boxes": [
                {"page": piece.page, "bbox": list(piece.bbox)} for piece in within if piece.bbox is not None
            ],
        }
        seen[part.text] += 1


def _identifier(job: str, path: str, text: str, earlier: int) -> str:
    """Return what tells a chunk from all others, and stays while its text does, wherever in the document that stands."""
    said = "\0".join((job, path, text, str(earlier)))
    return hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _parts(found: Sequence[Piece], spec: ChunkSpec) -> Iterator[_Part]:
    cutter = _Cutter(found, spec)
    start = None
    for first, last in _groups(found, spec):
        if start is None:
            start, end = first, last
        elif (
            spec.by == "tokens"
            and found[first].attachment == found[start].attachment
            and cutter.fits(start, last)
        ):
            end = last
        else:
            yield from cutter.cut(start, end)
            start, end = first, last
    if start is not None:
        yield from cutter.cut(start, end)


def _groups(found: Sequence[Piece], spec: ChunkSpec) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of pieces that belong together."""
    start = 0
    for number in range(1, len(found) + 1):
        if number == len(found) or _begins(found[number - 1], found[number], spec):
            yield start, number - 1
            start = number


def _begins(before: Piece, piece: Piece, spec: ChunkSpec) -> bool:
    if piece.attachment != before.attachment:
        return True
    if spec.by == "page":
        return piece.page != before.page
    # Headings that follow each other stay with the text below the last of them.
    return piece.is_heading and not before.is_heading


class _Cutter:
    """Cuts pieces of one document to size."""

    def __init__(self, found: Sequence[Piece], spec: ChunkSpec) -> None:
        self._found = found
        self._size = spec.size
        self._split = _splitter(spec.tokens, spec.size, spec.overlap, "MarkdownSplitter")
        self._fill = _splitter(spec.tokens, spec.size, 0, "TextSplitter")

    def fits(self, first: int, last: int) -> bool:
        """Say whether these pieces together are no more than one chunk."""
        return self._fits(self._text(first, last))

    def cut(self, first: int, last: int) -> Iterator[_Part]:
        """Yield these pieces as one part, or as several where they are too long for one."""
        text = self._text(first, last)
        if self._fits(text):
            yield _Part(text.strip(), first, last)
            return
        places = self._places(first, last)
        done = 0
        if (lead := self._lead(first, last)) and (end := self._filled(text, lead)) > lead:
            yield self._part(text[:end], 0, places, first)
            done = end
        for offset, chunk in self._split(text[done:]):
            yield self._part(chunk, done + offset, places, first)

    def _fits(self, text: str) -> bool:
        # No token is less than a byte.
        return len(text.encode(errors="replace")) <= self._size or len(self._split(text)) <= 1

    def _text(self, first: int, last: int) -> str:
        return _BETWEEN.join(piece.text for piece in self._found[first : last + 1])

    def _lead(self, first: int, last: int) -> int:
        """Return how much of the text are headings at its beginning, 0 where there is nothing else."""
        number = first
        while number <= last and self._found[number].is_heading:
            number += 1
        return 0 if number in (first, last + 1) else len(self._text(first, number - 1))

    def _filled(self, text: str, lead: int) -> int:
        """Return where a chunk ends that has headings and as much of what follows them as there is room for.

        The library would leave a heading alone when the paragraph below it is too long: it is given the two as one line.
        """
        line = text[:lead] + " " + text[lead + len(_BETWEEN) :]
        _, chunk = self._fill(line)[0]
        return len(chunk) + len(_BETWEEN) - 1 if len(chunk) > lead else 0

    def _places(self, first: int, last: int) -> list[int]:
        """Return where each piece begins in their text."""
        places, place = [], 0
        for piece in self._found[first : last + 1]:
            places.append(place)
            place += len(piece.text) + len(_BETWEEN)
        return places

    @staticmethod
    def _part(text: str, offset: int, places: Sequence[int], first: int) -> _Part:
        begin = bisect_right(places, offset) - 1
        end = bisect_right(places, offset + max(len(text.rstrip()), 1) - 1) - 1
        return _Part(text.strip(), first + begin, first + end)


Split = Callable[[str], list[tuple[int, str]]]


@lru_cache(maxsize=16)
def _splitter(tokens: str, size: int, overlap: int, kind: str) -> Split:
    try:
        import semantic_text_splitter  # noqa: PLC0415 - an extra, and megabytes of vocabularies
    except ImportError as error:
        raise SinkError(
            "chunks need the library semantic-text-splitter, which is not installed",
            hint=f"{SAFE}; pip install 'docbatch[chunks]', then run `docbatch apply` again",
        ) from error
    splitter = getattr(semantic_text_splitter, kind)
    made = (
        splitter(size, overlap)
        if tokens == "characters"
        else splitter.from_tiktoken_model(_MODELS[tokens], size, overlap)
    )
    split: Split = made.chunk_indices
    return split
