"""Spreadsheets of every kind, each by the reader of its format."""

from collections.abc import Callable, Mapping

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.flow.unreadable import attempted
from docbatch.providers.local.office.embedded import EmbeddedFiles
from docbatch.providers.local.office.sheets import ods_book, xls_book, xlsb_book, xlsx_book
from docbatch.providers.local.office.sheets.sheet import Workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
XLS = "application/vnd.ms-excel"
ODS = "application/vnd.oasis.opendocument.spreadsheet"


class SheetsEngine:
    label = "sheets"

    def warm_up(self) -> None:
        """Nothing is taken before a document is read."""

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        read = _READERS.get(media_type)
        if read is None:
            return Failure(FailureClass.UNSUPPORTED, f"spreadsheets of type {media_type} are not read")
        return attempted("the workbook", lambda: _parsed(read(data), options))

    def close(self) -> None:
        """Nothing is held."""


def _parsed(book: Workbook, options: Options) -> Parsed:
    pages: list[Json] = []
    names: list[str] = []
    unread: list[int] = []
    lost, warnings = list(book.lost), list(book.warnings)
    files = None if book.package is None else EmbeddedFiles(book.package, options)
    for number, sheet in enumerate(book.sheets, 1):
        names.append(sheet.name)
        unread += [number] if sheet.is_picture else []
        lost += [f'sheet "{sheet.name}": {reason}' for reason in sheet.lost]
        warnings += sheet.remarks()
        for part in sheet.embedded:
            if files is not None:
                files.add(part, f'sheet "{sheet.name}"')
        if sheet.grid.rows or sheet.beside or not sheet.lost:
            pages.append(sheet.page(number, with_running_lines=options.running_lines == "keep"))
    if len(unread) == len(names):
        # Their names would make them a document with words, whose pictures are not looked at.
        pages = []
    facts = book.facts | {"sheet_count": len(names), "sheet_names": names}
    if files is None:
        return Parsed(None, None, pages, metadata=facts, warnings=warnings, lost=lost, unread=unread)
    return Parsed(
        None,
        None,
        pages,
        attachments=files.attachments,
        metadata=facts,
        warnings=[*warnings, *files.warnings],
        lost=[*lost, *files.lost],
        unread=unread,
    )


_READERS: Mapping[str, Callable[[bytes], Workbook]] = {
    XLSX: xlsx_book.read,
    ODS: ods_book.read,
    XLSB: xlsb_book.read,
    XLS: xls_book.read,
}
