"""Lists of links, and of what is known of documents: text with one a line, CSV with a header, or JSON lines."""

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
LINK, NAME, PATH = "url", "name", "path"


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


@dataclass(frozen=True, slots=True)
class _Columns:
    """The column that every row needs, the one that names documents where there is one, what the first holds and an example of it."""

    key: str
    name: str | None
    noun: str
    example: str


_OF_LINKS = _Columns(LINK, NAME, "a link", "https://example.com/a.pdf")
_OF_PATHS = _Columns(PATH, None, "a document's path, or a pattern,", "2026/**")


def read_list(path: FilePath, file: str, checkout: Checkout) -> list[ListEntry]:
    """Return what a list of links holds, called `file` in messages. Raises SpecError."""
    return _read(path, file, checkout, (".txt", ".csv", ".jsonl"), _OF_LINKS)


def read_metadata(path: FilePath, file: str, checkout: Checkout) -> list[ListEntry]:
    """Return the rows of a list that says more of documents; the value of each is what stands in its column `path`. Raises SpecError."""
    return _read(path, file, checkout, (".csv", ".jsonl"), _OF_PATHS)


def parse_list(content: bytes, file: str) -> list[ListEntry]:
    """Return what a list of links without a name for its form holds: JSON lines where the first begins with {, else text. Raises SpecError."""
    first = next((line.strip() for line in io.BytesIO(content) if line.strip()), b"")
    is_json = first.removeprefix(b"\xef\xbb\xbf").startswith(b"{")
    return _parse(content, file, ".jsonl" if is_json else ".txt", _OF_LINKS)


def _read(
    path: FilePath, file: str, checkout: Checkout, forms: Sequence[str], columns: _Columns
) -> list[ListEntry]:
    form = path.suffix.lower()
    if form not in forms:
        hint = f"name it {', '.join(f'*{suffix}' for suffix in forms)} after what is in it"
        raise SpecError([Problem(file, None, None, "", "what form the list has cannot be told", hint)])
    return _parse(read_bytes(path, file, checkout, MOST_BYTES), file, form, columns)


def _parse(content: bytes, file: str, form: str, columns: _Columns) -> list[ListEntry]:
    check_text(content, file)
    try:
        return list(_bounded(FORMS[form](_lines_of(content), columns)))
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


def _lines(lines: Iterable[str], _columns: _Columns) -> Iterator[ListEntry]:
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


def _table(text: Iterable[str], columns: _Columns) -> Iterator[ListEntry]:
    lines = _Rows(text)
    reader = csv.reader(lines, strict=True)
    try:
        header = _header(next(reader, []), columns.key)
        lines.next_row()
        for row in reader:
            lines.next_row()
            if row:
                yield _row(header, row, reader.line_num, columns)
    except csv.Error as error:
        raise _Wrong(reader.line_num, f"this is not CSV: {error}") from error


def _header(row: Sequence[str], key: str) -> list[str]:
    header = [name.strip() for name in row]
    twice = next((name for name, number in Counter(header).items() if number > 1), None)
    if key not in header:
        raise _Wrong(
            1, f"the list has no column {key}", f"its first line names the columns, {key} among them"
        )
    if twice is not None:
        raise _Wrong(1, f"the column '{twice}' is there twice", "give each column a name of its own")
    return header


def _row(header: Sequence[str], row: Sequence[str], line: int, columns: _Columns) -> ListEntry:
    if len(row) != len(header):
        message = f"this line has {len(row)} columns, where the first has {len(header)}"
        raise _Wrong(line, message, "put a value with a comma in it in quotes")
    return _entry(dict(zip(header, map(str.strip, row), strict=True)), line, columns)


def _json_lines(lines: Iterable[str], columns: _Columns) -> Iterator[ListEntry]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            found = _object(line, number, columns)
            yield _entry(dict(_values(found, number)), number, columns)


def _object(line: str, number: int, columns: _Columns) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _Wrong(
            number,
            "this line is no JSON object",
            f'write as in {{"{columns.key}": "{columns.example}"}}',
        )
    return found


def _values(found: Mapping[str, Any], number: int) -> Iterator[tuple[str, str]]:
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


def _entry(values: Mapping[str, str], line: int, columns: _Columns) -> ListEntry:
    """An empty value counts as none, so that `default` can stand in for it."""
    key = columns.key
    if not values.get(key):
        raise _Wrong(
            line, f"the column {key} is empty here", f"write {columns.noun} into it, or remove the line"
        )
    taken = {key, columns.name}
    metadata = {name: value for name, value in values.items() if name not in taken and value}
    name = None if columns.name is None else values.get(columns.name) or None
    return ListEntry(values[key], line, name, metadata)


FORMS: Mapping[str, Callable[[Iterable[str], _Columns], Iterator[ListEntry]]] = {
    ".txt": _lines,
    ".csv": _table,
    ".jsonl": _json_lines,
}
