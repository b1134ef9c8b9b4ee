"""The older binary workbooks (BIFF 5 and 8): sheets, values as they are shown, notes and text boxes."""

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from docbatch.media import compound_file
from docbatch.providers.local import blocks
from docbatch.providers.local.flow.unreadable import LockedPartError, UnreadablePartError
from docbatch.providers.local.office.sheets import number_format
from docbatch.providers.local.office.sheets.cell_values import ERRORS, Workings, short_number
from docbatch.providers.local.office.sheets.format_code import BUILT_IN
from docbatch.providers.local.office.sheets.grid import LAST_COLUMN, name
from docbatch.providers.local.office.sheets.sheet import Sheet, Workbook, comment, named, running_lines
from docbatch.providers.local.office.sheets.xls_records import BiffRecord, records

_BEGIN, _END, _LOCKED, _CODEPAGE, _CALENDAR = 0x809, 0x0A, 0x2F, 0x42, 0x22
_LISTED, _TEXTS, _CODE, _STYLE = 0x85, 0xFC, 0x41E, 0xE0
_ROW, _COLUMN, _MERGED, _HEADER, _FOOTER = 0x208, 0x7D, 0xE5, 0x14, 0x15
_NUMBER, _SHORT, _SHORTS, _FORMULA, _STRING, _FLAG = 0x203, 0x27E, 0xBD, 0x06, 0x207, 0x205
_SHARED, _LABEL, _RICH_LABEL = 0xFD, 0x204, 0xD6
_CHART_TEXT, _CHART_DATA = 0x100D, 0x1065
_NOTE, _TEXT_BOX, _OBJECT = 0x1C, 0x1B6, 0x5D
_VERSION_5, _VERSION_8 = 0x500, 0x600
_MODULE = 6
_A_NOTE = 0x19


@dataclass(slots=True)
class _Globals:
    workings: Workings = field(default_factory=Workings)
    listed: list[tuple[int, str, bool]] = field(default_factory=list)
    """Where each sheet begins, its name, and whether it is hidden."""
    codec: str | None = None
    lost: list[str] = field(default_factory=list)


def read(data: bytes) -> Workbook:
    """Return the sheets, each read when it is asked for.

    Raises UnreadablePartError where the workbook itself cannot be read, LockedPartError where it is encrypted.
    """
    try:
        stream = compound_file.stream(data, "Workbook", "Book")
        book = _globals(stream)
    except (ValueError, struct.error) as error:
        raise UnreadablePartError(f"it is damaged: {error}") from error
    return Workbook((_sheet(stream, book, *listed) for listed in book.listed), book.lost)


def _globals(stream: bytes) -> _Globals:
    book = _Globals()
    codes = dict(BUILT_IN)
    styles: list[int] = []
    for record in _version(stream, book):
        kind = record.kind
        if kind == _LOCKED:
            raise LockedPartError("the document needs a password")
        if kind == _END:
            break
        if kind == _CODEPAGE and book.codec:
            book.codec = _codec(record.number("<H"))
        elif kind == _CALENDAR:
            book.workings.is_1904 = bool(record.number("<H"))
        elif kind == _LISTED:
            _list(record, book)
        elif kind == _TEXTS:
            book.workings.texts = _texts(record, book)
        elif kind == _CODE:
            number = record.number("<H")
            codes[number] = record.text("B" if book.codec else "<H")
        elif kind == _STYLE:
            styles.append(struct.unpack_from("<H", record.content, 2)[0])
    book.workings.formats = [codes.get(each, number_format.GENERAL) for each in styles]
    return book


def _version(stream: bytes, book: _Globals) -> Iterator[BiffRecord]:
    """Yield the records of the workbook after its first, which says how texts are written."""
    kind, _, version = struct.unpack_from("<HHH", stream)
    if kind != _BEGIN or version not in {_VERSION_5, _VERSION_8}:
        raise UnreadablePartError("it is of a version that is not read")
    book.codec = "cp1252" if version == _VERSION_5 else None
    for record in records(stream, 0):
        record.codec = book.codec
        yield record


