"""Headings by how they are set, lists by where their lines begin."""

import pytest

from docbatch.providers.local.engines import Json, Parsed
from docbatch.providers.local.pdf.layout.block_lines import lines_of_block
from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece
from docbatch.providers.local.word_guard import missing
from tests.providers.local.drawn_pages import DrawnPage
from tests.providers.local.test_pdf_tables import PROSE, read

Heading = tuple[int, str]

ONE = "This is the first line of a paragraph that goes on for a while, so that it is seen as text,"
TWO = "and this is its second line with 12 words."


def headings(parsed: Parsed) -> list[Heading]:
    return [
        (block["level"], block["text"])
        for page in parsed.pages
        for block in page["blocks"]
        if block["kind"] == "heading"
    ]


def marked(parsed: Parsed) -> list[Heading]:
    """Return the headings that the Markdown shows."""
    lines = [line for page in parsed.pages for line in page["markdown"].split("\n")]
    return [(len(line) - len(line.lstrip("#")), line.lstrip("# ")) for line in lines if line.startswith("#")]


def page_of(*lines: tuple[str, float, str], step: float = 1.4) -> DrawnPage:
    """Return a page of lines, each with its size and font."""
    page, y = DrawnPage(), 60.0
    for text, size, font in lines:
        y += step * size
        page.text(60, y, text, size=size, font=font)
    return page


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("Annual report", 18, "bold"), ("1 Findings", 13, "bold")], [(1, "Annual report"), (2, "1 Findings")]),
        ([("Annual report", 18, "regular"), ("1 Findings", 13, "regular")], [(1, "Annual report"), (2, "1 Findings")]),
        ([("Report", 20, "bold"), ("1 Safety", 14, "bold"), ("1.1 Before work", 14, "bold")], [(1, "Report"), (2, "1 Safety"), (3, "1.1 Before work")]),
        ([("A title that is so long that it goes on", 18, "bold"), ("in a second line", 18, "bold")], [(1, "A title that is so long that it goes on in a second line")]),
        ([("Summary", 10, "bold")], [(1, "Summary")]),
        ([("Schluss", 14, "regular")], [(1, "Schluss")]),
    ],
)  # fmt: skip
def test_headings_are_told_apart_by_how_they_are_set(
    lines: list[tuple[str, float, str]], expected: list[Heading]
) -> None:
    parsed = read(page_of(*lines, (ONE, 10, "regular"), (TWO, 10, "regular")))

    assert headings(parsed) == marked(parsed) == expected
    assert ONE in parsed.pages[0]["markdown"]


@pytest.mark.parametrize(
    "line",
    [
        "Total 1,190.00 EUR",
        "Figure 3: Readings of station 17",
        "Please read all of this before you switch on the machine for the very first time today.",
    ],
)
def test_bold_lines_that_name_no_part_are_no_headings(line: str) -> None:
    page = page_of((ONE, 10, "regular"), (TWO, 10, "regular"), (" ", 10, "regular"), (line, 10, "bold"), (" ", 10, "regular"), (ONE, 10, "regular"))  # fmt: skip

    assert headings(read(page)) == []


def test_short_lines_of_running_text_are_no_headings_above_a_table_in_smaller_print() -> None:
    page = DrawnPage().text(60, 60, "Account statement", size=18, font="bold")
    page.lines(
        90,
        [
            "Account holder: Renée Müller",
            "IBAN DE02 1203 0000 0000 2020 51",
            "Period 1 July 2024 to 31 July 2024",
        ],
    )
    for at in range(20):
        page.text(60, 160 + 15 * at, f"{at + 1:02}.07.2024", size=8).text(
            160, 160 + 15 * at, f"Payment {at}", size=8
        )
        page.text(400, 160 + 15 * at, f"{at * 7}.50", size=8)

    assert headings(read(page)) == [(1, "Account statement")]


def test_levels_hold_for_the_whole_document() -> None:
    body = ((ONE, 10, "regular"), (TWO, 10, "regular"))
    first = page_of(("Part one", 14, "bold"), *body, *body)
    second = page_of(("The whole book", 24, "bold"), *body, ("Part two", 14, "bold"), *body)

    assert headings(read(first, second)) == [(2, "Part one"), (1, "The whole book"), (2, "Part two")]


