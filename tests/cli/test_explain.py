"""`docbatch explain` says of one document what `docbatch plan` says, because it asks the same plan."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from docbatch.engine.planning import plan as planning
from docbatch.engine.planning import plan_session, read_plan
from tests.cli.project import JOB, Project

VERDICTS = {
    "send": "will be sent",
    "deliver": "is done; it will not be sent",
    "fail": "cannot be sent",
    "stand": "cannot be sent",
    "remove": "is no longer wanted",
    "skip": "is skipped",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job()
    made.write({"in/a.txt": "one", "in/b.txt": "two"})
    return made


def planned(project: Project, path: str) -> str | None:
    """Return what the plan says is due for a document, None where it says nothing of it."""
    plan = project.call("plan", "--format", "json", "--all").lines[0]
    kinds = [line["kind"] for line in plan["lines"] for each in line["examples"] if each["path"] == path]
    return kinds[0] if kinds else None


def explained(project: Project, document: str, *specs: str) -> dict[str, Any]:
    ended = project.call("explain", "--json", document, *specs)
    assert ended.code == 0, ended.err
    (explanation,) = ended.lines
    return explanation


def facts(project: Project, document: str) -> str:
    return "\n".join(explained(project, document)["facts"])


def nothing(_project: Project) -> None:
    pass


def change(project: Project) -> None:
    project.write({"in/a.txt": "another"})


def empty(project: Project) -> None:
    project.write({"in/a.txt": ""})


def remove(project: Project) -> None:
    (project.root / "in/a.txt").unlink()


def pipe(project: Project) -> None:
    remove(project)
    os.mkfifo(project.root / "in/a.txt")


def dangle(project: Project) -> None:
    remove(project)
    (project.root / "in/a.txt").symlink_to("nowhere")


def edit_output(project: Project) -> None:
    project.write({"out/a.txt.md": "mine"})


def delete_output(project: Project) -> None:
    (project.root / "out/a.txt.md").unlink()


def move_sink(project: Project) -> None:
    project.job(JOB.replace("out/", "elsewhere/"))


def other_config(project: Project) -> None:
    project.job(JOB + "config: {ocr: off}\n")


CHANGES = [change, empty, remove, pipe, dangle, edit_output, delete_output, move_sink, other_config]


@pytest.mark.parametrize("happen", CHANGES)
@pytest.mark.parametrize("before", [nothing, Project.applied])
def test_explain_agrees_with_plan(
    project: Project, before: Callable[[Project], object], happen: Callable[[Project], None]
) -> None:
    before(project)
    if before is nothing and happen in {edit_output, delete_output, remove}:
        return
    happen(project)

    kind = planned(project, "a.txt")

    assert kind is not None
    assert explained(project, "in/a.txt")["verdict"] == VERDICTS[kind]


def test_what_was_explained_as_failed_earlier_stands_in_the_plan_too(project: Project) -> None:
    empty(project)
    assert project.call("apply").code == 3

    assert planned(project, "a.txt") == "stand"
    assert explained(project, "in/a.txt")["verdict"] == "cannot be sent"
    assert explained(project, "in/a.txt")["reason"] == "has no bytes"


def test_a_deleted_output_that_is_to_stay_away_is_said_to_be_left(project: Project) -> None:
    project.job(JOB + "    on_missing: ignore\n")
    project.applied()
    delete_output(project)

    assert "Nothing is due." in project.call("plan").out
    assert explained(project, "in/a.txt")["verdict"] == "is done; it will not be sent"
    assert "out/a.txt.md: gone, and on_missing: ignore leaves it so" in facts(project, "in/a.txt")


@pytest.mark.parametrize(
    ("happen", "fact"),
    [
        (edit_output, "out/a.txt.md: edited; apply moves the edited copy to the trash and writes it again"),
        (delete_output, "out/a.txt.md: gone; apply writes it again, free of charge"),
        (nothing, "out/a.txt.md: as it was written"),
    ],
)
def test_every_output_is_told_as_it_stands(
    project: Project, happen: Callable[[Project], None], fact: str
) -> None:
    project.applied()
    happen(project)

    assert fact in facts(project, "in/a.txt")


def test_the_file_of_a_whole_job_is_told_as_it_stands(project: Project) -> None:
    project.job(
        JOB.replace("type: files", "type: jsonl")
        .replace("out/{{ doc.path }}.md", "out/all.jsonl")
        .replace("    format: markdown\n", "")
    )
    project.applied()
    assert "the job's output out/all.jsonl: as it was written" in facts(project, "in/a.txt")

    project.write({"out/all.jsonl": "mine"})
    assert "the job's output out/all.jsonl: edited; apply moves" in facts(project, "in/a.txt")


def test_a_row_that_was_edited_is_told_of_its_own_document_alone(project: Project) -> None:
    project.job(
        JOB.replace("type: files", "type: sqlite")
        .replace("out/{{ doc.path }}.md", "out/all.db")
        .replace("    format: markdown\n", "")
    )
    project.applied()
    with contextlib.closing(sqlite3.connect(project.root / "out/all.db")) as database, database:
        database.execute("UPDATE documents SET markdown = 'mine' WHERE path = 'a.txt'")

    assert "its part of the job's output out/all.db: edited" in facts(project, "in/a.txt")
    assert "edited" not in facts(project, "in/b.txt")
    assert "its part of the job's output out/all.db: as it was written" in facts(project, "in/b.txt")


def test_every_table_of_a_database_that_jobs_share_is_told(project: Project) -> None:
    for job in ("first", "second"):
        project.job(
            JOB.replace("name: job", f"name: {job}").replace("out/", f"out/{job}/")
            + "  - {type: sqlite, path: out/all.db}\n  - {type: sqlite, path: out/all.db, table: blocks, rows: block}\n",
            job,
        )
    (project.root / "jobs/job.yaml").unlink(missing_ok=True)
    project.applied()

    for job in ("first", "second"):
        told = explained(project, "in/a.txt", f"jobs/{job}.yaml")["facts"]
        assert told.count("the job's output out/all.db: as it was written") == 2, told


def test_a_deleted_document_is_explained_before_and_after_its_removal_is_recorded(project: Project) -> None:
    project.applied()
    remove(project)

    due = explained(project, "in/a.txt")
    project.applied()
    recorded = explained(project, "in/a.txt")

    assert (due["verdict"], due["reason"]) == ("is no longer wanted", "no longer found; its outputs stay")
    assert recorded["verdict"] == "is no longer wanted"
    assert "let go" in recorded["reason"]
    assert any(fact.startswith("recorded as succeeded") for fact in recorded["facts"])


def test_a_document_of_a_job_that_is_not_declared_any_more_is_explained(project: Project) -> None:
    project.applied()
    (project.root / "jobs/job.yaml").unlink()
    project.job(JOB.replace("name: job", "name: other").replace("root: in", "root: new"), "other")
    project.write({"new/c.txt": "three"})

    assert "no longer declared" in explained(project, "in/a.txt")["reason"]


def test_jobs_are_found_by_the_path_of_their_spec(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("out/", "more/"), "other")
    (project.root / "elsewhere").mkdir()
    (project.root / "jobs/other.yaml").rename(project.root / "elsewhere/other.yaml")

    assert explained(project, "in/a.txt")["job"] == "job"
    assert explained(project, "in/a.txt", "elsewhere")["job"] == "other"
    assert explained(project, "in/a.txt", "elsewhere/other.yaml")["job"] == "other"


def test_what_no_job_has_is_said_with_what_to_check(project: Project) -> None:
    ended = project.call("explain", "in/nothing.txt")

    assert ended.code == 64
    assert "no selected job has a document 'in/nothing.txt'" in ended.err
    assert "specs outside jobs/ are named behind it" in ended.err


def test_what_a_job_leaves_out_is_said_to_be_left_out(project: Project) -> None:
    project.job(JOB.replace('include: "**/*"', 'include: "**/*"\n  exclude: "b*"'))
    ended = project.call("explain", "in/b.txt")

    assert ended.code == 64
    assert "job 'job' leaves out 'in/b.txt', which is there" in ended.err


@contextmanager
def counted(calls: list[str]) -> Iterator[None]:

    def plan(*arguments: Any) -> Any:
        calls.append("plan")
        return planning.plan(*arguments)

    with mock.patch.object(plan_session, "plan", plan), mock.patch.object(read_plan, "plan", plan):
        yield


@pytest.mark.parametrize("command", [("plan",), ("apply",), ("explain", "in/a.txt")])
def test_one_function_makes_the_plan(project: Project, command: tuple[str, ...]) -> None:
    calls: list[str] = []

    with counted(calls):
        assert project.call(*command).code == 0

    assert calls == ["plan"]