def _codec(page: int) -> str:
    known = {0x8000: "mac_roman", 10000: "mac_roman", 0x8001: "cp1252", 1200: "utf-16-le"}
    found = known.get(page, f"cp{page}")
    try:
        codecs.lookup(found)
    except LookupError:
        return "cp1252"
    return found


def _list(record: BiffRecord, book: _Globals) -> None:
    place, state, kind = record.number("<I"), record.number("B"), record.number("B")
    if kind != _MODULE:
        book.listed.append((place, record.text("B"), state & 3 != 0))


def _texts(record: BiffRecord, book: _Globals) -> list[str]:
    found: list[str] = []
    record.skip(4)
    count = record.number("<I")
    try:
        while len(found) < count and not record.is_read:
            found.append(record.text())
    except struct.error as error:
        book.lost.append(f"the texts that cells share, after {len(found)}: {error}")
    return found


def _sheet(stream: bytes, book: _Globals, place: int, title: str, is_hidden: bool) -> Sheet:
    sheet = Sheet(title, is_hidden=is_hidden)
    cells = _Cells(sheet, book.workings, is_old=book.codec is not None)
    depth = 0
    for record in records(stream, place, book.codec):
        if record.kind == _BEGIN:
            depth += 1
        elif depth == 0:
            break
        elif record.kind == _END:
            depth -= 1
            if depth == 0:
                break
        elif depth == 1 or record.kind == _CHART_TEXT:
            cells.tried(record)
    if depth:
        sheet.lost.append(f"it breaks off, after {sheet.grid.size()} cells")
    elif place >= len(stream):
        sheet.lost.append("the part is missing")
    cells.finish()
    return sheet


