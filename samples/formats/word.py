"""DOCX files: headings, paragraphs, bulleted lists and one kind of table."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from formats.archive import content_types, core_properties, pack, relationships, xml

_NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def heading(text: str, level: int = 1) -> str:
    return _paragraph(text, f'<w:pPr><w:pStyle w:val="Heading{level}"/></w:pPr>')


def paragraph(text: str) -> str:
    return _paragraph(text, "")


def bullets(items: Sequence[str]) -> str:
    marks = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    return "".join(_paragraph(item, marks) for item in items)


def table(rows: Sequence[Sequence[str]]) -> str:
    grid = '<w:gridCol w:w="3000"/>' * len(rows[0])
    body = "".join(f"<w:tr>{''.join(map(_cell, row))}</w:tr>" for row in rows)
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl>"
    )


def document(title: str, *body: str) -> bytes:
    parts = {
        "word/document.xml": f"{_MAIN}.document.main+xml",
        "word/styles.xml": f"{_MAIN}.styles+xml",
        "word/numbering.xml": f"{_MAIN}.numbering+xml",
        "docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    package = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
    roots = {"word/document.xml": f"{_OFFICE}/officeDocument", "docProps/core.xml": package}
    beside = {"styles.xml": f"{_OFFICE}/styles", "numbering.xml": f"{_OFFICE}/numbering"}
    return pack(
        {
            "[Content_Types].xml": content_types(parts),
            "_rels/.rels": relationships(roots),
            "docProps/core.xml": core_properties(title),
            "word/_rels/document.xml.rels": relationships(beside),
            "word/document.xml": xml(
                f"<w:document {_NAMESPACE}><w:body>{''.join(body)}<w:sectPr/></w:body></w:document>"
            ),
            "word/styles.xml": _styles(),
            "word/numbering.xml": _numbering(),
        }
    )


def _paragraph(text: str, properties: str) -> str:
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _cell(text: str) -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="3000" w:type="dxa"/></w:tcPr>{paragraph(text)}</w:tc>'


def _styles() -> str:
    headings = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        f'<w:pPr><w:outlineLvl w:val="{level - 1}"/></w:pPr>'
        f'<w:rPr><w:b/><w:sz w:val="{36 - 4 * level}"/></w:rPr></w:style>'
        for level in (1, 2)
    )
    edges = "".join(
        f'<w:{side} w:val="single" w:sz="4"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = (
        '<w:style w:type="table" w:styleId="TableGrid"><w:name w:val="Table Grid"/>'
        f"<w:tblPr><w:tblBorders>{edges}</w:tblBorders></w:tblPr></w:style>"
    )
    return xml(f"<w:styles {_NAMESPACE}>{headings}{grid}</w:styles>")


def _numbering() -> str:
    return xml(
        f'<w:numbering {_NAMESPACE}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">'
        '<w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
