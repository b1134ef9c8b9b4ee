"""XLSX workbooks of text and numbers."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from formats.archive import content_types, core_properties, pack, relationships, xml

_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

Row = Sequence[str | int | float]


def workbook(title: str, sheets: Mapping[str, Sequence[Row]]) -> bytes:
    files = [f"worksheets/sheet{number}.xml" for number in range(1, len(sheets) + 1)]
    parts = {"xl/workbook.xml": f"{_MAIN}.sheet.main+xml"}
    parts |= {f"xl/{name}": f"{_MAIN}.worksheet+xml" for name in files}
    parts["docProps/core.xml"] = "application/vnd.openxmlformats-package.core-properties+xml"
    package = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
    members = {
        "[Content_Types].xml": content_types(parts),
        "_rels/.rels": relationships(
            {"xl/workbook.xml": f"{_OFFICE}/officeDocument", "docProps/core.xml": package}
        ),
        "docProps/core.xml": core_properties(title),
        "xl/workbook.xml": _index(list(sheets)),
        "xl/_rels/workbook.xml.rels": relationships(dict.fromkeys(files, f"{_OFFICE}/worksheet")),
    }
    members |= {f"xl/{name}": _sheet(rows) for name, rows in zip(files, sheets.values(), strict=True)}
    return pack(members)


def _index(names: Sequence[str]) -> str:
    rows = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, 1)
    )
    return xml(f'<workbook xmlns="{_NAMESPACE}" xmlns:r="{_OFFICE}"><sheets>{rows}</sheets></workbook>')


def _sheet(rows: Sequence[Row]) -> str:
    body = "".join(
        f'<row r="{number}">{"".join(_cell(f"{chr(65 + column)}{number}", value) for column, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )
    return xml(f'<worksheet xmlns="{_NAMESPACE}"><sheetData>{body}</sheetData></worksheet>')


def _cell(place: str, value: str | float) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'
