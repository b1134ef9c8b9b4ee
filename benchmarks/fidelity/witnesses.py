"""What independent readers find in office files: a line of JSON for each path of the standard input.

Runs in an environment of its own with python-docx, python-pptx, openpyxl and xlrd; imports nothing of docbatch.
"""

import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

Found = dict[str, Any]


def _empty() -> Found:
    return {"text": [], "headings": [], "tables": [], "aside": [], "allowed": []}


def _add_table(found: Found, rows: list[list[str]]) -> None:
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]
    found["text"] += [" ".join(row) for row in rows]
    if any(any(row) for row in rows):
        found["tables"].append(rows)


def docx(path: str) -> Found:
    import docx as library  # noqa: PLC0415 - only where the witnesses are installed

    found, document = _empty(), library.Document(path)
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            _add_table(found, [_cells(row) for row in block.rows])
            continue
        found["text"].append(block.text)
        if (block.style.name or "").lower().startswith(("heading ", "title")) and block.text.strip():
            found["headings"].append(block.text)
    for section in document.sections:
        for part in (section.header, section.footer):
            if not part.is_linked_to_previous:
                found["aside"] += [paragraph.text for paragraph in part.paragraphs]
    return found


def _cells(row: Any) -> list[str]:
    """Return the cells of a row; what is merged into the cell before, or above, is empty."""
    texts, before = [], None
    for cell in row.cells:
        is_new = cell._tc is not before  # noqa: SLF001 - the library has no other name for it
        texts.append(_all_text(cell) if is_new and cell._tc in row._tr.tc_lst else "")  # noqa: SLF001
        before = cell._tc  # noqa: SLF001
    return texts


def _all_text(cell: Any) -> str:
    """Return a cell's text with that of the tables in it, which the library's own text leaves out."""
    parts = []
    for block in cell.iter_inner_content():
        parts += (
            [text for row in block.rows for text in _cells(row)] if hasattr(block, "rows") else [block.text]
        )
    return "\n".join(parts)


def pptx(path: str) -> Found:
    import pptx as library  # noqa: PLC0415

    found = _empty()
    for slide in library.Presentation(path).slides:
        title = slide.shapes.title
        for shape in _shapes(slide.shapes):
            _add_shape(found, shape)
        if title is not None and title.text_frame.text.strip():
            found["headings"].append(title.text_frame.text)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            found["text"].append(slide.notes_slide.notes_text_frame.text)
    return found


def _shapes(shapes: Any) -> Iterator[Any]:
    for shape in shapes:
        if shape.shape_type == 6:
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _add_shape(found: Found, shape: Any) -> None:
    if shape.has_text_frame:
        found["text"].append(shape.text_frame.text)
    elif getattr(shape, "has_table", False):
        rows = shape.table.rows
        _add_table(found, [["" if cell.is_spanned else cell.text for cell in row.cells] for row in rows])
    elif getattr(shape, "has_chart", False):
        _add_chart(found, shape.chart)


def _add_chart(found: Found, chart: Any) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        found["text"].append(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = [str(name) for name in plot.categories]
        series = list(plot.series)
        rows = [["", *(one.name or "" for one in series)]]
        for at, name in enumerate(names):
            values = [one.values[at] if at < len(one.values) else None for one in series]
            rows.append([name, *("" if value is None else f"{value:g}" for value in values)])
        _add_table(found, rows)


def xlsx(path: str) -> Found:
    import openpyxl  # noqa: PLC0415

    found = _empty()
    for sheet in openpyxl.load_workbook(path, data_only=True).worksheets:
        rows = [[_plain(cell.value, cell.number_format) for cell in row] for row in sheet.iter_rows()]
        where = found if sheet.sheet_state == "visible" else _empty()
        _add_sheet(where, sheet.title, rows)
        found["allowed"] += [] if where is found else where["text"]
    return found


def _add_sheet(found: Found, title: str, rows: list[list[str]]) -> None:
    if not any(any(row) for row in rows):
        found["allowed"].append(title)
        return
    found["text"].append(title)
    found["headings"].append(title)
    _add_table(found, rows)


def _plain(value: Any, form: str) -> str:
    """Return what a cell shows, nothing where its format decides: a library gives the number behind it."""
    is_formatted = not isinstance(value, str | bool) and form not in _UNFORMATTED
    return "" if is_formatted else _shown(value, form)


_UNFORMATTED = {"", "General", "GENERAL", "@"}


def _shown(value: Any, form: str = "") -> str:
    if isinstance(value, datetime) and value.time() == time() and "h" not in form:
        value = value.date()
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case datetime() | time():
            # Fractions of a second are what is left of a number, and no format here shows them.
            return str(value.replace(microsecond=0))
        case float() if value.is_integer():
            return str(int(value))
        case float():
            # Further digits are what is left of the number behind it.
            return f"{value:.15g}"
    return str(value)


def xls(path: str) -> Found:
    import xlrd  # noqa: PLC0415

    found, book = _empty(), xlrd.open_workbook(path, formatting_info=True)
    for sheet in book.sheets():
        rows = [[_old(cell, book) for cell in sheet.row(at)] for at in range(sheet.nrows)]
        _add_sheet(found, sheet.name, rows)
    return found


def _old(cell: Any, book: Any) -> str:
    import xlrd  # noqa: PLC0415

    form = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
    if cell.ctype == xlrd.XL_CELL_DATE or (cell.ctype == xlrd.XL_CELL_NUMBER and form not in _UNFORMATTED):
        return ""
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value)).upper()
    return "" if cell.ctype == xlrd.XL_CELL_ERROR else _shown(cell.value)


