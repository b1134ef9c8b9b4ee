"""A state as lines of JSON, and a state made of such lines.

The first line says what it is; then comes a line for each row, table by table, in the order of the tables' keys; the last
holds how many rows there are and the SHA-256 of all lines before it. What holds only where a state lies is not in it: looks
at vendors, and the mark of a state that was restored. Counts of rows are made anew.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from docbatch.core.errors import StateError
from docbatch.state.shape import TABLES
from docbatch.state.store import Store
from docbatch.state.upgrade import VERSION

KIND, END, FORMAT = "docbatch-state", "end", 1
LONGEST = 1 << 28
"""Bytes of a line: what is longer was not written by a dump."""
_LEFT_OUT = frozenset({"look", "tally"})
_LOCAL = "WHERE name NOT IN ('restored', 'restored_at')"
_WINDOW = 1000


def dumped(store: Store, project: str) -> Iterator[bytes]:
    """Yield the lines of a state that is held still."""
    digest = hashlib.sha256()
    number = 0
    begin = {"type": KIND, "version": FORMAT, "state_version": VERSION, "project": project}
    first = _line({**begin, "lineage": store.lineage})
    digest.update(first)
    yield first
    for table in TABLES:
        if table not in _LEFT_OUT:
            for row in _rows(store.database.connection, table):
                line = _line({"table": table, "row": row})
                digest.update(line)
                number += 1
                yield line
    yield _line({"type": END, "rows": number, "sha256": digest.hexdigest()})


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    described = connection.execute(f"PRAGMA table_info({table})").fetchall()
    key = ", ".join(column[1] for column in sorted(described, key=lambda each: each[5]) if column[5])
    columns = TABLES[table].split()
    where = _LOCAL if table == "meta" else ""
    for row in connection.execute(f"SELECT {', '.join(columns)} FROM {table} {where} ORDER BY {key}"):
        yield {name: _told(value) for name, value in zip(columns, row, strict=True)}


def _told(value: object) -> object:
    """Return a value as JSON has it: bytes as the text they are, or else in hexadecimal."""
    if not isinstance(value, bytes):
        return value
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}
    return {"text": text} if text.isprintable() else {"hex": value.hex()}


def _meant(value: object) -> object:
    match value:
        case {"text": str(text), **rest} if not rest:
            return text.encode()
        case {"hex": str(text), **rest} if not rest:
            return bytes.fromhex(text)
        case None | int() | float() | str() if not isinstance(value, bool):
            return value
    raise ValueError(f"a value in it is none that a state has: {value!r:.80}")


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_head(stream: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    """Return the first line of a dump, and what it says. Raises ValueError, StateError where another version wrote it."""
    line = stream.readline(LONGEST)
    said = json.loads(line)
    if not isinstance(said, dict) or said.get("type") != KIND or not isinstance(said.get("project"), str):
        raise ValueError("it does not say what it is")
    if (said.get("version"), said.get("state_version")) != (FORMAT, VERSION):
        raise StateError(
            f"it is of another version of docbatch (state version {said.get('state_version')}, this program knows {VERSION})",
            hint="nothing was changed; load it with that version, and let this one take over the state",
        )
    return line, said


def fill(store: Store, begin: bytes, stream: BinaryIO) -> int:
    """Make a new state what a dump says, in one transaction, and return its rows. Raises ValueError, StateError."""
    connection = store.database.connection
    connection.execute("PRAGMA foreign_keys = OFF")
    with store.write():
        connection.execute("DELETE FROM meta")
        number = sum(_insert(connection, table, rows) for table, rows in _tables(begin, stream))
        _refuse_dangling(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    return number


def _refuse_dangling(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise ValueError("a row in it refers to one that is not there")


def _tables(begin: bytes, stream: BinaryIO) -> Iterator[tuple[str, list[list[object]]]]:
    """Yield rows in windows. Nothing of them is sound before this has come to its end."""
    digest = hashlib.sha256(begin)
    table, window = "", list[list[object]]()
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST), b"")):
        said = json.loads(line)
        if not isinstance(said, dict):
            raise ValueError("it holds what is no row")  # noqa: TRY004 - it is the text that is wrong
        if said.get("type") == END:
            if window:
                yield table, window
            if said != {"type": END, "rows": number, "sha256": digest.hexdigest()} or stream.read(1):
                raise ValueError("its checksum does not match")
            return
        digest.update(line)
        name, row = _row(said)
        if window and (name != table or len(window) >= _WINDOW):
            yield table, window
            window = []
        table = name
        window.append(row)
    raise ValueError("it ends early")


def _row(said: Mapping[str, Any]) -> tuple[str, list[object]]:
    table, row = said.get("table"), said.get("row")
    known = isinstance(table, str) and table in TABLES and table not in _LEFT_OUT
    if not known or not isinstance(row, dict) or list(row) != TABLES[str(table)].split():
        raise ValueError("it holds what is no row of a state")
    return str(table), [_meant(value) for value in row.values()]


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[list[object]]) -> int:
    columns = TABLES[table].split()
    marks = ", ".join("?" * len(columns))
    return connection.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows
    ).rowcount
