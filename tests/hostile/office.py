"""Hostile Office, OpenDocument and EPUB files, on the shipped samples with one member replaced or added."""

import io
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.hostile.archives import packed

SAMPLES = Path(__file__).parents[2] / "samples"

WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
WORD_END = "</w:body></w:document>"
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
SHEET_END = "</sheetData></worksheet>"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>%s]>" % "".join(  # noqa: UP031 - braces would have to be doubled
    f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 11)
)
STOLEN = "<!DOCTYPE x [<!ENTITY stolen SYSTEM 'file:///etc/passwd'>]>"
CALLED = "<!DOCTYPE x [<!ENTITY % remote SYSTEM 'http://127.0.0.1:9/x.dtd'> %remote;]>"


def replaced(sample: str, members: Mapping[str, bytes | None]) -> bytes:
    """Return the sample with members replaced or added, and those that are None left out."""
    with zipfile.ZipFile(io.BytesIO((SAMPLES / sample).read_bytes())) as archive:
        kept: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    return packed({name: body for name, body in (kept | dict(members)).items() if body is not None})


def word(body: str, before: str = "") -> bytes:
    return replaced("inspection.docx", {"word/document.xml": (before + WORD + body + WORD_END).encode()})


def sheet(rows: str) -> bytes:
    return replaced("stock.xlsx", {"xl/worksheets/sheet1.xml": (SHEET + rows + SHEET_END).encode()})


def member(sample: str, name: str, body: bytes | None) -> bytes:
    return replaced(sample, {name: body})


def text(content: str) -> str:
    return f"<w:p><w:r><w:t>{content}</w:t></w:r></w:p>"


def with_entity(sample: str, name: str, doctype: str, entity: str) -> bytes:
    """Return the sample with a document type, and the entity in front of the first text of a member."""
    with zipfile.ZipFile(SAMPLES / sample) as archive:
        content = archive.read(name).decode()
    head, _, rest = content.partition("\n")
    marks = {"content.xml": "<text:p>", "chapter1.xhtml": "<p>", "xl/worksheets/sheet1.xml": "<t>"}
    mark = marks.get(name, "<a:t>")
    return member(sample, name, f"{head}{doctype}{rest.replace(mark, mark + entity, 1)}".encode())


def bomb_in_word() -> bytes:
    return word(text(" " * 100_000_000))


def table_in_table() -> bytes:
    depth = 3_000
    return word("<w:tbl><w:tr><w:tc>" * depth + text("deep") + "</w:tc></w:tr></w:tbl>" * depth)


def remote_picture() -> bytes:
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/attachedTemplate" Target="http://127.0.0.1:9/" TargetMode="External"/>'
        f'<Relationship Id="rId2" Type="{RELATIONS}/image" Target="file:///etc/passwd" TargetMode="External"/>'
        "</Relationships>"
    )
    return member("inspection.docx", "word/_rels/document.xml.rels", links.encode())


def cells_far_apart() -> bytes:
    return sheet(
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )


def rows_without_end() -> bytes:
    rows = "".join(f'<row r="{at}"><c r="A{at}"><v>{at}</v></c></row>' for at in range(1, 200_001))
    return sheet(rows)


def repeated_cells() -> bytes:
    with zipfile.ZipFile(SAMPLES / "minutes.odt") as archive:
        content = archive.read("content.xml").decode()
    many = '<table:table-cell table:number-columns-repeated="100000000">'
    return member("minutes.odt", "content.xml", content.replace("<table:table-cell>", many).encode())


def slides_in_a_ring() -> bytes:
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/slideLayout" Target="slide1.xml"/></Relationships>'
    )
    return member("briefing.pptx", "ppt/slides/_rels/slide1.xml.rels", links.encode())


def spine_without_end() -> bytes:
    with zipfile.ZipFile(SAMPLES / "handbook.epub") as archive:
        content = archive.read("book.opf").decode()
    again = '<itemref idref="chapter1"/>' * 20_000
    return member("handbook.epub", "book.opf", content.replace("</spine>", again + "</spine>").encode())


