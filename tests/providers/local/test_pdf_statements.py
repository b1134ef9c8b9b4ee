"""Statements and ledgers without rules: each row its own, whatever the engine made of their columns."""

from types import SimpleNamespace

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment
from docbatch.providers.local.pdf.layout.table_heads import complete_heads
from docbatch.providers.local.pdf.layout.word_columns import tables_of
from tests.providers.local import pdf_pages
from tests.providers.local.pdf_pages import Line, lines, page_of, read

_DATES = [f"{day:02} Mar" for day in range(1, 24)]
_AMOUNTS = [f"({7 * day},{day:03}.50)" if day % 3 else f"{day}99.05" for day in range(1, 24)]
_BALANCES = [f"{90 - day},0{day:02}.11-" for day in range(1, 24)]


def _right(x: float, y: float, text: str) -> Line:
    return Line(x - 4.5 * len(text), y, text, 9)


def _statement() -> bytes:
    page: list[Line | bytes] = [Line(50, 760, "NORTHERN BANK", 13), _right(545, 760, "Page one")]
    page += [Line(50, 742, "Account 0042-118-7", 9), _right(545, 742, "Period March 2025")]
    page += [Line(50, 706, "Date", 9), Line(110, 706, "Description", 9), _right(390, 706, "Paid out")]
    page += [
        _right(545, 706, "Balance"),
        Line(110, 690, "Opening balance", 9),
        _right(545, 690, "90,000.11-"),
    ]
    for number, (date, amount, balance) in enumerate(zip(_DATES, _AMOUNTS, _BALANCES, strict=True)):
        y = 676 - 14 * number
        page += [Line(50, y, date, 9), Line(110, y, "Direct debit Thames Water", 9)]
        page += [_right(390, y, amount), _right(545, y, balance)]
    return pdf_pages.pdf(page)


def _line(y: float, *segments: tuple[float, float, str]) -> PageLine:
    return PageLine(y, y + 10, [Segment(x0, y, x1, y + 10, text, 9, bold=False) for x0, x1, text in segments])


def test_each_row_of_a_statement_is_a_row_and_what_stands_above_is_no_head() -> None:
    page = page_of(_statement())
    (table,) = [block for block in page["blocks"] if block["kind"] == "table"]

    rows = [row.split("\t") for row in table["text"].split("\n")]
    assert rows[0] == ["Date", "Description", "Paid out", "Balance"]
    assert rows[1] == ["", "Opening balance", "", "90,000.11-"]
    assert [row[0] for row in rows[2:]] == _DATES
    assert [row[2] for row in rows[2:]] == _AMOUNTS
    assert [row[3] for row in rows[2:]] == _BALANCES
    assert "Period March 2025" in page["markdown"].split("|")[0]


def test_a_short_run_of_other_lines_does_not_take_the_head_of_a_table_with_it() -> None:
    head = [(50.0, 70.0, "Date"), (110.0, 160.0, "Text"), (350.0, 390.0, "Out"), (510.0, 545.0, "Balance")]
    page_lines = [
        _line(30, (50, 165, "BANK"), (456, 545, "Statement")),
        _line(42, (50, 148, "Account No."), (418, 545, "Period")),
        _line(60, *head),
        *(
            _line(
                72 + 12 * at,
                (50, 78, f"0{at} Mar"),
                (110, 187, "Rent"),
                (356, 390, "9.10"),
                (510, 545, "7.20"),
            )
            for at in range(1, 5)
        ),
    ]

    (table,) = tables_of(page_lines)

    assert [cell.text for cell in table.rows[0]] == ["Date", "Text", "Out", "Balance"]


def test_a_sign_beside_a_figure_that_no_font_explains_is_named_as_lost() -> None:
    parsed = read(pdf_pages.pdf(lines("The change of a year with a long text before it is \x013.5% in all")))
    other = read(pdf_pages.pdf(lines("The change of a year with a long text before it is \x01small in all")))

    assert parsed.lost == ["page 1: signs whose font does not say what they are, in \ufffd3.5%"]
    assert other.lost == []
    assert len(other.warnings) == 1


def test_a_word_of_a_head_stands_in_its_own_cell_only() -> None:
    words = [_word("Europe", 40, 0), _word("Units", 40, 20), _word("EUR", 90, 20)]
    cells = [
        {"row": 0, "column": at, "text": text}
        for at, text in enumerate(["Europe Units EUR", "Europe Units EUR"])
    ]
    body = [{"row": 1, "column": at, "text": text} for at, text in enumerate(["10", "1,000.00"])]
    for at, cell in enumerate(cells):
        cell["bbox"] = [60.0 * at, -10, 60 * at + 60, 40]
    block: Json = {"kind": "table", "text": "", "cells": [*cells, *body], "bbox": [0, -10, 120, 60]}
    shown = "|Europe Units EUR|Europe Units EUR|\n|---|---|\n|10|1,000.00|"
    page: Json = {"number": 1, "markdown": shown, "blocks": [block]}

    complete_heads(PageLayout(SimpleNamespace(text_items=words), page))

    assert page["markdown"].split("\n")[0] == "| Europe Units | Europe EUR |"
    assert block["text"] == "Europe Units\tEurope EUR\n10\t1,000.00"


def _word(text: str, middle: float, y: float) -> SimpleNamespace:
    word = SimpleNamespace(text=text, x=middle - 10, width=20)
    return SimpleNamespace(words=[word], y=y, height=10, rotation=0)
