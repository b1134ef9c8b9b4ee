"""ODT files: headings, paragraphs, lists and tables."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from formats.archive import pack, xml

_MIME = "application/vnd.oasis.opendocument.text"
_URN = "urn:oasis:names:tc:opendocument:xmlns"
_NAMESPACES = (
    f'xmlns:office="{_URN}:office:1.0" xmlns:text="{_URN}:text:1.0" xmlns:table="{_URN}:table:1.0" '
    f'xmlns:meta="{_URN}:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.3"'
)


def heading(text: str, level: int = 1) -> str:
    return f'<text:h text:outline-level="{level}">{escape(text)}</text:h>'


def paragraph(text: str) -> str:
    return f"<text:p>{escape(text)}</text:p>"


def bullets(items: Sequence[str]) -> str:
    rows = "".join(f"<text:list-item>{paragraph(item)}</text:list-item>" for item in items)
    return f"<text:list>{rows}</text:list>"


def table(name: str, rows: Sequence[Sequence[str]]) -> str:
    columns = f'<table:table-column table:number-columns-repeated="{len(rows[0])}"/>'
    body = "".join(
        f"<table:table-row>{''.join(f'<table:table-cell>{paragraph(cell)}</table:table-cell>' for cell in row)}</table:table-row>"
        for row in rows
    )
    return f'<table:table table:name="{escape(name)}">{columns}{body}</table:table>'


def document(title: str, *body: str) -> bytes:
    content = f"<office:body><office:text>{''.join(body)}</office:text></office:body>"
    meta = f"<office:meta><dc:title>{escape(title)}</dc:title></office:meta>"
    return pack(
        {
            "mimetype": _MIME,
            "META-INF/manifest.xml": _manifest(),
            "content.xml": xml(f"<office:document-content {_NAMESPACES}>{content}</office:document-content>"),
            "meta.xml": xml(f"<office:document-meta {_NAMESPACES}>{meta}</office:document-meta>"),
            "styles.xml": xml(f"<office:document-styles {_NAMESPACES}/>"),
        }
    )


def _manifest() -> str:
    parts = {"/": _MIME} | dict.fromkeys(("content.xml", "meta.xml", "styles.xml"), "text/xml")
    rows = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'
        for name, kind in parts.items()
    )
    return xml(
        f'<manifest:manifest xmlns:manifest="{_URN}:manifest:1.0" manifest:version="1.3">{rows}</manifest:manifest>'
    )
