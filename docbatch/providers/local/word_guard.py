"""Which words and numbers of a document's raw text its Markdown does not say."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

Span = tuple[int, int]

# A number keeps its own points, commas, dashes and strokes, so that 1.204,50 is one and 12-34 is not 1234. What PDFium
# writes for a hyphen at a line's end stands inside a word.
_LETTERS = r"[^\W_]++(?:[\u0300-\u036f]++[^\W_]*+)*+"
_WORD = re.compile(rf"{_LETTERS}(?:[.,:/'\u2019\-\u2010-\u2015\u2212\ufffe]{_LETTERS})*+")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BREAK = re.compile(r"<br\s*/?>|\xad")
_NOT_LETTERS = re.compile(r"[\W_]+")
_LINE_END = re.compile(r"[\r\n]")
_ONE_FORM = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-") | {"\u2019": "'", "\ufffe": ""}
)
_MOST_LOOKING = 200_000_000
"""Characters that may be compared to see whether words were only joined or parted in another way."""


def words(text: str) -> list[str]:
    """Return the words of a text in their order, in one form of writing, Markdown's escapes undone."""
    if "<" in text or "\xad" in text:
        text = _BREAK.sub(" ", text)
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    found = _WORD.findall(text)
    return found if text.isascii() else [word if word.isascii() else _in_one_form(word) for word in found]


def missing(raw: str, said: str) -> list[str]:
    """Return the words of `raw` that `said` holds less often, in their order in `raw`."""
    left = Counter(words(said))
    lacking = []
    for word in words(raw):
        if left[word] > 0:
            left[word] -= 1
        else:
            lacking.append(word)
    return lacking


def left_out(raw: str, said: str) -> list[Span]:
    """Return the pieces of `raw` whose words `said` leaves out, in their order; each lies within one line.

    Words that were only joined or parted in another way are not left out. Of a word that is said too seldom, those count that
    stand elsewhere among other words. The time grows with the length of both texts.
    """
    said_words = words(said)
    short = Counter(words(raw)) - Counter(said_words)
    return _LeftOut(raw, said_words, short).spans() if short else []


class _LeftOut:
    def __init__(self, raw: str, said: Sequence[str], short: Counter[str]) -> None:
        self._spans = [match.span() for match in _WORD.finditer(raw)]
        self._words = [_in_one_form(raw[start:end]) for start, end in self._spans]
        ends = [match.start() for match in _LINE_END.finditer(raw)]
        self._lines = [bisect_left(ends, start) for start, _ in self._spans]
        """Of each word after how many line ends it stands."""
        self._short = short
        self._said_beside = set(pairwise(said))
        surplus = Counter(said) - Counter(self._words)
        self._joined = "".join(_letters(word) for word in said if word in surplus)
        self._looks = _MOST_LOOKING // (len(self._joined) + 1)

    def spans(self) -> list[Span]:
        return [span for run in self._runs() for span in self._really(run)]

    def _runs(self) -> Iterator[list[int]]:
        """Yield the words that are said too seldom, neighbours of a line together."""
        run: list[int] = []
        for at in self._unsaid():
            if run and (at != run[-1] + 1 or not self._is_one_line(run[-1], at)):
                yield run
                run = []
            run.append(at)
        if run:
            yield run

    def _unsaid(self) -> list[int]:
        where: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(self._words):
            if word in self._short:
                where[word].append(at)
        lines = self._lines
        sure = {
            lines[at] for word, places in where.items() if self._short[word] == len(places) for at in places
        }

        def fitness(at: int) -> tuple[int, bool]:
            # Of places that are alike, those on a line that lacks a word for certain come first.
            return self._company(at), lines[at] not in sure

        return sorted(
            at for word, places in where.items() for at in sorted(places, key=fitness)[: self._short[word]]
        )

    def _company(self, at: int) -> int:
        """Return how many neighbours on its line a word has in what is said, too, less those that are not said at all."""
        before = self._words[at - 1] if at and self._is_one_line(at - 1, at) else None
        after = self._words[at + 1] if at + 1 < len(self._words) and self._is_one_line(at, at + 1) else None
        pairs = [(before, self._words[at])] if before else []
        pairs += [(self._words[at], after)] if after else []
        said = sum(pair in self._said_beside for pair in pairs)
        return said - (before in self._short) - (after in self._short)

    def _is_one_line(self, one: int, other: int) -> bool:
        return self._lines[one] == self._lines[other]

    def _really(self, run: list[int]) -> list[Span]:
        if self._is_said_otherwise("".join(self._words[at] for at in run)):
            return []
        lacking = [at for at in run if not self._is_said_otherwise(self._words[at])]
        # Where most of a run is lacking, the rest of it is found elsewhere by chance.
        if 2 * len(lacking) >= len(run):
            return [(self._spans[run[0]][0], self._spans[run[-1]][1])]
        return [self._spans[at] for at in lacking]

    def _is_said_otherwise(self, said: str) -> bool:
        self._looks -= 1
        return self._looks > 0 and _letters(said) in self._joined


def _in_one_form(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFKC", word.translate(_ONE_FORM))


def _letters(word: str) -> str:
    return _NOT_LETTERS.sub("", word)
