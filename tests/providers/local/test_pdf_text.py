"""The words and characters of a PDF: all of them, as they were written, in the order in which they are read."""

import contextlib

import pypdfium2
import pytest
from liteparse import PageError, ParsedPage, ParseResult

from docbatch.core.results import Page
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.pdf import liteparse_engine, pdf_document
from docbatch.providers.local.pdf.characters import own_characters, spaced_words
from docbatch.providers.local.pdf.lines import second_reading
from docbatch.providers.local.pdf.pdf_document import PdfDocument
from tests.hostile import pdfs
from tests.providers.local import pdf_pages, specimens
from tests.providers.local.pdf_pages import Line, lines, page_of, read, said


def ruled(*rows: tuple[str, str], top: int = 440) -> list[Line | bytes]:
    bottom = top - 30 * len(rows)
    rules = [b"100 %d m 400 %d l S\n" % (y, y) for y in range(bottom, top + 1, 30)]
    rules += [b"%d %d m %d %d l S\n" % (x, bottom, x, top) for x in (100, 250, 400)]
    cells = [
        Line(110 + 150 * column, top - 20 - 30 * number, text)
        for number, row in enumerate(rows)
        for column, text in enumerate(row)
    ]
    return [*rules, *cells]


def test_lines_at_the_edge_that_differ_in_digits_are_kept() -> None:
    document = read(
        pdf_pages.pdf(
            *(
                [
                    *lines(f"Payment {number:04}", y=760),
                    *lines("A longer text", "of a body"),
                    Line(72, 30, f"Number 2024-{number:05}"),
                ]
                for number in range(17, 21)
            )
        )
    )

    for number, page in enumerate(document.pages, start=17):
        assert all(
            f"Payment {number:04}" in form and f"Number 2024-{number:05}" in form for form in said(page)
        )
        assert not [block for block in page["blocks"] if "role" in block]


def test_dashes_quotes_and_spaces_are_those_of_the_page() -> None:
    written = "\u201cQuoted\u201d \u2013 with \u2014 and \u2018single\u2019 ones, A\u20131, B-1, 5\xa0\u20ac, 1\u202f000, \u22125, it\u2019s it's, 1990\u20131995 1990-1995"
    page = page_of(pdf_pages.pdf(lines(written)))

    assert page["markdown"] == page["text"] == page["blocks"][0]["text"] == written


def test_cells_have_the_characters_of_the_page() -> None:
    page = page_of(pdf_pages.pdf(ruled(("\u201eItem\u201c", "A\u20131"), ("a-b", "\u2013"))))
    (table,) = page["blocks"]

    assert [cell["text"] for cell in table["cells"]] == ["\u201eItem\u201c", "A\u20131", "a-b", "\u2013"]
    assert "| a-b | \u2013 |" in page["markdown"]
    assert page["text"] == "\u201eItem\u201c\tA\u20131\na-b\t\u2013"


def test_what_markdown_is_made_of_stays() -> None:
    page = page_of(
        pdf_pages.pdf(lines("\u2013 first of a list", "\u2013 second of it", "", "text \u2013 with a dash"))
    )

    assert page["markdown"].startswith("- first of a list\n- second of it")
    assert "text \u2013 with a dash" in page["markdown"]


def test_escapes_are_in_markdown_only() -> None:
    page = page_of(pdf_pages.pdf(lines("a *starred* word, 2*3*4 and C:\\dir and __init__")))

    assert "\\*starred\\*" in page["markdown"]
    assert page["text"] == page["blocks"][0]["text"] == "a *starred* word, 2*3*4 and C:\\dir and __init__"


def test_lists_keep_their_numbers_in_blocks_and_text() -> None:
    page = page_of(pdf_pages.pdf(lines("10. Ten items", "12. Twelve items")))

    assert [block["text"] for block in page["blocks"]] == ["10. Ten items", "12. Twelve items"]
    assert page["text"] == page["markdown"] == "10. Ten items\n12. Twelve items"


def test_words_broken_at_a_line_end_are_joined_and_numbers_keep_their_hyphen() -> None:
    page = page_of(
        pdf_pages.pdf(
            lines(
                "The first line has a hyphe-",
                "nation and the order id 12-",
                "34 in the years 1990\u2013",
                "1995, ABC-",
                "123 and soft hyphe\xad",
                "nated.",
            )
        )
    )

    for form in said(page):
        assert (
            form
            == "The first line has a hyphenation and the order id 12-34 in the years 1990\u20131995, ABC-123 and soft hyphenated."
        )


