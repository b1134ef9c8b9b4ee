"""A page's dashes, quotes and spaces as they were written, put back where the engine wrote plain ones.

The engine writes one plain character for each, so that a text keeps its length. Which one was meant is told by the
characters around it: in the page's raw text they are the same.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.pdf_document import PdfDocument
from docbatch.providers.local.pdf.raw_text import HYPHEN

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_SINGLE = "\u2018\u2019\u201a\u2032"
_DOUBLE = "\u201c\u201d\u201e\u2033"
_SPACES = "\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_FOLDED = str.maketrans(
    dict.fromkeys(_DASHES, "-") | dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"')
)
# Spaces and what Markdown is made of are no part of the characters around.
_MARKUP = "\t\n\r\x00 *_#|\\`[]()<>~" + HYPHEN + _SPACES
_IGNORED = frozenset(_MARKUP)
_NO_MARKUP = str.maketrans(dict.fromkeys(_MARKUP, ""))
_OWN = re.compile(f"[{_DASHES}{_SINGLE}{_DOUBLE}]")
_OWN_SPACE = re.compile(f"(?<=[^\\s{_SPACES}])[{_SPACES}](?=[^\\s{_SPACES}])")
_PLAIN = re.compile("[-'\"]")
_SPACE = re.compile(r"(?<=\S) (?=\S)")
# A list's marks, a table's rule and a link's target were written by the engine, not by the page.
_ENGINES_OWN = re.compile(r"^\s*- |^\|[-:| ]+\|$|\]\([^)\s]*\)", re.MULTILINE)
_STILL_BROKEN = re.compile(r"\b(\w{1,40})-(\*{0,3}) (\*{0,3})(\w{1,40})\b")
_LAST_LETTERS = re.compile(r"\w*\Z")
_FIRST_LETTERS = re.compile(r"\w*")

_REACHES = ((6, 6), (3, 3), (8, 0), (0, 8), (3, 0), (0, 3))
"""How many characters before and after are compared, the surest first."""
_REACH_OF_A_SPACE = 4
_LONGEST_PART = 40

_Change = Callable[[list[str]], list[str]]


def restore(document: PdfDocument) -> None:
    """Put the characters of each page's raw text back into its Markdown and blocks."""
    for page in document.pages:
        if not document.is_read_as_picture(page):
            raw = document.raw(page["number"])
            if HYPHEN in raw:
                _rewrite(page, _Hyphens(raw).joined)
            if not raw.isascii() and (_OWN.search(raw) or _OWN_SPACE.search(raw)):
                _rewrite(page, _Characters(raw).restored)


def _rewrite(page: Json, change: _Change) -> None:
    page["markdown"] = change([page["markdown"]])[0]
    cells = [cell for block in page["blocks"] for cell in block.get("cells", ())]
    for each in (page["blocks"], cells):
        for one, text in zip(each, change([one["text"] for one in each]), strict=True):
            one["text"] = text


class _Hyphens:
    """Joins words that the page breaks at the end of a line and the engine left broken."""

    def __init__(self, raw: str) -> None:
        parts = raw.split(HYPHEN)
        self._pairs = {
            (
                _LAST_LETTERS.findall(before[-_LONGEST_PART:])[0],
                _FIRST_LETTERS.findall(after[:_LONGEST_PART])[0],
            )
            for before, after in pairwise(parts)
        }

    def joined(self, texts: list[str]) -> list[str]:
        return [_STILL_BROKEN.sub(self._join, text) if "-" in text else text for text in texts]

    def _join(self, match: re.Match[str]) -> str:
        before, closing, opening, after = match.groups()
        is_one_word = (before, after) in self._pairs and before[-1].islower() and after.islower()
        return f"{before}{closing}{opening}{after}" if is_one_word else match[0]


class _Characters:
    """The plain-looking characters of a raw text, by the characters around them."""

    def __init__(self, raw: str) -> None:
        own = raw.translate(_NO_MARKUP)
        plain = own.translate(_FOLDED)
        found: list[dict[str, list[str]]] = [defaultdict(list) for _ in _REACHES]
        for match in _PLAIN.finditer(plain):
            at = match.start()
            for around, (before, after) in zip(found, _REACHES, strict=True):
                around[plain[max(at - before, 0) : at + after + 1]].append(own[at])
        self._around = [
            {key: each if len(set(each)) > 1 else each[:1] for key, each in around.items()}
            for around in found
        ]
        self._spaces = {_around_space(raw, match.start()): match[0] for match in _OWN_SPACE.finditer(raw)}

    def restored(self, texts: list[str]) -> list[str]:
        said = "\n".join(texts)
        letters = list(said)
        hidden = _ENGINES_OWN.sub(lambda match: "\x00" * len(match[0]), said)
        self._restore_marks(hidden, letters)
        if self._spaces:
            for match in _SPACE.finditer(hidden):
                letters[match.start()] = self._spaces.get(_around_space(hidden, match.start()), " ")
        return _cut("".join(letters), texts)

    def _restore_marks(self, said: str, letters: list[str]) -> None:
        plain = said.translate(_NO_MARKUP).translate(_FOLDED)
        offsets = [at for at, letter in enumerate(said) if letter not in _IGNORED]
        seen: Counter[str] = Counter()
        for match in _PLAIN.finditer(plain):
            own = self._meant(plain, match.start(), seen)
            if own:
                letters[offsets[match.start()]] = own

    def _meant(self, plain: str, at: int, seen: Counter[str]) -> str | None:
        for around, (before, after) in zip(self._around, _REACHES, strict=True):
            key = plain[max(at - before, 0) : at + after + 1]
            meant = around.get(key)
            if meant:
                seen[key] += len(meant) > 1
                return meant[min(max(seen[key] - 1, 0), len(meant) - 1)]
        return None


def _around_space(text: str, at: int) -> tuple[str, str]:
    reach = 3 * _REACH_OF_A_SPACE
    before = text[max(at - reach, 0) : at].translate(_NO_MARKUP).translate(_FOLDED)
    after = text[at : at + reach].translate(_NO_MARKUP).translate(_FOLDED)
    return before[-_REACH_OF_A_SPACE:], after[:_REACH_OF_A_SPACE]


def _cut(joined: str, texts: Sequence[str]) -> list[str]:
    """Return the pieces that `texts` had, each with its new characters."""
    ends = accumulate(len(text) + 1 for text in texts)
    return [joined[end - 1 - len(text) : end - 1] for text, end in zip(texts, ends, strict=True)]
