"""Spreadsheets of every kind, each by the reader of its format."""

import zipfile
from collections.abc import Callable, Mapping

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.office.opc import BrokenPartError, OversizedPartError
from docbatch.providers.local.office.sheets import xlsx_book
from docbatch.providers.local.office.sheets.sheet import Workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class SheetsEngine:
    label = "sheets"

    def warm_up(self) -> None:
        """Nothing is taken before a document is read."""

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        read = _READERS.get(media_type)
        if read is None:
            return Failure(FailureClass.UNSUPPORTED, f"spreadsheets of type {media_type} are not read")
        try:
            return _parsed(read(data), options)
        except OversizedPartError as error:
            return Failure(FailureClass.TOO_LARGE, f"the workbook: {error}")
        except (BrokenPartError, zipfile.BadZipFile) as error:
            return Failure(FailureClass.CORRUPT, f"the workbook: {error}")
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            OSError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            # What nobody thought of is a document for the next reader, not the end of this process.
            return Failure(FailureClass.CORRUPT, f"the workbook: {type(error).__name__}: {error}")

    def close(self) -> None:
        """Nothing is held."""


def _parsed(book: Workbook, options: Options) -> Parsed:
    pages: list[Json] = []
    names: list[str] = []
    lost, warnings = list(book.lost), list(book.warnings)
    attachments: list[Json] = []
    for number, sheet in enumerate(book.sheets, 1):
        names.append(sheet.name)
        lost += [f'sheet "{sheet.name}": {reason}' for reason in sheet.lost]
        warnings += sheet.remarks()
        attachments += sheet.attachments
        if sheet.grid.rows or sheet.beside or not sheet.lost:
            pages.append(sheet.page(number, with_running_lines=options.running_lines == "keep"))
    facts = book.facts | {"sheet_count": len(names), "sheet_names": names}
    return Parsed(None, None, pages, attachments=attachments, metadata=facts, warnings=warnings, lost=lost)


_READERS: Mapping[str, Callable[[bytes], Workbook]] = {XLSX: xlsx_book.read}
