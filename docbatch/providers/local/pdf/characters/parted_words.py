"""Words set a little wide, between whose letters PDFium takes some of the gaps for spaces that nobody wrote."""

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import pypdfium2
from pypdfium2 import raw as pdfium

from docbatch.providers.local.pdf.raw_text import open_text

_FEWEST_SINGLE = 5
_MOST_SINGLE = 0.15
"""Of words of one letter, where they are words: more than in any language's running text."""
_FEWEST = 5
"""Gaps of a kind that must be there to say what is usual."""
_WIDE = 0.04
"""The usual gap between the letters of a word that is set wide, in heights of the letters."""
_NOT_WIDER = 2.0
_OF_A_SPACE = 0.5
_SAME_LINE = 0.3
_MOST_CHARACTERS = 20_000
_MOST_WORDS = 2000


def may_have_any(raw: str) -> bool:
    """Whether a page has so many words of one letter that looking at its letters is worth the time."""
    words = raw.split()
    single = sum(map(_is_letter, [word for word in words if len(word) == 1]))
    return single >= _FEWEST_SINGLE and single > _MOST_SINGLE * len(words)


def _is_letter(sign: str) -> bool:
    return sign.isalnum() and not sign.isdecimal()


class PartedWords:
    """Writes the words of a page, from 1, without the spaces that are no wider than the gaps between letters.

    Raises pypdfium2.PdfiumError.
    """

    def __init__(self, document: pypdfium2.PdfDocument, number: int) -> None:
        with open_text(document, number) as (_, text):
            signs = list(_signs(text))
        self._joined = _parted(signs)
        forms = sorted(self._joined, key=len, reverse=True)[:_MOST_WORDS]
        any_of = "|".join(map(re.escape, forms))
        self._pattern = re.compile(rf"(?<![^\s|*`])(?:{any_of})(?![^\s|*`])") if forms else None

    def joined(self, texts: list[str]) -> list[str]:
        if self._pattern is None:
            return texts
        return [self._pattern.sub(lambda match: self._joined[match[0]], text) for text in texts]


@dataclass(slots=True)
class _Sign:
    """A character; lengths in points, the origin at the bottom left of the page."""

    letter: str
    left: float
    right: float
    bottom: float
    height: float
    is_generated: bool

    @property
    def is_space(self) -> bool:
        return self.letter.isspace()


def _signs(text: Any) -> Iterator[_Sign]:
    count = pdfium.FPDFText_CountChars(text)
    box = pdfium.FS_RECTF()
    for at in range(count if count <= _MOST_CHARACTERS else 0):
        pdfium.FPDFText_GetLooseCharBox(text, at, ctypes.byref(box))
        letter = chr(pdfium.FPDFText_GetUnicode(text, at))
        is_generated = pdfium.FPDFText_IsGenerated(text, at) == 1
        yield _Sign(letter, box.left, box.right, box.bottom, box.top - box.bottom, is_generated)


def _parted(signs: Sequence[_Sign]) -> dict[str, str]:
    """Return the words that have such spaces, as PDFium writes them, each with how it is to be written."""
    letters = [_gap(one, other) for one, other in pairwise(signs) if not one.is_space and not other.is_space]
    if len(letters) < _FEWEST or median(letters) < _WIDE:
        return {}
    between = list(zip(signs, signs[1:], signs[2:], strict=False))
    widest = _NOT_WIDER * median(letters)
    spaces = [
        _gap(one, other)
        for one, space, other in between
        if _parts(space) and not (space.is_generated and _are_near(one, other, widest))
    ]
    if len(spaces) < _FEWEST:
        return {}
    widest = min(widest, _OF_A_SPACE * median(spaces))
    within = {
        at
        for at, (one, space, other) in enumerate(between, 1)
        if _parts(space) and space.is_generated and _are_near(one, other, widest)
    }
    return _words(signs, within)


def _parts(sign: _Sign) -> bool:
    return sign.letter == " "


def _gap(one: _Sign, other: _Sign) -> float:
    return (other.left - one.right) / max(one.height, 1)


def _are_near(one: _Sign, other: _Sign, widest: float) -> bool:
    if one.is_space or other.is_space or other.left < one.left:
        return False
    return abs(other.bottom - one.bottom) <= _SAME_LINE * one.height and _gap(one, other) <= widest


def _words(signs: Sequence[_Sign], within: set[int]) -> dict[str, str]:
    written = "".join(
        "\0" if at in within else " " if sign.is_space else sign.letter for at, sign in enumerate(signs)
    )
    words = {word.replace("\0", " "): word.replace("\0", "") for word in written.split(" ") if "\0" in word}
    # What is also there with a space that was written is left as it is.
    whole = f" {' '.join(written.replace(chr(0), '').split())} "
    return {form: word for form, word in words.items() if f" {form} " not in whole}
