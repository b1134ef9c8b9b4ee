"""Tables in plain text: separators found, quoting undone, no row lost."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from docbatch.providers.local.engines import Json
from docbatch.providers.local.office.sheets.grid import Grid

# Commas also part decimals and thoughts: what else parts all lines evenly counts more.
_SEPARATORS = "\t;|,"
_SAMPLE = 100
_LONGEST_FIELD = 1 << 27
_DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def rows(text: str, separator: str) -> list[list[str]]:
    """Return the fields of every line, a quote that is never closed taken as a sign like others."""
    csv.field_size_limit(_LONGEST_FIELD)
    lines = io.StringIO(text.replace("\0", ""), newline="")
    try:
        return list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        lines.seek(0)
        return list(csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE))


def separator_of(text: str, otherwise: str = ",") -> str:
    """Return what parts the fields: said in the first line, or found in most lines equally often."""
    declared = _DECLARED.match(text)
    if declared:
        return declared[1]
    best = max(_SEPARATORS, key=lambda each: (_evenness(text, each), each == otherwise != ","))
    return best if _evenness(text, best) else otherwise


def _evenness(text: str, separator: str) -> float:
    """Return the share of lines that have the most usual number of fields above one."""
    widths = [len(row) for row in _first(text, separator) if row]
    several = Counter(width for width in widths if width > 1)
    return max(several.values(), default=0) / len(widths) if widths else 0.0


def _first(text: str, separator: str) -> Iterator[Sequence[str]]:
    lines = io.StringIO("\n".join(text[: 1 << 18].splitlines()[:_SAMPLE]), newline="")
    try:
        yield from csv.reader(lines, delimiter=separator)
    except csv.Error:
        return


def table(text: str, separator: str) -> list[Json]:
    """Return the table of a text, its line about the separator left out."""
    declared = _DECLARED.match(text)
    grid = Grid()
    for y, row in enumerate(rows(text[declared.end() :] if declared else text, separator)):
        for x, field in enumerate(row):
            grid.put(y, x, field.replace("\r\n", "\n").replace("\r", "\n"))
    return grid.blocks()
