"""OpenDocument spreadsheets: their cells hold what is shown beside what is meant."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow import xml_stream
from docbatch.providers.local.flow.unreadable import LockedPartError, UnreadablePartError
from docbatch.providers.local.flow.xml_tree import whole
from docbatch.providers.local.office.opc import OpcPackage
from docbatch.providers.local.office.sheets.grid import LAST_COLUMN, LAST_ROW, name
from docbatch.providers.local.office.sheets.sheet import Sheet, Workbook, comment

CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_MOST_REPEATED = 1 << 17
"""So many cells of a document may be repetitions of others."""
_FIELDS = {"title": "title", "subject": "subject", "creation-date": "created_at", "date": "modified_at"}


def read(data: bytes) -> Workbook:
    """Return the sheets. Raises UnreadablePartError where there are none."""
    if not data.startswith(b"PK"):
        listener, lost = _listened([data.lstrip()])
        return Workbook(listener.sheets, lost)
    package = OpcPackage(data)
    if _MANIFEST in package and b"encryption-data" in package.read(_MANIFEST):
        raise LockedPartError("the document needs a password")
    listener, lost = _listened(package.chunks(CONTENT))
    for sheet, place in listener.objects:
        try:
            sheet.beside += _object(package.plain_tree(f"{place}/{CONTENT}"))
        except UnreadablePartError as error:
            sheet.lost.append(f"the object {place}: {error}")
    return Workbook(listener.sheets, lost, facts=_facts(package), package=package)


def _listened(chunks: Iterable[bytes]) -> tuple["_Content", list[str]]:
    """Return what the content says, and what of it is lost. Raises UnreadablePartError where there is no sheet."""
    listener = _Content()
    try:
        xml_stream.read(chunks, listener)
    except UnreadablePartError as error:
        if not listener.sheets:
            raise
        return listener, [f'what follows sheet "{listener.sheets[-1].name}": {error}']
    return listener, []


def _object(tree: ET.Element) -> list[Json]:
    """Return what an object shows: titles of a chart and its figures, or other text."""
    tables = [
        [[_figure(cell) for cell in row.iter("table-cell")] for row in each.iter("table-row")]
        for each in tree.iter("table")
    ]
    inside = {id(each) for found in tree.iter("table") for each in found.iter("p")}
    texts = [_text(each) for each in tree.iter("p") if id(each) not in inside]
    return [
        *(blocks.paragraph(text) for text in texts if text),
        *(blocks.table(rows) for rows in tables if any(map(any, rows))),
    ]


def _figure(cell: ET.Element) -> str:
    """Return what a cell of a chart's table says, without the names of the cells it comes from."""
    said = " ".join(filter(None, (_text(each) for each in cell if each.tag in {"p", "list"})))
    return "" if said == "NaN" else said


