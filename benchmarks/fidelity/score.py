"""How much of a truth a reading holds. Every figure is between 0 and 1, None where the truth does not ask for it."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

from fidelity import marks
from fidelity.truth import FAILED, SUCCEEDED, Reading, Truth

Relation = tuple[str, str, str]

# Scripts without spaces between words: every character is a word of its own.
_ALONE = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f])")
_EDGES = ".,;:!?()[]{}\"'\u201c\u201d\u2018\u2019\u201e\u201a\u00ab\u00bb\u2039\u203a\u2026\u2022\u25e6\u25aa*_`~=<>|\\/"
_FEWEST_ANCHORS = 3


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one document.

    `recall` and `precision` count words, `digits` words with a digit, `unicode` characters beyond ASCII. `order` is the
    longest run of shared unique words that stands in the order of the truth; `text_order` is that of the plain text.
    `headings` are those found as headings of their own, `false_headings` the share of found ones that are none.
    `cells` are cells found in a table, `rel` neighbours found side by side. `outcome` is 1 where it is right and what is to
    be named is named.
    """

    recall: float | None = None
    precision: float | None = None
    digits: float | None = None
    unicode: float | None = None
    order: float | None = None
    text_order: float | None = None
    headings: float | None = None
    false_headings: float | None = None
    cells: float | None = None
    rel: float | None = None
    outcome: float | None = None


NAMES = tuple(each.name for each in fields(Score))


@dataclass(frozen=True, slots=True)
class Missing:
    """What was not found and what should not be there, for those who look for the reason."""

    words: tuple[str, ...] = ()
    characters: str = ""
    surplus: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    outcome: str = ""


def words(text: str) -> list[str]:
    """Return the words of plain text, as they are, without the punctuation around them."""
    found = (word.strip(_EDGES) for word in _ALONE.sub(r" \1 ", marks.folded(text)).split())
    return [word for word in found if any(character.isalnum() for character in word)]


def score(truth: Truth, reading: Reading) -> tuple[Score, Missing]:
    """Score a reading; a document that may be left unread and was said to be so has no figures but `outcome`."""
    verdict, why = _outcome(truth, reading)
    if truth.excused and verdict and reading.outcome != SUCCEEDED and reading.outcome:
        return Score(outcome=verdict), Missing(outcome=why)
    content = marks.plain(reading.markdown)
    asked, found = Counter(words(f"{truth.text}\n{truth.aside}")), Counter(words(content))
    shared = asked & found
    surplus = found - asked - Counter(words(truth.allowed))
    asked_signs, found_signs = _signs(f"{truth.text}\n{truth.aside}"), _signs(content)
    asked_tables = _tables([[[_line(cell) for cell in row] for row in grid] for grid in truth.tables])
    found_tables = _tables(marks.tables(reading.markdown))
    heads = Counter(map(_line, truth.headings)), Counter(marks.headings(reading.markdown))
    is_structured = not truth.words_only
    figures = Score(
        recall=_share(shared, asked),
        precision=1 - surplus.total() / found.total() if found else None,
        digits=_share(_with_digit(shared), _with_digit(asked)),
        unicode=_share(asked_signs & found_signs, asked_signs),
        order=_order(words(truth.text), words(content)) if is_structured else None,
        text_order=_text_order(truth, reading) if is_structured else None,
        headings=_share(heads[0] & heads[1], heads[0]),
        false_headings=_share(heads[1] - heads[0], heads[1]) if is_structured else None,
        cells=_share(asked_tables[0] & found_tables[0], asked_tables[0]),
        rel=_share(asked_tables[1] & found_tables[1], asked_tables[1]),
        outcome=verdict,
    )
    return figures, Missing(
        tuple((asked - shared).elements()),
        "".join((asked_signs - found_signs).elements()),
        tuple(surplus.elements()),
        tuple((heads[0] - heads[1]).elements()),
        tuple((asked_tables[1] - found_tables[1]).elements()),
        why,
    )


