"""Rows that other processes make ahead of sinks: real processes, over a real spool."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from docbatch.core.results import Answer, DocumentInfo
from docbatch.engine.planning.plan_session import PlanSession
from docbatch.engine.reading.outputs_ahead import made_ahead
from docbatch.engine.reading.result_reader_pool import Done, ReaderProcess, ResultReaders
from docbatch.engine.reading.result_reader_process import Render, Wanted
from docbatch.naming.expressions import Context
from docbatch.naming.pathtext import escape
from docbatch.providers import REGISTRY
from docbatch.sinks import KINDS
from docbatch.sinks.base import Delivery
from docbatch.sinks.kind import Opening
from docbatch.sinks.rows.copy_lines import copy_lines
from docbatch.sinks.rows.json_lines import row_lines
from docbatch.sinks.rows.row_form import RowForm
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.spool import Spool
from docbatch.testing.eager import Eager
from tests.cli.project import JOB, Project
from tests.engine.test_outputs_ahead import asked
from tests.engine.test_result_reader_pool import pids, reading, swept

__all__ = ["asked"]

OF_EVERY_TYPE = {
    "said": "{{ row.text }} of {{ doc.metadata.team }} in {{ vars.place }}",
    "number": {"value": "{{ row.metadata.number }}", "type": "integer"},
    "share": {"value": "{{ row.metadata.share }}", "type": "number"},
    "paid": {"value": "{{ row.metadata.paid }}", "type": "boolean"},
    "due": {"value": "{{ row.metadata.due }}", "type": "date"},
    "at": {"value": "{{ row.metadata.at }}", "type": "timestamp"},
    "metadata": {"value": "{{ row.metadata }}", "type": "json"},
    "none": {"value": "{{ row.value.nothing }}", "type": "date"},
}
ROWS: Mapping[str, Mapping[str, object]] = {
    **{kind: {"rows": kind} for kind in ("document", "page", "block", "table", "chunk")},
    "columns": {"columns": OF_EVERY_TYPE},
    "columns of pages": {
        "rows": "page",
        "columns": {**OF_EVERY_TYPE, "doc": "{{ doc.path }} {{ job.name }}"},
    },
}
SPECS: Mapping[str, Mapping[str, object]] = {
    "duckdb": {"path": "x"},
    "jsonl": {"path": "x"},
    "parquet": {"path": "x"},
    "postgres": {"dsn": {"env": "PG_DSN"}},
    "sqlite": {"path": "x"},
}
PATHS = (b"a.pdf", b"50%25.pdf", b"not utf-8 \xff.pdf", "ü/日本.pdf".encode())
ODD = "half \ud800, zero \0, separator \u2028, 日本 😀"


def answered(number: int) -> bytes:
    """Return an answer as LlamaCloud gives one, with what columns of every type name in its metadata."""
    known = {
        "number": number << 60,
        "share": number / 7,
        "paid": number % 2 == 0,
        "due": f"2026-01-{number + 1:02}",
        "at": "2026-01-31T12:00:00.000001+02:00",
        "odd": ODD,
    }
    items: list[dict[str, object]] = [
        {"type": "heading", "level": 1, "value": f"{number}", "md": f"# {number}"},
        {"type": "text", "value": ODD, "md": ODD, "bbox": [{"x": 1, "y": 2.5, "w": 3, "h": 4}]},
        {"type": "table", "rows": [["a", "b"], [f"{number}", ODD]], "md": "| a | b |"},
    ]
    of_forms: dict[str, object] = {"markdown": f"# {number}\n\n{ODD}\n", "items": items}
    found = {
        form: {"pages": [{"page_number": page, "success": True, form: content} for page in (1, 2)]}
        for form, content in of_forms.items()
    }
    return json.dumps({"job": {"id": f"job-{number}"}, "metadata": known, **found}).encode()


def opening(kind: str, declared: Mapping[str, object], tmp_path: Path) -> Opening:
    options = KINDS.kind(kind).options.model_validate({"type": kind, **SPECS[kind], **declared})
    listed = {"team": "billing", "odd": ODD}
    context: Context = {"job": {"name": "all", "labels": {}}, "vars": {"place": "Bonn"}}
    return Opening(
        "all", options, tmp_path, b"", tmp_path, {"of": "tests"}, lambda _path: listed, context=context
    )


def here_and_elsewhere(
    spool: Spool, at: Opening, contents: list[bytes], make: Callable[[Delivery], object]
) -> tuple[list[object], list[object]]:
    """Return what is made of each content here, and by processes; the reason in the place of what is not made."""
    form, read = at.options.form_in(at), REGISTRY.kind("llamacloud").read
    assert isinstance(form, RowForm)
    wanted = []
    for number, content in enumerate(contents):
        path, digest = PATHS[number % len(PATHS)], spool.write(content)
        size, known = number, dict(at.columns(path))
        wanted.append(
            (
                path,
                Wanted(digest, escape(path), "0" * 64, size, "application/pdf", spool.where(digest), known),
            )
        )

    def loaded(content: bytes) -> Answer:
        return read(content)

    def tried(
        path: bytes, document: DocumentInfo, content: bytes, made: Callable[[], bytes | None]
    ) -> object:
        try:
            return make(Delivery(path, b"", "", document, partial(loaded, content), None, made))
        except ValueError as error:
            return str(error)

    with reading(spool) as readers:
        there = [
            (path, each.document(), give)
            for path, each, give in made_ahead(readers, "llamacloud", form, wanted)
        ]
        elsewhere = [tried(path, document, b"unread", give) for path, document, give in there]
    here = [
        tried(path, each.document(), content, lambda: None)
        for (path, each), content in zip(wanted, contents, strict=True)
    ]
    return here, elsewhere


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_rows_are_the_same_wherever_they_are_made(tmp_path: Path, rows: Mapping[str, object]) -> None:
    at = opening("duckdb", rows, tmp_path)
    contents = [answered(number) for number in range(8)]
    here, elsewhere = here_and_elsewhere(swept(tmp_path), at, contents, RowMaker.of(at).rows)

    assert elsewhere == here
    assert [repr(each) for each in elsewhere] == [repr(each) for each in here]
    assert all(isinstance(each, list) and each for each in here)


@pytest.mark.parametrize("rows", [ROWS[name] for name in ROWS if name != "document"])
def test_lines_are_the_same_wherever_they_are_made(tmp_path: Path, rows: Mapping[str, object]) -> None:
    at = opening("jsonl", rows, tmp_path)
    contents = [answered(number) for number in range(8)]
    here, elsewhere = here_and_elsewhere(swept(tmp_path), at, contents, partial(row_lines, RowMaker.of(at)))

    assert elsewhere == here
    assert all(isinstance(each, bytes) and each for each in here)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_lines_for_copy_are_the_same_wherever_they_are_made(
    tmp_path: Path, rows: Mapping[str, object]
) -> None:
    at = opening("postgres", rows, tmp_path)
    contents = [answered(number) for number in range(8)]
    here, elsewhere = here_and_elsewhere(swept(tmp_path), at, contents, partial(copy_lines, RowMaker.of(at)))

    assert elsewhere == here
    assert all(isinstance(each, bytes) and each for each in here)


@pytest.mark.parametrize("kind", SPECS)
def test_every_kind_of_sink_has_declared_rows_made_elsewhere(tmp_path: Path, kind: str) -> None:
    at = opening(kind, {"columns": OF_EVERY_TYPE}, tmp_path)

    assert isinstance(at.options.form_in(at), RowForm)


def test_rows_that_nobody_declared_are_the_whole_result(tmp_path: Path) -> None:
    forms = [
        each.options.form_in(each) for each in (opening(kind, {}, tmp_path) for kind in ("jsonl", "sqlite"))
    ]

    assert forms == ["line", None]


def test_why_a_document_has_no_rows_is_said_alike(tmp_path: Path) -> None:
    columns = {"number": {"value": "{{ row.metadata.odd }}", "type": "integer"}}
    at = opening("duckdb", {"columns": columns}, tmp_path)
    here, elsewhere = here_and_elsewhere(
        swept(tmp_path), at, [answered(1), b"[]", answered(2)], RowMaker.of(at).rows
    )

    assert elsewhere == here
    assert [str(each).partition(":")[0] for each in here] == [
        "column number",
        "the answer is no object",
        "column number",
    ]


RUNS: Mapping[str, tuple[str, Callable[[Path], object]]] = {
    "duckdb": ("type: duckdb, path: out/all.duckdb", lambda out: _of_duckdb(out / "all.duckdb")),
    "jsonl": ("type: jsonl, path: out/all.jsonl", lambda out: (out / "all.jsonl").read_bytes()),
    "parquet": ("type: parquet, path: out/all", lambda out: pq.read_table(out / "all").to_pylist()),
    "sqlite": ("type: sqlite, path: out/all.db, rows: document", lambda out: _of_sqlite(out / "all.db")),
}
COLUMNS = '{text: "{{ row.text }} {{ doc.metadata.team }}", size: {value: "{{ row.size }}", type: integer}}'


def _of_duckdb(path: Path) -> object:
    with duckdb.connect(path, read_only=True) as database:
        return database.execute("SELECT * FROM documents ORDER BY path").fetchall()


def _of_sqlite(path: Path) -> object:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT * FROM documents ORDER BY path").fetchall()


@pytest.mark.parametrize(("sink", "held"), RUNS.values(), ids=RUNS)
def test_a_run_delivers_the_same_rows_with_processes_as_without(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[tuple[int, ReaderProcess | None]],
    sink: str,
    held: Callable[[Path], object],
) -> None:
    project = Project(tmp_path)
    source = JOB[: JOB.index("sink:")].replace(
        'include: "**/*"', 'include: "**/*"\n  metadata_from: listed.csv'
    )
    project.job(f"{source}sink: [{{{sink}, columns: {COLUMNS}}}]\n")
    names = [f"{number:03}.txt" for number in range(60)]
    project.write({f"in/{name}": f"text {name}\x85" for name in names})
    project.write({"listed.csv": "path,team\n" + "".join(f"{name},team of {name}\n" for name in names)})
    project.applied()
    here = held(tmp_path / "out")
    assert asked == []
    for left in (tmp_path / "out").iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()

    monkeypatch.setattr("docbatch.engine.running.apply.ResultReaders", partial(Eager, dies_after=0))
    project.applied()

    assert held(tmp_path / "out") == here
    assert "team of 059.txt" in str(here)
    assert sum(number for number, _ in asked) == 60


@pytest.mark.parametrize(
    ("sink", "expected"), [("type: duckdb, path: out/all.duckdb", 3), ("type: sqlite, path: out/all.db", 0)]
)
def test_processes_start_while_what_they_are_for_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sink: str, expected: int
) -> None:
    steps: list[object] = []
    record = PlanSession.record

    def recorded(session: PlanSession) -> None:
        steps.append("record")
        record(session)

    project = Project(tmp_path)
    project.job(JOB)
    project.write({f"in/{name}.txt": name for name in "abc"})
    project.applied()
    monkeypatch.setattr(PlanSession, "record", recorded)
    monkeypatch.setattr(ResultReaders, "expect", lambda _readers, results: steps.append(results))
    project.job(JOB[: JOB.index("sink:")] + f"sink: [{{{sink}}}]\n")
    project.applied()

    assert steps[:2] == [expected, "record"]


def test_rows_are_made_here_once_the_process_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render, asked = ResultReaders.render, []

    def dying(readers: ResultReaders, wanted: Render, home: ReaderProcess | None = None) -> Done | None:
        for pid in pids(readers):
            os.kill(pid, signal.SIGKILL)
        asked.append(len(wanted.wanted))
        return render(readers, wanted, home)

    projects = [Project(tmp_path / name) for name in ("here", "elsewhere")]
    for project in projects:
        project.job(JOB[: JOB.index("sink:")] + f"sink: [{{{RUNS['duckdb'][0]}}}]\n")
        project.write({f"in/{number:03}.txt": f"text {number}" for number in range(30)})
    projects[0].applied()
    monkeypatch.setattr(ResultReaders, "render", dying)
    monkeypatch.setattr("docbatch.engine.running.apply.ResultReaders", partial(Eager, dies_after=0))
    projects[1].applied()

    assert asked == [30]
    here, elsewhere = (_of_duckdb(each.root / "out/all.duckdb") for each in projects)
    assert elsewhere == here
