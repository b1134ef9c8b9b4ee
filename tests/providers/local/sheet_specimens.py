"""Workbooks made part by part, whole and broken."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from tests.providers.local.slide_specimens import OFFICE, relations
from tests.providers.local.specimens import zipped

_NS = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{OFFICE}"'


@dataclass(frozen=True)
class Made:
    """A sheet: its rows as XML, what follows them, what precedes them, and what it is related to."""

    rows: str
    name: str = "S"
    after: str = ""
    before: str = ""
    state: str = ""
    related: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def part(self) -> str:
        return f"<worksheet {_NS}>{self.before}<sheetData>{self.rows}</sheetData>{self.after}</worksheet>"


def cell(reference: str, value: str = "", kind: str = "", style: int = 0, formula: str | None = None) -> str:
    function = "" if formula is None else f"<f>{escape(formula)}</f>"
    held = f"<v>{escape(value)}</v>" if value else ""
    attributes = (f' t="{kind}"' if kind else "") + (f' s="{style}"' if style else "")
    return f'<c r="{reference}"{attributes}>{function}{held}</c>'


def text(reference: str, value: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def row(number: int, *cells: str, attributes: str = "") -> str:
    return f'<row r="{number}" {attributes}>{"".join(cells)}</row>'


def xlsx(
    *sheets: Made,
    codes: Sequence[str] = (),
    texts: str | None = None,
    properties: str = "",
    more: Mapping[str, str | bytes | None] | None = None,
) -> bytes:
    """Return a workbook; style 1 has the first of `codes`. A part of `more` that is None is left out."""
    listed = "".join(
        f'<sheet name={quoteattr(made.name)} sheetId="{at}" r:id="s{at}" {made.state}/>'
        for at, made in enumerate(sheets, 1)
    )
    related = {f"s{at}": ("worksheet", f"worksheets/sheet{at}.xml") for at in range(1, len(sheets) + 1)}
    members: dict[str, str | bytes | None] = {
        "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f"<workbook {_NS}>{properties}<sheets>{listed}</sheets></workbook>",
        "xl/styles.xml": _styles(codes),
    }
    related["styles"] = ("styles", "styles.xml")
    if texts is not None:
        related["texts"] = ("sharedStrings", "sharedStrings.xml")
        members["xl/sharedStrings.xml"] = f"<sst {_NS}>{texts}</sst>"
    members["xl/_rels/workbook.xml.rels"] = relations(related)
    for at, made in enumerate(sheets, 1):
        members[f"xl/worksheets/sheet{at}.xml"] = made.part()
        if made.related:
            members[f"xl/worksheets/_rels/sheet{at}.xml.rels"] = relations(made.related)
    members |= dict(more or {})
    return zipped({name: body for name, body in members.items() if body is not None})


def _styles(codes: Sequence[str]) -> str:
    formats = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode={quoteattr(code)}/>' for at, code in enumerate(codes)
    )
    styles = "".join(f'<xf numFmtId="{164 + at}"/>' for at in range(len(codes)))
    return f'<styleSheet {_NS}><numFmts>{formats}</numFmts><cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>'


def ods(tables: str, styles: str = "", members: Mapping[str, str] | None = None) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style", "drawing")
    )
    content = (
        f'<office:document-content {spaces} xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:draw="d">'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": content, **(members or {})}, ("mimetype",))


def _wide(value: str) -> bytes:
    return struct.pack("<I", len(value)) + value.encode("utf-16-le")


def _packed(kind: int, content: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def xlsb(cells: Sequence[tuple[int, bytes]], *, texts: Sequence[str] = (), code: str = "yyyy-mm-dd") -> bytes:
    """Return a binary workbook with one sheet, S, of one row; a cell is the kind of its record and what it holds.

    Cells stand side by side, and style 1 has the code.
    """
    held = b"".join(
        _packed(kind, struct.pack("<II", at, 1 if kind == 5 else 0) + content)
        for at, (kind, content) in enumerate(cells)
    )
    members: dict[str, str | bytes] = {
        "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.bin")}),
        "xl/workbook.bin": _packed(156, struct.pack("<II", 1, 1) + _wide("s1") + _wide("S")),
        "xl/_rels/workbook.bin.rels": relations(
            {
                "s1": ("worksheet", "worksheets/sheet1.bin"),
                "t1": ("sharedStrings", "sharedStrings.bin"),
                "f1": ("styles", "styles.bin"),
            }
        ),
        "xl/sharedStrings.bin": b"".join(_packed(19, b"\0" + _wide(each)) for each in texts),
        "xl/styles.bin": _packed(44, struct.pack("<H", 164) + _wide(code))
        + _packed(617)
        + _packed(47, struct.pack("<HH", 0, 0))
        + _packed(47, struct.pack("<HH", 0, 164))
        + _packed(618),
        "xl/worksheets/sheet1.bin": _packed(0, struct.pack("<III", 0, 0, 0)) + held,
    }
    return zipped(members)


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def short_text(value: str, length: str = "<H") -> bytes:
    """Return a text of an older workbook, two bytes a character."""
    return struct.pack(length, len(value)) + b"\1" + value.encode("utf-16-le")


def xls(cells: bytes, *, texts: bytes = b"", before: bytes = b"", cut: int = 0) -> bytes:
    """Return an older workbook with one sheet, S; style 1 shows dates. `cut` bytes are missing at the sheet's end."""
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    styles = b"".join(record(0xE0, struct.pack("<HH16x", 0, each)) for each in (0, 164))
    dates = record(0x41E, struct.pack("<H", 164) + short_text("yyyy-mm-dd"))
    size = (
        len(begin + before + dates + styles + texts) + len(record(0x85, b"\0" * 6 + short_text("S", "B"))) + 4
    )
    listed = record(0x85, struct.pack("<IBB", size, 0, 0) + short_text("S", "B"))
    stream = begin + before + dates + styles + texts + listed + record(0x0A) + begin + cells + record(0x0A)
    return compound("Workbook", stream[: len(stream) - cut])


def compound(name: str, stream: bytes) -> bytes:
    """Return a compound file with one stream; its own cutoff says that none is small."""
    body = stream + bytes(-len(stream) % 512)
    count = len(body) // 512
    chain = [*range(3, count + 2), 0xFFFFFFFE] if count else []
    table = [0xFFFFFFFD, 0xFFFFFFFE, *chain]
    table += [0xFFFFFFFF] * (128 - len(table))
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6xII", 62, 3, 0xFFFE, 9, 6, 0, 1)
    )
    header += struct.pack("<IIIIIII", 1, 0, 0, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    header += b"\xff" * (512 - len(header))

    def entry(called: str, kind: int, start: int, size: int) -> bytes:
        title = called.encode("utf-16-le") + b"\0\0"
        return title.ljust(64, b"\0") + struct.pack("<HBB48xIII", len(title), kind, 1, start, size, 0)

    directory = entry("Root Entry", 5, 0xFFFFFFFE, 0) + entry(name, 2, 2, len(stream))
    return header + struct.pack("<128I", *table) + directory.ljust(512, b"\0") + body
