"""Types are told by content; a name counts only where content cannot tell."""

import io

import pytest

from docbatch.media import EMPTY, HEAD_SIZE, HTML, MAIL, OLE, PDF, PLAIN, UNKNOWN, ZIP, detect
from tests.providers.local import specimens

OPENXML = "application/vnd.openxmlformats-officedocument"
WORD = f"{OPENXML}.wordprocessingml.document"
SHEET = f"{OPENXML}.spreadsheetml.sheet"
SLIDES = f"{OPENXML}.presentationml.presentation"


def kind(data: bytes, name: bytes = b"") -> str:
    return detect(data[:HEAD_SIZE], name, io.BytesIO(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (specimens.docx(), WORD),
        (specimens.xlsx(), SHEET),
        (specimens.pptx(), SLIDES),
        (specimens.odt(), "application/vnd.oasis.opendocument.text"),
        (specimens.epub(), "application/epub+zip"),
        (specimens.html(), HTML),
        (specimens.eml(), MAIL),
        (specimens.pdf(), PDF),
        (specimens.png(), "image/png"),
        (specimens.ole("WordDocument"), "application/msword"),
        (specimens.ole("Workbook"), "application/vnd.ms-excel"),
        (specimens.ole("Book"), "application/vnd.ms-excel"),
        (specimens.ole("PowerPoint Document"), "application/vnd.ms-powerpoint"),
        (specimens.ole("__properties_version1.0"), "application/vnd.ms-outlook"),
        (specimens.ole("EncryptedPackage"), "application/x-ole-encrypted"),
        (b"{\\rtf1 hello}", "application/rtf"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM\x10\0\0\0\0\0\0\0\x36\0", "image/bmp"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html/>", HTML),
        (b"\x1f\x8b\x08\0", "application/gzip"),
        (b"\0\1\2\3 binary", UNKNOWN),
        (b"", EMPTY),
    ],
)
@pytest.mark.parametrize("name", [b"", b"report.pdf", b"report.docx", b"report.txt", b"report.csv"])
def test_content_beats_the_name(data: bytes, expected: str, name: bytes) -> None:
    assert kind(data, name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"a.csv", "text/csv"),
        (b"a.tsv", "text/tab-separated-values"),
        (b"a.MD", "text/markdown"),
        (b"a.json", "application/json"),
        (b"a.htm", HTML),
        (b"a.txt", PLAIN),
        (b"a.pdf", PLAIN),
        (b"a.docx", PLAIN),
        (b"README", PLAIN),
        (b"caf\xe9.csv", "text/csv"),
    ],
)
def test_kinds_of_text_are_told_by_the_name(name: bytes, expected: str) -> None:
    assert kind(b"one,two\nthree,four\n", name) == expected


def test_text_in_other_encodings_is_text() -> None:
    assert kind("größe\n".encode("latin-1")) == PLAIN
    assert kind("größe\n".encode("utf-16")) == PLAIN
    assert kind("größe\n".encode("utf-32")) == PLAIN
    assert kind(b"N\x08NA\x08AM\x08ME\x08E \x1b[1mbold\x07\n") == PLAIN
    assert kind("<html><body>x</body></html>".encode("utf-16")) == HTML
    assert kind(b"\xef\xbb\xbfone,two\n", b"a.csv") == "text/csv"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_text_without_a_mark_is_text(encoding: str) -> None:
    assert kind("größe\n".encode(encoding)) == PLAIN
    assert kind("日本語\n表計算\n".encode(encoding)) == PLAIN
    assert kind("<html><body>日本</body></html>".encode(encoding)) == HTML
    assert kind("a,b\r\n1,2\r\n".encode(encoding), b"a.csv") == "text/csv"
    assert kind("From: a@example.org\nSubject: x\n\ntext\n".encode(encoding)) == MAIL


@pytest.mark.parametrize(
    "junk",
    [
        b"\0" * 64,
        b"\0\1\0\2\0\3",
        b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0",
        bytes(range(256)),
        b"ab\0cdef\0gh",
    ],
)
def test_zero_bytes_do_not_make_a_text(junk: bytes) -> None:
    assert kind(junk) == UNKNOWN


