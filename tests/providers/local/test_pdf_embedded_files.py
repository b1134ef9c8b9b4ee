"""Files inside a PDF are listed, read where they can be, and said at the end of the document."""

import json
from pathlib import Path

import pypdfium2
import pytest

from docbatch.core.results import DocumentInfo, Result
from docbatch.providers.local import payload
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.messages import FORMAT
from docbatch.providers.local.pdf.liteparse_engine import LiteparseEngine
from tests.providers.local import specimens
from tests.providers.local.drawn_pages import HEIGHT, DrawnPage, drawn, first_free

INVOICE = b"<Invoice><ID>4711</ID><Total>98.70</Total></Invoice>"


def page() -> DrawnPage:
    return DrawnPage().text(60, 80, "The invoice is attached to this page.")


def file(body: bytes, media_type: str = "") -> bytes:
    subtype = f"/Subtype/{media_type.replace('/', '#2F')}".encode() if media_type else b""
    return specimens.stream(body, b"/Type/EmbeddedFile" + subtype)


def carrying(*files: tuple[str, bytes, str], first: DrawnPage | None = None) -> bytes:
    """Return a PDF with these files as (name, content, type)."""
    first = first or page()
    number = first_free(first)
    objects, names = [], []
    for at, (name, body, media_type) in enumerate(files):
        own = number + 2 * at
        names.append(f"({name}) {own} 0 R")
        objects.append(f"<</Type/Filespec/F({name})/UF({name})/EF<</F {own + 1} 0 R>>>>".encode("latin-1"))
        objects.append(file(body, media_type))
    return drawn(first, catalog=f"/Names<</EmbeddedFiles<</Names[{' '.join(names)}]>>>>", objects=objects)


def pinned(name: str, body: bytes) -> bytes:
    """Return a PDF with a file on its page that the document's own list does not name."""
    first = page()
    number = first_free(first) + 1
    rect = f"[60 {HEIGHT - 200} 80 {HEIGHT - 180}]"
    first.annotations.append(
        f"<</Type/Annot/Subtype/FileAttachment/Rect{rect}/F 4/Contents(see this)/FS {number} 0 R>>"
    )
    return drawn(
        first, objects=[f"<</Type/Filespec/F({name})/EF<</F {number + 1} 0 R>>>>".encode(), file(body)]
    )


def read(data: bytes) -> Parsed:
    parsed = LiteparseEngine().extract(data, "application/pdf", Options())
    assert isinstance(parsed, Parsed)
    return parsed


def result(parsed: Parsed) -> Result:
    """Return what the answer of a worker says."""
    about = {
        "format": FORMAT,
        "engine": "test",
        "partial": bool(parsed.lost),
        "markdown": parsed.markdown,
        "text": parsed.text,
    }
    lists = {
        name: list(getattr(parsed, name)) for name in ("pages", "blocks", "tables", "attachments", "warnings")
    }
    answer = payload.read(json.dumps({**about, **lists, "metadata": parsed.metadata}).encode())
    return answer.result(DocumentInfo(path="a.pdf", sha256="", size=1, media_type="application/pdf"))


@pytest.mark.parametrize(
    ("name", "body", "media_type", "words"),
    [
        ("invoice.xml", INVOICE, "text/xml", ["4711", "98.70"]),
        ("invoice.xml", INVOICE, "", ["4711", "98.70"]),
        ("figures.csv", "Ort;Menge\nKöln;17\n".encode(), "text/csv", ["Köln", "17"]),
        ("note.txt", b"Deliver before noon", "text/plain", ["Deliver before noon"]),
        ("inner.pdf", specimens.pdf(), "application/pdf", [specimens.SENTENCE]),
        ("letter.docx", specimens.docx(), "", [specimens.SENTENCE]),
        ("table.xlsx", specimens.xlsx(), "application/octet-stream", [specimens.SENTENCE]),
        ("../../odd name.txt", b"Deliver before noon", "", ["Deliver before noon"]),
    ],
)
def test_a_file_is_read_by_the_engine_for_it_and_said_after_the_pages(
    name: str, body: bytes, media_type: str, words: list[str]
) -> None:
    said = result(read(carrying((name, body, media_type))))

    (attachment,) = said.attachments
    assert (attachment.name, attachment.size) == (Path(name).name, len(body))
    assert attachment.media_type
    assert said.outcome == "succeeded"
    for text in (said.markdown, said.text):
        assert text.startswith("The invoice is attached to this page.")
        assert attachment.name in text
        assert [word for word in words if word not in text] == []
    assert said.pages[0].markdown == "The invoice is attached to this page."


def test_a_file_pinned_to_a_page_is_read_too() -> None:
    said = result(read(pinned("note.txt", b"Deliver before noon")))

    assert [attachment.name for attachment in said.attachments] == ["note.txt"]
    assert "Deliver before noon" in said.markdown


def test_several_files_of_one_name_are_all_there_but_the_same_one_once() -> None:
    files = [("a.txt", b"first words", ""), ("a.txt", b"second words", ""), ("a.txt", b"first words", "")]

    said = result(read(carrying(*files)))

    assert [attachment.text for attachment in said.attachments] == ["first words", "second words"]


def test_a_file_that_is_not_read_makes_the_document_partial_and_is_named() -> None:
    parsed = read(carrying(("x.bin", bytes(range(256)), ""), ("note.txt", b"Deliver before noon", "")))

    assert len(parsed.lost) == 1
    assert "x.bin" in parsed.lost[0]
    assert [each["name"] for each in parsed.attachments] == ["x.bin", "note.txt"]
    assert "x.bin" in result(parsed).markdown


def test_files_in_files_are_said() -> None:
    inner = carrying(("invoice.xml", INVOICE, "text/xml"))

    said = result(read(carrying(("inner.pdf", inner, "application/pdf"))))

    assert [each.name for each in said.attachments[0].attachments] == ["invoice.xml"]
    assert "98.70" in said.markdown


def test_a_document_of_files_alone_is_not_empty() -> None:
    assert read(carrying(("note.txt", b"Deliver before noon", ""), first=DrawnPage())).has_text()


def test_a_file_without_content_is_lost() -> None:
    first = page()
    number = first_free(first)
    listed = f"/Names<</EmbeddedFiles<</Names[(gone.txt) {number} 0 R]>>>>"

    parsed = read(drawn(first, catalog=listed, objects=[b"<</Type/Filespec/F(gone.txt)>>"]))

    assert parsed.lost == ["attachment gone.txt: its content is missing"]


def test_more_files_than_anyone_reads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docbatch.providers.local.pdf.embedded_files._MOST", 2)

    parsed = read(carrying(*((f"{at}.txt", b"words %d" % at, "") for at in range(5))))

    assert len(parsed.attachments) == 2
    assert parsed.lost == ["3 more embedded files: only the first 2 are looked at"]


def test_a_document_that_only_the_engine_opens_is_read_and_says_what_was_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise pypdfium2.PdfiumError("no")

    monkeypatch.setattr("docbatch.providers.local.pdf.pdf_document.pypdfium2.PdfDocument", refuse)

    parsed = read(carrying(("note.txt", b"Deliver before noon", "")))

    assert parsed.pages[0]["markdown"] == "The invoice is attached to this page."
    assert "files inside the document were not looked for: PDFium cannot open it" in parsed.warnings
