"""Lists of links: text with one a line, CSV with a header, or JSON lines."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from docbatch.core.errors import Problem, SpecError
from docbatch.specs.checkout import Checkout
from docbatch.specs.nodes import Path
from docbatch.specs.text import check_text, read_bytes

MOST_BYTES = 64 * 1024 * 1024
LONGEST_LINE = 120_000
MOST_LINES_OF_A_ROW = 100
MOST_ENTRIES = 100_000
LINK, NAME = "url", "name"
_TAKEN = {LINK, NAME}


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One document of a list. `place` is the line of a file, or the path inside a spec, where it is named."""

    value: str = field(repr=False)
    place: int | Path
    name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class _Wrong(ValueError):
    def __init__(self, line: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.hint = hint


def read_list(path: FilePath, file: str, checkout: Checkout) -> list[ListEntry]:
    """Return what a list holds, called `file` in messages. Raises SpecError."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        hint = f"name it {', '.join(f'*{suffix}' for suffix in FORMS)} after what is in it"
        raise SpecError([Problem(file, None, None, "", "what form the list has cannot be told", hint)])
    content = read_bytes(path, file, checkout, MOST_BYTES)
    check_text(content, file)
    try:
        return list(_bounded(form(_lines_of(content))))
    except _Wrong as wrong:
        problem = Problem(file, wrong.line, None, "", str(wrong), wrong.hint)
    raise SpecError([problem])


def _lines_of(content: bytes) -> Iterator[str]:
    """Yield lines with their ends, without ever holding all of them as text."""
    for number, line in enumerate(io.BytesIO(content), start=1):
        if len(line) > LONGEST_LINE:
            message = f"the line has more than {LONGEST_LINE:,} bytes"
            raise _Wrong(number, message, "write one document a line")
        yield line.decode("utf-8-sig" if number == 1 else "utf-8")


def _bounded(entries: Iterator[ListEntry]) -> Iterator[ListEntry]:
    for number, entry in enumerate(entries):
        if number == MOST_ENTRIES:
            message = f"the list names more than {MOST_ENTRIES:,} documents"
            raise _Wrong(number + 1, message, "spread them over several lists, with a job for each")
        yield entry


def _lines(lines: Iterable[str]) -> Iterator[ListEntry]:
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield ListEntry(stripped, number)


class _Rows:
    """Lines for a reader of rows, which may span several, but not without end."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._room = MOST_LINES_OF_A_ROW

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._lines, start=1):
            self._room -= 1
            if self._room < 0:
                message = f"one row takes more than {MOST_LINES_OF_A_ROW:,} lines"
                raise _Wrong(number, message, "is a quotation mark never closed?")
            yield from (line,) if line.count("\r") <= line.endswith("\r\n") else io.StringIO(line, newline="")

    def next_row(self) -> None:
        self._room = MOST_LINES_OF_A_ROW


def _table(text: Iterable[str]) -> Iterator[ListEntry]:
    lines = _Rows(text)
    reader = csv.reader(lines, strict=True)
    try:
        header = _header(next(reader, []))
        lines.next_row()
        for row in reader:
            lines.next_row()
            if row:
                yield _row(header, row, reader.line_num)
    except csv.Error as error:
        raise _Wrong(reader.line_num, f"this is not CSV: {error}") from error


def _header(row: Sequence[str]) -> list[str]:
    header = [name.strip() for name in row]
    twice = next((name for name, number in Counter(header).items() if number > 1), None)
    if LINK not in header:
        raise _Wrong(
            1, f"the list has no column {LINK}", f"its first line names the columns, {LINK} among them"
        )
    if twice is not None:
        raise _Wrong(1, f"the column '{twice}' is there twice", "give each column a name of its own")
    return header


def _row(header: Sequence[str], row: Sequence[str], line: int) -> ListEntry:
    if len(row) != len(header):
        message = f"this line has {len(row)} columns, where the first has {len(header)}"
        raise _Wrong(line, message, "put a value with a comma in it in quotes")
    return _entry(dict(zip(header, map(str.strip, row), strict=True)), line)


def _json_lines(lines: Iterable[str]) -> Iterator[ListEntry]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _entry(dict(_columns(_object(line, number), number)), number)


def _object(line: str, number: int) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _Wrong(
            number, "this line is no JSON object", f'write as in {{"{LINK}": "https://example.com/a.pdf"}}'
        )
    return found


def _columns(found: Mapping[str, Any], number: int) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str | int | float):
            yield name, str(value)
        elif value is not None:
            raise _Wrong(
                number,
                f"the column '{name}' holds neither text nor a number",
                "write one value for each column",
            )


def _entry(columns: Mapping[str, str], line: int) -> ListEntry:
    """An empty value counts as none, so that `default` can stand in for it."""
    if not columns.get(LINK):
        raise _Wrong(line, f"the column {LINK} is empty here", "write a link into it, or remove the line")
    metadata = {name: value for name, value in columns.items() if name not in _TAKEN and value}
    return ListEntry(columns[LINK], line, columns.get(NAME) or None, metadata)


FORMS: Mapping[str, Callable[[Iterable[str]], Iterator[ListEntry]]] = {
    ".txt": _lines,
    ".csv": _table,
    ".jsonl": _json_lines,
}
