"""A page's dashes, quotes and spaces as they were written, put back where the engine wrote plain ones.

The engine writes one plain character for each, so that a text keeps its length. Which one was meant is told by the
characters around it: in the page's raw text they are the same.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate, pairwise

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.characters import math_signs, parted_words, rare_letters, spaced_words
from docbatch.providers.local.pdf.characters.composed_letters import composed
from docbatch.providers.local.pdf.pdf_document import PdfDocument
from docbatch.providers.local.pdf.raw_text import HYPHEN

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_SINGLE = "\u2018\u2019\u201a\u2032"
_DOUBLE = "\u201c\u201d\u201e\u2033"
_SPACES = "\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_FOLDED = str.maketrans(
    dict.fromkeys(_DASHES, "-") | dict.fromkeys(_SINGLE, "'") | dict.fromkeys(_DOUBLE, '"')
)
_COMBINING = re.compile("[\u0300-\u036f]")
_OWN = re.compile(f"[{_DASHES}{_SINGLE}{_DOUBLE}]")
_WRITTEN_SO = {"-": _DASHES, "'": _SINGLE, '"': _DOUBLE}
_OWN_SPACE = re.compile(f"[{_SPACES}](?<=[^\\s{_SPACES}].)(?=[^\\s{_SPACES}])")
_SPACE = re.compile(r"(?<=\S) (?=\S)")
_WHITE = "".join(filter(str.isspace, map(chr, range(0x3001))))
# Spaces and what Markdown is made of are no part of the characters around.
_BARE = _FOLDED | dict.fromkeys(map(ord, f"{_WHITE}\x00*_#|\\`[]()<>~{HYPHEN}"))
# Scripts that are written without spaces between words: Chinese and Japanese.
SOLID = re.compile(r"[\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
_SOLID_END = re.compile(f"{SOLID.pattern} (?={SOLID.pattern})")
_LINE_END = re.compile(r"\s*[\r\n]+\s*")
# A list's marks, a table's rule and a link's target were written by the engine, not by the page.
_ENGINES_OWN = re.compile(r"^\s*- |^\|[-:| ]+\|$|\]\([^)\s]*\)", re.MULTILINE)
_STILL_BROKEN = re.compile(r"\b(\w{1,40}+)-(\*{0,3}) (\*{0,3})(\w{1,40})\b")
_COMPOUND = re.compile(r"\b\w{1,40}-\w{1,40}\b")
_LAST_LETTERS = re.compile(r"\w*\Z")
_FIRST_LETTERS = re.compile(r"\w*")

_REACHES = ((6, 6), (3, 3), (8, 0), (0, 8), (3, 0), (0, 3))
"""How many characters before and after are compared, the surest first."""
_FARTHEST = 8
_REACH_OF_A_SPACE = 4
_LONGEST_PART = 40
_MOST_COMPOUNDS = 200

_Key = tuple[str, str, str, tuple[int, int]]
Change = Callable[[list[str]], list[str]]


def restore(document: PdfDocument) -> None:
    """Put the characters of each page's raw text back into its Markdown and blocks."""
    pages = [page for page in document.pages if not document.is_read_as_picture(page)]
    raws = [document.raw(page["number"]) for page in pages]
    compounds: set[str] = set()
    if any(HYPHEN in raw for raw in raws):
        compounds.update(word.lower() for raw in raws for word in _compounds(raw))
    for page, raw in zip(pages, raws, strict=True):
        if HYPHEN in raw:
            rewrite(page, _Hyphens(raw, compounds).joined)
        if parted_words.may_have_any(raw):
            rewrite(page, parted_words.PartedWords(document.pdfium, page["number"]).joined)
        if spaced_words.has_any(page["markdown"]):
            rewrite(page, spaced_words.SpacedWords(raw).joined)
        if not raw.isascii():
            _restore(page, raw)


def _compounds(raw: str) -> list[str]:
    return _COMPOUND.findall(" ".join([word for word in raw.split() if "-" in word]))


def folded(text: str) -> str:
    """Return a text with plain dashes and quotes, as the engine writes them: as long as it was."""
    return text.translate(_FOLDED)


def _restore(page: Json, raw: str) -> None:
    if _COMBINING.search(raw):
        rewrite(page, lambda texts: [composed(text) for text in texts])
    if "$" in page["markdown"]:
        rewrite(page, lambda texts: [math_signs.as_written(text, raw) for text in texts])
    if SOLID.search(raw):
        rewrite(page, _without_line_ends(raw))
    if _OWN.search(raw) or _OWN_SPACE.search(raw):
        rewrite(page, _Characters(raw).restored)
    if rare_letters.has_any(raw):
        rewrite(page, rare_letters.RareLetters(raw).put_in)


def _without_line_ends(raw: str) -> Change:
    """Return what joins lines of a script without spaces, which the engine parts by one."""
    ends = {match[0] for match in _SOLID_END.finditer(_LINE_END.sub(" ", raw))} - set(_SOLID_END.findall(raw))

    def joined(match: re.Match[str]) -> str:
        return match[0].replace(" ", "") if match[0] in ends else match[0]

    return lambda texts: [_SOLID_END.sub(joined, text) for text in texts]


