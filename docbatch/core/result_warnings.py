"""Warnings of a result: sentences for a person, whose first word says of what kind they are.

`lost:` names what was not read and makes the document partial, `empty:` what shows nothing, `guessed:` what was taken for
granted and may be wrong. All others are of the kind OTHER.
"""

import enum
from collections.abc import Iterable, Sequence
from typing import Literal

NOTHING_TO_SEE = "empty: there is nothing to see in the document"
"""The warning of a document that shows nothing on any of its pages."""
UNNAMED_LOSS = "lost: the provider says that the document is not whole, and not what is missing"

OnEmpty = Literal["ok", "fail"]
"""What a job makes of a document in which there is nothing to see."""

_OF_PAGES = "empty: page"
_MOST_PAGES = 20


class WarningKind(enum.StrEnum):
    """What a warning is about; EMPTY is the whole document, EMPTY_PAGES some of its pages."""

    LOST = "lost"
    EMPTY = "empty"
    EMPTY_PAGES = "empty_pages"
    GUESSED = "guessed"
    OTHER = "other"


_BY_WORD = {"lost": WarningKind.LOST, "empty": WarningKind.EMPTY, "guessed": WarningKind.GUESSED}
_ORDER = {kind: place for place, kind in enumerate(WarningKind)}


def kind_of(warning: str) -> WarningKind:
    """Return what a warning is about."""
    if warning.startswith(_OF_PAGES):
        return WarningKind.EMPTY_PAGES
    word, colon, _ = warning.partition(":")
    return _BY_WORD.get(word, WarningKind.OTHER) if colon else WarningKind.OTHER


def kinds_of(warnings: Iterable[str]) -> tuple[WarningKind, ...]:
    """Return the kinds among warnings, each once, the gravest first."""
    return tuple(sorted({kind_of(each) for each in warnings}, key=_ORDER.__getitem__))


def gravest_first(warnings: Iterable[str]) -> list[str]:
    """Return warnings by their kinds; those of one kind keep their order."""
    return sorted(warnings, key=lambda each: _ORDER[kind_of(each)])


def abridged(warnings: Iterable[str], most: int) -> list[str]:
    """Return at most so many warnings, the gravest first; the last of them says how many there are besides."""
    ordered = gravest_first(warnings)
    if len(ordered) <= most:
        return ordered
    left = len(ordered) - most + 1
    return [*ordered[: most - 1], f"and {left:,} more warnings; results in the format json name them all"]


def losses(warnings: Iterable[str]) -> list[str]:
    """Return what was not read, without the word that says so."""
    lost = (each for each in warnings if kind_of(each) is WarningKind.LOST)
    return [each.partition(":")[2].strip() for each in lost]


def pages(numbers: Sequence[int]) -> str:
    """Return "page 3", or "pages 3, 4 and 7", naming the first few of many."""
    first, left = numbers[:_MOST_PAGES], len(numbers) - _MOST_PAGES
    named = [*map(str, first), *([f"{left:,} more"] if left > 0 else [])]
    return f"page {named[0]}" if len(named) == 1 else f"pages {', '.join(named[:-1])} and {named[-1]}"


def wordless(pictured: Sequence[int]) -> str:
    """Return the warning of a document without a word: that there is nothing to see, or pictures on these pages."""
    return f"lost: no word was read in the pictures on {pages(pictured)}" if pictured else NOTHING_TO_SEE


def empty_pages(numbers: Sequence[int]) -> str:
    """Return the warning that these pages show nothing."""
    return f"empty: {pages(numbers)} {'shows' if len(numbers) == 1 else 'show'} nothing"