def test_a_compound_that_is_broken_at_its_hyphen_keeps_it_where_the_document_tells() -> None:
    page = page_of(
        pdf_pages.pdf(
            lines("This is a well-", "known rule, and as a well-known", "rule it is understand-", "able.")
        )
    )

    assert said(page) == ["This is a well-known rule, and as a well-known rule it is understandable."] * 3


def test_words_set_with_wide_spaces_are_whole_and_single_numbers_stay_single() -> None:
    spaced = [Line(72 + 12 * at, 700, letter) for at, letter in enumerate("DECLARATION")]
    page = page_of(pdf_pages.pdf([*spaced, *lines("The cells are 1 2 3 4 5 6 and the sum is 123456", y=600)]))

    for form in said(page):
        assert form.endswith("The cells are 1 2 3 4 5 6 and the sum is 123456")
    joined = spaced_words.SpacedWords("DECLARATION 2024\r\n1 2 3 4 5\r\n12345").joined
    assert joined(["D E C L A R AT I O N 2 0 2 4", "1 2 3 4 5"]) == ["DECLARATION 2024", "1 2 3 4 5"]


def test_page_numbers_of_a_table_of_contents_follow_their_lines() -> None:
    entries = [
        f"Chapter {word} {'.' * (36 - len(word))}"
        for word in ("Introduction", "of Methods", "of Results", "of Appendices")
    ]
    numbers = [Line(480, 600 - 20 * at, f"{number}") for at, number in enumerate((3, 17, 31, 45))]
    page = page_of(pdf_pages.pdf([*lines(*entries, y=600, step=20), *numbers, *lines("Text below", y=300)]))

    wanted = [f"{entry} {number}" for entry, number in zip(entries, (3, 17, 31, 45), strict=True)]
    for form in said(page):
        assert form == " ".join([*wanted, "Text below"])


def test_lines_of_japanese_are_joined_without_a_space() -> None:
    written = ("\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u306f", "\u6b21\u306e\u884c\u3078 \u7d9a\u304f")
    page = page_of(pdf_pages.pdf(lines(*written)))

    assert page["markdown"] == page["text"] == page["blocks"][0]["text"] == "".join(written)


def test_pictograms_and_letters_of_formulas_stay_where_they_are() -> None:
    written = "A \U0001f600 smile, the \U0001d499-axis and \U0001f600\U0001f680 \u2013 twice"
    page = page_of(pdf_pages.pdf(lines(written)))

    assert said(page) == [written] * 3


def test_letters_drawn_in_two_strokes_are_one() -> None:
    written = "L\xa8uck, Bezi\xb4er, Halil\u02c7cevi\xb4c, na\xa8\u0131ve, \xb4Etat and \xb4quoted\xb4"
    page = page_of(pdf_pages.pdf(lines(written)))

    for form in said(page):
        assert form == "L\xfcck, Bezi\xe9r, Halil\u010devi\u0107, na\xefve, \xc9tat and \xb4quoted\xb4"


def test_bare_numbers_at_the_edges_stay_on_their_pages() -> None:
    document = read(
        pdf_pages.pdf(
            *(
                [Line(300, 760, f"{number}"), *lines("Some words 1 and 2"), Line(300, 20, f"{number + 6}")]
                for number in (1, 2)
            )
        )
    )

    for number, page in enumerate(document.pages, start=1):
        assert said(page) == [f"{number} Some words 1 and 2 {number + 6}"] * 3


@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("rotate", [0, 90])
def test_pages_on_their_side_or_head_are_read_upright(turn: int, rotate: int) -> None:
    step = {90: (14, 0), 180: (0, 14), 270: (-14, 0)}[turn]
    texts = ("Turned first line 11", "second line of the page", "third line with 3,14")
    turned = [Line(300 + step[0] * at, 400 + step[1] * at, text, turn=turn) for at, text in enumerate(texts)]
    page = page_of(pdf_pages.pdf(turned, page_entries=b"/Rotate %d" % rotate))

    assert said(page) == [" ".join(texts)] * 3
    sides = (page["width"], page["height"])
    assert sides == ((612, 792) if turn == 180 else (792, 612))


