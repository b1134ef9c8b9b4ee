"""Declared rows in databases, by the real command: changed specs, several jobs, what others do to a table."""

import sqlite3
from contextlib import closing
from typing import Any
from unittest import mock

import duckdb
import pytest

from docbatch.sinks.databases.database_sink import DatabaseSink
from tests.cli.project import Project

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: in, include: "**/*"}}
provider: local
labels: {{team: a}}
sink:
  - {{type: {kind}, path: out/all.db, {more}}}
"""


@pytest.fixture(params=["sqlite", "duckdb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def declare(project: Project, kind: str, *names: str, more: str = "") -> None:
    for name in names or ("job",):
        options = 'columns: {text: "{{ row.text }}"' + more + "}"
        project.job(JOB.format(name=name, kind=kind, more=options), name)


def queried(project: Project, kind: str, *statements: str) -> list[tuple[Any, ...]]:
    path = project.root / "out/all.db"
    if kind == "duckdb":
        with duckdb.connect(path) as opened:
            return [opened.execute(each).fetchall() for each in statements][-1]
    with closing(sqlite3.connect(path)) as database, database:
        return [database.execute(each).fetchall() for each in statements][-1]


def rows(project: Project, kind: str, columns: str = "job, path, text") -> list[tuple[Any, ...]]:
    return queried(project, kind, f"SELECT {columns} FROM documents ORDER BY job, path")


def test_a_database_that_somebody_else_wrote_to_is_compared_once(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    declare(project, kind)
    project.applied()
    queried(project, kind, "CREATE VIEW mine AS SELECT path FROM documents")
    assert project.call("drift").code == 2

    told = project.applied()

    assert told.processed == 0
    assert project.call("drift").code == 0
    with mock.patch.object(DatabaseSink, "verify", side_effect=AssertionError("its rows were read")):
        assert "Nothing is due" in project.call("plan").out
    queried(project, kind, "UPDATE documents SET text = 'mine' WHERE path = 'a.txt'")
    assert "its output was edited" in project.call("plan").out
    project.applied()
    assert rows(project, kind) == [("job", "a.txt", "one"), ("job", "b.txt", "two")]


def test_prune_says_of_how_many_removed_documents_rows_stay(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    declare(project, kind)
    project.applied()
    assert "stay in it" not in project.call("prune").out
    (project.root / "in/a.txt").unlink()
    project.applied()

    assert "out/all.db: the rows of 1 removed document of job 'job' stay in it" in project.call("prune").out


def test_three_jobs_fill_a_table_and_a_column_is_declared_later(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    names = ("first", "second", "third")
    declare(project, kind, *names)
    project.applied()
    assert rows(project, kind) == [
        (name, path, text) for name in names for path, text in (("a.txt", "one"), ("b.txt", "two"))
    ]
    assert "Nothing is due" in project.call("plan").out

    declare(project, kind, *names, more=', size: {value: "{{ row.size }}", type: integer}')
    told = project.call("plan")

    assert (
        "6 to be written, free of charge" in told.out
        or told.out.count("2 to be written, free of charge") == 3
    )
    project.applied()
    assert {size for (size,) in rows(project, kind, "size")} == {3}
    assert "Nothing is due" in project.call("plan").out
    assert not (project.root / ".docbatch/trash").exists()


def test_a_row_that_somebody_changed_is_named_and_written_again(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two", "in/c.txt": "three"})
    declare(project, kind)
    project.applied()
    queried(
        project,
        kind,
        "UPDATE documents SET text = 'mine' WHERE path = 'a.txt'",
        "DELETE FROM documents WHERE path = 'b.txt'",
    )

    planned = project.call("plan", "--verbose").out

    assert "a.txt" in planned
    assert "b.txt" in planned
    assert "c.txt" not in planned
    assert project.call("drift").code == 2
    project.applied()
    assert rows(project, kind, "path, text") == [("a.txt", "one"), ("b.txt", "two"), ("c.txt", "three")]
    assert len(list((project.root / ".docbatch/trash").glob("*.json"))) == 1
    assert project.call("drift").code == 0


def test_rows_follow_a_job_that_was_renamed(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one"})
    declare(project, kind, "first", "second")
    project.applied()
    (project.root / "jobs/first.yaml").unlink()
    declare(project, kind, "now")

    assert project.call("state", "mv", "job", "first", "now").code == 0
    project.applied()

    assert rows(project, kind) == [("now", "a.txt", "one"), ("second", "a.txt", "one")]


def test_the_database_of_a_job_that_is_gone_is_pruned(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one"})
    declare(project, kind, "gone")
    project.job(JOB.format(name="other", kind="jsonl", more="").replace("all.db, ", "all.jsonl"), "other")
    project.applied()
    (project.root / "jobs/gone.yaml").unlink()
    project.applied()

    assert project.call("prune", "--yes").code == 0

    assert not (project.root / "out/all.db").exists()


def test_a_database_in_which_the_user_keeps_a_table_is_not_pruned(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one"})
    declare(project, kind, "gone")
    project.job(JOB.format(name="other", kind="jsonl", more="").replace("all.db, ", "all.jsonl"), "other")
    project.applied()
    queried(project, kind, "CREATE TABLE mine (note TEXT)", "INSERT INTO mine VALUES ('keep')")
    project.write({"in/b.txt": "two"})
    project.applied()
    (project.root / "jobs/gone.yaml").unlink()
    project.applied()

    told = project.call("prune", "--yes")

    assert "it holds tables that docbatch did not make" in told.out + told.err
    assert queried(project, kind, "SELECT note FROM mine") == [("keep",)]


def test_a_table_of_the_user_s_is_refused_before_anything_is_sent(project: Project, kind: str) -> None:
    project.write({"in/a.txt": "one"})
    (project.root / "out").mkdir()
    queried(project, kind, "CREATE TABLE documents (mine INTEGER)")
    declare(project, kind)

    told = project.call("apply")

    assert told.code == 6
    assert "docbatch did not make" in told.err
    assert queried(project, kind, "SELECT count(*) FROM documents") == [(0,)]


@pytest.mark.parametrize(
    "other", ['columns: {size: "{{ row.size }}"}', 'rows: page, columns: {text: "{{ row.text }}"}']
)
def test_jobs_that_share_a_table_declare_the_same_rows(project: Project, kind: str, other: str) -> None:
    project.write({"in/a.txt": "one"})
    declare(project, kind, "first")
    project.job(JOB.format(name="second", kind=kind, more=other), "second")

    told = project.call("validate")

    assert told.code == 64
    assert "writes to the same place and declares other rows there" in told.err


def test_without_the_extra_specs_say_what_to_install(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write({"in/a.txt": "one"})
    declare(project, "duckdb")
    monkeypatch.setattr("docbatch.specs.resolve.find_spec", lambda _name: None)

    for command in ("validate", "plan", "apply"):
        told = project.call(command)
        assert told.code == 64
        assert "pip install 'docbatch[duckdb]'" in told.err
