"""What general engines leave to be mended: complaints that name a loss, pictures nobody writes, lists without depth."""

import contextlib
from collections.abc import Iterator

import pytest

from docbatch.core.models import Failure
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Engine, Parsed
from docbatch.providers.local.office import engine_words
from tests.providers.local import specimens
from tests.providers.local.office_specimens import NO_OCR, lines, read, unzipped

MARKDOWN = "text/markdown"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SVG = "image/svg+xml"
_GONE = (
    b'<Relationship Id="r9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    b'Target="worksheets/gone.xml"/>'
)


@pytest.fixture(scope="module")
def xberg() -> Iterator[Engine]:
    with contextlib.closing(engines.load("xberg")) as engine:
        yield engine


def parsed(outcome: Parsed | Failure) -> Parsed:
    assert isinstance(outcome, Parsed), outcome
    return outcome


def test_a_part_that_an_engine_skips_is_lost(xberg: Engine) -> None:
    book = unzipped(specimens.xlsx())
    rels = "xl/_rels/workbook.xml.rels"
    added = {
        "xl/workbook.xml": book["xl/workbook.xml"].replace(
            b"</sheets>", b'<sheet name="Gone" sheetId="2" r:id="r9"/></sheets>'
        ),
        rels: book[rels].replace(b'<Relationship Id="r1"', _GONE + b'<Relationship Id="r1"'),
    }
    document = parsed(xberg.extract(specimens.zipped(book | added), SHEET, NO_OCR))
    assert "'Gone'" in document.lost[0]
    assert not document.warnings


@pytest.mark.parametrize(
    ("source", "message", "is_loss"),
    [
        ("pptx", "Slide 2 could not be read", True),
        ("epub", "Failed to read body spine item", True),
        ("docx", "chart2.xml was skipped", True),
        ("metadata", "failed to read the creation date", False),
        ("excel", "dates are shown as they are stored", False),
    ],
)
def test_complaints_are_told_from_remarks(source: str, message: str, is_loss: bool) -> None:
    assert engine_words.is_loss(source, message) is is_loss


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("a ![A plan](image_0.png) b", "a A plan b"),
        ("![image](media/image1.png)", ""),
        ("![x](https://example.org/x.png)", "![x](https://example.org/x.png)"),
        ("[Image: a plan (p.png)]", "a plan"),
        ("![" * 50_000, "![" * 50_000),
    ],
)
def test_pictures_that_stand_nowhere_are_their_words(markdown: str, said: str) -> None:
    assert engine_words.without_pictures(markdown) == said


def test_blocks_of_documents_without_pages_keep_lists_as_deep_as_they_are(xberg: Engine) -> None:
    document = parsed(xberg.extract(b"# T\n\n- one\n  - two\n\n1. x\n2. y\n", MARKDOWN, NO_OCR))
    assert [block["text"] for block in document.blocks] == ["T", "- one", "  - two", "1. x", "2. y"]
    assert document.text == "T\n\n- one\n  - two\n1. x\n2. y"


def test_a_vector_picture_is_its_words() -> None:
    svg = (
        '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"><title>Plan</title>'
        '<style>.a{fill:red}</style><g><text>Gate <tspan font-weight="bold">7</tspan><tspan x="0" dy="9">North</tspan></text></g></svg>'
    )
    assert lines(read(svg.encode(), SVG)) == ["Plan", "Gate 7", "North"]
    assert list(read(b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', SVG).unread) == [1]