def _line(text: str) -> str:
    return " ".join(marks.folded(text).split())


def _share(part: Counter[str] | Counter[Relation], whole: Counter[str] | Counter[Relation]) -> float | None:
    return part.total() / whole.total() if whole else None


def _with_digit(counted: Counter[str]) -> Counter[str]:
    return Counter({word: count for word, count in counted.items() if any(map(str.isdigit, word))})


def _signs(text: str) -> Counter[str]:
    folded = marks.folded(text)
    return Counter(
        sign for sign in folded if not sign.isascii() and unicodedata.category(sign)[0] not in "ZC"
    )


def _outcome(truth: Truth, reading: Reading) -> tuple[float | None, str]:
    if not reading.outcome:
        return None, reading.error
    unwanted = [text for text in truth.absent if text in marks.plain(reading.markdown)]
    if unwanted:
        return 0.0, f"should not be there: {', '.join(unwanted)}"
    unmatched = (
        []
        if reading.outcome.startswith(FAILED)
        else [each for each in truth.patterns if not re.search(each, reading.markdown)]
    )
    if unmatched:
        return 0.0, f"not matched: {', '.join(unmatched)}"
    unread = [
        text
        for text in truth.whole
        if reading.outcome == SUCCEEDED and text not in marks.plain(reading.markdown)
    ]
    if unread:
        return 0.0, f"succeeded without {', '.join(unread)}"
    said = " ".join([*reading.warnings, reading.error]).casefold()
    if reading.outcome.partition(":")[0] not in truth.outcomes and reading.outcome not in truth.outcomes:
        return 0.0, f"{reading.outcome} instead of {' or '.join(truth.outcomes)}: {said[:200]}"
    unnamed = (
        [] if reading.outcome == SUCCEEDED else [name for name in truth.named if name.casefold() not in said]
    )
    return (0.0, f"not named: {', '.join(unnamed)} in: {said[:200]}") if unnamed else (1.0, "")


def _text_order(truth: Truth, reading: Reading) -> float | None:
    return None if reading.text is None else _order(words(truth.text), words(marks.folded(reading.text)))


def _order(asked: Sequence[str], found: Sequence[str]) -> float | None:
    """Return the longest increasing run of what stands once on both sides: words, or pairs where words repeat."""
    for size in (1, 2):
        places = _unique(found, size)
        run = [places[gram] for gram in _unique(asked, size) if gram in places]
        if len(run) >= _FEWEST_ANCHORS:
            return _longest_rise(run) / len(run)
    return None


def _unique(sequence: Sequence[str], size: int) -> dict[tuple[str, ...], int]:
    grams = [tuple(sequence[at : at + size]) for at in range(len(sequence) - size + 1)]
    counts = Counter(grams)
    return {gram: at for at, gram in enumerate(grams) if counts[gram] == 1}


def _longest_rise(run: Iterable[int]) -> int:
    ends: list[int] = []
    for value in run:
        at = bisect_left(ends, value)
        ends[at : at + 1] = [value]
    return len(ends)


def _tables(grids: Iterable[Sequence[Sequence[str]]]) -> tuple[Counter[str], Counter[Relation]]:
    """Return cells, and pairs of a cell and the next one that is not empty, to the right and below."""
    cells: Counter[str] = Counter()
    pairs: Counter[Relation] = Counter()
    for rows in grids:
        cells.update(cell for row in rows for cell in row if cell)
        pairs.update(pair for row in rows for pair in _neighbours(row, "right"))
        width = max(map(len, rows), default=0)
        columns = [[row[at] if at < len(row) else "" for row in rows] for at in range(width)]
        pairs.update(pair for column in columns for pair in _neighbours(column, "below"))
    return cells, pairs


def _neighbours(line: Sequence[str], way: str) -> Iterable[Relation]:
    filled = [cell for cell in line if cell]
    return ((left, right, way) for left, right in pairwise(filled))
