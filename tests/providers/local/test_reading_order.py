"""Lines found in a picture, put in the order a person reads them."""

import math
import random
from collections.abc import Sequence

from docbatch.providers.local import blocks
from docbatch.providers.local.ocr import page_blocks
from docbatch.providers.local.ocr.said import pages_named, told
from docbatch.providers.local.ocr.text_lines import TextLine, found, slope_of

LETTER = 10
HEIGHT = 20
Place = tuple[str, float, float]


def lines_of(places: Sequence[Place], slope: float = 0.0) -> list[TextLine]:
    """Return lines at these left ends and middles, on a page skewed by a slope, in no order."""
    angle = math.atan(slope)
    lines = []
    for text, x, y in places:
        width = len(text) * LETTER
        corners = [
            (cx * math.cos(angle) - cy * math.sin(angle), cx * math.sin(angle) + cy * math.cos(angle))
            for cx in (x, x + width)
            for cy in (y - HEIGHT / 2, y + HEIGHT / 2)
        ]
        across, down = zip(*corners, strict=True)
        lines.append(found(text, 0.9, (min(across), min(down), max(across), max(down))))
    random.Random(1).shuffle(lines)
    return lines


def said(places: Sequence[Place], slope: float = 0.0) -> str:
    return blocks.text(page_blocks.of_lines(lines_of(places, slope)))


def column(name: str, x: float, first: float = 100) -> list[Place]:
    return [(f"{name}{number} fills the whole column", x, first + 30 * number) for number in range(8)]


def test_cells_of_a_skewed_page_stand_in_their_rows() -> None:
    places = [(f"r{y}c{x}", 100 + 300 * x, 100 + 30 * y) for y in range(20) for x in range(4)]
    for slope in (0.0, 0.03, -0.05):
        rows = said(places, slope).split("\n")
        assert rows == ["\t".join(f"r{y}c{x}" for x in range(4)) for y in range(20)], slope


def test_the_slope_of_a_skewed_page_is_found() -> None:
    assert abs(slope_of(lines_of(column("a", 100) + column("b", 500), 0.04)) - 0.04) < 0.003


def test_two_columns_are_read_one_after_the_other() -> None:
    title: list[Place] = [("A title over both of the columns of this page", 150, 40)]
    for slope in (0.0, 0.02):
        words = said([*title, *column("a", 100), *column("b", 500)], slope).split()
        marks = [word for word in words if word[0] in "ab" and word[1:].isdigit()]
        assert marks == [f"{name}{number}" for name in "ab" for number in range(8)]
        assert words[0] == "A"


def test_a_table_below_two_columns_keeps_its_rows() -> None:
    cells: list[Place] = [(f"r{y}c{x}", 100 + 250 * x, 400 + 30 * y) for y in range(4) for x in range(3)]
    found_blocks = page_blocks.of_lines(lines_of([*column("a", 100), *column("b", 500), *cells]))
    tables = [block for block in found_blocks if block["kind"] == "table"]
    assert [block["text"] for block in tables] == [
        "\n".join("\t".join(f"r{y}c{x}" for x in range(3)) for y in range(4))
    ]


def test_paragraphs_end_where_lines_stand_apart_and_lines_where_they_were_ended() -> None:
    places: list[Place] = [
        ("To Harper and Sons", 100, 100),
        ("14 Mill Road", 100, 130),
        ("This line goes on to the end of the page and the next one fol-", 100, 200),
        ("lows it", 100, 230),
    ]
    assert said(places) == (
        "To Harper and Sons\n14 Mill Road\n\nThis line goes on to the end of the page and the next one follows it"
    )


def test_blocks_say_where_they_stand_and_how_sure_the_model_was() -> None:
    lines = [found("short", 0.5, (10, 10, 60, 30)), found("a much longer line", 1.0, (10, 34, 190, 54))]
    (block,) = page_blocks.of_lines(lines, 0.5)
    assert block["bbox"] == [5, 5, 95, 27]
    assert block["confidence"] == round((0.5 * 5 + 1.0 * 18) / 23, 3)


def test_many_pages_are_named_in_one_line() -> None:
    assert pages_named([3]) == "page 3"
    assert pages_named([1, 2, 3, 7]) == "pages 1 to 3, 7"
    assert told({3: 0.971}) == ["ocr: page 3 was read as a picture (confidence 0.97)"]
    assert told({1: 0.91, 2: 0.4}) == [
        "ocr: pages 1 to 2 were read as pictures (confidence 0.40 to 0.91)",
        "ocr: much of page 2 may be misread",
    ]
    assert told({}) == []