def test_controls_in_what_is_named_a_text_do_not_hide_it() -> None:
    log = b"started\n" * 40
    assert kind(log + b"\x1a") == PLAIN
    assert kind(log + b"\x02\x03\0\n" + log, b"a.log") == PLAIN
    assert kind(log + b"\x02\x03\0\n" + log, b"a.bin") == UNKNOWN
    assert kind(b"short text with one zero\0\n") == UNKNOWN
    assert kind(bytes(range(32)) * 9, b"a.txt") == UNKNOWN


def test_saved_pages_and_mailboxes_are_mail() -> None:
    page = b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\n'
    assert kind(page, b"page.mht") == MAIL
    assert (
        kind(b"From a@example.org Mon Nov  2 10:00:00 2026\nFrom: a@example.org\nSubject: x\n\ntext\n")
        == MAIL
    )
    assert kind(b"From here on\nSubject: x\n\ntext\n") == PLAIN


def test_junk_before_a_pdf_is_skipped_but_a_text_about_pdf_is_text() -> None:
    assert kind(b"\x00\x01junk\n" + specimens.pdf()) == PDF
    assert kind(b"  \r\n" + specimens.pdf()) == PDF
    assert kind(b"A file that starts with %PDF-1.4 is a PDF.\n", b"notes.txt") == PLAIN


@pytest.mark.parametrize("junk", [1500, HEAD_SIZE + 5000])
def test_a_pdf_behind_much_junk_is_no_text(junk: int) -> None:
    late = b"junk line\r\n" * (junk // 11) + specimens.pdf()

    assert kind(late, b"report.pdf") == PDF
    assert kind(late, b"notes.txt") == (PDF if junk < HEAD_SIZE else PLAIN)


def test_a_text_that_shows_the_source_of_a_pdf_is_text() -> None:
    listing = b"About PDF. " * 150 + b"\n%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\n"

    assert kind(listing, b"tutorial.txt") == PLAIN
    assert kind(b"Not yet written.\n", b"report.pdf") == PLAIN


def test_a_text_with_colons_is_no_mail() -> None:
    assert kind(b"Subject: notes\nauthor: me\n\ntext\n") == PLAIN
    assert kind(b"From: a@example.org\nSubject: x\n\ntext\n") == MAIL
    assert kind(b"Subject: x\nTo: b@example.org\n\ntext\n", b"a.eml") == MAIL
    assert kind(b"no header at all\n", b"a.eml") == PLAIN


def test_a_document_inside_a_presentation_does_not_decide() -> None:
    inner = specimens.xlsx()
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "ppt/embeddings/a.xlsx": inner,
        "ppt/presentation.xml": "<p/>",
    }
    assert kind(specimens.zipped(members, stored=("ppt/embeddings/a.xlsx",))) == SLIDES


def test_a_binary_workbook_is_its_own_type() -> None:
    data = specimens.zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"\1"})
    assert kind(data) == "application/vnd.ms-excel.sheet.binary.macroEnabled.12"


def test_members_beyond_the_head_are_looked_for_in_the_directory() -> None:
    filler = bytes(range(256)) * 64
    members: dict[str, str | bytes] = {"docProps.bin": filler, "word/document.xml": "<w/>"}
    data = specimens.zipped(members, stored=("docProps.bin",))
    assert kind(data) == WORD
    assert detect(data[:HEAD_SIZE]) == ZIP


def test_a_truncated_archive_is_what_its_name_says() -> None:
    filler = specimens.zipped({"a": bytes(range(256)) * 64}, stored=("a",))[:9000]
    assert kind(filler, b"a.docx") == WORD
    assert kind(filler, b"a.zip") == ZIP


def test_books_and_texts_that_declare_no_type_first_are_told_by_their_members() -> None:
    members: dict[str, str | bytes] = {"a.css": "p {}", "META-INF/container.xml": "<c/>"}
    assert kind(specimens.zipped(members)) == "application/epub+zip"
    members = {"content.xml": "<c/>", "META-INF/manifest.xml": "<m/>"}
    assert kind(specimens.zipped(members)) == "application/vnd.oasis.opendocument.text"
    assert kind(specimens.zipped(members), b"a.ods") == "application/vnd.oasis.opendocument.spreadsheet"


