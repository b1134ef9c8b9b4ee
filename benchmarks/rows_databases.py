"""How fast kept results become rows of DuckDB and SQLite, beside a bare loop that writes the same rows.

    python benchmarks/rows_databases.py [--documents 20000] [--lines 1] [--rounds 3] [--rows document] [--keep FOLDER]

The bare loop writes as fast as the library can, in windows of as many documents: DuckDB by its appender into a temporary table and one
upsert, SQLite by executemany. Shown as well is the sink alone, which is handed everything at once and makes the rows itself.
"""

import argparse
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from kept_rows import KeptResults, Took, run, tell, timed

from docbatch.sinks.base import Receipt
from docbatch.sinks.databases.duckdb_database import DuckdbDatabase
from docbatch.sinks.databases.sqlite_database import SqliteDatabase
from docbatch.sinks.databases.table_form import TableForm
from docbatch.sinks.kind import Opening
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.specs.values import JobSink

SINK = "{{type: {kind}, path: out/rows.db, rows: {rows}, columns: {columns}}}"
COLUMNS = '{text: "{{ row.text }}", outcome: "{{ row.outcome }}", size: {value: "{{ row.size }}", type: integer}, metadata: {value: "{{ row.metadata }}", type: json}}'

Rows = Sequence[Sequence[Any]]


def _rows(kept: KeptResults, maker: RowMaker) -> Iterator[Rows]:
    for window in kept.deliveries():
        yield [row for delivery in window for row in maker.rows(delivery)]


def bare_duckdb(windows: Iterator[Rows], form: TableForm, out: Path) -> None:
    with duckdb.connect(out) as database:
        database.execute(form.created("documents", DuckdbDatabase(duckdb, database)))
        database.execute("CREATE TEMP TABLE given AS SELECT * FROM documents")
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in form.columns)
        for rows in windows:
            database.begin()
            with database.appender("given") as appender:
                appender.append_rows(rows)
            database.execute(f"INSERT INTO documents SELECT * FROM given ON CONFLICT DO UPDATE SET {changes}")
            database.execute("DELETE FROM given")
            database.commit()


def bare_sqlite(windows: Iterator[Rows], form: TableForm, out: Path) -> None:
    with closing(sqlite3.connect(out)) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute(form.created("documents", SqliteDatabase(database, out)))
        marks = ", ".join("?" * len(form.types))
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in form.columns)
        for rows in windows:
            with database:
                database.executemany(
                    f"INSERT INTO documents VALUES ({marks}) ON CONFLICT DO UPDATE SET {changes}", rows
                )


BARE: dict[str, Callable[[Iterator[Rows], TableForm, Path], None]] = {
    "duckdb": bare_duckdb,
    "sqlite": bare_sqlite,
}


def alone(kept: KeptResults, sink: JobSink) -> None:
    """Hand the sink everything at once, without the rest of docbatch."""
    trash = kept.root / "trash"
    opened = sink.kind.open(
        Opening("small", sink.options, kept.root, b"alone.db", trash, context=sink.context)
    )
    for outcome in opened.deliver(delivery for window in kept.deliveries() for delivery in window):
        assert isinstance(outcome, Receipt), outcome
    (kept.root / "alone.db").unlink()


def measure(kept: KeptResults, given: argparse.Namespace) -> None:
    for kind, loop in BARE.items():
        declared = SINK.format(kind=kind, rows=given.rows, columns=COLUMNS)
        sink = kept.sink(declared)
        maker = kept.maker(sink)
        options: Any = sink.options
        form = TableForm.of(options.rows, maker.columns)
        ours: list[Took] = []
        theirs: list[Took] = []
        sinks: list[Took] = []
        for number in range(given.rounds):
            out = kept.root / f"bare{number}.{kind}"
            theirs.append(timed(partial(loop, _rows(kept, maker), form, out)))
            (kept.root / "out" / "rows.db").unlink(missing_ok=True)
            took, whole = kept.delivered(declared)
            ours.append(took)
            sinks.append(timed(partial(alone, kept, sink)))
            print(f"bare loop {theirs[-1]}; delivery {took}; apply as a whole {whole:.2f} s", flush=True)
        tell(kind, theirs, ours)
        tell(f"{kind}, the sink alone", theirs, sinks)


if __name__ == "__main__":
    run(__doc__, measure)