_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_ASIDE = (f"{_TEXT}note", f"{_OFFICE}annotation", f"{_TEXT}tracked-changes")
_BREAKS = {f"{_TEXT}tab", f"{_TEXT}line-break", f"{_TEXT}s"}


def odt(path: str) -> Found:
    found = _empty()
    content = _content(path)
    _raise(content)
    body = content.find(f".//{_OFFICE}text")
    if body is not None:
        _odt_blocks(found, body)
    return found


def _raise(content: ET.Element) -> None:
    """Write raised digits as such, as a reader sees them."""
    raised = {
        style.get(f"{_STYLE}name")
        for style in content.iter(f"{_STYLE}style")
        if any(each.get(f"{_STYLE}text-position", "").startswith("super") for each in style)
    }
    for span in content.iter(f"{_TEXT}span"):
        if span.get(f"{_TEXT}style-name") in raised and (span.text or "").isdigit():
            span.text = (span.text or "").translate(_RAISED)


def _content(path: str) -> ET.Element:
    with zipfile.ZipFile(path) as archive:
        return ET.fromstring(archive.read("content.xml"))


def _odt_blocks(found: Found, element: ET.Element) -> None:
    for child in element:
        if child.tag in {f"{_TEXT}p", f"{_TEXT}h"}:
            text = _inline(child, found)
            found["text"].append(text)
            if child.tag == f"{_TEXT}h" and text.strip():
                found["headings"].append(text)
        elif child.tag == f"{_TABLE}table":
            _add_table(
                found,
                [[_cell(cell, found) for cell in _row(row)] for row in child.iter(f"{_TABLE}table-row")],
            )
        elif child.tag not in _ASIDE:
            _odt_blocks(found, child)


def _row(row: ET.Element) -> Iterator[ET.Element]:
    return (cell for cell in row if cell.tag in {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})


def _cell(cell: ET.Element, found: Found) -> str:
    notes = (part for note in cell if note.tag in _ASIDE for part in note.iter(f"{_TEXT}p"))
    found["aside"] += [_inline(part, found) for part in notes]
    return " ".join(_inline(child, found) for child in cell if child.tag not in _ASIDE)


def _inline(element: ET.Element, found: Found) -> str:
    text = element.text or ""
    for child in element:
        if child.tag in _ASIDE:
            found["aside"] += [_inline(part, found) for part in child.iter(f"{_TEXT}p")]
        elif child.tag in _BREAKS:
            text += " "
        else:
            # A box within a paragraph has paragraphs of its own.
            text += f" {_inline(child, found)} " if child.tag == f"{_TEXT}p" else _inline(child, found)
        text += child.tail or ""
    return text


def ods(path: str) -> Found:
    found = _empty()
    for table in _content(path).iter(f"{_TABLE}table"):
        rows = []
        for row in table.iter(f"{_TABLE}table-row"):
            times = min(int(row.get(f"{_TABLE}number-rows-repeated", 1)), 1000)
            cells = _ods_row(row, found)
            rows += [cells] * (times if any(cells) else 1)
        _add_sheet(found, table.get(f"{_TABLE}name", ""), rows)
    return found


def _ods_row(row: ET.Element, found: Found) -> list[str]:
    cells: list[str] = []
    for cell in _row(row):
        times, text = int(cell.get(f"{_TABLE}number-columns-repeated", 1)), _cell(cell, found)
        cells += [text] * (min(times, 1000) if text else min(times, 50))
    return cells


WITNESSES: dict[str, Callable[[str], Found]] = {
    ".docx": docx,
    ".pptx": pptx,
    ".xlsx": xlsx,
    ".xls": xls,
    ".odt": odt,
    ".ods": ods,
}


def main() -> None:
    for line in sys.stdin:
        path = line.strip()
        try:
            found = WITNESSES[Path(path).suffix](path)
        except Exception as error:  # noqa: BLE001 - a file that no witness reads has no truth
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"path": path, **found}))


if __name__ == "__main__":
    main()
