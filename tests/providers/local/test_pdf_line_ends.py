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


_ADDRESS = ["Harbour Street Joinery", "12 Harbour Street", "Due within 30 days"]
_ITEMS = [("Oak shelf", "154.00"), ("Worktop", "210.00"), ("Delivery", "45.00"), ("Total", "409.00")]


def _table(*, y: float) -> list[Line]:
    return [
        Line(x, y - 20 * number, text)
        for number, row in enumerate(_ITEMS)
        for x, text in zip((72, 480), row, strict=True)
    ]


def _centred(*texts: str) -> list[Line]:
    return [Line(306 - 3.5 * len(text), 700 - 20 * at, text, size=14) for at, text in enumerate(texts)]


def test_an_address_over_a_table_keeps_its_lines() -> None:
    page = page_of(pdf_pages.pdf([*lines(*_ADDRESS, y=740), *_table(y=640)]))

    assert page["markdown"].startswith("  \n".join(_ADDRESS))
    assert page["text"].startswith("\n".join(_ADDRESS))


def test_a_label_over_an_address_is_a_line() -> None:
    billed = ["Deliver to", "Harbourstreet Joiners", "12 Harbour Street Row", "Port Elm PE4 7QT East"]

    assert "\n".join(_texts(*lines(*billed, y=740), *_table(y=620))).startswith("\n".join(billed))


def test_what_follows_a_table_that_was_found_keeps_its_lines() -> None:
    texts = _texts(*_table(y=700), *lines(*_ADDRESS, y=560))

    assert texts[-1] == "\n".join(_ADDRESS)


def test_an_address_alone_on_a_page_keeps_its_lines() -> None:
    assert "\n".join(_texts(*lines(*_ADDRESS))) == "\n".join(_ADDRESS)


def test_a_letter_head_with_addresses_of_the_net_keeps_its_lines() -> None:
    head = [*_ADDRESS, "info@harbour.example", "www.harbour.example"]

    assert "\n".join(_texts(*lines(*head))) == "\n".join(head)


def test_an_address_at_the_right_margin_keeps_its_lines() -> None:
    sender = [Line(540 - 6 * len(text), 740 - 14 * at, text) for at, text in enumerate(_ADDRESS)]

    assert "\n".join(_texts(*sender)) == "\n".join(_ADDRESS)


def test_what_is_set_around_the_middle_keeps_its_lines() -> None:
    certified = [
        "This is to certify that",
        "Anna Miller",
        "has completed the course",
        "Working with Oak",
        "on 12 May 2024",
    ]

    assert _texts(*_centred(*certified)) == ["\n".join(certified)]


def test_sentences_that_are_set_around_the_middle_run_on() -> None:
    quoted = [
        "Oak is what I build with, he said",
        "for ever. Nobody in all of",
        "the town would say less than I",
    ]

    assert _texts(*_centred(*quoted)) == [" ".join(quoted)]


def test_a_signature_under_one_short_paragraph_keeps_its_lines_and_the_paragraph_runs_on() -> None:
    closing = ["Yours sincerely,", "Anna Miller", "Head of the Works"]
    texts = _texts(*lines(f"{_FULL} so", "that no line is left.", y=740), *lines(*closing, y=680))

    assert texts == [f"{_FULL} so that no line is left.", "\n".join(closing)]


def test_running_text_alone_in_a_narrow_column_has_no_ends_of_lines() -> None:
    narrow = ["Our office in Port Elm is", "Open from Monday. Please call", "Anna Miller before the visit"]

    assert _texts(*lines(*narrow), *_table(y=560))[0] == " ".join(narrow)


def test_a_line_goes_on_where_it_ends_with_a_word_that_cannot_be_the_last() -> None:
    caption = ["The model of the harbour by", "Anna Miller, drawn in May"]

    assert _texts(*lines(*caption), *_table(y=560))[0] == " ".join(caption)


def test_an_address_of_the_net_that_needs_a_line_of_its_own_ends_no_sentence() -> None:
    sentence = ["All of it can be read at", "https://example.org/a/long/address"]

    assert _texts(*lines(*sentence, y=740), *lines(f"{_FULL} a", f"b {_FULL}", f"c {_FULL}", y=600))[0] == (
        " ".join(sentence)
    )


def test_lines_that_lead_with_dots_to_a_page_stay_lines() -> None:
    entries = [
        f"{name} {'.' * (60 - len(name))} {number}"
        for number, name in enumerate(("Purpose", "Requirements", "options", "Use"), 15)
    ]
    text = "\n".join(_texts(*lines(*entries)))

    assert [line.split()[0] for line in text.split("\n")] == ["Purpose", "Requirements", "options", "Use"]


def test_a_stroke_at_the_end_of_a_line_stays_there() -> None:
    command = ["Run the maker \\", "With all \\", "Of it at once"]

    assert "\n".join(_texts(*lines(*command))) == "\n".join(command)
