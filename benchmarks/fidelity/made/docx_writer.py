"""Writes Word documents: bodies out of pieces of XML, and the parts beside them."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from fidelity.made.package import OFFICE, relations, types, xml, zipped

_NS = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{OFFICE}" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
_KIND = "wordprocessingml"


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(inner: str, properties: str = "") -> str:
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{inner}</w:p>"


def heading(text: str, level: int = 1) -> str:
    return paragraph(run(text), f'<w:pStyle w:val="Heading{level}"/>')


def item(text: str, depth: int = 0, number: int = 1) -> str:
    return paragraph(run(text), f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(run(text))}</w:tc>"


def table(rows: str, columns: int) -> str:
    grid = '<w:gridCol w:w="2000"/>' * columns
    return f'<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>'


def row(*cells: str) -> str:
    return f"<w:tr>{''.join(cells)}</w:tr>"


def document(body: str, beside: Mapping[str, tuple[str, str]] | None = None, sections: str = "") -> bytes:
    """Return the file. `beside` has further parts: {name: (kind, whole XML)}; relation rN belongs to the Nth."""
    parts = {
        "word/document.xml": f"{_KIND}.document.main",
        "word/styles.xml": f"{_KIND}.styles",
        "word/numbering.xml": f"{_KIND}.numbering",
    }
    related = {"s1": ("styles", "styles.xml"), "s2": ("numbering", "numbering.xml")}
    members: dict[str, str | bytes] = {}
    for at, (name, (kind, content)) in enumerate((beside or {}).items(), 1):
        parts[f"word/{name}"] = "drawingml.chart" if kind == "chart" else f"{_KIND}.{kind}"
        related[f"r{at}"] = (kind, name)
        members[f"word/{name}"] = content
    body = f"<w:document {_NS}><w:body>{body}<w:sectPr>{sections}</w:sectPr></w:body></w:document>"
    head = {
        "[Content_Types].xml": types(parts),
        "_rels/.rels": relations({"r1": ("officeDocument", "word/document.xml")}),
        "word/document.xml": xml(body),
        "word/_rels/document.xml.rels": relations(related),
        "word/styles.xml": _styles(),
        "word/numbering.xml": _numbering(),
    }
    return zipped(head | members)


def _styles() -> str:
    rows = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        f'<w:pPr><w:outlineLvl w:val="{level - 1}"/></w:pPr><w:rPr><w:b/></w:rPr></w:style>'
        for level in (1, 2, 3)
    )
    normal = '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
    return xml(f"<w:styles {_NS}>{normal}{rows}</w:styles>")


def _numbering() -> str:
    def levels(kind: str, mark: str) -> str:
        return "".join(
            f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{mark.format(at + 1)}"/></w:lvl>'
            for at in range(3)
        )

    return xml(
        f'<w:numbering {_NS}><w:abstractNum w:abstractNumId="0">{levels("bullet", "•")}</w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="1">{levels("decimal", "%{}.")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )


def part(tag: str, inner: str) -> str:
    return xml(f"<w:{tag} {_NS}>{inner}</w:{tag}>")
