"""Workbooks made part by part, whole and broken."""

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


def ods(tables: str, styles: str = "") -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style", "drawing")
    )
    content = (
        f'<office:document-content {spaces} xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:draw="d">'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped(
        {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content}, ("mimetype",)
    )
