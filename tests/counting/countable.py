"""Small documents with so many pages, sheets and cells, made from nothing; those that attack among them."""

import struct
from collections.abc import Mapping, Sequence

from tests.providers.local.specimens import pdf_of, zipped

_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ODF = "application/vnd.oasis.opendocument"


def paged_pdf(pages: int, count: bytes | None = None) -> bytes:
    """Return a PDF of empty pages; `count` is what its page tree says of their number, where that is not so."""
    kids = b" ".join(b"%d 0 R" % (3 + number) for number in range(pages))
    tree = b"<</Type/Pages/Count %s/Kids[%s]>>" % (count or b"%d" % pages, kids)
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", tree, *[_PAGE] * pages])


def circular_pdf() -> bytes:
    """Return a PDF whose page tree holds itself."""
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 3/Kids[2 0 R 2 0 R 2 0 R]>>"])


def _relations(*targets: tuple[str, str]) -> str:
    entries = (
        f'<Relationship Id="r{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f"<Relationships>{''.join(entries)}</Relationships>"


def office(
    main: str, content: str | bytes, rest: Mapping[str, str | bytes], *others: tuple[str, str]
) -> bytes:
    """Return an Office Open XML package: its main part, other parts, and other relations of the package."""
    roots = _relations(("officeDocument", main), *others)
    return zipped({"[Content_Types].xml": "<Types/>", "_rels/.rels": roots, main: content, **rest})


def book(sheets: Sequence[str], *, listed: int | None = None) -> bytes:
    """Return a workbook whose worksheets have this content; `listed` is how many it names, where that is not so."""
    named = "".join(
        f'<sheet name="s{number}" sheetId="{number}" r:id="r{number}"/>'
        for number in range(1, (len(sheets) if listed is None else listed) + 1)
    )
    parts = {f"xl/worksheets/s{number}.xml": content for number, content in enumerate(sheets, start=1)}
    relations = _relations(*(("worksheet", f"/{name}") for name in parts))
    main = f'<workbook xmlns:r="r"><sheets>{named}</sheets></workbook>'
    return office("xl/workbook.xml", main, {"xl/_rels/workbook.xml.rels": relations, **parts})


def binary_book() -> bytes:
    """Return a binary workbook of a sheet with two numbers, a text and a cell with a format alone."""

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes((kind,)) if kind < 0x80 else bytes((kind & 0x7F | 0x80, kind >> 7))
        return head + bytes((len(body),)) + body

    relation = struct.pack("<III", 0, 1, 2) + "r1".encode("utf-16-le") + struct.pack("<I", 1) + b"s\0"
    sheet = b"".join((record(5, bytes(16)), record(2, bytes(12)), record(7, bytes(12)), record(1, bytes(8))))
    rest: dict[str, str | bytes] = {
        "xl/_rels/workbook.bin.rels": _relations(("worksheet", "worksheets/s1.bin")),
        "xl/worksheets/s1.bin": sheet,
    }
    return office("xl/workbook.bin", record(156, relation), rest)


def slides(number: int) -> bytes:
    listed = "".join(f'<p:sldId id="{each}" r:id="r{each}"/>' for each in range(number))
    main = f'<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>'
    return office("ppt/presentation.xml", main, {})


def letter(text: str, pages: int | None, characters: int | None) -> bytes:
    """Return a Word document that says of itself how many pages and characters it has."""
    said = "" if pages is None else f"<Pages>{pages}</Pages>"
    said += "" if characters is None else f"<Characters>{characters}</Characters>"
    return office(
        "word/document.xml",
        f'<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>',
        {"docProps/app.xml": f"<Properties>{said}</Properties>"},
        ("extended-properties", "docProps/app.xml"),
    )


def opendocument(kind: str, content: str, meta: str = "<office:meta xmlns:office='o'/>") -> bytes:
    """Return an OpenDocument file: `content` stands in the element of its kind."""
    inside = (
        f'<office:body xmlns:office="o" xmlns:table="t" xmlns:draw="d" xmlns:text="x">{content}</office:body>'
    )
    members = {"mimetype": f"{_ODF}.{kind}", "content.xml": inside, "meta.xml": meta}
    return zipped(members, stored=("mimetype",))


def tiff(frames: int, *, order: str = "<", first_again: bool = False) -> bytes:
    """Return a TIFF of frames without anything in them; the last leads to the first where that is `first_again`."""
    made = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    for number in range(frames):
        last = number + 1 == frames
        after = (8 if first_again else 0) if last else len(made) + 6
        made += struct.pack(f"{order}HI", 0, after)
    return made.ljust(16, b"\0")


def old_book(records: bytes) -> bytes:
    """Return a compound file with one stream, `Workbook`, of these records."""
    size = max(len(records), 4096)
    sectors = -(-size // 512)
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    header = bytes.fromhex("d0cf11e0a1b11ae1").ljust(24, b"\0")
    header += struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    header += b"\xff" * (512 - len(header))
    fat = struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff")
    folder = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry("Workbook", 2, 0xFFFFFFFF, 2, size)
    return header + fat + folder.ljust(512, b"\0") + records.ljust(sectors * 512, b"\0")


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack(
        "<HBB3I", len(text) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child
    )
    return head + bytes(36) + struct.pack("<IQ", start, size)


def record(kind: int, body: bytes = b"") -> bytes:
    """Return a record of an old workbook."""
    return struct.pack("<HH", kind, len(body)) + body
