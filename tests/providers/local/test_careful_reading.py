"""Small documents that a careful reader reads otherwise than an engine does: each stands for a kind of loss."""

import re
from pathlib import Path

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Block, Result
from tests.providers.local import reader

DOCUMENTS = Path(__file__).parents[2] / "cases" / "documents"


def read(name: str) -> Result:
    return reader.result((DOCUMENTS / name).read_bytes(), name)


def blocks(document: Result) -> list[Block]:
    return [*document.blocks, *(block for page in document.pages for block in page.blocks)]


def both(document: Result) -> tuple[str, str]:
    """Return the Markdown and the plain text: what holds for one holds for the other."""
    return document.markdown, document.text


def lost(document: Result) -> list[str]:
    return [warning for warning in document.warnings if warning.startswith("lost:")]


def test_lines_that_differ_in_digits_only_are_no_running_heads() -> None:
    document = read("head5.pdf")
    expected = [f"Payment {number:04}" for number in range(1, 191)]
    for said in (*both(document), "\n".join(block.text for block in blocks(document))):
        assert re.findall(r"Payment \d{4}", said) == expected
    assert document.outcome == "succeeded"


def test_numbers_of_certificates_are_no_running_heads() -> None:
    for said in both(read("certs3.pdf")):
        assert re.findall(r"2024-\d{5}", said) == ["2024-00017", "2024-00018", "2024-00019"]


def test_a_sheet_that_cannot_be_read_is_named() -> None:
    document = read("missing_sheet2.xlsx")
    assert document.outcome == "partial"
    assert any("S2" in warning for warning in lost(document)), document.warnings


def test_a_chapter_that_is_missing_is_named() -> None:
    document = read("missingchapter.epub")
    assert document.outcome == "partial"
    assert any("c 1.xhtml" in warning for warning in lost(document)), document.warnings
    for said in both(document):
        assert said.index("CHAPTERONE") < said.index("NONLINEAR")
        assert "Text of NONLINEAR é" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cp1252_decl.html", "Prix: 5 € \u2013 “café” Ÿ"),
        ("utf16.html", "UTF16 Größe 日本"),
        ("sjis.txt", "日本語の文書です。表計算と請求書を添付します。ご確認ください。"),
        ("cp1251.txt", "Привет, это документ на русском языке. Счет прилагается."),
    ],
)
def test_characters_are_those_that_were_written(name: str, words: str) -> None:
    for said in both(read(name)):
        assert words in said
        assert "\ufffd" not in said


def test_a_font_that_says_nothing_of_its_letters_is_noticed() -> None:
    document = read("ttf_notounicode.pdf")
    right = all("Größe" in said and "naïve" in said for said in both(document))
    assert right or (document.outcome == "partial" and lost(document)), document.markdown


def test_a_font_that_tells_its_letters_is_taken_at_its_word() -> None:
    document = read("ttf.pdf")
    for said in both(document):
        assert "Größe Œuvre" in said
        assert "naïve" in said
    assert (document.outcome, document.warnings) == ("succeeded", ())


def test_slides_come_in_the_order_they_are_shown() -> None:
    for said in both(read("order.pptx")):
        assert re.findall(r"SLIDE\d\d", said) == [
            "SLIDE12",
            *(f"SLIDE{number:02}" for number in range(1, 12)),
        ]


def test_a_form_is_read_with_what_was_filled_in() -> None:
    for said in both(read("form.pdf")):
        assert [said.count(word) for word in ("SMITHVALUE", "FRANCE", "[x]")] == [1, 1, 1]
        assert said.index("SMITHVALUE") < said.index("[x]") < said.index("FRANCE")


def test_headers_notes_and_comments_stand_with_the_text() -> None:
    document = read("notes.docx")
    for word in ("HEADERCOMPANY Ltd", "FOOTERREF 12345", "FOOTNOTETEXT here", "COMMENTTEXT by reviewer"):
        assert document.markdown.count(word) == document.text.count(word) == 1, word
    assert document.markdown.index("HEADERCOMPANY") < document.markdown.index("Body with a note")
    (mark,) = set(re.findall(r"\[\^([^\]]*)\](?!:)", document.markdown)) - set(_comments(document))
    assert re.search(rf"\[\^{re.escape(mark)}\]:.*FOOTNOTETEXT here", document.markdown)
    roles = {block.role for block in document.blocks}
    assert {"header", "footer", "note", "comment"} <= roles


def _comments(document: Result) -> list[str]:
    return re.findall(r"\[\^([^\]]*)\]:[^\n]*COMMENTTEXT", document.markdown)


def test_attachments_keep_their_own_structure() -> None:
    document = read("attach.eml")
    assert len(document.attachments) == 5
    names = [each.name for each in document.attachments]
    assert names.count("same.txt") == 2
    assert "Rechnung März.pdf" in names
    for said in both(document):
        assert all(word in said for word in ("BODYTEXT", "FIRSTSAME", "SECONDSAME"))
        assert re.search(r"multi *\n+line *\n+attachment", said)
    word = next(each for each in document.attachments if each.name == "a.docx")
    assert word.blocks
    assert word.markdown


def test_a_plain_mail_keeps_its_lines() -> None:
    for said in both(read("flowed.eml")):
        assert "This is a long paragraph that was flowed over lines." in said
        lines = [line.strip(" \\") for line in said.splitlines()]
        assert any(line.endswith("quoted line one") for line in lines)
        assert any(line.endswith("quoted line two") for line in lines)
        assert [line for line in lines if line.endswith(("star", "hash", "one")) and "quoted" not in line]


def test_a_text_box_a_note_and_repeated_cells_are_read_once_and_in_place() -> None:
    document = read("doc.odt")
    for said in both(document):
        assert [said.count(word) for word in ("ODTTEXTBOX", "ODTFOOTNOTE", "ODTCOMMENT")] == [1, 1, 1]
        assert "DELETEDODT" not in said
    (table,) = [block for block in document.blocks if block.kind == "table"]
    assert [cell.text for cell in table.cells] == ["rep", "c", "c"] * 2


def test_a_page_on_its_side_is_read_as_it_is_turned() -> None:
    for said in both(read("rot90.pdf")):
        assert said.index("Rotated page 1") < said.index("second line of the page")


def test_a_file_inside_a_pdf_is_listed_and_read() -> None:
    document = read("embedded.pdf")
    assert [each.name for each in document.attachments] == ["invoice.xml"]
    assert document.attachments[0].text
    assert "invoice.xml" in document.markdown


def test_a_pdf_behind_junk_is_a_pdf_or_nothing() -> None:
    content = (DOCUMENTS / "junk_before_1500.pdf").read_bytes()
    answer = reader.read(content, "junk_before_1500.pdf")
    if isinstance(answer, Failure):
        assert answer.kind is FailureClass.CORRUPT
    else:
        assert "endobj" not in answer.text
