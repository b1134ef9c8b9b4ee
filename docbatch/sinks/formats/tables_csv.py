"""`format: csv`: the tables of one document in one file.

Every row of every table is a record; four columns say where it comes from, those after them are the table's own. Records
end as RFC 4180 has it, and all have as many fields as the header.
"""

import csv
import io
import re

from docbatch.core.report import plural
from docbatch.core.results import Result
from docbatch.sinks.formats.placed_tables import placed_tables, rows_of

MOST_FIELDS = 20_000_000
"""Fields of one file. Rows of one table are as wide as the widest of all, so that two odd ones could fill a disk."""
_PLACE = ("page", "table", "row", "attachment")

# https://owasp.org/www-community/attacks/CSV_Injection; the wide signs are taken for the same in East Asian versions.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_NUMBER_OR_DASH = re.compile(r"[+\-][\d.,'\u2019\s%€$£¥]*\Z|[\-\s]+\Z")
_LINE_END = re.compile(r"\r\n?")


def tables_csv(result: Result) -> bytes:
    """Return the tables of a document. Raises ValueError where they are too different in size to share a file."""
    tables = [(table, list(rows_of(table.cells))) for table in placed_tables(result)]
    width = max((1 + max(row) for _, rows in tables for _, row in rows), default=0)
    height = sum(len(rows) for _, rows in tables)
    if width * (height + 1) > MOST_FIELDS:
        raise ValueError(
            f"one of its tables has {width:,} columns; with {plural(height, 'row')} of all tables that is more than a CSV file is given "
            f"({MOST_FIELDS:,} fields), and format: json holds them"
        )
    written = io.StringIO(newline="")
    write = csv.writer(written, lineterminator="\r\n").writerow
    write([*_PLACE, *(f"column_{number}" for number in range(width))])
    for number, (table, rows) in enumerate(tables, 1):
        for row, texts in rows:
            place = (table.page or "", number, row, _field(table.attachment))
            write([*place, *(_field(texts.get(column, "")) for column in range(width))])
    return written.getvalue().encode(errors="replace")


def is_empty(content: bytes) -> bool:
    """Whether a file of tables has none."""
    return content == (",".join(_PLACE) + "\r\n").encode()


def _field(text: str) -> str:
    """Return a text as a spreadsheet shows it and does not compute it."""
    if not text:
        return ""
    text = _LINE_END.sub("\n", text).replace("\0", "\N{REPLACEMENT CHARACTER}")
    start = text.lstrip()
    return f"'{text}" if start.startswith(_FORMULA) and not _NUMBER_OR_DASH.match(start) else text