def test_a_stamp_in_the_margin_and_a_sideways_table_stay_beside_upright_text() -> None:
    body = lines(*(f"Upright text line {number} of a page that has words" for number in range(10)))
    stamp = Line(30, 200, "arXiv:2401.01234v1 3 Jan 2024", turn=90)
    rows = [
        Line(400 + 14 * number, 100, f"Row {number} sideways {number * 7}", turn=90) for number in range(6)
    ]
    document = read(pdf_pages.pdf([*body, stamp, *rows]))

    for form in said(document.pages[0]):
        assert form.startswith("Upright text line 0")
        assert "arXiv:2401.01234v1 3 Jan 2024" in form
        assert all(form.count(f"Row {number} sideways {number * 7}") == 1 for number in range(6))
    assert any("put back" in warning and "on page 1" in warning for warning in document.warnings)


def test_slanted_words_are_put_back_where_they_stand() -> None:
    page = page_of(
        pdf_pages.pdf(
            [*lines("Upright words above"), Line(150, 200, "DRAFT 77", 60, turn=45), *lines("Below", y=80)]
        )
    )

    assert [block["text"] for block in page["blocks"]] == ["Upright words above", "DRAFT 77", "Below"]
    assert page["markdown"] == page["text"] == "Upright words above\n\nDRAFT 77\n\nBelow"


def test_what_nobody_can_see_is_not_put_back_and_nothing_is_doubled() -> None:
    hidden = [
        Line(72, 500, "Unpainted words", before=b"3 Tr"),
        Line(700, 400, "Beside words"),
        Line(72, 200, "Clipped words", before=b"0 0 10 10 re W n"),
    ]
    twice = [Line(72, 600, "Overprinted bold"), Line(72.3, 600, "Overprinted bold")]
    spoken: list[Line | bytes] = [
        b"/Span <</ActualText (real text)>> BDC ",
        Line(72, 650, "drawn text"),
        b"EMC ",
    ]
    page = page_of(pdf_pages.pdf([*lines("Seen words"), *hidden, *twice, *spoken]))

    assert said(page) == ["Seen words real text Overprinted bold"] * 3


def test_two_columns_are_read_one_after_the_other() -> None:
    left = [f"Left column line {number} of the text" for number in range(12)]
    right = [f"Right column line {number} of words" for number in range(12)]
    page = page_of(pdf_pages.pdf([*lines(*left), *lines(*right, x=330)]))

    assert said(page) == [" ".join([*left, *right])] * 3