class _Cells:
    """Fills a sheet with what its records say."""

    def __init__(self, sheet: Sheet, workings: Workings, *, is_old: bool) -> None:
        self._sheet = sheet
        self._workings = workings
        self._is_old = is_old
        self._missing: list[str] = []
        self._valueless: list[str] = []
        self._damaged = 0
        self._formula: tuple[int, int, int] | None = None
        self._object = (0, 0)
        self._data = 0
        self._boxes: dict[int, str] = {}

    def tried(self, record: BiffRecord) -> None:
        try:
            self._hear(record)
        except struct.error:
            self._damaged += 1

    def _close_formula(self) -> None:
        """Name a formula whose text was to follow, and did not."""
        if self._formula is not None:
            self._valueless.append(name(*self._formula[:2]))
        self._formula = None

    def finish(self) -> None:
        self._close_formula()
        if self._valueless:
            self._sheet.lost.append(f"formula without a value in {named(self._valueless)}")
        if self._missing:
            self._sheet.lost.append(
                f"the texts of {named(self._missing)}: they are not among those the workbook keeps"
            )
        if self._damaged:
            self._sheet.lost.append(f"{self._damaged} records that end too early")

    def _hear(self, record: BiffRecord) -> None:
        if record.kind == _SHORTS:
            self._shorts(record)
        elif record.kind in {_NUMBER, _SHORT, _FORMULA, _FLAG, _SHARED, _LABEL, _RICH_LABEL}:
            row, column, style = (record.number("<H") for _ in range(3))
            shown = self._shown(record, (row, column, style))
            self._sheet.grid.put(row, self._column(column), shown)
        elif record.kind == _CHART_TEXT:
            record.skip(2)
            text = record.text("B")
            self._sheet.beside += [blocks.paragraph(text)] if text.strip() else []
        elif record.kind == _CHART_DATA:
            self._data = record.number("<H")
        elif record.kind == _STRING and self._formula is not None:
            row, column, style = self._formula
            self._formula = None
            self._sheet.grid.put(row, column, self._workings.text(record.text(), style))
        elif record.kind in {_NOTE, _TEXT_BOX, _OBJECT}:
            self._lie_on(record)
        else:
            self._arrange(record)

    def _column(self, column: int) -> int:
        """Return where a value stands; a chart keeps figures, names and sizes each from the first column on."""
        beside = {0: column, 1: column + 1, 2: 0, 3: column + 256}.get(self._data, column)
        return min(beside, LAST_COLUMN - 1)

    def _shorts(self, record: BiffRecord) -> None:
        row, column = record.number("<H"), record.number("<H")
        for at in range((len(record.content) - 6) // 6):
            style, value = record.number("<H"), record.number("<I")
            self._sheet.grid.put(row, column + at, self._workings.real(short_number(value), style))

    def _shown(self, record: BiffRecord, place: tuple[int, int, int]) -> str:
        row, column, style = place
        self._close_formula()
        if record.kind in {_NUMBER, _SHORT}:
            number = record.real() if record.kind == _NUMBER else short_number(record.number("<I"))
            return self._workings.real(number, style)
        if record.kind == _FORMULA:
            return self._result(record, place)
        if record.kind == _FLAG:
            value, is_error = record.number("B"), record.number("B")
            return _flag(value, is_error=bool(is_error))
        if record.kind != _SHARED:
            return self._workings.text(record.text(), style)
        at = record.number("<I")
        if at < len(self._workings.texts):
            return self._workings.text(self._workings.texts[at], style)
        self._missing.append(name(row, column))
        return ""

    def _result(self, record: BiffRecord, place: tuple[int, int, int]) -> str:
        result = record.take(8)
        if result[6:] != b"\xff\xff":
            return self._workings.real(struct.unpack("<d", result)[0], place[2])
        if result[0] == 0:
            self._formula = place
        return _flag(result[2], is_error=result[0] == 2) if result[0] in {1, 2} else ""

    def _arrange(self, record: BiffRecord) -> None:
        if record.kind == _MERGED:
            for _ in range(record.number("<H")):
                top, bottom, left, right = (record.number("<H") for _ in range(4))
                self._sheet.grid.spans.append((top, left, bottom, right))
        elif record.kind == _ROW:
            row = record.number("<H")
            if struct.unpack_from("<H", record.content, 12)[0] & 0x20:
                self._sheet.hidden_rows.append(row)
        elif record.kind == _COLUMN:
            first, last = record.number("<H"), record.number("<H")
            if struct.unpack_from("<H", record.content, 8)[0] & 1:
                self._sheet.hidden_columns.append((first, last))
        elif record.kind in {_HEADER, _FOOTER} and record.content:
            shown = running_lines(record.text("B" if self._is_old else "<H"), self._sheet.name)
            lines = self._sheet.headers if record.kind == _HEADER else self._sheet.footers
            lines += [shown] if shown else []

    def _lie_on(self, record: BiffRecord) -> None:
        """Text boxes follow the object they belong to; a note names the object that holds its text."""
        if record.kind == _OBJECT:
            record.skip(4)
            self._object = record.number("<H"), record.number("<H")
        elif record.kind == _TEXT_BOX and not self._is_old:
            record.skip(10)
            text = self._boxed(record, record.number("<H"))
            kind, number = self._object
            if kind == _A_NOTE:
                self._boxes[number] = text
            elif text:
                self._sheet.beside.append(blocks.paragraph(text))
        elif record.kind == _NOTE and not self._is_old:
            row, column, _, number = (record.number("<H") for _ in range(4))
            author, text = record.text(), self._boxes.get(number, "")
            if text:
                by = "" if author and text.startswith(author) else author
                self._sheet.beside.append(comment(row, column, by, text))

    @staticmethod
    def _boxed(record: BiffRecord, length: int) -> str:
        if not length or len(record.parts) < 2:
            return ""
        inner = BiffRecord(record.kind, record.parts[1:])
        return inner.characters(length, is_wide=bool(inner.number("B") & 1)).strip()


def _flag(value: int, *, is_error: bool) -> str:
    if is_error:
        return ERRORS.get(value, "#N/A")
    return "TRUE" if value else "FALSE"
