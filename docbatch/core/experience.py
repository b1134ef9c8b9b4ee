"""What documents came to that were made in the same way, and what that lets expect of the next. Pure, in whole numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from docbatch.core.amounts import Bounds, exactly

ENOUGH = 20
"""How many documents have to be through before anything is expected of the next: as many as a percent counts from."""


@dataclass(frozen=True, slots=True)
class Experience:
    """Documents of which the vendor told what they came to, in millionths of credits; `pages` where that is known of all."""

    documents: int = 0
    pages: int | None = None
    credits: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """What documents to be sent come to if it is as before, in millionths of credits and US dollars, by so many documents.

    `money` is None where nothing says what a credit costs. It binds nobody: limits and guards go by what it may come to.
    """

    credits: int
    money: int | None
    documents: int


def expected(
    before: Experience, documents: int, pages: Bounds, worth: Callable[[Bounds], Bounds]
) -> Expected | None:
    """Return what so many documents with so many pages come to, by their pages if these are known; None where too little is known.

    `worth` returns what credits cost.
    """
    if before.documents < ENOUGH:
        return None
    if before.pages and pages.is_exact:
        spent = before.credits * pages.low // before.pages
    else:
        spent = before.credits * documents // before.documents
    money = worth(exactly(spent))
    return Expected(spent, money.high if money.is_exact else None, before.documents)
