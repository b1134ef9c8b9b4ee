"""EPUB books of plain chapters."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from formats.archive import pack, xml

_XHTML = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'


def book(title: str, chapters: Mapping[str, Sequence[str]]) -> bytes:
    """Return a book; each chapter is a heading and its paragraphs."""
    files = {f"chapter{number}.xhtml": name for number, name in enumerate(chapters, 1)}
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": xml(
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
            '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
        ),
        "book.opf": _package(title, list(files)),
        "contents.xhtml": _contents(files),
    }
    members |= {file: _chapter(name, chapters[name]) for file, name in files.items()}
    return pack(members)


def _package(title: str, files: Sequence[str]) -> str:
    rows = "".join(
        f'<item id="{name[:-6]}" href="{name}" media-type="application/xhtml+xml"/>' for name in files
    )
    contents = '<item id="nav" href="contents.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    spine = "".join(f'<itemref idref="{name[:-6]}"/>' for name in files)
    return xml(
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">docbatch-sample</dc:identifier>'
        f"<dc:title>{escape(title)}</dc:title><dc:language>en</dc:language>"
        '<meta property="dcterms:modified">2024-01-01T00:00:00Z</meta></metadata>'
        f"<manifest>{contents}{rows}</manifest><spine>{spine}</spine></package>"
    )


def _contents(files: Mapping[str, str]) -> str:
    rows = "".join(f'<li><a href="{file}">{escape(name)}</a></li>' for file, name in files.items())
    return xml(
        f'{_XHTML}<head><title>Contents</title></head><body><nav epub:type="toc"><ol>{rows}</ol></nav></body></html>'
    )


def _chapter(name: str, paragraphs: Sequence[str]) -> str:
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    return xml(
        f"{_XHTML}<head><title>{escape(name)}</title></head><body><h1>{escape(name)}</h1>{body}</body></html>"
    )