def rewrite(page: Json, change: Change) -> None:
    """Change the Markdown of a page, the texts of its blocks and those of its cells alike."""
    page["markdown"] = change([page["markdown"]])[0]
    cells = [cell for block in page["blocks"] for cell in block.get("cells", ())]
    for each in (page["blocks"], cells):
        for one, text in zip(each, change([one["text"] for one in each]), strict=True):
            one["text"] = text


class _Hyphens:
    """Joins words that the page breaks at the end of a line and the engine left broken.

    A word that the document writes with a hyphen within a line keeps it where the engine took it for one that was only broken.
    """

    def __init__(self, raw: str, compounds: set[str]) -> None:
        self._pairs = {
            (
                _LAST_LETTERS.findall(before[-_LONGEST_PART:])[0],
                _FIRST_LETTERS.findall(after[:_LONGEST_PART])[0],
            )
            for before, after in pairwise(raw.split(HYPHEN))
        }
        self._kept = {
            one + other: f"{one}-{other}"
            for one, other in self._pairs
            if f"{one}-{other}".lower() in compounds
        }
        words = "|".join(sorted(self._kept)[:_MOST_COMPOUNDS])
        self._joined = re.compile(rf"\b(?:{words})\b") if words else None

    def joined(self, texts: list[str]) -> list[str]:
        texts = [
            _STILL_BROKEN.sub(self._join, text) if "- " in text or "-*" in text else text for text in texts
        ]
        if self._joined is None:
            return texts
        return [self._joined.sub(lambda match: self._kept[match[0]], text) for text in texts]

    def _join(self, match: re.Match[str]) -> str:
        before, closing, opening, after = match.groups()
        is_one_word = (before, after) in self._pairs and before[-1].islower() and after.islower()
        return f"{before}{closing}{opening}{after}" if is_one_word else match[0]


class _Characters:
    """The plain-looking characters of a raw text, by the characters around them."""

    def __init__(self, raw: str) -> None:
        # What the page itself writes plain everywhere stays as it is.
        kinds = "".join(sorted({mark.translate(_FOLDED) for mark in _OWN.findall(raw)}))
        self._plain = _any_of(kinds)
        found: dict[_Key, list[str]] = defaultdict(list)
        for match in _any_of(kinds + "".join(_WRITTEN_SO[kind] for kind in kinds)).finditer(raw):
            mark = match[0]
            for key in _keys(raw, match.start(), mark.translate(_FOLDED)):
                found[key].append(mark)
        self._marks = {key: each if len(set(each)) > 1 else each[:1] for key, each in found.items()}
        spaces = [(match.start(), match[0]) for match in _OWN_SPACE.finditer(raw)]
        self._beside_spaces = {(raw[at - 1], raw[at + 1]) for at, _ in spaces}
        self._spaces = {_around(raw, at, _REACH_OF_A_SPACE): space for at, space in spaces}

    def restored(self, texts: list[str]) -> list[str]:
        said = "\n".join(texts)
        if not self._spaces and not self._plain.search(said):
            return texts
        hidden = _ENGINES_OWN.sub(lambda match: "\x00" * len(match[0]), said)
        own = [*self._own_marks(hidden), *self._own_spaces(hidden)]
        if not own:
            return texts
        letters = list(said)
        for at, letter in own:
            letters[at] = letter
        return _cut("".join(letters), texts)

    def _own_marks(self, said: str) -> Iterator[tuple[int, str]]:
        seen: Counter[_Key] = Counter()
        marks = self._marks
        for match in self._plain.finditer(said):
            for key in _keys(said, match.start(), match[0]):
                meant = marks.get(key)
                if meant:
                    yield match.start(), meant[min(seen[key], len(meant) - 1)]
                    seen[key] += 1
                    break

    def _own_spaces(self, said: str) -> Iterator[tuple[int, str]]:
        for match in _SPACE.finditer(said) if self._spaces else ():
            at = match.start()
            if (said[at - 1], said[at + 1]) in self._beside_spaces:
                own = self._spaces.get(_around(said, at, _REACH_OF_A_SPACE))
                if own:
                    yield at, own


@cache
def _any_of(letters: str) -> re.Pattern[str]:
    """Return what finds one of these letters; nothing where there are none."""
    return re.compile(f"[{re.escape(letters)}]" if letters else r"(?!)")


def _keys(text: str, at: int, plain: str) -> Iterator[_Key]:
    before, after = _around(text, at, _FARTHEST)
    for back, forth in _REACHES:
        yield plain, before[max(len(before) - back, 0) :], after[:forth], (back, forth)


def _around(text: str, at: int, reach: int) -> tuple[str, str]:
    """Return the characters before and after one, spaces and markup left out."""
    window = 3 * reach
    before = text[max(at - window, 0) : at].translate(_BARE)
    after = text[at + 1 : at + 1 + window].translate(_BARE)
    return before[-reach:], after[:reach]


def _cut(joined: str, texts: Sequence[str]) -> list[str]:
    """Return the pieces that `texts` had, each with its new characters."""
    ends = accumulate(len(text) + 1 for text in texts)
    return [joined[end - 1 - len(text) : end - 1] for text, end in zip(texts, ends, strict=True)]
