"""A sink whose database or folder on this disk cannot be used: its own trouble, while all else is sent, collected, kept and written."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.sinks import KINDS
from docbatch.sinks.base import Delivery, Difference, Fault, Receipt
from docbatch.sinks.kind import Opening, SinkKind
from tests.cli.project import Project
from tests.providers.extend.project import DOCUMENTS, extend_project
from tests.sinks.outside_rows import RowsSink, RowsSinkSpec

SINKS = """sink:
  - {{type: {kind}, path: out/all, {more}}}
  - {{type: files, path: "beside/{{{{ doc.path }}}}.md"}}
"""
OTHER = """
apiVersion: docbatch/v1
name: other
source: {root: others, include: "**/*"}
provider: local
sink:
  - {type: files, path: "other/{{ doc.path }}.md"}
"""
COLUMNS = 'columns: {text: "{{ row.text }}"}'


def _files(place: Path) -> list[Path]:
    return sorted(place.iterdir()) if place.is_dir() else [place]


def _overwritten(place: Path) -> None:
    for each in _files(place):
        each.write_bytes(b"garbage" * 1000)


def _cut(place: Path) -> None:
    for each in _files(place):
        os.truncate(each, each.stat().st_size // 2)


def _of_another_sort(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("a file")
    else:
        place.unlink()
        place.mkdir()


def _take_away(place: Path) -> None:
    shutil.rmtree(place) if place.is_dir() else place.unlink()


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as vendor:
        yield vendor


def declare(project: Project, kind: str) -> None:
    spec = project.root / "jobs/job.yaml"
    more = COLUMNS if kind == "sqlite" else "rows: document"
    spec.write_text(spec.read_text().partition("sink:")[0] + SINKS.format(kind=kind, more=more))


def sent(project: Project, vendor: ExtendEmulator, kind: str) -> Path:
    """Let a project have written one document, and all others of the job be with the vendor; return where its rows lie."""
    declare(project, kind)
    documents = project.root / "in"
    documents.rename(project.root / "later")
    project.write({"in/first.txt": "the first document\f"})
    assert project.call("apply", "--yes").code == 0
    for each in (project.root / "later").iterdir():
        each.rename(documents / each.name)
    vendor.latency = 36_000
    assert project.call("apply", "--yes", "--no-wait").code == 4
    vendor.latency = 0.0
    for run in vendor.runs.values():
        run.visible = run.ends = 0.0
    project.write({"others/x.txt": "the other document"})
    project.job(OTHER, "other")
    return project.root / "out/all"


@pytest.mark.parametrize("kind", ["sqlite", "duckdb", "parquet"])
@pytest.mark.parametrize("harm", [_overwritten, _cut, _of_another_sort])
def test_what_is_paid_is_collected_and_other_jobs_and_sinks_go_on(
    tmp_path: Path, vendor: ExtendEmulator, kind: str, harm: Callable[[Path], None]
) -> None:
    project = extend_project(tmp_path, vendor)
    place = sent(project, vendor, kind)
    harm(place)
    project.write({"in/new.txt": "a new document\f"})
    paid = list(vendor.ledger)

    planned, ended = project.call("plan"), project.call("apply", "--yes")

    assert planned.code == 0
    assert f"outputs are not looked at: {place}" in planned.out
    assert ended.code == 1, ended
    assert "nothing new of it is sent" in ended.err
    assert set(project.outputs("other")) == {"x.txt.md"}
    assert len(project.outputs("beside")) == len(DOCUMENTS) + 1
    assert list(vendor.ledger) == paid
    assert all(line.count("move it away") <= 1 for line in ended.err.splitlines())
    for command in (["status"], ["failures"]):
        assert project.call(*command).code == 0
    explained = project.call("explain", "in/first.txt")
    assert explained.code == 0
    assert "not looked at" in explained.out

    _take_away(place)
    again = project.call("apply", "--yes")

    assert again.code == 0, again
    assert len(vendor.ledger) == len(paid) + 1
    assert len(set(vendor.ledger)) == len(vendor.ledger)
    assert "Nothing is due" in project.call("plan").out


def test_a_database_that_another_program_holds_is_written_by_the_next_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.sinks.databases.sqlite_database._PATIENCE", 0.0)
    project.write({"in/a.txt": "one", "others/x.txt": "the other document"})
    project.job(
        'apiVersion: docbatch/v1\nname: job\nsource: {root: in, include: "**/*"}\nprovider: local\n'
        + SINKS.format(kind="sqlite", more=COLUMNS)
    )
    project.job(OTHER, "other")
    project.applied()
    project.write({"in/b.txt": "two", "others/y.txt": "another"})

    with closing(sqlite3.connect(project.root / "out/all", isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        ended = project.call("apply")

    assert ended.code == 1
    assert "is locked" in ended.err
    assert set(project.outputs("other")) == {"x.txt.md", "y.txt.md"}
    assert set(project.outputs("beside")) == {"a.txt.md", "b.txt.md"}
    project.applied()
    with closing(sqlite3.connect(project.root / "out/all")) as database:
        assert database.execute("SELECT path FROM documents ORDER BY path").fetchall() == [
            ("a.txt",),
            ("b.txt",),
        ]


class _Failing(RowsSink):
    """Raises what no contract knows wherever it is looked into, or written to."""

    error: type[Exception] = RuntimeError

    def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
        raise self.error(str(list(written)))

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        raise self.error(str(next(iter(deliveries))))


@pytest.mark.parametrize("error", [RuntimeError, PermissionError])
def test_a_plug_in_that_raises_leaves_others_alone(project: Project, error: type[Exception]) -> None:
    project.write({"in/a.txt": "one", "others/x.txt": "the other document"})
    project.job(
        'apiVersion: docbatch/v1\nname: job\nsource: {root: in, include: "**/*"}\nprovider: local\n'
        "sink:\n  - {type: rows, database: kept/all.db}\n"
    )
    project.job(OTHER, "other")

    def opened(at: Opening) -> RowsSink:
        made = _Failing(at)
        made.error = error
        return made

    with KINDS.added(SinkKind("rows", RowsSinkSpec, opened, per_document=True)):
        delivering = project.call("apply")
    assert delivering.code == 1
    assert set(project.outputs("other")) == {"x.txt.md"}
    with KINDS.added(SinkKind("rows", RowsSinkSpec, RowsSink, per_document=True)):
        project.applied()
    project.write({"others/y.txt": "another"})
    with KINDS.added(SinkKind("rows", RowsSinkSpec, opened, per_document=True)):
        planned, looking = project.call("plan"), project.call("apply")
    assert planned.code == 0
    assert "the sink rows cannot be looked into" in planned.out
    assert looking.code == 1
    assert set(project.outputs("other")) == {"x.txt.md", "y.txt.md"}
