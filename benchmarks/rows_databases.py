"""Time what many small results take to become rows of DuckDB and SQLite, beside a bare loop that writes the same rows.

    python benchmarks/rows_databases.py [--documents 20000] [--rounds 3] [--rows document] [--keep FOLDER]

A stand-in answers each document at once, and a first apply keeps the results. Each round then declares a sink more: what is timed
of docbatch is its delivery alone, all windows of it. The bare loop reads the same kept results, makes the same rows, and writes
them as fast as the library can, in windows of as many documents: DuckDB by its appender into a temporary table and one upsert,
SQLite by executemany.
"""

import argparse
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
from unchanged import Instant, sample_payload, tree

from docbatch.core.results import Answer, DocumentInfo
from docbatch.engine.running import deliver_results
from docbatch.engine.running.apply import Assignment, apply
from docbatch.engine.running.deliver_results import deliver
from docbatch.naming.pathtext import escape
from docbatch.providers import REGISTRY
from docbatch.providers.base import Intent, Ready
from docbatch.providers.kind import Settings, Surroundings
from docbatch.providers.local import KIND, TRAITS
from docbatch.sinks import KINDS
from docbatch.sinks.base import Delivery, Receipt
from docbatch.sinks.databases.duckdb_database import DuckdbDatabase
from docbatch.sinks.databases.sqlite_database import SqliteDatabase
from docbatch.sinks.databases.table_form import TableForm
from docbatch.sinks.kind import Opening
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import JobSink
from docbatch.spool import Spool
from docbatch.state.store import Store

JOB = """apiVersion: docbatch/v1
name: small
source: {{root: in, include: "**/*.txt"}}
provider: local
sink: [{sinks}]
"""
FIRST = "{type: jsonl, path: out/all.jsonl}"
SINK = "{{type: {kind}, path: out/rows.db, rows: {rows}, columns: {columns}}}"
COLUMNS = '{text: "{{ row.text }}", outcome: "{{ row.outcome }}", size: {value: "{{ row.size }}", type: integer}, metadata: {value: "{{ row.metadata }}", type: json}}'

WINDOW = 512

Rows = Sequence[Sequence[Any]]


class Numbering(Instant):
    """Answers every document at once, each with words of its own."""

    answered = 0

    def fetch(self, intent: Intent, ready: Ready) -> bytes:  # type: ignore[override]  # noqa: ARG002
        type(self).answered += 1
        return self.payload.replace(b"note number 0", b"note number %d" % self.answered)


def applied(root: Path, *, with_stand_in: bool = False) -> float:
    """Apply the project, and return the seconds that deliveries took. With a stand-in no other process reads results."""
    took = 0.0

    def timed(*arguments: Any) -> None:
        nonlocal took
        began = time.perf_counter()
        deliver(*arguments)
        took += time.perf_counter() - began

    def connect(_settings: Settings, surroundings: Surroundings) -> Numbering:
        return Numbering(surroundings.incoming)

    stand_in = replace(KIND, traits=lambda _settings: replace(TRAITS, max_items=2000), connect=connect)
    project = load_project(root)
    work = Assignment(load_jobs(project), root / ".docbatch", project.mark)
    answering = REGISTRY.added(stand_in, replacing=True) if with_stand_in else nullcontext()
    with answering, mock.patch.object(deliver_results, "deliver", timed):
        outcome = apply(work, lambda _notice: None, lambda _report: True)
    assert outcome.exit_code == 0, outcome
    return took


def kept(state: Path) -> Iterator[list[Delivery]]:
    """Yield the kept results in windows, each to be read once."""
    read = REGISTRY.kind("local").read
    with Store.readable(state) as store:
        spool = Spool(state / "spool", store.results)
        after = b""
        while window := store.documents.with_results("small", after, WINDOW):
            after = window[-1].path
            places = spool.places([each.result for each in window])
            yield [
                Delivery(
                    each.path,
                    b"",
                    each.result,
                    DocumentInfo(
                        path=escape(each.path), sha256=each.digest, size=each.size, media_type=each.media_type
                    ),
                    partial(_read, spool, read, each.result, place),
                )
                for each, place in zip(window, places, strict=True)
            ]


def _read(spool: Spool, read: Callable[[bytes], Answer], digest: str, place: Any) -> Answer:
    return read(spool.read(digest, place))


