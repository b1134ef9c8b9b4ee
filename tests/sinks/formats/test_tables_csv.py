import csv
import io

import pytest

from docbatch.core.results import Attachment, Block, Cell, Result
from docbatch.sinks.formats import remark
from docbatch.sinks.formats.tables_csv import tables_csv

from .made_results import page, result, spanning, table


def read(of: Result) -> list[list[str]]:
    content = tables_csv(of).decode()
    assert content.endswith("\r\n")
    return list(csv.reader(io.StringIO(content, newline=""), strict=True))


def cell(text: str) -> str:
    return read(result(tables=(table((text,)),)))[1][-1]


def test_every_row_of_every_table_says_where_it_comes_from() -> None:
    inner = Attachment(name="b.xlsx", blocks=(table(("deep",)),))
    outer = Attachment(name="a.zip", blocks=(Block(kind="text", text="no table"),), attachments=(inner,))
    first, second = table(("Name", "Sum"), ("Ann", "3")), table(("x",))

    assert read(result(pages=(page(1), page(3, first)), tables=(second,), attachments=(outer,))) == [
        ["page", "table", "row", "attachment", "column_0", "column_1"],
        ["3", "1", "0", "", "Name", "Sum"],
        ["3", "1", "1", "", "Ann", "3"],
        ["", "2", "0", "", "x", ""],
        ["", "3", "0", "a.zip/b.xlsx", "deep", ""],
    ]


def test_a_document_without_pages_has_each_table_once() -> None:
    twice = table(("a", "b"))

    assert len(read(result(blocks=(twice, twice), tables=(twice, twice, table(("c",)))))) == 1 + 3


def test_what_a_cell_spans_beside_its_corner_is_empty() -> None:
    wide = spanning(
        Cell(row=0, column=0, text="wide", column_span=2, row_span=2),
        Cell(row=0, column=2, text="c"),
        Cell(row=2, column=1, text="b"),
    )

    assert [row[2:] for row in read(result(tables=(wide,)))[1:]] == [
        ["0", "", "wide", "", "c"],
        ["2", "", "", "b", ""],
    ]


@pytest.mark.parametrize("text", ['"', "a,b", "a\nb", "שלום", "a\tb", " ", "a=b"])
def test_a_cell_is_read_back_as_it_is(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    ("text", "written"), [("a\r\nb\rc", "a\nb\nc"), ("a\0b", "a\N{REPLACEMENT CHARACTER}b"), ("\ud800", "?")]
)
def test_what_no_csv_file_can_hold_is_replaced(text: str, written: str) -> None:
    assert cell(text) == written


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "- a", "\uff1d1", " =1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}".replace("\r", "\n")


@pytest.mark.parametrize("text", ["-5", "-1,234.50 €", "+49 30 1234", "-", "--", "-3 %"])
def test_numbers_and_dashes_stay(text: str) -> None:
    assert cell(text) == text


def test_of_a_table_without_cells_its_lines_are_rows() -> None:
    assert [row[4:] for row in read(result(tables=(Block(kind="table", text="a\tb\nc"),)))[1:]] == [
        ["a", "b"],
        ["c", ""],
    ]


def test_two_cells_in_one_place_are_both_kept() -> None:
    both = spanning(
        Cell(row=0, column=0, text="a"), Cell(row=0, column=0, text="b"), Cell(row=-1, column=-7, text="c")
    )

    assert read(result(tables=(both,)))[1][4:] == ["a\nb\nc"]


def test_ten_thousand_columns_are_a_file() -> None:
    assert len(read(result(tables=(table(tuple(map(str, range(10_000)))),)))[1]) == 10_004


def test_tables_that_would_fill_a_disk_are_refused() -> None:
    far = spanning(Cell(row=0, column=10**9, text="a"))

    with pytest.raises(ValueError, match=r"1,000,000,001 columns.*format: json holds them"):
        tables_csv(result(tables=(far,)))


def test_a_file_without_tables_has_a_header_and_says_so() -> None:
    content = tables_csv(result("no table"))

    assert content == b"page,table,row,attachment\r\n"
    assert remark(content, "csv") == "no table was found; the file has the header alone"
    assert remark(tables_csv(result(tables=(table(("a",)),))), "csv") is None
    assert remark(content, "text") is None
