"""Books: chapters in the order of reading, nothing doubled, what is missing or locked named."""

from docbatch.core.models import FailureClass
from tests.providers.local import specimens
from tests.providers.local.office_specimens import EPUB, failed, lines, markdown, read, unzipped

_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="O/b.opf"/></rootfiles></container>'
)


def chapter(name: str, inner: str = "") -> bytes:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{name}</h1>{inner}</body></html>'.encode()


def book(spine: str, chapters: dict[str, bytes], manifest: str = "", **more: str) -> bytes:
    listed = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>Tale</dc:title><dc:creator>Ada</dc:creator></metadata><manifest>{listed}{manifest}</manifest>"
        f"<spine>{spine}</spine></package>"
    )
    files: dict[str, str | bytes] = {
        "mimetype": EPUB,
        "META-INF/container.xml": _CONTAINER,
        "O/b.opf": package,
    }
    files |= {f"O/{name}.xhtml": content for name, content in chapters.items() if content}
    return specimens.zipped(
        files | {f"META-INF/{name}.xml": text for name, text in more.items()}, stored=("mimetype",)
    )


def test_chapters_stand_in_the_order_of_the_spine_those_beside_it_included() -> None:
    spine = '<itemref idref="b"/><itemref idref="a"/><itemref idref="c" linear="no"/>'
    document = read(book(spine, {"a": chapter("First"), "b": chapter("Second"), "c": chapter("Aside")}), EPUB)
    assert markdown(document) == "# Second\n\n# First\n\n# Aside"
    assert document.metadata == {"title": "Tale", "authors": ["Ada"]}
    assert not document.lost


def test_missing_and_unlisted_chapters_are_named() -> None:
    spine = '<itemref idref="a"/><itemref idref="gone"/><itemref idref="b"/>'
    document = read(book(spine, {"a": b"", "b": chapter("Kept")}), EPUB)
    assert markdown(document) == "# Kept"
    assert sorted(document.lost) == [
        "O/a.xhtml: the part is missing",
        "chapter gone: the book does not list it",
    ]


def test_characters_are_read_as_each_chapter_says() -> None:
    western = "<?xml version='1.0' encoding='iso-8859-1'?><html><body><p>Größe</p></body></html>".encode(
        "latin-1"
    )
    broken = b"<html><body><p>caf&eacute;&nbsp;5<br>not closed"
    document = read(book('<itemref idref="a"/><itemref idref="b"/>', {"a": western, "b": broken}), EPUB)
    said = "\n".join(block["text"] for block in document.blocks)
    assert said == "Größe\ncafé\u00a05\nnot closed"


def test_a_page_of_contents_is_not_told_twice() -> None:
    nav = '<item id="n" href="n.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    contents = b"<html><body><nav><ol><li><a href='a.xhtml'>First</a></li></ol></nav></body></html>"
    data = book('<itemref idref="n"/><itemref idref="a"/>', {"a": chapter("First")}, nav)
    document = read(specimens.zipped({**unzipped(data), "O/n.xhtml": contents}), EPUB)
    assert markdown(document) == "# First"


def test_a_page_outside_the_order_of_reading_stands_at_the_end() -> None:
    document = read(book('<itemref idref="a"/>', {"a": chapter("First"), "z": chapter("Note 1")}), EPUB)
    assert markdown(document) == "# First\n\n# Note 1"
    assert "not in the order of reading" in document.warnings[0]


def test_locked_books_are_encrypted_and_scrambled_fonts_do_no_harm() -> None:
    entry = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        '<e:EncryptedData><e:EncryptionMethod Algorithm="{}"/><e:CipherData><e:CipherReference URI="{}"/></e:CipherData>'
        "</e:EncryptedData></encryption>"
    )
    spine, chapters = '<itemref idref="a"/>', {"a": chapter("First")}
    locked = book(
        spine, chapters, encryption=entry.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "O/a.xhtml")
    )
    fonts = book(spine, chapters, encryption=entry.format("http://www.idpf.org/2008/embedding", "O/a.xhtml"))
    assert failed(locked, EPUB) is FailureClass.ENCRYPTED
    assert markdown(read(fonts, EPUB)) == "# First"


def test_a_book_without_a_package_is_corrupt() -> None:
    assert failed(specimens.zipped({"mimetype": EPUB}), EPUB) is FailureClass.CORRUPT


def test_lines_of_a_chapter_are_its_text() -> None:
    document = read(specimens.epub(), EPUB)
    assert lines(document) == ["One", specimens.SENTENCE]
