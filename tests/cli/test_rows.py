"""What rows say beside results, by the real command: jobs, labels, columns, and documents that failed."""

import json
import sqlite3
from contextlib import closing
from typing import Any
from unittest import mock

import jsonschema
import pytest

from docbatch.specs.schema import row_schema
from docbatch.state.failure_rows import FailureRows
from tests.cli.project import Project
from tests.providers.local.locked import locked_pdf

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: {name}, include: "**/*"}}
provider: local
labels: {{team: {team}}}
sink:
  - {{type: jsonl, path: "out/{name}.jsonl", failures: {failures}}}
  - {{type: sqlite, path: out/all.db, failures: {failures}}}
"""

SCHEMA = row_schema()


def declare(
    project: Project, name: str = "job", *, team: str = "a", failures: bool = True, more: str = ""
) -> None:
    text = JOB.format(name=name, team=team, failures=json.dumps(failures))
    project.job(text + more, name)


def lines(project: Project, name: str = "job") -> dict[str, dict[str, Any]]:
    text = (project.root / f"out/{name}.jsonl").read_text()
    return {line["document"]["path"]: line for line in map(json.loads, text.splitlines())}


def rows(project: Project, columns: str = "job, path, outcome") -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project.root / "out/all.db")) as database:
        return database.execute(f"SELECT {columns} FROM documents ORDER BY job, path").fetchall()


def stamps(project: Project) -> dict[str, tuple[int, int]]:
    return {
        each.name: (each.stat().st_mtime_ns, each.stat().st_ino) for each in (project.root / "out").iterdir()
    }


def state(project: Project) -> bytes:
    return (project.root / ".docbatch/state.db").read_bytes()


def trashed(project: Project) -> list[str]:
    folder = project.root / ".docbatch/trash"
    return [each.name for each in folder.iterdir()] if folder.exists() else []


@pytest.fixture
def project(project: Project) -> Project:
    project.write(
        {"job/a.txt": "one", "job/b.pdf": locked_pdf("sesame"), "job/c.txt": "", "words.txt": "sesame"}
    )
    declare(project)
    return project


def test_what_failed_has_a_row_with_its_reason_and_stays_written(project: Project) -> None:
    first = project.call("apply")
    before, recorded = stamps(project), state(project)
    second = project.call("apply")

    found = lines(project)
    for line in found.values():
        jsonschema.validate(line, SCHEMA)
    assert (first.code, second.code) == (3, 3)
    assert [found[path]["outcome"] for path in ("a.txt", "b.pdf", "c.txt")] == [
        "succeeded",
        "failed",
        "failed",
    ]
    assert found["b.pdf"]["failure"]["class"] == "encrypted"
    assert found["c.txt"]["document"] == {"path": "c.txt", "sha256": None, "size": None, "media_type": None}
    assert {(each["job"], each["labels"]["team"]) for each in found.values()} == {("job", "a")}
    assert rows(project, "path, outcome, failure_class, labels") == [
        ("a.txt", "succeeded", None, '{"team":"a"}'),
        ("b.pdf", "failed", "encrypted", '{"team":"a"}'),
        ("c.txt", "failed", "empty", '{"team":"a"}'),
    ]
    assert (stamps(project), state(project)) == (before, recorded)
    assert "the state is sound" in project.call("state", "check").out


def test_a_success_takes_the_place_of_a_failure(project: Project) -> None:
    project.call("apply")
    declare(project, more="passwords: {file: words.txt}\n")
    project.write({"job/c.txt": "three"})
    project.call("retry")
    project.applied()

    assert {each["outcome"] for each in lines(project).values()} == {"succeeded"}
    assert {row[2] for row in rows(project)} == {"succeeded"}
    assert trashed(project) == []


def test_a_failure_takes_the_place_of_what_was_delivered(project: Project) -> None:
    project.call("apply")
    project.write({"job/a.txt": ""})
    project.call("apply")
    project.write({"job/a.txt": "one"})
    project.call("apply")

    assert rows(project)[0] == ("job", "a.txt", "succeeded")
    assert lines(project)["a.txt"]["outcome"] == "succeeded"


def test_changing_the_option_costs_nothing_and_touches_failures_alone(project: Project) -> None:
    declare(project, failures=False)
    project.call("apply")
    assert [row[1] for row in rows(project)] == list(lines(project)) == ["a.txt"]

    declare(project)
    on = project.call("apply", "--json")
    assert [row[1] for row in rows(project)] == list(lines(project)) == ["a.txt", "b.pdf", "c.txt"]
    declare(project, failures=False)
    off = project.call("apply", "--json")

    assert [row[1] for row in rows(project)] == list(lines(project)) == ["a.txt"]
    assert (on.processed, off.processed) == (0, 0)


@pytest.mark.parametrize("failures", [True, False])
def test_a_plan_says_that_failures_are_to_be_written_or_taken_away(project: Project, failures: bool) -> None:
    declare(project, failures=not failures)
    assert project.call("apply").code == 3
    assert project.call("plan", "--detailed-exitcode").code == 0
    declare(project, failures=failures)

    planned = project.call("plan", "--detailed-exitcode")
    before = state(project)
    assert project.call("plan").code == 0
    assert state(project) == before
    assert project.call("apply").code == 3

    assert planned.code == 2
    assert "2 to be written, free of charge: the job's output: it is to hold other failures" in planned.out
    assert project.call("plan", "--detailed-exitcode").code == 0


def test_rows_of_failures_that_somebody_took_or_edited_are_written_again(project: Project) -> None:
    project.call("apply")
    with closing(sqlite3.connect(project.root / "out/all.db")) as database, database:
        database.execute("DELETE FROM documents WHERE path = 'b.pdf'")
        database.execute("UPDATE documents SET failure_message = 'mine' WHERE path = 'c.txt'")
    project.call("apply")

    assert [row[2] for row in rows(project)] == ["succeeded", "failed", "failed"]
    assert "mine" not in {row[0] for row in rows(project, "failure_message")}
    (project.root / "out/all.db").unlink()
    project.call("apply")
    assert [row[2] for row in rows(project)] == ["succeeded", "failed", "failed"]


def test_what_is_empty_is_a_failure_where_the_job_says_so(project: Project) -> None:
    project.write({"job/d.txt": "  \n"})
    declare(project, more="on_empty: fail\n")
    project.call("apply")

    assert lines(project)["d.txt"]["failure"]["class"] == "empty"
    assert rows(project, "failure_class")[-1] == ("empty",)


def test_several_jobs_share_a_table(project: Project) -> None:
    project.write({"other/a.txt": "of the other"})
    declare(project, "other", team="b")
    project.call("apply")
    before = stamps(project)
    again = project.call("apply", "--json")

    assert rows(project, "job, path, text, labels")[-1] == ("other", "a.txt", "of the other", '{"team":"b"}')
    assert [row[0] for row in rows(project)] == ["job", "job", "job", "other"]
    assert stamps(project) == before
    assert not [line for line in again.lines if line["type"] == "delivered" and line["documents"]]


def test_other_labels_are_written_free_of_charge_and_nothing_is_thrown_away(project: Project) -> None:
    project.write({"job/gone.txt": "gone"})
    project.call("apply")
    (project.root / "job/gone.txt").unlink()
    project.call("apply")
    declare(project, team="b")

    planned = project.call("plan")
    ended = project.call("apply", "--json")

    assert "the sink writes it in another form now" in planned.out
    assert ended.processed == 0
    assert {each["labels"]["team"] for each in lines(project).values()} == {"b"}
    assert "gone.txt" in lines(project)
    assert [row[0] for row in rows(project, "labels") if row[0] == '{"team":"b"}'] == ['{"team":"b"}'] * 3
    assert trashed(project) == []


def test_columns_of_a_list_are_in_its_rows(project: Project) -> None:
    project.job(
        "apiVersion: docbatch/v1\nname: texts\nsource: {texts: {a: hello}}\nprovider: local\n"
        "sink:\n  - {type: jsonl, path: out/texts.jsonl}\n",
        "texts",
    )
    project.call("apply", "jobs/texts.yaml")

    assert [(each["job"], each["columns"]) for each in lines(project, "texts").values()] == [("texts", {})]


def test_a_run_that_is_killed_among_failures_leaves_none_that_no_longer_stands(project: Project) -> None:
    settled, calls = FailureRows.settled, iter((True, False))

    def first(*arguments: Any) -> None:
        if not next(calls):
            raise KeyboardInterrupt
        settled(*arguments)

    with mock.patch.object(FailureRows, "settled", first):
        killed = project.call("apply")
    declare(project, failures=False)
    project.call("apply")

    assert killed.code == 130
    assert [row[1] for row in rows(project)] == ["a.txt"]
