"""What a tariff says of a document before any price is known."""

from docbatch.core.amounts import Bounds, exactly
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.tariffs import (
    FREE,
    UNKNOWN_TARIFF,
    Charge,
    at_most,
    every,
    no_pages,
    pages_as_counted,
)

PDF = "application/pdf"
SHEETS = "application/vnd.oasis.opendocument.spreadsheet"


def test_pages_that_were_counted_are_charged() -> None:
    assert pages_as_counted(PDF, Extent(pages=7), 10) == exactly(7)
    assert pages_as_counted("image/tiff", Extent(pages=2), 10) == exactly(2)


def test_what_was_not_counted_has_a_page_at_least_and_no_bound() -> None:
    assert pages_as_counted(PDF, UNCOUNTED, 10) == Bounds(1, None)
    assert pages_as_counted("text/plain", UNCOUNTED, 10) == Bounds(1, None)


def test_pages_of_workbooks_and_tables_are_not_those_that_are_charged() -> None:
    assert pages_as_counted(SHEETS, Extent(pages=3, sheets=3), 10) == Bounds(1, None)
    assert pages_as_counted("text/csv", Extent(pages=3), 10) == Bounds(1, None)


def test_some_pages_are_one_at_least() -> None:
    assert at_most(exactly(9)) == Bounds(1, 9)
    assert at_most(exactly(0)) == exactly(0)


def test_a_free_provider_charges_no_pages() -> None:
    assert FREE.charged_pages(PDF, Extent(pages=7), 10) == exactly(0)
    assert FREE.charged_pages(PDF, UNCOUNTED, 10) == exactly(0) == no_pages(PDF, UNCOUNTED, 1)
    assert not UNKNOWN_TARIFF.is_known


def test_a_charge_is_of_every_document_and_once_unless_it_says_otherwise() -> None:
    charge = Charge(("parse",))

    assert charge.times == exactly(1)
    assert charge.of("whatever") is every("whatever") is True
