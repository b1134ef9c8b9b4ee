"""Binary workbooks: records instead of XML, in the same kind of package."""

import struct
from collections.abc import Iterator, Mapping, Sequence

from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.office import package_facts
from docbatch.providers.local.office.opc import OpcPackage, Relation
from docbatch.providers.local.office.sheets import number_format
from docbatch.providers.local.office.sheets.cell_values import ERRORS, Workings, short_number
from docbatch.providers.local.office.sheets.format_code import BUILT_IN
from docbatch.providers.local.office.sheets.grid import LAST_COLUMN, LAST_ROW, name
from docbatch.providers.local.office.sheets.sheet import Sheet, Workbook, comment, named, running_lines
from docbatch.providers.local.office.sheets.xlsx_book import Book, ListedSheet, lie_on

MAIN = "xl/workbook.bin"
_ROW, _BLANK, _SHORT, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_REAL, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_RICH = 62
_SHARED_TEXT, _CODE, _STYLE, _COLUMN, _PROPERTIES, _LISTED, _MERGED = 19, 44, 47, 60, 153, 156, 176
_RUNNING, _DRAWING, _BEGIN_STYLES, _END_STYLES = 479, 550, 617, 618
_AUTHOR, _COMMENT, _COMMENT_TEXT = 632, 635, 637
_LARGEST_PART = 256 << 20


