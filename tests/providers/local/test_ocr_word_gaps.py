"""Spaces that a model leaves out of a line, put back where its picture shows them."""

import pytest

pytest.importorskip("PIL", reason="the extra ocr is not installed")

from PIL import Image, ImageDraw

from docbatch.providers.local.ocr.mended_lines import mended
from docbatch.providers.local.ocr.text_lines import TextLine, found
from docbatch.providers.local.ocr.word_gaps import respaced, usual_gap

HEIGHT = 40
LETTER, BETWEEN, SPACE = 14, 2, 11


def drawn(text: str) -> Image.Image:
    """Return a line whose letters are hollow boxes, a dash a flat one, and whose spaces are wider than what parts letters."""
    strip = Image.new("L", (len(text) * (LETTER + BETWEEN) + text.count(" ") * SPACE, HEIGHT), 255)
    pen = ImageDraw.Draw(strip)
    x = 0
    for letter in text:
        if letter == " ":
            x += SPACE - BETWEEN
            continue
        top = HEIGHT // 2 if letter in "-\u2013" else 4
        pen.rectangle(
            (x, top, x + LETTER - 1, top + 3 if letter in "-\u2013" else HEIGHT - 4), outline=0, width=2
        )
        x += LETTER + BETWEEN
    return strip.crop((0, 0, x, HEIGHT))


@pytest.mark.parametrize(
    "written",
    [
        "Nr. 41.2% - 41.1%",
        "Nr. 2021-12518 - 2023-24415",
        "2024-87415 - 12/1/2022",
        "paid 344,446.76 Euro in all",
        "A103-82",
        "12/1/2022",
    ],
)
def test_spaces_come_back_where_they_stood_and_nowhere_else(written: str) -> None:
    read = written.replace(". ", ".").replace(" - ", "-").replace("6 E", "6E")
    assert respaced(read, drawn(written), SPACE / HEIGHT) == written


def test_a_line_of_words_says_how_wide_a_pages_spaces_are() -> None:
    assert usual_gap("one two three four", drawn("one two three four")) == pytest.approx(SPACE / HEIGHT, 0.2)
    assert usual_gap("one two", drawn("one two")) is None


def lines(*texts: str) -> list[TextLine]:
    return [found(text, 0.99, (0, 50 * at, 400, 50 * at + HEIGHT)) for at, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("read", "witness", "said"),
    [
        ("l'école d\u2019été l'année", "l\u2019école d\u2019été", "l\u2019école d\u2019été l\u2019année"),
        ("l'école l'été", "l\u2019école l\u2019été", "l\u2019école l\u2019été"),
        ("don't isn't can't won't o'er", "don't isn't can't won't o\u2019er", "don't isn't can't won't o'er"),
        ("'quoted' l\u2019été", "'quoted' l\u2019été", "'quoted' l\u2019été"),
    ],
)
def test_apostrophes_of_a_page_are_of_one_kind(read: str, witness: str, said: str) -> None:
    picture = Image.new("L", (400, 100), 255)
    assert [line.text for line in mended(lines(read), picture, lines(witness))] == [said]
