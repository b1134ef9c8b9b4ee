"""`docbatch state mv`: what is recorded follows a job, a document and a connection under another name."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.state.submissions import Submissions
from tests.cli.project import JOB, Project
from tests.providers.extend.project import extend_project


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []


@pytest.fixture
def read(project: Project) -> Project:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    return project


def undo(project: Project, told: str) -> str:
    """Run what a move says undoes it."""
    (line,) = [line for line in told.splitlines() if line.endswith("undoes it")]
    ended = project.call(*line.split("'")[1].removeprefix("docbatch ").split())
    assert ended.code == 0
    return ended.out


def actions(project: Project) -> list[tuple[str, int]]:
    """Return what a plan would do, but for what stands."""
    (plan,) = project.call("plan", "--format", "json").lines
    return [(line["action"], line["documents"]) for line in plan["lines"] if line["action"] != "unchanged"]


def test_the_outputs_of_a_renamed_job_stay_as_they_are(read: Project) -> None:
    before = {path: (read.root / "out" / path).stat().st_mtime_ns for path in read.outputs()}
    told = read.call("state", "mv", "job", "job", "letters", "--dry-run")
    assert told.out == "job job, 2 documents, would be letters from now on\n"
    assert "job\ta.txt" in read.call("state", "list").out

    moved = read.call("state", "mv", "job", "job", "letters")
    read.job(JOB.replace("name: job", "name: letters"))
    again = read.applied()

    assert moved.code == 0
    assert again.processed == 0
    assert "letters\ta.txt\tsucceeded\n" in read.call("state", "list").out
    assert {path: (read.root / "out" / path).stat().st_mtime_ns for path in read.outputs()} == before
    assert not (read.root / ".docbatch/trash").exists()
    assert read.call("state", "check").code == 0
    undo(read, moved.out)
    assert "job\ta.txt\tsucceeded\n" in read.call("state", "list").out


def test_a_document_keeps_what_was_recorded_under_another_path(read: Project) -> None:
    (read.root / "in/a.txt").rename(read.root / "in/z.txt")
    (read.root / "in/z.txt").write_text("one, and edited while it was renamed")

    moved = read.call("state", "mv", "document", "job", "a.txt", "z.txt")

    assert moved.code == 0
    assert "job\tz.txt\tsucceeded\n" in read.call("state", "list").out
    assert read.applied().processed == 1
    assert "z.txt.md" in read.outputs()
    assert read.call("state", "check").code == 0
    undo(read, moved.out)
    assert "job\ta.txt\tsucceeded\n" in read.call("state", "list").out


def left(project: Project) -> str:
    return project.call("prune", "--dry-run").out


@pytest.mark.parametrize("content", ["one", "one, and edited while it was renamed"])
def test_the_output_of_a_moved_document_goes_by_its_new_name_and_the_old_one_is_ours(
    read: Project, content: str
) -> None:
    (read.root / "in/a.txt").rename(read.root / "in/z.txt")
    (read.root / "in/z.txt").write_text(content)
    read.call("state", "mv", "document", "job", "a.txt", "z.txt")
    read.applied()

    assert read.outputs()["z.txt.md"] == f"{content}\n".encode()
    assert "would be removed: out/a.txt.md (job: a.txt): its document is gone" in left(read)
    assert "docbatch did not write it" not in read.call("drift").out
    assert actions(read) == []
    assert read.call("prune", "--yes", "--allow", "pruned").code == 0
    assert sorted(read.outputs()) == ["b.txt.md", "z.txt.md"]
    assert read.call("state", "check").code == 0


def test_a_document_that_is_moved_back_has_its_output_again(read: Project) -> None:
    before = (read.root / "out/a.txt.md").stat().st_mtime_ns

    undo(read, read.call("state", "mv", "document", "job", "a.txt", "z.txt").out)

    assert actions(read) == []
    assert (read.root / "out/a.txt.md").stat().st_mtime_ns == before
    assert "nothing is left over" in left(read)


@pytest.mark.parametrize("pruned", [True, False])
def test_a_document_that_is_moved_back_after_a_run_leaves_the_other_output(
    read: Project, *, pruned: bool
) -> None:
    (read.root / "in/a.txt").rename(read.root / "in/z.txt")
    moved = read.call("state", "mv", "document", "job", "a.txt", "z.txt")
    read.applied()
    if pruned:
        read.call("prune", "--yes", "--allow", "pruned")
    (read.root / "in/z.txt").rename(read.root / "in/a.txt")
    undo(read, moved.out)
    read.applied()

    assert read.outputs()["a.txt.md"] == b"one\n"
    assert "would be removed: out/z.txt.md" in left(read)
    assert actions(read) == []


def test_a_connection_keeps_its_work_under_another_name(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    vendor.latency = 3600
    project.call("apply", "--no-wait")
    for name in ("docbatch.yaml", "jobs/job.yaml"):
        text = (tmp_path / name).read_text()
        project.write(
            {
                name: text.replace("  extend:", "  scans:\n    type: extend").replace(
                    "provider: extend", "provider: scans"
                )
            }
        )

    moved = project.call("state", "mv", "connection", "extend", "scans")
    for run in vendor.runs.values():
        run.ends = 0.0
    project.applied()

    assert moved.code == 0
    assert len(vendor.ledger) == len(set(vendor.ledger)) == 3
    assert project.call("state", "check").code == 0
    assert '"scans"' in project.call("costs", "--json").out or "scans" in project.call("costs").out
    undo(project, moved.out)
    assert project.call("state", "check").code == 0


def test_a_connection_whose_last_create_is_not_answered_keeps_its_name(
    tmp_path: Path, vendor: ExtendEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = extend_project(tmp_path, vendor, grace=30)

    def die(*_anything: object) -> None:
        raise StateError("the answer is lost")

    with monkeypatch.context() as patch:
        patch.setattr(Submissions, "accept", die)
        project.call("apply")
    refused = project.call("state", "mv", "connection", "extend", "scans")

    assert refused.code == 64
    assert "reached the vendor is not known yet" in refused.err


def test_what_is_taken_or_unknown_is_refused(read: Project) -> None:
    for command, says in {
        ("job", "nobody", "other"): "the state knows no job 'nobody'",
        ("job", "job", "job"): "the state knows job 'job' already",
        ("job", "job", "No Name"): "cannot be the name of a job",
        ("document", "job", "a.txt", "b.txt"): "the state knows document 'b.txt' of job 'job' already",
        ("document", "job", "c.txt", "d.txt"): "job 'job' has no document 'c.txt'",
        ("document", "job", "a.txt", "../d.txt"): "cannot be the path of a document",
        ("document", "job", "a.txt", "/d.txt"): "cannot be the path of a document",
        ("connection", "nobody", "other"): "the state knows no connection 'nobody'",
        ("connection", "local", "local"): "the state knows connection 'local' already",
    }.items():
        refused = read.call("state", "mv", *command)
        assert (refused.code, says in refused.err) == (64, True), (command, refused.err)
    assert actions(read) == []


def test_lines_and_rows_say_the_new_name_of_a_job(project: Project) -> None:
    sinks = "  - {type: jsonl, path: lists/all.jsonl}\n  - {type: sqlite, path: lists/all.db}\n"
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.job(JOB + sinks)
    project.applied()

    project.call("state", "mv", "job", "job", "letters")
    project.job(JOB.replace("name: job", "name: letters") + sinks)
    again = project.applied()

    assert again.processed == 0
    lines = (project.root / "lists/all.jsonl").read_text().splitlines()
    assert [json.loads(line)["job"] for line in lines] == ["letters", "letters"]
    with closing(sqlite3.connect(project.root / "lists/all.db")) as database:
        rows = database.execute("SELECT path FROM documents WHERE job = 'letters' ORDER BY path").fetchall()
    assert rows == [("a.txt",), ("b.txt",)]
    assert actions(project) == []


SHARED = "  - {type: sqlite, path: lists/all.db}\n"


def rows(project: Project, what: str = "job, path") -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(project.root / "lists/all.db")) as database:
        return database.execute(f"SELECT {what} FROM documents ORDER BY job, path").fetchall()


@pytest.fixture
def shared(project: Project) -> Project:
    """Return a project whose two jobs share a table."""
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.job(JOB + SHARED)
    project.job(JOB.replace("name: job", "name: beside").replace("out/", "other/") + SHARED, "beside")
    project.applied()
    return project


def named_letters(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: letters") + SHARED)


def test_rows_in_a_shared_table_are_those_of_the_renamed_job(shared: Project) -> None:
    with closing(sqlite3.connect(shared.root / "lists/all.db")) as database, database:
        database.execute("ALTER TABLE documents ADD COLUMN seen TEXT")
        database.execute("UPDATE documents SET seen = 'yes' WHERE job = 'job'")
    shared.applied()

    shared.call("state", "mv", "job", "job", "letters")
    named_letters(shared)
    again = shared.applied()

    assert again.processed == 0
    assert rows(shared) == [(job, path) for job in ("beside", "letters") for path in ("a.txt", "b.txt")]
    assert [seen for (seen,) in rows(shared, "seen")] == [None, None, "yes", "yes"]
    assert not (shared.root / ".docbatch/trash").exists()
    assert shared.call("apply").code == 0
    assert actions(shared) == []
    assert shared.call("drift").code == 0


def test_an_edited_row_of_a_renamed_job_is_kept_in_the_trash(shared: Project) -> None:
    with closing(sqlite3.connect(shared.root / "lists/all.db")) as database, database:
        database.execute("UPDATE documents SET text = 'mine' WHERE job = 'job' AND path = 'a.txt'")

    shared.call("state", "mv", "job", "job", "letters")
    named_letters(shared)
    shared.applied()

    assert "mine" not in [text for (text,) in rows(shared, "text")]
    assert any("mine" in path.read_text() for path in (shared.root / ".docbatch/trash").glob("*.json"))


def test_a_job_that_takes_the_former_name_keeps_its_rows(shared: Project) -> None:
    shared.call("state", "mv", "job", "job", "letters")
    named_letters(shared)
    shared.job(JOB.replace("out/", "third/") + SHARED, "third")
    shared.applied()

    names = ("beside", "job", "letters")
    assert rows(shared) == [(job, path) for job in names for path in ("a.txt", "b.txt")]
    assert actions(shared) == []


def test_a_job_that_is_moved_twice_and_back_has_its_rows_once(shared: Project) -> None:
    for old, new in (("job", "first"), ("first", "second"), ("second", "job")):
        shared.call("state", "mv", "job", old, new)
    shared.applied()

    assert rows(shared) == [(job, path) for job in ("beside", "job") for path in ("a.txt", "b.txt")]


@pytest.mark.parametrize("content", ["one", "another"])
def test_rows_and_lines_of_a_moved_document_bear_its_path(shared: Project, content: str) -> None:
    shared.job(JOB + SHARED + "  - {type: jsonl, path: lists/all.jsonl}\n")
    shared.applied()
    (shared.root / "in/a.txt").rename(shared.root / "in/z.txt")
    (shared.root / "in/z.txt").write_text(content)
    for job in ("job", "beside"):
        shared.call("state", "mv", "document", job, "a.txt", "z.txt")
    shared.applied()

    assert rows(shared) == [(job, path) for job in ("beside", "job") for path in ("b.txt", "z.txt")]
    lines = (shared.root / "lists/all.jsonl").read_text().splitlines()
    assert [json.loads(line)["document"]["path"] for line in lines] == ["b.txt", "z.txt"]
    assert actions(shared) == []
    assert shared.call("state", "check").code == 0


def test_what_was_pruned_before_a_job_was_renamed_comes_back(read: Project) -> None:
    (read.root / "in/a.txt").unlink()
    read.applied()
    read.call("prune", "--yes", "--allow", "pruned")
    assert not (read.root / "out/a.txt.md").exists()

    read.call("state", "mv", "job", "job", "letters")
    ended = read.call("prune", "--restore")

    assert ended.code == 0
    assert (read.root / "out/a.txt.md").exists(), ended.out
    told = read.call("drift")
    assert told.code == 0
    assert "1 output looked at" in told.out
    assert (
        "1 output that nothing wants any more is not compared; 'docbatch prune --dry-run' names it"
        in told.out + told.err
    )
    assert "out/a.txt.md" in left(read)
    (read.root / "out/a.txt.md").unlink()
    assert "nothing wants" not in read.call("drift").out
