"""Cutting pieces of a document to size: as many in one chunk as fit, and what is too long for one by the library `semantic-text-splitter`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from docbatch.sinks.rows.chunk_pieces import TextPiece
from docbatch.sinks.rows.options import ChunkSpec
from docbatch.sinks.rows.splitter import splitter

_BETWEEN = "\n\n"
_LONGEST_TOKEN, _USUAL_TOKEN = 128, 4
_WINDOW = 1 << 16
"""Characters the library is given at once: of a long text without any space it takes the square of the time."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """Some text of consecutive pieces, from one of them to another."""

    text: str
    first: int
    last: int


Stretch = tuple[int, int]
"""The first and the last of pieces that stay together where there is room."""


class Cutter:
    """Cuts the pieces of one document. Raises SinkError where the library is missing."""

    def __init__(self, found: Sequence[TextPiece], spec: ChunkSpec) -> None:
        self._found = found
        self._spec = spec
        self._whole = splitter(spec.tokens, spec.size, 0, "TextSplitter")
        self._markdown = splitter(spec.tokens, spec.size, spec.overlap, "MarkdownSplitter")
        self._lines = splitter(spec.tokens, spec.size, spec.overlap, "TextSplitter")

    def sections(self, stretches: Sequence[Stretch]) -> Iterator[TextPart]:
        """Yield sections, several in one part as long as they fit; those that are too long are cut."""
        yield from self._packed(stretches, self.section, repeats=False)

    def section(self, stretch: Stretch) -> Iterator[TextPart]:
        """Yield one section, as one part or cut between its pieces; headings stay with the piece below them."""
        yield from self._packed(list(self._units(stretch)), self._cut, repeats=True)

    def _packed(
        self, stretches: Sequence[Stretch], cut: Callable[[Stretch], Iterator[TextPart]], *, repeats: bool
    ) -> Iterator[TextPart]:
        done, lead, is_repeated = 0, None, True
        while done < len(stretches) or not is_repeated:
            rest = stretches[done:]
            count = self._room(lead, rest)
            if count or not is_repeated:
                yield self._joined(lead, rest[:count])
                done += count
                lead = self._repeated(stretches, done) if repeats and done < len(stretches) else None
                is_repeated = True
            elif lead is not None:
                lead = None
            else:
                *parts, lead = cut(stretches[done])
                yield from parts
                done, is_repeated = done + 1, False

    def _room(self, lead: TextPart | None, rest: Sequence[Stretch]) -> int:
        """Return how many of the stretches that follow are in one part, behind the lead if there is one."""
        return _most(
            len(rest),
            lambda number: self._fits_text(self._joined(lead, rest[:number]).text),
            self._guess(0 if lead is None else len(lead.text), rest),
        )

    def _guess(self, length: int, rest: Sequence[Stretch]) -> int:
        """Return about how many stretches there is room for, by their characters."""
        number, most = 0, self._spec.size * (1 if self._spec.tokens == "characters" else _USUAL_TOKEN)
        for first, last in rest:
            length += sum(len(piece.text) + len(_BETWEEN) for piece in self._found[first : last + 1])
            if length > most:
                break
            number += 1
        return number

    def _units(self, stretch: Stretch) -> Iterator[Stretch]:
        first, last = stretch
        begin = first
        for number in range(first, last + 1):
            if not self._found[number].is_heading or number == last:
                yield begin, number
                begin = number + 1

    def _cut(self, unit: Stretch) -> Iterator[TextPart]:
        """Yield a piece and the headings above it where they are too long for one part."""
        first, last = unit
        headings = self._text(first, last - 1) + _BETWEEN if first < last else ""
        if self._found[last].head:
            yield from self._rows(headings, first, last)
        else:
            yield from self._by_library(headings, self._found[last].text, unit)

    def _rows(self, headings: str, first: int, last: int) -> Iterator[TextPart]:
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
                yield TextPart(text(count), begin, last)
            elif done:
                yield from self._by_library("", rows[done], (last, last))
            else:
                yield from self._by_library(headings, table.head + "\n" + rows[0], (first, last))
            done += count or 1

    def _by_library(self, headings: str, text: str, unit: Stretch) -> Iterator[TextPart]:
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
                yield TextPart(whole[start:end].strip(), first if leads else last, last - 1 if ends else last)

    def _joined(self, lead: TextPart | None, stretches: Sequence[Stretch]) -> TextPart:
        if not stretches:
            assert lead is not None
            return lead
        first, last = stretches[0][0], stretches[-1][1]
        if lead is None:
            return TextPart(self._text(first, last), first, last)
        return TextPart(lead.text + _BETWEEN + self._text(first, last), lead.first, last)

    def _repeated(self, stretches: Sequence[Stretch], done: int) -> TextPart | None:
        """Return the pieces before a part that it repeats: whole ones, but no headings and tables."""
        if not self._spec.overlap:
            return None
        begin = end = stretches[done][0]
        fits = splitter(self._spec.tokens, self._spec.overlap, 0, "TextSplitter")
        while begin > stretches[0][0]:
            piece = self._found[begin - 1]
            if piece.is_heading or piece.head or len(fits(self._text(begin - 1, end - 1))) > 1:
                break
            begin -= 1
        return None if begin == end else TextPart(self._text(begin, end - 1), begin, end - 1)

    def _fits_text(self, text: str) -> bool:
        # No token is less than a byte, nor more than so many characters.
        if len(text) > _LONGEST_TOKEN * self._spec.size:
            return False
        return len(text.encode()) <= self._spec.size or len(self._whole(text)) <= 1

    def _text(self, first: int, last: int) -> str:
        return _BETWEEN.join(piece.text for piece in self._found[first : last + 1])


def _most(count: int, fits: Callable[[int], bool], guess: int = 0) -> int:
    """Return the largest number up to `count` that fits, found in few steps from a guess: what is large takes long to judge."""
    guess = min(guess, count)
    number, beyond, step = 0, count + 1, 1
    if guess and fits(guess):
        number = guess
    elif guess:
        beyond = step = guess
    while beyond - number > 1:
        probe = min(number + step, (number + beyond) // 2)
        if fits(probe):
            number, step = probe, 2 * step
        else:
            beyond = step = probe
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
