"""Tables that stand in columns: found, whole, and nothing else taken for one."""

from collections.abc import Callable, Sequence

import pytest

from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.pdf.liteparse_engine import LiteparseEngine
from docbatch.providers.local.word_guard import missing
from tests.providers.local.drawn_pages import DrawnPage, drawn

PROSE = (
    "The following figures were agreed upon by both parties at the meeting in the spring,",
    "and they hold until the end of the year.",
)


def read(*pages: DrawnPage) -> Parsed:
    parsed = LiteparseEngine().extract(drawn(*pages), "application/pdf", Options(ocr="off"))
    assert isinstance(parsed, Parsed)
    assert not [warning for warning in parsed.warnings if "failed" in warning]
    return parsed


def tables(parsed: Parsed) -> list[list[list[str]]]:
    return [rows(block) for page in parsed.pages for block in page["blocks"] if block["kind"] == "table"]


def rows(block: Json) -> list[list[str]]:
    found: dict[int, list[str]] = {}
    for cell in block["cells"]:
        found.setdefault(cell["row"], []).append(cell["text"])
    return list(found.values())


def between_prose(
    cells: Sequence[Sequence[str]],
    places: Sequence[float],
    *,
    right: bool = False,
    step: float = 16,
    bold: bool = False,
) -> DrawnPage:
    page = DrawnPage()
    page.lines(80, PROSE)
    y = 140.0
    if bold:
        for place, cell in zip(places, cells[0], strict=True):
            page.text(place, y, cell, font="bold")
        y += step
    y = page.rows(y, cells[1:] if bold else cells, places, right=right, step=step)
    page.lines(y + 10, PROSE)
    return page


FIGURES = [
    ("Item", "Count", "Net"),
    ("Valve", "4", "12.50"),
    ("Pump", "12", "1,250.00"),
    ("Hose", "100", "99.90"),
]
STATEMENT = [
    ("Date", "Text", "Debit", "Credit", "Balance"),
    ("01.07.", "Rent", "900.00", "", "1,100.00"),
    ("03.07.", "Salary", "", "2,400.00", "3,500.00"),
    ("04.07.", "Card 4417", "12.30", "", "3,487.70"),
    ("09.07.", "Transfer", "", "5.00", "3,492.70"),
]
WORDS = [
    ("Country", "Capital", "Language"),
    ("France", "Paris", "French"),
    ("Spain", "Madrid", "Spanish"),
    ("Poland", "Warsaw", "Polish"),
]


@pytest.mark.parametrize(
    ("cells", "places", "right", "bold"),
    [
        (FIGURES, (60, 240, 360), False, False),
        (FIGURES, (60, 240, 360), True, False),
        (FIGURES, (60, 240, 360), False, True),
        (STATEMENT, (60, 110, 330, 410, 500), False, False),
        (STATEMENT, (60, 200, 330, 410, 500), True, True),
        (WORDS, (60, 200, 340), False, True),
        ([("Net", "1,000.00"), ("VAT 19 %", "190.00"), ("Total", "1,190.00")], (300, 480), True, False),
        ([("Name:", "Anna Lang"), ("Town:", "Ulm"), ("Since:", "2019")], (60, 160), False, False),
        ([("Q", "2022", "2023", "2024"), ("Q1", "12", "15", "9"), ("Q2", "11", "", "8"), ("Q3", "", "17", "7")], (60, 200, 280, 360), False, False),
    ],
)  # fmt: skip
def test_columns_are_a_table_with_each_cell_in_its_place(
    cells: list[tuple[str, ...]], places: tuple[float, ...], right: bool, bold: bool
) -> None:
    parsed = read(between_prose(cells, places, right=right, bold=bold))

    assert tables(parsed) == [list(map(list, cells))]
    assert [block["text"] for block in parsed.pages[0]["blocks"] if block["kind"] == "text"] == [
        " ".join(PROSE)
    ] * 2