def _text(element: ET.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _facts(package: OpcPackage) -> Json:
    try:
        tree = package.plain_tree("meta.xml")
    except UnreadablePartError:
        return {}
    return {_FIELDS[each.tag]: each.text for each in tree.iter() if each.tag in _FIELDS and each.text}


class _Content:
    """Fills sheets with what the content says."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._tables: list[str] = []
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._cell: Mapping[str, str] | None = None
        self._lines: list[list[str]] = []
        self._note: list[list[str]] | None = None
        self._shape: list[list[str]] | None = None
        self._cells_in_row = 0
        self._creator: list[str] | None = None
        self._author = ""
        self._depth = 0
        self._left = _MOST_REPEATED
        self.objects: list[tuple[Sheet, str]] = []
        """Parts of charts and other documents, with the sheet each stands on."""

    def start(self, tag: str, attributes: Mapping[str, str], /) -> None:
        begin = _BEGIN.get(tag)
        if begin is not None:
            begin(self, _plain(attributes))

    def end(self, tag: str, /) -> None:
        finish = _END.get(tag)
        if finish is not None:
            finish(self)

    def text(self, content: str, /) -> None:
        if self._creator is not None:
            self._creator.append(content)
        elif self._depth:
            self._into()[-1].append(content)

    def _into(self) -> list[list[str]]:
        for place in (self._note, self._shape):
            if place is not None:
                return place
        return self._lines

    @property
    def _sheet(self) -> Sheet | None:
        return self.sheets[-1] if len(self._tables) == 1 else None

    def begin_style(self, attributes: Mapping[str, str]) -> None:
        self._style = attributes.get("name", "")

    def begin_properties(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("display") == "false":
            self._hidden_styles.add(self._style)

    def begin_table(self, attributes: Mapping[str, str]) -> None:
        self._tables.append(attributes.get("name", ""))
        if len(self._tables) == 1:
            hidden = attributes.get("style-name", "") in self._hidden_styles
            self.sheets.append(Sheet(self._tables[0], is_hidden=hidden))
            self._row = self._column = 0

    def end_table(self) -> None:
        self._tables.pop()

    def begin_column(self, attributes: Mapping[str, str]) -> None:
        count = _count(attributes, "number-columns-repeated", LAST_COLUMN)
        if self._sheet is not None and attributes.get("visibility") in {"collapse", "filter"}:
            self._sheet.hidden_columns.append((self._column, self._column + count - 1))
        self._column = min(self._column + count, LAST_COLUMN)

    def begin_row(self, attributes: Mapping[str, str]) -> None:
        if self._sheet is None:
            return
        self._rows = _count(attributes, "number-rows-repeated", LAST_ROW)
        self._column = self._cells_in_row = 0
        if attributes.get("visibility") in {"collapse", "filter"}:
            self._sheet.hidden_rows += range(self._row, min(self._row + self._rows, LAST_ROW))

    def end_row(self) -> None:
        sheet = self._sheet
        if sheet is None:
            return
        row = sheet.grid.rows.get(self._row)
        if row and self._rows > 1:
            repeats = 1 + self._taken(self._rows - 1, len(row))
            for number in range(self._row + 1, min(self._row + repeats, LAST_ROW)):
                sheet.grid.rows[number] = dict(row)
            self._unread(sheet, f"row {self._row + 1}", self._rows, repeats)
        self._row = min(self._row + self._rows, LAST_ROW)

    def begin_cell(self, attributes: Mapping[str, str]) -> None:
        if self._sheet is None:
            return
        self._columns = _count(attributes, "number-columns-repeated", LAST_COLUMN)
        self._cell, self._lines = attributes, []

    def end_cell(self) -> None:
        sheet, attributes = self._sheet, self._cell
        if sheet is None or attributes is None:
            return
        shown = "\n".join("".join(line) for line in self._lines).strip("\n") or _value(attributes)
        if "formula" in attributes and not shown and attributes.get("value-type") != "string":
            sheet.valueless.append(name(self._row, self._column))
        if shown:
            repeats = 1 + self._taken(self._columns - 1, 1)
            for column in range(self._column, min(self._column + repeats, LAST_COLUMN)):
                sheet.grid.put(self._row, column, shown)
            self._unread(sheet, name(self._row, self._column), self._columns, repeats)
        spans = (
            _count(attributes, "number-rows-spanned", LAST_ROW),
            _count(attributes, "number-columns-spanned", LAST_COLUMN),
        )
        if max(spans) > 1:
            sheet.grid.spans.append(
                (self._row, self._column, self._row + spans[0] - 1, self._column + spans[1] - 1)
            )
        self._column = min(self._column + self._columns, LAST_COLUMN)
        self._cell = None

    def _taken(self, wanted: int, cells: int) -> int:
        """Return how many repetitions of so many cells are read."""
        repeats = min(wanted, self._left // cells)
        self._left -= repeats * cells
        return repeats

    @staticmethod
    def _unread(sheet: Sheet, what: str, wanted: int, repeats: int) -> None:
        if repeats < wanted:
            sheet.lost.append(f"{what} repeats {wanted} times, of which {repeats} were read")

    def begin_note(self, _attributes: Mapping[str, str]) -> None:
        self._note, self._author = [], ""

    def end_note(self) -> None:
        text = "\n".join("".join(line) for line in self._note or ()).strip()
        if text and self.sheets:
            self.sheets[-1].beside.append(comment(self._row, self._column, self._author, text))
        self._note = None

    def begin_creator(self, _attributes: Mapping[str, str]) -> None:
        self._creator = []

    def end_creator(self) -> None:
        self._author = "".join(self._creator or ()).strip()
        self._creator = None

    def end_bytes(self) -> None:
        """Forget the bytes of a picture, which stand where text does in a flat document."""
        self._creator = None

    def begin_shape(self, _attributes: Mapping[str, str]) -> None:
        if self.sheets and self._shape is None and self._note is None:
            self._shape = []

    def end_shape(self) -> None:
        lines = ["".join(line).strip() for line in self._shape or ()]
        if self.sheets:
            self.sheets[-1].beside += [blocks.paragraph(line) for line in lines if line]
        self._shape = None

    def begin_paragraph(self, _attributes: Mapping[str, str]) -> None:
        self._into().append([])
        self._depth += 1

    def end_paragraph(self) -> None:
        self._depth -= 1

    def put_object(self, attributes: Mapping[str, str]) -> None:
        if self.sheets and attributes.get("href"):
            self.objects.append((self.sheets[-1], attributes["href"].removeprefix("./").strip("/")))

    def put_file(self, attributes: Mapping[str, str]) -> None:
        if self.sheets and attributes.get("href"):
            self.sheets[-1].embedded.append(attributes["href"].removeprefix("./"))

    def put_spaces(self, attributes: Mapping[str, str]) -> None:
        self.text(" " * min(max(whole(attributes.get("c"), 1), 1), 100))

    def put_break(self, _attributes: Mapping[str, str]) -> None:
        self.text("\n")

    def put_tab(self, _attributes: Mapping[str, str]) -> None:
        self.text("\t")


_BEGIN = {
    "table-cell": _Content.begin_cell,
    "covered-table-cell": _Content.begin_cell,
    "p": _Content.begin_paragraph,
    "h": _Content.begin_paragraph,
    "table-row": _Content.begin_row,
    "s": _Content.put_spaces,
    "line-break": _Content.put_break,
    "tab": _Content.put_tab,
    "annotation": _Content.begin_note,
    "creator": _Content.begin_creator,
    "binary-data": _Content.begin_creator,
    "custom-shape": _Content.begin_shape,
    "text-box": _Content.begin_shape,
    "table-column": _Content.begin_column,
    "object": _Content.put_object,
    "object-ole": _Content.put_file,
    "table": _Content.begin_table,
    "style": _Content.begin_style,
    "table-properties": _Content.begin_properties,
}
_END = {
    "table-cell": _Content.end_cell,
    "covered-table-cell": _Content.end_cell,
    "p": _Content.end_paragraph,
    "h": _Content.end_paragraph,
    "table-row": _Content.end_row,
    "annotation": _Content.end_note,
    "creator": _Content.end_creator,
    "binary-data": _Content.end_bytes,
    "custom-shape": _Content.end_shape,
    "text-box": _Content.end_shape,
    "table": _Content.end_table,
}


def _plain(attributes: Mapping[str, str]) -> dict[str, str]:
    return {key.rpartition(":")[2]: value for key, value in attributes.items()}


def _count(attributes: Mapping[str, str], key: str, most: int) -> int:
    return min(max(whole(attributes.get(key), 1), 1), most)


def _value(attributes: Mapping[str, str]) -> str:
    """Return what a cell without a shown text holds."""
    names = ("string-value", "date-value", "time-value", "boolean-value", "value")
    return next((attributes[each] for each in names if attributes.get(each)), "")