def test_no_word_is_lost_or_doubled_where_headings_are_parted() -> None:
    lines = [("Annual report", 18, "bold"), ("1 Findings", 13, "bold"), (ONE, 10, "regular"), ("Summary", 10, "bold"), (TWO, 10, "regular")]  # fmt: skip
    words = " ".join(text for text, _, _ in lines)

    markdown = read(page_of(*lines)).pages[0]["markdown"]

    assert missing(words, markdown) == []
    assert missing(markdown, words) == []


def items(parsed: Parsed) -> list[str]:
    return [block["text"] for page in parsed.pages for block in page["blocks"] if block["kind"] == "list"]


def list_of(marks: list[tuple[float, str, str]], *, font: str = "regular") -> DrawnPage:
    """Return a page with prose, items as (x, mark, text) and prose again, close to the last item."""
    page = DrawnPage().lines(60, PROSE)
    y = 100.0
    for x, mark, text in marks:
        page.text(x, y, mark, font=font).text(x + 16, y, text)
        y += 14
    return page.lines(y, PROSE)


@pytest.mark.parametrize(
    ("marks", "font", "expected"),
    [
        ([(70, "\u2022", "Key"), (70, "\u2022", "Door"), (70, "\u2022", "Lock")], "regular", ["- Key", "- Door", "- Lock"]),
        ([(70, "\u2013", "Key"), (70, "\u2013", "Door"), (70, "\u2013", "Lock")], "regular", ["- Key", "- Door", "- Lock"]),
        ([(70, "*", "Key"), (70, "*", "Door"), (70, "*", "Lock")], "regular", ["- Key", "- Door", "- Lock"]),
        ([(70, "\u00b7", "Key"), (70, "\u00b7", "Door"), (70, "\u00b7", "Lock")], "symbol", ["- Key", "- Door", "- Lock"]),
        ([(70, "n", "Key"), (70, "n", "Door"), (70, "n", "Lock")], "dingbats", ["- Key", "- Door", "- Lock"]),
        ([(70, "1.", "Key"), (90, "a)", "Old"), (90, "b)", "New"), (70, "2.", "Door")], "regular", ["1. Key", "    a) Old", "    b) New", "2. Door"]),
    ],
)  # fmt: skip
def test_items_keep_their_marks_and_end_where_text_follows(
    marks: list[tuple[float, str, str]], font: str, expected: list[str]
) -> None:
    parsed = read(list_of(marks, font=font))

    assert items(parsed) == expected
    assert [block["text"] for block in parsed.pages[0]["blocks"] if block["kind"] == "text"] == [
        " ".join(PROSE)
    ] * 2
    assert "\n".join(expected) in parsed.pages[0]["markdown"]


def test_an_item_of_two_lines_stays_whole() -> None:
    page = (
        DrawnPage()
        .lines(60, PROSE)
        .text(70, 100, "1.")
        .lines(100, [ONE, TWO], x=86)
        .text(70, 126, "2.")
        .text(86, 126, "Door")
    )

    assert items(read(page)) == [f"1. {ONE} {TWO}", "2. Door"]


@pytest.mark.parametrize(
    "line",
    ["1986. was a great year for wine.", "# is a sign, and no heading", "+ is a sign", "> is one, too"],
)
def test_text_is_not_taken_for_the_mark_of_something_else(line: str) -> None:
    markdown = read(DrawnPage().lines(60, [line]).lines(120, PROSE)).pages[0]["markdown"]

    assert not markdown.startswith(line)
    assert markdown.replace("\\", "").startswith(line)


def test_listings_keep_their_indents() -> None:
    lines = ["def total(values):", "    for value in values:", "        yield value", "    return 0"]

    markdown = read(DrawnPage().lines(60, PROSE).lines(110, lines, font="mono")).pages[0]["markdown"]

    assert "\n".join(lines) in markdown


def test_a_line_knows_that_its_last_word_goes_on() -> None:
    block: Json = {"kind": "text", "text": "found by the commission here", "bbox": [60, 100, 200, 123]}
    lines = [
        PageLine(100, 110, [Segment(60, 100, 200, 110, "found by the com-", 10, bold=True)]),
        PageLine(113, 123, [Segment(60, 113, 160, 123, "mission here", 10, bold=False)]),
    ]

    found = lines_of_block(PagePiece(block["text"], block), lines)

    assert [line.is_broken for line in found or ()] == [True, False]