def test_heads_that_do_not_stand_over_their_columns_name_them_in_order() -> None:
    page = DrawnPage().text(60, 60, "Date        Text        Amount")
    body = [(f"{day:02}.01.2024", f"Payment {day:04}", f"{day * 3.5:.2f}") for day in range(1, 9)]
    page.rows(76, body, (60, 160, 400))

    assert tables(read(page)) == [[["Date", "Text", "Amount"], *map(list, body)]]


def test_heads_left_of_the_figures_below_them_are_their_heads() -> None:
    page = DrawnPage().lines(60, PROSE)
    for place, head in zip((60, 180, 300, 420), ("Item", "Count", "Unit price", "Net"), strict=True):
        page.text(place, 120, head, font="bold")
    body = [
        ("Valve", "4", "12.50", "50.00"),
        ("Pump", "12", "1,250.00", "15,000.00"),
        ("Hose", "100", "9.90", "990.00"),
    ]
    page.rows(136, body, (60, 290, 410, 530), right=True)

    assert tables(read(page)) == [[["Item", "Count", "Unit price", "Net"], *map(list, body)]]


def test_lines_of_one_cell_are_joined() -> None:
    page = DrawnPage()
    page.lines(80, PROSE)
    page.text(60, 140, "Item", font="bold").text(200, 140, "Description", font="bold").right(
        480, 140, "Price", font="bold"
    )
    y = 160
    for item, description, price in (
        ("A-1", ("Valve with two handles,", "painted blue"), "12.50"),
        ("A-2", ("Pump",), "1,250.00"),
        ("A-3", ("Hose, ten metres long,", "with fittings of brass"), "99.90"),
    ):
        page.text(60, y, item).right(480, y, price).lines(y, description, x=200, step=12)
        y += 12 * len(description) + 8

    assert tables(read(page)) == [
        [
            ["Item", "Description", "Price"],
            ["A-1", "Valve with two handles, painted blue", "12.50"],
            ["A-2", "Pump", "1,250.00"],
            ["A-3", "Hose, ten metres long, with fittings of brass", "99.90"],
        ]
    ]


def test_a_table_that_goes_on_is_a_table_on_each_page() -> None:
    body = [(f"{day:02}.05.2024", f"Payment {day}", f"{day * 13.5:.2f}") for day in range(1, 31)]
    first, second = DrawnPage(), DrawnPage()
    first.rows(60, [("Date", "Text", "Amount"), *body[:20]], (60, 260, 480), right=True)
    second.rows(60, body[20:], (60, 260, 480), right=True)

    one, other = tables(read(first, second))

    assert [*one[1:], *other] == list(map(list, body))


def test_cells_have_boxes_and_the_table_surrounds_them() -> None:
    parsed = read(between_prose(FIGURES, (60, 240, 360), right=True))

    table = next(block for block in parsed.pages[0]["blocks"] if block["kind"] == "table")
    x0, y0, x1, y1 = table["bbox"]
    for cell in table["cells"]:
        left, top, right, bottom = cell["bbox"]
        assert x0 <= left < right <= x1
        assert y0 - 1 <= top < bottom <= y1 + 1


def test_nothing_is_lost_or_doubled_where_a_table_takes_the_place_of_paragraphs() -> None:
    page = between_prose(STATEMENT, (60, 110, 330, 410, 500), step=13)
    words = " ".join([*PROSE, *PROSE, *(cell for row in STATEMENT for cell in row)])

    markdown = read(page).pages[0]["markdown"]

    assert missing(words, markdown) == []
    assert missing(markdown, words) == []


def two_columns() -> DrawnPage:
    page = DrawnPage()
    page.lines(80, ["Running prose in the left half of", "this page that goes on and on in"] * 12, x=60)
    return page.lines(
        80, ["More prose in the right half of it", "which has 12 words in 3 lines that"] * 12, x=320
    )


def numbered_columns() -> DrawnPage:
    page = two_columns()
    for at in range(4, 24, 5):
        page.text(30, 80 + 13 * at, str(at + 1))
    return page


def menu() -> DrawnPage:
    page = DrawnPage().text(60, 60, "Lunch", size=18, font="bold")
    for at, (dish, price) in enumerate(
        (("Soup of the day", "4.50"), ("Fish", "12.80"), ("Rice", "3.20"), ("Tea", "2.10"))
    ):
        page.text(60, 100 + 16 * at, f"{dish} {'.' * (110 - 2 * len(dish))}").right(520, 100 + 16 * at, price)
    return page


