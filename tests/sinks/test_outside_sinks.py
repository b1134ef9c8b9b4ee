"""Kinds of sinks that docbatch does not know: each is one file, added to the registry, and works with every command."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from docbatch.sinks import KINDS
from docbatch.sinks.kind import Opening, SinkKind, SinkSpec
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.sqlite_rows import SqliteSink
from docbatch.sinks.trash import Trash
from tests.cli.project import Ended, Project

from . import outside_csv, outside_rows

JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*.txt"}}
provider: local
sink: [{sink}]
"""
CSV = "{type: csv, path: 'out/{{ job.name }}.csv'}"
ROWS = "{type: rows, database: kept/results.db}"
TEXTS = {"in/a.txt": "apple", "in/b.txt": "banana"}


class TableSinkSpec(SinkSpec):
    """One table that holds the whole job, in a database that an option names."""

    type: Literal["table"]
    database: str


def _open_table(at: Opening) -> SqliteSink:
    return SqliteSink(
        at.root, at.options.database.encode(), table="documents", trash=Trash(at.trash), facts=RowFacts.of(at)
    )


TABLE = SinkKind("table", TableSinkSpec, _open_table, per_document=False)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    project.write(TEXTS)
    with KINDS.added(outside_csv.KIND, outside_rows.KIND):
        yield project


def _declare(project: Project, sink: str) -> None:
    project.job(JOB.format(sink=sink))


def _table(project: Project) -> list[list[str]]:
    with (project.root / "out/job.csv").open(newline="") as file:
        return list(csv.reader(file))


def _rows(project: Project) -> dict[str, str]:
    with closing(sqlite3.connect(project.root / "kept/results.db")) as database:
        return dict(database.execute("SELECT document, content FROM results ORDER BY document"))


def _query(project: Project, statement: str) -> None:
    with closing(sqlite3.connect(project.root / "kept/results.db")) as database, database:
        database.execute(statement)


def _nothing_is_due(project: Project) -> bool:
    ended = project.applied()
    return ended.processed == 0 and [line["type"] for line in ended.lines] == ["plan", "outcome"]


def _due(ended: Ended) -> set[tuple[str, int]]:
    """Return why outputs are written that a plan in JSON lists."""
    plan = json.loads(ended.out.splitlines()[0])
    return {(line["reason"], line["documents"]) for line in plan["lines"] if line["kind"] == "deliver"}


def test_a_whole_sink_holds_its_whole_job_after_every_apply(project: Project) -> None:
    _declare(project, CSV)
    assert project.call("validate").code == 0
    assert "2 of 2 documents done" in project.call("apply").out
    assert _table(project) == [["a.txt", "apple"], ["b.txt", "banana"]]
    assert _nothing_is_due(project)

    project.write({"in/c.txt": "cherry"})
    assert project.applied().processed == 1
    assert _table(project) == [["a.txt", "apple"], ["b.txt", "banana"], ["c.txt", "cherry"]]

    (project.root / "in/b.txt").unlink()
    (project.root / "in/a.txt").rename(project.root / "in/d.txt")
    assert project.applied().processed == 0
    stays = [["a.txt", "apple"], ["b.txt", "banana"]]
    assert _table(project) == [*stays, ["c.txt", "cherry"], ["d.txt", "apple"]]
    assert "the state is sound" in project.call("state", "check").out


def test_a_sink_without_a_path_goes_through_plan_and_apply_and_is_done(project: Project) -> None:
    _declare(project, ROWS)
    assert project.call("validate").code == 0
    assert "send 2 documents" in project.call("plan").out

    assert "2 of 2 documents done" in project.call("apply").out

    assert _rows(project) == {"a.txt": "apple", "b.txt": "banana"}
    assert project.call("plan", "--detailed-exitcode").code == 0
    assert _nothing_is_due(project)
    assert "the state is sound" in project.call("state", "check").out


def test_rows_that_were_edited_or_deleted_are_told_apart_and_written_again(project: Project) -> None:
    _declare(project, ROWS)
    project.applied()
    _query(project, "UPDATE results SET content = 'mine' WHERE document = 'a.txt'")
    _query(project, "DELETE FROM results WHERE document = 'b.txt'")
    assert "edited" in project.call("explain", "in/a.txt").out
    assert "gone" in project.call("explain", "in/b.txt").out

    ended = project.applied()

    assert ended.processed == 0
    assert _due(ended) == {("its output was edited", 1), ("its output is gone", 1)}
    assert _rows(project) == {"a.txt": "apple", "b.txt": "banana"}
    assert [path.read_text() for path in (project.root / ".docbatch/trash").glob("*-*")] == ["mine"]
    assert _nothing_is_due(project)


