"""What is counted of documents, type by type, and which of them give no number."""

import struct
from io import BytesIO
from pathlib import Path

import pytest

from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.counting import kinds
from docbatch.media import HEAD_SIZE, detect
from tests.counting import countable
from tests.counting.countable import book, letter, old_book, opendocument, paged_pdf, record, slides, tiff
from tests.providers.local import specimens

TABLE = (
    '<office:spreadsheet><table:table><table:table-row table:number-rows-repeated="3">'
    '<table:table-cell office:value-type="float" table:number-columns-repeated="2"/><table:table-cell/>'
    "</table:table-row></table:table><table:table/></office:spreadsheet>"
)
STATISTIC = '<m:document-statistic xmlns:m="m" m:page-count="{}" m:character-count="{}"/>'


def counted(content: bytes, name: bytes = b"document") -> Extent:
    media_type = detect(content[:HEAD_SIZE], name, BytesIO(content))
    assert kinds.is_counted(media_type), media_type
    return kinds.count(BytesIO(content), len(content), media_type)


def old(*cells: bytes) -> bytes:
    sheet, chart = struct.pack("<HH", 0x600, 0x10), struct.pack("<HH", 0x600, 0x20)
    listed = record(0x85, bytes(6)) + record(0x85, bytes(5) + b"\x06")
    return old_book(
        record(0x809, struct.pack("<HH", 0x600, 5)) + listed + record(0x0A)
        + record(0x809, sheet) + b"".join(cells)
        + record(0x809, chart) + record(0x203, bytes(14)) + record(0x0A) + record(0x0A)
    )  # fmt: skip


COUNTED = {
    "pages of a PDF": (paged_pdf(7), Extent(pages=7)),
    "a PDF behind much that is none": (b"%junk\n" * 300 + paged_pdf(2), Extent(pages=2)),
    "frames of a TIFF": (tiff(3), Extent(pages=3)),
    "frames of a TIFF in the other order": (tiff(2, order=">"), Extent(pages=2)),
    "slides": (slides(4), Extent(pages=4)),
    "no slides at all": (slides(0), Extent(pages=0)),
    "slides of an OpenDocument file": (
        opendocument("presentation", "<office:presentation><draw:page/><draw:page/></office:presentation>"),
        Extent(pages=2),
    ),
    "sheets, and cells with a value, a text or a formula": (
        book(['<d><c><v>1</v></c><c t="inlineStr"><is><t>x</t></is></c><c><f>A1</f><v/></c><c s="1"/></d>', "<d/>"]),
        Extent(sheets=2, cells=3),
    ),
    "what a sheet has beside its cells": (
        book(["<d><c/><x><f>A1:B2</f></x><c><v>1</v></c></d>"]),
        Extent(sheets=1, cells=1),
    ),
    "a binary workbook": (countable.binary_book(), Extent(sheets=1, cells=3)),
    "an old workbook: neither macros, nor what a chart keeps, nor cells with a format alone": (
        old(record(0x203, bytes(14)), record(0xBD, bytes(24)), record(0x201, bytes(6))),
        Extent(sheets=1, cells=4),
    ),
    "cells that are repeated, of an OpenDocument file": (
        opendocument("spreadsheet", TABLE),
        Extent(sheets=2, cells=6),
    ),
    "pages that a Word document names": (letter("word " * 100, 3, 400), Extent(pages=3)),
    "pages that an OpenDocument text names": (
        opendocument("text", "<text:p>some words</text:p>", STATISTIC.format(5, 10)),
        Extent(pages=5),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", COUNTED)
def test_what_is_there_is_counted(what: str) -> None:
    content, extent = COUNTED[what]

    assert counted(content) == extent


UNKNOWN = {
    "a page tree that holds itself": countable.circular_pdf(),
    "more pages than there are": paged_pdf(2, b"3"),
    "a billion pages": paged_pdf(1, b"1000000000"),
    "a PDF with a password": specimens.encrypted_pdf(),
    "a PDF of which the beginning is left": paged_pdf(3)[:60],
    "a TIFF whose frames lead in a circle": tiff(3, first_again=True),
    "a TIFF that is cut off": tiff(9)[:40],
    "ten thousand sheets": book(["<d/>"] * 10_000),
    "a sheet that is listed and missing": book(["<d/>"], listed=2),
    "a sheet that is no XML": book(["<d><c><v>"]),
    "a sheet that declares a document type": book(['<!DOCTYPE d [<!ENTITY a "aaaa">]><d>&a;</d>']),
    "cells repeated a billion times": opendocument("spreadsheet", TABLE.replace('"3"', '"999999999"')),
    "cells repeated so often that it is no number": opendocument("spreadsheet", TABLE.replace('"3"', '"-3"')),
    "an old workbook with a password": old(record(0x2F, bytes(6))),
    "an old workbook that is cut off": old_book(record(0x809, bytes(16))),
    "an old workbook without its stream": specimens.ole("Workbook"),
    "a Word document that names no pages": letter("word", None, 4),
    "a Word document whose number is that of an empty one": letter("word " * 100, 1, 0),
    "a short Word document whose number is that of an empty one": letter("a few words", 1, 0),
    "a Word document whose number is that of a shorter one": letter("word " * 1000, 1, 400),
    "an OpenDocument text whose number is that of a shorter one": opendocument(
        "text", f"<text:p>{'word ' * 900}</text:p>", STATISTIC.format(1, 12)
    ),
    "an archive without its directory": specimens.xlsx()[:-200],
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_gives_no_number_is_unknown(what: str) -> None:
    assert counted(UNKNOWN[what], b"document.xlsx") == UNCOUNTED


def test_a_picture_is_a_page_at_sight_and_a_text_has_none() -> None:
    assert kinds.at_sight("image/png") == Extent(pages=1)
    assert kinds.at_sight("text/plain") == UNCOUNTED
    assert not kinds.is_counted("image/png")
    assert not kinds.is_counted("text/html")


def test_a_large_file_that_is_no_pdf_inside_is_unknown(tmp_path: Path) -> None:
    made = tmp_path / "large.pdf"
    made.write_bytes(b"%PDF-1.7\n" + bytes(2 << 20))

    with made.open("rb") as file:
        assert kinds.count(file, made.stat().st_size, "application/pdf") == UNCOUNTED


def test_a_large_pdf_is_mapped_and_not_read(tmp_path: Path) -> None:
    made = tmp_path / "large.pdf"
    made.write_bytes(paged_pdf(2).replace(b"%%EOF", b"%" + b"x" * (2 << 20) + b"\n%%EOF"))

    with made.open("rb") as file:
        assert kinds.count(file, made.stat().st_size, "application/pdf") == Extent(pages=2)
        assert file.tell() == 0
