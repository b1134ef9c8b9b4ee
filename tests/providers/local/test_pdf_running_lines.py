"""Running heads, feet and page numbers of a PDF are kept and marked, or left out where a job asks for it."""

import pytest

from docbatch.core.results import Page
from docbatch.providers.local.engines import Json, Options, Parsed
from tests.providers.local import pdf_pages
from tests.providers.local.pdf_pages import Line, lines, read

DROP = Options(ocr="off", running_lines="drop")


def book(pages: int, head: str = "A running head", foot: str = "{number}", size: float = 12) -> bytes:
    def page(number: int) -> list[Line | bytes]:
        texts = (
            f"Body {number} begins with words of its own",
            f"and goes on in line two of {number * 1000 + 7}",
        )
        shown = foot.format(number=number, later=number + 10, padded=f"{number:05}")
        return [Line(72, 760, head.format(number=number), size), *lines(*texts), Line(300, 20, shown)]

    return pdf_pages.pdf(*(page(number) for number in range(1, pages + 1)))


def roles(page: Json) -> dict[str, str]:
    return {block["role"]: block["text"] for block in page["blocks"] if "role" in block}


def words(document: Parsed) -> str:
    return "\n".join(f"{page['markdown']}\n{page['text']}" for page in document.pages)


def test_running_lines_are_marked_and_stay() -> None:
    document = read(book(3))

    for number, page in enumerate(document.pages, start=1):
        Page.model_validate(page)
        assert roles(page) == {"header": "A running head", "page_number": f"{number}"}
        assert page["markdown"].startswith("A running head\n\n")
        assert page["text"].endswith(f"\n\n{number}")


def test_dropped_ones_are_nowhere_and_nothing_else_goes() -> None:
    document = read(book(3), DROP)

    for number, page in enumerate(document.pages, start=1):
        assert not roles(page)
        body = f"Body {number} begins with words of its own and goes on in line two of {number * 1000 + 7}"
        assert page["markdown"] == page["text"] == page["blocks"][0]["text"] == body


@pytest.mark.parametrize(
    ("foot", "role"),
    [
        ("Page {number} of 3", "page_number"),
        ("- {later} -", "page_number"),
        ("Report of 2024 {number}", "footer"),
        ("{number} Report of 2024", "footer"),
    ],
)
def test_a_foot_may_differ_in_the_number_of_its_page(foot: str, role: str) -> None:
    for page in read(book(3, foot=foot)).pages:
        assert role in roles(page)


@pytest.mark.parametrize(
    "foot", ["Invoice 2024-{padded}", "Invoice {later}", "No. {padded}", "Total 17/{number}", "{later}.50"]
)
def test_other_numbers_are_never_marked(foot: str) -> None:
    document = read(book(4, foot=foot), DROP)

    for number, page in enumerate(document.pages, start=1):
        shown = foot.format(number=number, later=number + 10, padded=f"{number:05}")
        assert page["markdown"].endswith(shown)
        assert page["text"].endswith(shown)


def test_a_line_that_stands_once_does_not_run() -> None:
    document = read(
        pdf_pages.pdf([Line(72, 760, "A letter's head"), *lines("Dear reader")], lines("The second page")),
        DROP,
    )

    assert "A letter's head" in document.pages[0]["text"]


def test_a_title_set_large_on_every_page_is_no_running_head() -> None:
    document = read(book(4, head="Certificate", size=24), DROP)

    assert all(page["markdown"].startswith("# Certificate") for page in document.pages)


def test_a_running_head_is_no_heading() -> None:
    bold = "Part One"
    document = read(book(9, head=bold, size=14))

    assert not [
        block
        for page in document.pages
        for block in page["blocks"]
        if block["kind"] == "heading" and block["text"] == bold
    ]


def test_a_running_head_that_the_engine_takes_into_a_paragraph_gets_a_block_of_its_own() -> None:
    texts = ("Licence of the program and", "all that follows from it in", "the years to come and after")
    pages = [
        lines("LICENCE \u2013 A", *(f"{text} {number}x" for text in texts), y=760, step=14)
        for number in range(3)
    ]
    document = read(pdf_pages.pdf(*pages))

    for number, page in enumerate(document.pages):
        assert roles(page) == {"header": "LICENCE \u2013 A"}
        assert page["markdown"].startswith(f"LICENCE \u2013 A\n\nLicence of the program and {number}x")


def test_first_rows_that_differ_are_no_running_heads() -> None:
    rows = [
        [Line(72, 760 - 14 * at, f"{at + 1:02}.01.2024 Payment {page * 10 + at:04}") for at in range(10)]
        for page in range(5)
    ]
    document = read(pdf_pages.pdf(*rows), DROP)

    said = words(document)
    assert all(said.count(f"Payment {number:04}") == 2 for number in range(50))
