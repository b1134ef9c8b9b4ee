"""Lines that end early stay lines, and paragraphs that were joined are parted; full lines run on."""

from docbatch.providers.local.pdf.characters import right_to_left
from tests.providers.local import pdf_pages
from tests.providers.local.pdf_pages import Line, lines, page_of

_FULL = "A line of running text that goes on to the margin of its column and ends"
_PARAGRAPH = [f"{_FULL} here", "and then goes on until it comes to its end.", ""]


def _texts(*page: Line) -> list[str]:
    return [block["text"] for block in page_of(pdf_pages.pdf(page))["blocks"]]


def test_an_address_and_entries_keep_their_lines() -> None:
    address = ["Frau", "Dr. Erika Mustermann", "Hauptweg 5", "12345 Musterstadt"]
    page = page_of(pdf_pages.pdf(lines(*address, y=720)))

    assert page["text"] == "\n".join(address)
    assert page["markdown"] == "  \n".join(address)


def test_the_salutation_of_a_letter_is_a_line() -> None:
    text = _texts(*lines("Dear customer,", f"thank you. {_FULL}", "on the next line."))[0]

    assert text.split("\n")[0] == "Dear customer,"


def test_paragraphs_without_space_between_them_are_blocks_of_their_own() -> None:
    clauses = [f"{number}. {part}" for number in (11, 27) for part in _PARAGRAPH[:1]]
    rest = "and then goes on until it comes to its end."
    texts = _texts(*lines(clauses[0], rest, clauses[1], rest))

    assert texts == [f"{clause} {rest}" for clause in clauses]


def test_running_text_has_no_ends_of_lines() -> None:
    (text,) = _texts(*lines(f"{_FULL} so", f"that no {_FULL}", f"where {_FULL}", "at last."))

    assert "\n" not in text


def test_lines_that_are_numbered_in_the_margin_stay_lines() -> None:
    numbered = [
        piece
        for number in range(1, 7)
        for piece in (
            Line(60, 740 - 24 * number, str(number)),
            Line(80, 740 - 24 * number, f"{_FULL} at {number}:30"),
        )
    ]
    text = "\n".join(_texts(*numbered))

    assert [line.split()[0] for line in text.split("\n")] == ["1", "2", "3", "4", "5", "6"]


def test_lines_without_spaces_between_words_keep_their_ends() -> None:
    address = ["\u65e5\u672c\u8a9e\u306e\u6587\u7ae0", "\u6771\u4eac", "\u8acb\u6c42\u66f8", "\u6771\u4eac"]

    assert "\n".join(_texts(*lines(*address))) == "\n".join(address)


def test_words_written_from_right_to_left_follow_each_other_as_on_the_page() -> None:
    line = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u05de\u05e1\u05e4\u05e8 123"
    wrong = "before \u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd 123 \u05de\u05e1\u05e4\u05e8  \nafter"

    assert right_to_left.in_order([wrong, "other"], f"{line}\r\nafter") == [
        f"before {line}  \nafter",
        "other",
    ]


def test_running_text_beside_a_picture_has_no_ends_of_lines() -> None:
    beside = [
        "A line of text beside it ends",
        "at its edge, as all of them, A",
        "Picture is no reason for ends",
        "So they run on, each to last",
    ]
    texts = _texts(*lines(*beside, y=740), *lines(f"{_FULL} a", f"b {_FULL}", f"c {_FULL}", y=600))

    assert texts[0] == " ".join(beside)


def test_an_address_of_lines_alike_in_length_is_told_by_the_text_below_it() -> None:
    address = ["Frau", "Dr. Erika Mustermann", "Musterstrasse 5 B", "12345 Musterstadt"]
    texts = _texts(*lines(*address, y=740), *lines(f"{_FULL} a", f"b {_FULL}", f"c {_FULL}", y=600))

    assert texts[0] == "\n".join(address)