def spine_leaves_the_book() -> bytes:
    with zipfile.ZipFile(SAMPLES / "handbook.epub") as archive:
        content = archive.read("book.opf").decode()
    away = content.replace('href="chapter1.xhtml"', 'href="../../../../../etc/passwd"')
    return member("handbook.epub", "book.opf", away.encode())


CHAPTER, SHEET1, SLIDE = "chapter1.xhtml", "xl/worksheets/sheet1.xml", "ppt/slides/slide1.xml"

MAKERS = {
    "bomb.docx": bomb_in_word,
    "entities-expand.docx": lambda: word(text("&a10;"), LAUGHS),
    "entity-reads-a-file.docx": lambda: word(text("&stolen;"), STOLEN),
    "entity-calls-a-host.docx": lambda: word(text("calls"), CALLED),
    "entities-expand.odt": partial(with_entity, "minutes.odt", "content.xml", LAUGHS, "&a10;"),
    "entity-reads-a-file.odt": partial(with_entity, "minutes.odt", "content.xml", STOLEN, "&stolen;"),
    "entities-expand.xlsx": partial(with_entity, "stock.xlsx", SHEET1, LAUGHS, "&a10;"),
    "entity-reads-a-file.xlsx": partial(with_entity, "stock.xlsx", SHEET1, STOLEN, "&stolen;"),
    "entities-expand.pptx": partial(with_entity, "briefing.pptx", SLIDE, LAUGHS, "&a10;"),
    "entities-expand.epub": partial(with_entity, "handbook.epub", CHAPTER, LAUGHS, "&a10;"),
    "entity-reads-a-file.epub": partial(with_entity, "handbook.epub", CHAPTER, STOLEN, "&stolen;"),
    "elements-nested.docx": lambda: word("<w:p>" * 100_000),
    "tables-nested.docx": table_in_table,
    "table-spans-a-billion.docx": lambda: word(
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="1000000000"/></w:tcPr>'
        + text("x")
        + "</w:tc></w:tr></w:tbl>"
    ),
    "document-missing.docx": partial(member, "inspection.docx", "word/document.xml", None),
    "document-is-noise.docx": partial(member, "inspection.docx", "word/document.xml", b"\x00\xff<<<>&" * 999),
    "document-in-utf16.docx": partial(
        member, "inspection.docx", "word/document.xml", (WORD + text("sixteen") + WORD_END).encode("utf-16")
    ),
    "types-missing.docx": partial(member, "inspection.docx", "[Content_Types].xml", None),
    "links-outside.docx": remote_picture,
    "member-leaves-the-folder.docx": partial(member, "inspection.docx", "../../../escaped.txt", b"escaped"),
    "document-in-document.docx": lambda: member(
        "inspection.docx", "word/embeddings/inner.docx", (SAMPLES / "inspection.docx").read_bytes()
    ),
    "cells-far-apart.xlsx": cells_far_apart,
    "rows-200000.xlsx": rows_without_end,
    "row-number-beyond-sense.xlsx": lambda: sheet('<row r="99999999999"><c r="ZZZZZZ9"><v>1</v></c></row>'),
    "string-index-out-of-range.xlsx": lambda: sheet('<row r="1"><c r="A1" t="s"><v>4294967295</v></c></row>'),
    "sheet-missing.xlsx": partial(member, "stock.xlsx", SHEET1, None),
    "workbook-empty.xlsx": partial(member, "stock.xlsx", "xl/workbook.xml", b""),
    "slides-in-a-ring.pptx": slides_in_a_ring,
    "slide-missing.pptx": partial(member, "briefing.pptx", "ppt/slides/slide2.xml", None),
    "cells-repeated.odt": repeated_cells,
    "content-missing.odt": partial(member, "minutes.odt", "content.xml", None),
    "spine-20000-times.epub": spine_without_end,
    "spine-leaves-the-book.epub": spine_leaves_the_book,
    "container-missing.epub": partial(member, "handbook.epub", "META-INF/container.xml", None),
    "chapter-missing.epub": partial(member, "handbook.epub", CHAPTER, None),
}