def test_members_with_strokes_of_another_system_count() -> None:
    members: dict[str, str | bytes] = {"[Content_Types].xml": "<Types/>", "xl\\workbook.xml": "<w/>"}
    assert kind(specimens.zipped(members)) == SHEET
    members = {"content.xml": "<c/>", "META-INF\\manifest.xml": "<m/>"}
    assert kind(specimens.zipped(members)) == "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("openxmlformats-officedocument.spreadsheetml.sheet.main+xml", SHEET),
        ("openxmlformats-officedocument.wordprocessingml.document.main+xml", WORD),
        ("openxmlformats-officedocument.presentationml.slideshow.main+xml", SLIDES),
        ("ms-word.document.macroEnabled.main+xml", WORD),
        ("ms-excel.sheet.macroEnabled.main+xml", SHEET),
        ("ms-excel.sheet.binary.macroEnabled.main", "application/vnd.ms-excel.sheet.binary.macroEnabled.12"),
        ("openxmlformats-officedocument.spreadsheetml.styles+xml", ZIP),
        ("ms-package.3dmanufacturing-3dmodel+xml", ZIP),
    ],
)
def test_a_package_without_the_usual_folders_is_what_it_declares(declared: str, expected: str) -> None:
    types = f'<Types><Override PartName="/main.xml" ContentType="application/vnd.{declared}"/></Types>'
    data = specimens.zipped({"main.xml": "<m/>", "[Content_Types].xml": types})
    assert kind(data, b"a.zip") == expected


def test_declarations_that_cannot_be_read_say_nothing() -> None:
    data = specimens.zipped({"main.xml": "<m/>", "[Content_Types].xml": "<Types/>" * 50})
    broken = data.replace(b"PK\3\4", b"PK\0\0").replace(b"PK\0\0", b"PK\3\4", 1)
    assert kind(broken, b"a.zip") == ZIP


@pytest.mark.parametrize("family", ["text", "spreadsheet", "presentation"])
def test_a_flat_document_is_of_the_type_it_declares(family: str) -> None:
    space = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    declared = f"application/vnd.oasis.opendocument.{family}"
    root = f"<office:document xmlns:office='{space}' office:version='1.3' office:mimetype='{declared}'>"
    flat = f"<?xml version='1.0' encoding='UTF-8'?>\n<!-- <a/ -->\n{root}<office:body/></office:document>"
    assert kind(flat.encode(), b"a.xml") == declared
    assert kind(flat.encode("utf-16")) == declared
    assert kind(flat.replace(family, f"{family}-template").encode()) == "application/xml"
    assert kind(f"<?xml version='1.0'?><a>{root}</office:document></a>".encode()) == "application/xml"


def test_a_compressed_declaration_counts() -> None:
    assert kind(specimens.zipped({"mimetype": "application/epub+zip", "a": "x"})) == "application/epub+zip"
    assert kind(specimens.zipped({"mimetype": "no type at all", "a": "x"})) == ZIP


def test_an_archive_of_other_things_is_an_archive() -> None:
    assert kind(specimens.zipped({"a.txt": "x"}), b"a.docx") == ZIP


def test_a_compound_file_that_tells_nothing_is_what_its_name_says() -> None:
    assert kind(specimens.ole("Something"), b"a.xls") == "application/vnd.ms-excel"
    assert kind(specimens.ole("Something"), b"a.bin") == OLE
    assert kind(specimens.OLE + bytes(20), b"a.doc") == "application/msword"


def test_a_directory_of_a_compound_file_beyond_the_head_is_read() -> None:
    data = bytearray(specimens.ole("WordDocument"))
    data[48:52] = (40).to_bytes(4, "little")
    data += bytes(41 * 512 - len(data)) + specimens.ole("WordDocument")[1024:]
    assert kind(bytes(data)) == "application/msword"


def test_a_directory_beyond_the_end_is_not_looked_for() -> None:
    data = bytearray(specimens.ole("WordDocument"))
    data[30:32] = b"\xff\xff"
    data[48:52] = b"\xfe\xff\xff\xff"
    assert kind(bytes(data)) == OLE