def test_pages_that_are_not_read_are_named() -> None:
    document = read(pdfs.changed({2: b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>"}))
    assert document.lost == ["page 2: PDF error: page not found"]


def test_pages_beyond_what_the_engine_gives_are_named() -> None:
    read_pages = [ParsedPage(number, 612, 792, "") for number in (1, 2, 7)]
    result = ParseResult(read_pages, "", total_pages=9, page_errors=[PageError(3, "broken")])

    assert liteparse_engine.lost_pages(result) == ["page 3: broken", "pages 4 to 6, 8 to 9 of 9"]


def test_a_form_that_is_made_as_it_is_opened_is_named() -> None:
    form = b"/NeedsRendering true/AcroForm<</Fields[]/XFA 9 0 R>>"
    packet = specimens.stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'></xdp:xdp>")
    document = read(pdf_pages.pdf(lines("Please wait..."), catalog=form, more=[packet]))

    assert [each for each in document.lost if "XFA" in each]


def test_remarks_are_comments_where_they_stand() -> None:
    remarks = (
        b"/Annots[<</Type/Annot/Subtype/FreeText/Rect[300 600 500 640]/DA(/Helv 12 Tf 0 g)/Contents(Typed 42)>>"
        b"<</Type/Annot/Subtype/Text/Rect[300 500 320 520]/T(Ann)/Contents(A note 43)>>"
        b"<</Type/Annot/Subtype/Popup/Rect[300 500 320 520]/Contents(A note 43)>>"
        b"<</Type/Annot/Subtype/Highlight/Rect[70 660 200 685]/Contents(Check 44)>>"
        b"<</Type/Annot/Subtype/FreeText/F 2/Rect[300 300 500 340]/Contents(Hidden 46)>>"
        b"<</Type/Annot/Subtype/Stamp/F 4/Rect[300 200 500 250]/AP<</N 9 0 R>>>>]"
    )
    body = [*lines("First line", y=750), *lines("Last line", y=100)]
    page = page_of(pdf_pages.pdf(body, page_entries=remarks, more=[pdf_pages.form(Line(5, 10, "PAID 99"))]))
    Page.model_validate(page)

    comments = [block["text"] for block in page["blocks"] if block.get("role") == "comment"]
    assert sorted(comments) == ["Ann: A note 43", "Check 44", "PAID 99", "Typed 42"]
    texts = [block["text"] for block in page["blocks"]]
    assert (texts[0], texts[-1]) == ("First line", "Last line")
    assert all(form.count(text) == 1 for text in comments for form in said(page))
    assert "Hidden" not in page["markdown"]


def test_links_have_their_targets_in_markdown_only() -> None:
    target = (
        b"/Annots[<</Type/Annot/Subtype/Link/Rect[72 695 250 715]/A<</S/URI/URI(https://example.org/a_b)>>>>]"
    )
    page = page_of(
        pdf_pages.pdf(lines("All of this line [3] is a link", "and [this](is) not"), page_entries=target)
    )

    assert "](https://example.org/a_b)" in page["markdown"]
    assert page["text"] == page["blocks"][0]["text"] == "All of this line [3] is a link and [this](is) not"


def test_no_picture_is_referred_to() -> None:
    picture = b"q 100 0 0 100 200 400 cm BI /W 2 /H 2 /CS /G /BPC 8 ID \x00\xff\x80\x40 EI Q\n"
    page = page_of(pdf_pages.pdf([*lines("Words above"), picture]))

    assert page["markdown"] == "Words above"


def test_a_step_that_fails_costs_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_document: PdfDocument) -> None:
        raise ValueError("out of order")

    fails.__module__ = own_characters.__name__
    monkeypatch.setattr(liteparse_engine, "STEPS", (fails, *liteparse_engine.STEPS[1:]))
    document = read(pdf_pages.pdf(lines("Some words")))

    assert document.pages[0]["text"] == "Some words"
    assert document.warnings == ["own characters: the step failed: ValueError: out of order"]


def test_a_page_that_pdfium_cannot_open_keeps_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_document: pypdfium2.PdfDocument, number: int) -> str:
        raise pypdfium2.PdfiumError(f"cannot load page {number}")

    monkeypatch.setattr(pdf_document, "raw_text", fails)
    document = read(pdf_pages.pdf(lines("Some words")))

    assert document.pages[0]["text"] == "Some words"
    assert document.warnings == [
        "page 1: what was read could not be compared with its text: cannot load page 1"
    ]


def test_junk_before_the_header_is_passed_over() -> None:
    page = page_of(b"junk line\r\n" * 200 + pdf_pages.pdf(lines("Words behind junk")))

    assert page["text"] == "Words behind junk"


def test_the_same_pdf_gives_the_same_answer() -> None:
    data = pdf_pages.pdf([*lines("Some \u2013 words"), Line(150, 200, "DRAFT", 60, turn=45)])
    first, second = (
        engines.load("liteparse").extract(data, "application/pdf", Options(ocr="off")) for _ in range(2)
    )

    assert isinstance(first, Parsed)
    assert first == second


def test_the_second_engine_says_what_it_leaves_out() -> None:
    data = pdf_pages.pdf(lines("Some words"), lines("and 1,204.50 more"))

    (warning,) = second_reading.left_out(data, "Some words and more")
    assert warning == 'words of the document\'s text that are not in what was read: 1, such as "1,204.50"'
    assert second_reading.left_out(data, "Some words and 1,204.50 more") == []
    assert second_reading.left_out(b"no PDF", "") == []


def test_the_second_engine_is_asked_about_every_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_reading, "left_out", lambda _data, _markdown: ["a word is missing"])
    with contextlib.closing(engines.load("xberg")) as engine:
        outcome = engine.extract(pdf_pages.pdf(lines("Some words")), "application/pdf", Options(ocr="off"))

    assert isinstance(outcome, Parsed)
    assert "a word is missing" in outcome.warnings


def test_a_page_of_letters_drawn_as_shapes_is_not_taken_for_an_empty_one() -> None:
    letter = b"".join(
        b"%d 700 m %d 720 %d 720 %d 700 c %d 690 %d 690 %d 700 c f\n"
        % ((x,) * 1 + (x, x + 5, x + 5, x + 5, x, x))
        for x in range(72, 500, 10)
    )
    shapes, box = pdf_pages.pdf([letter]), pdf_pages.pdf([b"72 72 100 100 re f\n"])

    assert read(shapes).unread == [1]
    assert read(box).unread == []
