"""How much there is of a document, as far as it can be counted without a provider: what vendors charge by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extent:
    """What was counted; None where that is unknown or has no meaning for the document.

    `pages` are pages or slides, `sheets` those of a workbook, `cells` its cells with anything in them.
    """

    pages: int | None = None
    sheets: int | None = None
    cells: int | None = None


UNCOUNTED = Extent()
"""Nothing is known: the document was not looked into, or gave no number."""


@dataclass(frozen=True, slots=True)
class ExtentTotal:
    """How much a job sends. What identical documents of several jobs have is counted for the first of them by name.

    Of its `items`, `paged` have the `pages`, of which `stated` are what documents say of themselves; `books` have the `sheets`
    with the `cells`; of the `unknown` nothing could be counted.
    """

    job: str
    items: int
    paged: int
    pages: int
    stated: int
    books: int
    sheets: int
    cells: int
    unknown: int