class _Record:
    """Reads what a record holds from its start to its end. Raises UnreadablePartError where it ends too early."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def take(self, form: str) -> int:
        return int(self._value(form))

    def real(self) -> float:
        return self._value("<d")

    def _value(self, form: str) -> float:
        size = struct.calcsize(form)
        if self.at + size > len(self.content):
            raise UnreadablePartError("a record ends too early")
        (value,) = struct.unpack_from(form, self.content, self.at)
        self.at += size
        found: float = value
        return found

    def text(self) -> str:
        length = self.take("<I")
        if length == 0xFFFFFFFF:
            return ""
        if length * 2 > len(self.content) - self.at:
            raise UnreadablePartError("a text ends too early")
        start, self.at = self.at, self.at + length * 2
        return self.content[start : self.at].decode("utf-16-le", "replace")

    def rich(self) -> str:
        self.take("B")
        return self.text()


def read(data: bytes) -> Workbook:
    """Return the sheets, each read when it is asked for.

    Raises UnreadablePartError where the workbook itself cannot be read.
    """
    package = OpcPackage(data)
    main = package.main(MAIN)
    relations = package.relations(main)
    listed: list[ListedSheet] = []
    workings = Workings()
    for kind, record in _records(package, main):
        if kind == _LISTED:
            state, _ = record.take("<I"), record.take("<I")
            relation = relations.get(record.text())
            listed.append(ListedSheet(record.text(), relation, state != 0))
        elif kind == _PROPERTIES:
            workings.is_1904 = bool(record.take("<I") & 1)
    book = Book(listed, workings)
    _fill(package, book, relations)
    sheets = (_sheet(package, book, each) for each in listed)
    return Workbook(sheets, book.lost, facts=package_facts.read(package), package=package)


def _records(package: OpcPackage, part: str) -> Iterator[tuple[int, _Record]]:
    """Yield records; raises UnreadablePartError where the part ends within one."""
    content = package.read(part, _LARGEST_PART)
    at = 0
    try:
        while at < len(content):
            kind, at = _packed(content, at, 2)
            size, at = _packed(content, at, 4)
            if at + size > len(content):
                raise UnreadablePartError("it breaks off")
            yield kind, _Record(content[at : at + size])
            at += size
    except IndexError as error:
        raise UnreadablePartError(f"it is damaged: {error}") from error


def _packed(content: bytes, at: int, most: int) -> tuple[int, int]:
    if most == 2:
        kind = content[at]
        return (kind & 0x7F | (content[at + 1] & 0x7F) << 7, at + 2) if kind & 0x80 else (kind, at + 1)
    value = 0
    for place in range(most):
        byte = content[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    return value, at + most


def _fill(package: OpcPackage, book: Book, relations: Mapping[str, Relation]) -> None:
    parts = {relation.kind: relation.target for relation in relations.values() if not relation.is_external}
    for kind, what, step in (
        ("sharedStrings", "the texts that cells share", _shared),
        ("styles", "the formats of numbers and dates", _formats),
    ):
        found: list[str] = []
        try:
            if kind in parts:
                found.extend(step(package, parts[kind]))
        except UnreadablePartError as error:
            book.lost.append(f"{what}: {error}")
        if step is _shared:
            book.workings.texts = found
        else:
            book.workings.formats = found


def _shared(package: OpcPackage, part: str) -> Iterator[str]:
    yield from (record.rich() for kind, record in _records(package, part) if kind == _SHARED_TEXT)


def _formats(package: OpcPackage, part: str) -> Iterator[str]:
    codes = dict(BUILT_IN)
    is_style = False
    for kind, record in _records(package, part):
        if kind == _CODE:
            number = record.take("<H")
            codes[number] = record.text()
        elif kind in {_BEGIN_STYLES, _END_STYLES}:
            is_style = kind == _BEGIN_STYLES
        elif kind == _STYLE and is_style:
            record.take("<H")
            yield codes.get(record.take("<H"), number_format.GENERAL)


def _sheet(package: OpcPackage, book: Book, listed: ListedSheet) -> Sheet:
    sheet = Sheet(listed.name, is_hidden=listed.is_hidden)
    if listed.relation is None or listed.relation.is_external:
        sheet.lost.append("the part is missing")
        return sheet
    cells = _Cells(sheet, book.workings)
    try:
        for kind, record in _records(package, listed.relation.target):
            cells.hear(kind, record)
    except UnreadablePartError as error:
        sheet.lost.append(f"{error}, after {sheet.grid.size()} cells" if sheet.grid.rows else str(error))
    if cells.missing:
        sheet.lost.append(f"the texts of {named(cells.missing)}: they are not among those the workbook keeps")
    lie_on(package, listed.relation.target, sheet, book.people, cells.drawings)
    _remarks(package, listed.relation.target, sheet)
    return sheet


class _Cells:
    """Fills a sheet with what its records say."""

    def __init__(self, sheet: Sheet, workings: Workings) -> None:
        self._sheet = sheet
        self._workings = workings
        self._row = 0
        self.missing: list[str] = []
        self.drawings: list[str] = []

    def hear(self, kind: int, record: _Record) -> None:
        if kind == _ROW:
            self._row = min(record.take("<I"), LAST_ROW - 1)
            if record.content[11:12] and record.content[11] & 0x10:
                self._sheet.hidden_rows.append(self._row)
        elif _BLANK < kind <= _FORMULA_ERROR or kind == _RICH:
            column = min(record.take("<I"), LAST_COLUMN - 1)
            style = record.take("<I") & 0xFFFFFF
            self._sheet.grid.put(self._row, column, self._shown(kind, record, style, column))
        elif kind == _MERGED:
            top, bottom, left, right = (record.take("<I") for _ in range(4))
            self._sheet.grid.spans.append((top, left, bottom, right))
        elif kind == _COLUMN:
            first, last = record.take("<I"), record.take("<I")
            if record.content[16:17] and record.content[16] & 1:
                self._sheet.hidden_columns.append((first, min(last, LAST_COLUMN - 1)))
        elif kind == _DRAWING:
            self.drawings.append(record.text())
        elif kind == _RUNNING:
            self._run(record)

    def _shown(self, kind: int, record: _Record, style: int, column: int) -> str:
        if kind == _SHARED:
            return self._shared(record.take("<I"), style, column)
        if kind in {_SHORT, _REAL, _FORMULA_REAL}:
            number = short_number(record.take("<I")) if kind == _SHORT else record.real()
            return self._workings.real(number, style)
        if kind in {_BOOL, _FORMULA_BOOL}:
            return "TRUE" if record.take("B") else "FALSE"
        if kind in {_ERROR, _FORMULA_ERROR}:
            return ERRORS.get(record.take("B"), "#N/A")
        return self._workings.text(record.rich() if kind == _RICH else record.text(), style)

    def _shared(self, at: int, style: int, column: int) -> str:
        if at < len(self._workings.texts):
            return self._workings.text(self._workings.texts[at], style)
        self.missing.append(name(self._row, column))
        return ""

    def _run(self, record: _Record) -> None:
        record.take("<H")
        for lines in (self._sheet.headers, self._sheet.footers) * 3:
            if record.at >= len(record.content):
                break
            shown = running_lines(record.text(), self._sheet.name)
            if shown and shown not in lines:
                lines.append(shown)


def _remarks(package: OpcPackage, part: str, sheet: Sheet) -> None:
    try:
        related: Sequence[Relation] = list(package.relations(part).values())
        for relation in related:
            if relation.kind == "comments" and relation.target.endswith(".bin"):
                sheet.beside += _comments(package, relation.target)
    except UnreadablePartError as error:
        sheet.lost.append(f"its comments: {error}")


def _comments(package: OpcPackage, part: str) -> Iterator[dict[str, object]]:
    authors: list[str] = []
    at = by = 0
    column = 0
    for kind, record in _records(package, part):
        if kind == _AUTHOR:
            authors.append(record.text())
        elif kind == _COMMENT:
            by, at, _, column = (record.take("<I") for _ in range(4))
        elif kind == _COMMENT_TEXT:
            author, text = authors[by] if by < len(authors) else "", record.rich()
            yield comment(at, column, "" if author and text.startswith(author) else author, text)
