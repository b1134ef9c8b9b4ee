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