def bare(state: Path, maker: RowMaker, write: Callable[[Rows], None]) -> None:
    for window in kept(state):
        write([row for delivery in window for row in maker.rows(delivery)])


def bare_duckdb(state: Path, maker: RowMaker, form: TableForm, out: Path) -> float:
    began = time.perf_counter()
    with duckdb.connect(out) as database:
        kinds = DuckdbDatabase(duckdb, database)
        database.execute(form.created("documents", kinds))
        database.execute("CREATE TEMP TABLE given AS SELECT * FROM documents")
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in form.columns)

        def write(rows: Rows) -> None:
            database.begin()
            with database.appender("given") as appender:
                appender.append_rows(rows)
            database.execute(f"INSERT INTO documents SELECT * FROM given ON CONFLICT DO UPDATE SET {changes}")
            database.execute("DELETE FROM given")
            database.commit()

        bare(state, maker, write)
    return time.perf_counter() - began


def bare_sqlite(state: Path, maker: RowMaker, form: TableForm, out: Path) -> float:
    began = time.perf_counter()
    with closing(sqlite3.connect(out)) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute(form.created("documents", SqliteDatabase(database, out)))
        marks = ", ".join("?" * len(form.types))
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in form.columns)

        def write(rows: Rows) -> None:
            with database:
                database.executemany(
                    f"INSERT INTO documents VALUES ({marks}) ON CONFLICT DO UPDATE SET {changes}", rows
                )

        bare(state, maker, write)
    return time.perf_counter() - began


def alone(state: Path, sink: JobSink, root: Path) -> float:
    """Hand the sink everything at once, without the rest of docbatch, and return the seconds it took."""
    began = time.perf_counter()
    opened = sink.kind.open(
        Opening("small", sink.options, root, b"alone.db", root / "trash", context=sink.context)
    )
    windows = kept(state)
    for outcome in opened.deliver(delivery for window in windows for delivery in window):
        assert isinstance(outcome, Receipt), outcome
    took = time.perf_counter() - began
    (root / "alone.db").unlink()
    return took


BARE = {"duckdb": bare_duckdb, "sqlite": bare_sqlite}


def measure(root: Path, documents: int, rounds: int, rows: str) -> None:
    tree(root, documents, 1000)
    (root / "jobs").mkdir()
    spec = root / "jobs" / "small.yaml"
    spec.write_text(JOB.format(sinks=FIRST))
    os.chdir(root)
    Numbering.payload = sample_payload()
    applied(root, with_stand_in=True)
    shutil.copytree(root / ".docbatch", root / "kept")
    for kind, loop_of in BARE.items():
        sink = SINK.format(kind=kind, rows=rows, columns=COLUMNS)
        spec.write_text(JOB.format(sinks=f"{FIRST}, {sink}"))
        (declared,) = load_jobs(load_project(root))
        options: Any = declared.sinks[1].options
        assert declared.sinks[1].kind is KINDS.kind(kind)
        maker = RowMaker(options, RowFacts("small", {}, lambda _path: {}), declared.sinks[1].context)
        form = TableForm.of(options.rows, maker.columns)
        ours, theirs, sinks = [], [], []
        for number in range(rounds):
            theirs.append(loop_of(root / "kept", maker, form, root / f"bare{number}.{kind}"))
            shutil.rmtree(root / ".docbatch")
            shutil.copytree(root / "kept", root / ".docbatch")
            (root / "out" / "rows.db").unlink(missing_ok=True)
            ours.append(applied(root))
            sinks.append(alone(root / "kept", declared.sinks[1], root))
        shares = [their / our for our, their in zip(ours, theirs, strict=True)]
        print(
            f"{kind}: {documents:,} documents, docbatch {statistics.median(ours):.2f} s,"
            f" bare loop {statistics.median(theirs):.2f} s: {statistics.median(shares):.0%} of its speed",
            f"; handed over at once {statistics.median(sinks):.2f} s:"
            f" {statistics.median(their / each for their, each in zip(theirs, sinks, strict=True)):.0%}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default="document", choices=["document", "page", "block", "table"])
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    if given.keep is not None:
        given.keep.mkdir(parents=True)
        measure(given.keep.absolute(), given.documents, given.rounds, given.rows)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), given.documents, given.rounds, given.rows)


if __name__ == "__main__":
    main()
