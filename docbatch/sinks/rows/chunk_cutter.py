"""Cutting pieces of a document to size: as many in one chunk as fit, and what is too long for one by the library `semantic-text-splitter`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from docbatch.core.errors import SinkError
from docbatch.sinks.faults import SAFE
from docbatch.sinks.rows.chunk_pieces import Piece
from docbatch.sinks.rows.options import ChunkSpec

_MODELS = {"cl100k_base": "gpt-4", "o200k_base": "gpt-4o"}
"""The models by whose name the library gives the tokenizer of an encoding."""

_BETWEEN = "\n\n"
_LONGEST_TOKEN = 128
_WINDOW = 1 << 16
"""Characters the library is given at once: of a long text without any space it takes the square of the time."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some text of consecutive pieces, from one of them to another."""

    text: str
    first: int
    last: int


Stretch = tuple[int, int]
"""The first and the last of pieces that stay together where there is room."""


class Cutter:
    """Cuts the pieces of one document. Raises SinkError where the library is missing."""

    def __init__(self, found: Sequence[Piece], spec: ChunkSpec) -> None:
        self._found = found
        self._spec = spec
        self._whole = _splitter(spec.tokens, spec.size, 0, "TextSplitter")
        self._markdown = _splitter(spec.tokens, spec.size, spec.overlap, "MarkdownSplitter")
        self._lines = _splitter(spec.tokens, spec.size, spec.overlap, "TextSplitter")

    def sections(self, stretches: Sequence[Stretch]) -> Iterator[Part]:
        """Yield sections, several in one part as long as they fit; those that are too long are cut."""
        yield from self._packed(stretches, self.section, repeats=False)

    def section(self, stretch: Stretch) -> Iterator[Part]:
        """Yield one section, as one part or cut between its pieces; headings stay with the piece below them."""
        yield from self._packed(list(self._units(stretch)), self._cut, repeats=True)

    def _packed(
        self, stretches: Sequence[Stretch], cut: Callable[[Stretch], Iterator[Part]], *, repeats: bool
    ) -> Iterator[Part]:
        done, lead, is_said = 0, None, True
        while done < len(stretches) or not is_said:
            rest = stretches[done:] if done else stretches
            count = _most(
                len(rest), lambda number, at=rest, on=lead: self._fits(self._joined(on, at[:number]))
            )  # type: ignore[misc]
            if count == 0 and is_said:
                if lead is not None:
                    lead = None
                    continue
                *parts, lead = cut(stretches[done])
                yield from parts
                done, is_said = done + 1, False
                continue
            yield self._joined(lead, rest[:count])
            done += count
            lead = self._repeated(stretches, done) if repeats and done < len(stretches) else None
            is_said = True

    def _units(self, stretch: Stretch) -> Iterator[Stretch]:
        first, last = stretch
        begin = first
        for number in range(first, last + 1):
            if not self._found[number].is_heading or number == last:
                yield begin, number
                begin = number + 1

    def _cut(self, unit: Stretch) -> Iterator[Part]:
        """Yield a piece and the headings above it where they are too long for one part."""
        first, last = unit
        headings = self._text(first, last - 1) + _BETWEEN if first < last else ""
        if self._found[last].head:
            yield from self._rows(headings, first, last)
        else:
            yield from self._by_library(headings, self._found[last].text, unit)

    def _rows(self, headings: str, first: int, last: int) -> Iterator[Part]:
        """Yield a table, its head above the rows of each part."""
        table = self._found[last]
        rows = table.text.removeprefix(table.head).strip("\n").split("\n")
        done = 0
        while done < len(rows):
            led = (headings if not done else "") + table.head + "\n"

            def text(number: int, led: str = led, done: int = done) -> str:
                return led + "\n".join(rows[done : done + number])

            count = _most(len(rows) - done, lambda number: self._fits_text(text(number)))
            begin = last if done else first
            if count:
                yield Part(text(count), begin, last)
            elif done:
                yield from self._by_library("", rows[done], (last, last))
            else:
                yield from self._by_library(headings, table.head + "\n" + rows[0], (first, last))
            done += count or 1

    def _by_library(self, headings: str, text: str, unit: Stretch) -> Iterator[Part]:
        """Yield what the library makes of a text.

        It would leave headings alone when the paragraph below them is too long: it is given both as one line.
        """
        first, last = unit
        whole = headings + text
        line = re.sub(r"\s", " ", headings) + text
        split = self._lines if headings else self._markdown
        for begin, window in _windows(line, max(_WINDOW, 8 * self._spec.size)):
            for offset, chunk in split(window):
                start, end = begin + offset, begin + offset + len(chunk)
                leads, ends = start < len(headings), end <= len(headings)
                yield Part(whole[start:end].strip(), first if leads else last, last - 1 if ends else last)

    def _joined(self, lead: Part | None, stretches: Sequence[Stretch]) -> Part:
        if not stretches:
            assert lead is not None
            return lead
        first, last = stretches[0][0], stretches[-1][1]
        if lead is None:
            return Part(self._text(first, last), first, last)
        return Part(lead.text + _BETWEEN + self._text(first, last), lead.first, last)

    def _repeated(self, stretches: Sequence[Stretch], done: int) -> Part | None:
        """Return the pieces before a part that it repeats: whole ones, but no headings and tables."""
        if not self._spec.overlap:
            return None
        begin = end = stretches[done][0]
        fits = _splitter(self._spec.tokens, self._spec.overlap, 0, "TextSplitter")
        while begin > stretches[0][0]:
            piece = self._found[begin - 1]
            if piece.is_heading or piece.head or len(fits(self._text(begin - 1, end - 1))) > 1:
                break
            begin -= 1
        return None if begin == end else Part(self._text(begin, end - 1), begin, end - 1)

    def _fits(self, part: Part) -> bool:
        return self._fits_text(part.text)

    def _fits_text(self, text: str) -> bool:
        # No token is less than a byte, nor more than so many characters.
        if len(text) > _LONGEST_TOKEN * self._spec.size:
            return False
        return len(text.encode()) <= self._spec.size or len(self._whole(text)) <= 1

    def _text(self, first: int, last: int) -> str:
        return _BETWEEN.join(piece.text for piece in self._found[first : last + 1])


def _most(count: int, fits: Callable[[int], bool]) -> int:
    """Return the largest number up to `count` that fits, found in few steps from below: what is large takes long to judge."""
    number, step = 0, 1
    while number + step <= count and fits(number + step):
        number += step
        step *= 2
    while step := step // 2:
        if number + step <= count and fits(number + step):
            number += step
    return number


def _windows(text: str, length: int) -> Iterator[tuple[int, str]]:
    """Yield a text in pieces with the place of each, ended where a paragraph, a line or a word does."""
    begin = 0
    while len(text) - begin > length:
        ends = (text.rfind(mark, begin + length // 2, begin + length) for mark in ("\n\n", "\n", " "))
        end = next((end for end in ends if end > 0), begin + length)
        yield begin, text[begin:end]
        begin = end
    yield begin, text[begin:]


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
