"""Lists of links: text with one a line, CSV with a header, or JSON lines."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from docbatch.core.errors import Problem, SpecError
from docbatch.specs.nodes import Path
from docbatch.specs.text import read

MOST_BYTES = 64 * 1024 * 1024
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


def read_list(path: FilePath, file: str) -> list[ListEntry]:
    """Return what a list holds, called `file` in messages. Raises SpecError."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        hint = f"name it {', '.join(f'*{suffix}' for suffix in FORMS)} after what is in it"
        raise SpecError([Problem(file, None, None, "", "what form the list has cannot be told", hint)])
    text = read(path, file, MOST_BYTES)
    try:
        return list(_bounded(form(text)))
    except _Wrong as wrong:
        problem = Problem(file, wrong.line, None, "", str(wrong), wrong.hint)
    raise SpecError([problem])


def _bounded(entries: Iterator[ListEntry]) -> Iterator[ListEntry]:
    for number, entry in enumerate(entries):
        if number == MOST_ENTRIES:
            message = f"the list names more than {MOST_ENTRIES:,} documents"
            raise _Wrong(number + 1, message, "spread them over several lists, with a job for each")
        yield entry


def _lines(text: str) -> Iterator[ListEntry]:
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield ListEntry(stripped, number)


def _table(text: str) -> Iterator[ListEntry]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = _header(next(reader, []))
        for row in reader:
            if row:
                yield _row(header, row, reader.line_num)
    except csv.Error as error:
        raise _Wrong(reader.line_num, f"this is not CSV: {error}") from error


def _header(row: Sequence[str]) -> list[str]:
    header = [name.strip() for name in row]
    twice = next((name for name in header if header.count(name) > 1), None)
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


def _json_lines(text: str) -> Iterator[ListEntry]:
    for number, line in enumerate(text.split("\n"), start=1):
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


FORMS: Mapping[str, Callable[[str], Iterator[ListEntry]]] = {
    ".txt": _lines,
    ".csv": _table,
    ".jsonl": _json_lines,
}