def test_documents_that_are_added_renamed_and_removed_reach_a_sink_without_a_path(project: Project) -> None:
    _declare(project, ROWS)
    project.applied()
    project.write({"in/c.txt": "cherry"})
    (project.root / "in/a.txt").rename(project.root / "in/z.txt")
    (project.root / "in/b.txt").unlink()

    ended = project.applied()

    assert ended.processed == 1
    # What is no longer found stays, as with every sink.
    assert _rows(project) == {"a.txt": "apple", "b.txt": "banana", "c.txt": "cherry", "z.txt": "apple"}
    assert _nothing_is_due(project)
    assert "as it was written" in project.call("explain", "in/c.txt").out


def test_one_output_for_the_job_needs_no_path_either(project: Project) -> None:
    with KINDS.added(TABLE):
        _declare(project, "{type: table, database: kept/results.db}")
        project.applied()
        assert _nothing_is_due(project)

        _query(project, "UPDATE documents SET text = 'mine' WHERE path = 'a.txt'")
        assert _due(project.applied()) == {("its output was edited", 1)}
        (project.root / "kept/results.db").unlink()
        assert _due(project.applied()) == {("its output is gone", 2)}

        assert _nothing_is_due(project)
        assert "the state is sound" in project.call("state", "check").out
    with closing(sqlite3.connect(project.root / "kept/results.db")) as database:
        assert database.execute("SELECT path, text FROM documents ORDER BY path").fetchall() == [
            ("a.txt", "apple"),
            ("b.txt", "banana"),
        ]


def test_a_changed_option_writes_again_and_sends_nothing(project: Project) -> None:
    _declare(project, ROWS)
    project.applied()
    _declare(project, "{type: rows, database: kept/results.db, upper: true}")
    assert "output in rows: the sink is new; apply writes it" in project.call("explain", "in/a.txt").out

    assert project.applied().processed == 0

    assert _rows(project) == {"a.txt": "APPLE", "b.txt": "BANANA"}


def test_a_sink_without_a_path_stands_beside_one_of_files(project: Project) -> None:
    _declare(project, f"{ROWS}, {{type: files, path: 'out/{{{{ doc.path }}}}.md'}}, {CSV}")

    project.applied()

    assert (len(_rows(project)), len(_table(project))) == (2, 2)
    assert (project.root / "out/a.txt.md").read_text() == "apple\n"
    assert _nothing_is_due(project)


def test_one_place_for_two_sinks_is_refused(project: Project) -> None:
    _declare(project, f"{ROWS}, {ROWS}")
    refused = project.call("validate")
    assert refused.code == 64
    assert "sink[1]: this sink writes to the same place as sink 1" in refused.err

    _declare(project, ROWS)
    project.job(JOB.format(sink=ROWS).replace("name: job", "name: other"), "other")
    assert "sink[0]: job job writes to the same place" in project.call("validate").err


def test_what_is_wrong_with_an_option_is_told_where_it_is_written(project: Project) -> None:
    _declare(project, "{type: rows, database: 5, colour: red}")
    told = project.call("validate").err
    assert "sink[0].database: text is needed, and this is a number" in told
    assert "sink[0].colour: the key colour is not known (known here are type, database, upper)" in told

    _declare(project, "{type: row}")
    assert (
        "this must be one of files, jsonl, sqlite, duckdb, parquet, postgres, csv, rows (did you mean rows?)"
        in project.call("validate").err
    )


def test_the_schema_has_a_kind_while_it_is_there_and_not_afterwards(tmp_path: Path) -> None:
    project = Project(tmp_path)
    _declare(project, ROWS)
    before = [project.call(*command) for command in (("schema",), ("schema", "project"), ("providers",))]
    assert project.call("validate").code == 64

    with KINDS.added(outside_rows.KIND):
        options = json.loads(project.call("schema").out)["$defs"]["RowsSinkSpec"]["properties"]
        assert list(options) == ["type", "database", "upper"]
        assert "RowsSinkSpec" in project.call("schema", "project").out
        assert project.call("validate").code == 0

    after = [project.call(*command) for command in (("schema",), ("schema", "project"), ("providers",))]
    assert after == before
    assert project.call("validate").code == 64


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(ValueError, match="a sink 'rows' already"), KINDS.added(outside_rows.KIND):  # noqa: SIM117
        with KINDS.added(outside_rows.KIND):
            pass