def letter() -> DrawnPage:
    page = DrawnPage().lines(100, ["Ms Zoe Bronte", "12 Mill Lane", "Haworth BD22 8DU"])
    return page.lines(100, ["Our ref: K-7731", "Date: 3 March 2025", "Phone: 01535 640195"], x=380).lines(
        200, PROSE
    )


def contents() -> DrawnPage:
    page = DrawnPage().text(60, 60, "Contents", size=18, font="bold")
    for at, (title, number) in enumerate(
        (("Introduction", 3), ("Methods and samples", 7), ("Results", 15), ("Outlook", 21))
    ):
        page.text(60, 100 + 16 * at, f"{title} {'. ' * (40 - len(title))}").right(
            520, 100 + 16 * at, str(number)
        )
    return page


def listing() -> DrawnPage:
    lines = ["def total(values):", "result = 0", "for value in values:", "result += value", "return result"]
    page = DrawnPage().lines(60, PROSE)
    for at, line in enumerate(lines, start=12):
        page.text(60, 20 + 13 * at - 60, str(at), size=7).text(80, 20 + 13 * at - 60, line, font="mono")
    return page


def items() -> DrawnPage:
    page = DrawnPage().lines(60, PROSE)
    for at, text in enumerate(("Bring the key", "Open the door", "Close it again", "Lock it")):
        page.text(70, 110 + 14 * at, f"{at + 1}.").text(90, 110 + 14 * at, text)
    return page


def formulas() -> DrawnPage:
    page = DrawnPage().lines(60, PROSE)
    for at, text in enumerate(("a + b = c", "c + d = e", "e + f = g")):
        page.text(200, 120 + 16 * at, text).text(500, 120 + 16 * at, f"({at + 1})")
    return page


@pytest.mark.parametrize(
    "page", [two_columns, numbered_columns, menu, letter, contents, listing, items, formulas]
)
def test_what_only_stands_side_by_side_is_no_table(page: Callable[[], DrawnPage]) -> None:
    assert tables(read(page())) == []


def test_rules_say_better_than_columns_what_a_cell_is() -> None:
    page = DrawnPage()
    for y in (100, 120, 175, 230):
        page.rule(60, y, 460, y)
    for x in (60, 160, 360, 460):
        page.rule(x, 100, x, 230)
    page.rows(114, [("Item", "Text", "Price")], (66, 166, 366))
    for y, item, words, prices in (
        (136, "A-1", ("Valve", "4 handles"), ("12.50", "net")),
        (191, "A-2", ("Pump", "7 years old"), ("9.00", "net")),
    ):
        page.text(66, y, item).lines(y, words, x=166, step=26).lines(y, prices, x=366, step=26)

    (table,) = tables(read(page))

    assert table == [
        ["Item", "Text", "Price"],
        ["A-1", "Valve 4 handles", "12.50 net"],
        ["A-2", "Pump 7 years old", "9.00 net"],
    ]


def test_many_words_on_one_page_are_still_read() -> None:
    page = DrawnPage()
    for at in range(4000):
        page.text(20 + 7 * (at % 80), 20 + 0.2 * at, "ab 1", size=3)

    assert read(page).pages[0]["markdown"]


def test_entries_of_a_table_of_contents_keep_their_pages() -> None:
    page = DrawnPage().text(60, 60, "Contents", size=18, font="bold")
    entries = (("Introduction", "3"), ("Methods and samples", "7"), ("Results", "15"), ("Outlook", "21"))
    for at, (title, number) in enumerate(entries):
        page.text(60, 100 + 16 * at, f"{title} {'.' * (120 - 2 * len(title))}").text(
            480, 100 + 16 * at, number
        )

    parsed = read(page)

    lines = parsed.pages[0]["text"].split("\n")
    assert tables(parsed) == []
    assert [(line.split(" .")[0], line.split()[-1]) for line in lines if "..." in line] == list(entries)
