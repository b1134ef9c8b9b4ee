"""Outputs that are not as they were left: named in the plan, written again free, edited copies kept."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.project import JOB, Project
from tests.kept_results import kept_results


@pytest.fixture
def delivered(project: Project) -> Project:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    return project


def trash(project: Project) -> list[bytes]:
    folder = project.root / ".docbatch/trash"
    return [path.read_bytes() for path in folder.glob("*") if path.name != "index.jsonl"]


@pytest.mark.parametrize(("content", "kept"), [(b"edited by hand", [b"edited by hand"]), (b"o", [b"o"])])
def test_an_edited_output_goes_to_the_trash_and_is_written_again(
    delivered: Project, content: bytes, kept: list[bytes]
) -> None:
    delivered.write({"out/a.txt.md": content})

    plan = delivered.call("plan", "--verbose").out
    assert "1 to be written, free of charge: its output was edited\n      a.txt\n" in plan
    assert "edited; apply moves" in delivered.call("explain", "in/a.txt").out
    assert delivered.applied().processed == 0
    assert delivered.outputs() == {"a.txt.md": b"one\n", "b.txt.md": b"two\n"}
    assert trash(delivered) == kept
    index = (delivered.root / ".docbatch/trash/index.jsonl").read_text()
    assert json.loads(index)["output"] == str(delivered.root / "out/a.txt.md")


def test_a_deleted_output_is_written_again(delivered: Project) -> None:
    (delivered.root / "out/a.txt.md").unlink()

    assert "its output is gone\n      a.txt\n" in delivered.call("plan", "--verbose").out
    assert delivered.applied().processed == 0
    assert delivered.outputs() == {"a.txt.md": b"one\n", "b.txt.md": b"two\n"}
    assert trash(delivered) == []


def test_all_outputs_deleted_are_written_again(delivered: Project) -> None:
    for path in (delivered.root / "out").iterdir():
        path.unlink()
    (delivered.root / "out").rmdir()

    assert delivered.applied().processed == 0
    assert len(delivered.outputs()) == 2


def test_outputs_that_someone_consumes_are_let_go(project: Project) -> None:
    project.job(JOB + "    on_missing: ignore\n")
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    (project.root / "out/a.txt.md").unlink()

    assert "Nothing is due." in project.call("plan").out
    assert list(project.outputs()) == ["b.txt.md"]


@pytest.mark.parametrize(
    ("sink", "name"),
    [("{type: jsonl, path: out/all.jsonl}", "all.jsonl"), ("{type: sqlite, path: out/all.db}", "all.db")],
)
def test_a_jobs_one_output_comes_back_when_it_is_deleted(project: Project, sink: str, name: str) -> None:
    project.job(JOB.partition("sink:")[0] + f"sink:\n  - {sink}\n")
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    for path in (project.root / "out").iterdir():
        path.unlink()

    assert project.call("plan", "--detailed-exitcode").code == 2
    assert project.applied().processed == 0
    assert (project.root / "out" / name).exists()
    assert "Nothing is due." in project.call("plan").out


def test_an_edited_jsonl_is_kept_and_written_again(project: Project) -> None:
    project.job(JOB.partition("sink:")[0] + "sink:\n  - {type: jsonl, path: out/all.jsonl}\n")
    project.write({"in/a.txt": "one"})
    project.applied()
    whole = project.outputs()
    project.write({"out/all.jsonl": b"cut"})

    assert project.applied().processed == 0
    assert project.outputs() == whole
    assert trash(project) == [b"cut"]


def test_a_file_of_all_results_is_whole_again_after_one_was_lost(project: Project) -> None:
    project.job(JOB.partition("sink:")[0] + "sink:\n  - {type: jsonl, path: out/all.jsonl}\n")
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    whole = project.outputs()
    lost, *_ = kept_results(project.root / ".docbatch")
    lost.remove()
    (project.root / "out/all.jsonl").unlink()

    ended = project.applied()

    assert ended.processed == 1
    assert '"type": "resultslost", "job": "job", "documents": 1, "read_again": 1' in ended.out
    assert project.outputs() == whole
    assert "Nothing is due." in project.call("plan").out


def test_a_file_in_an_outputs_place_that_is_not_ours_is_kept(project: Project) -> None:
    project.write({"in/a.txt": "one", "out/a.txt.md": "someone's own notes"})

    project.applied("--allow", "overwritten")

    assert project.outputs() == {"a.txt.md": b"one\n"}
    assert trash(project) == [b"someone's own notes"]


def test_outputs_of_an_earlier_sink_are_never_sources(delivered: Project) -> None:
    moved = JOB.replace("root: in", "root: .").replace('"**/*"', '"**/*.md"')
    delivered.job(moved.replace("out/{{ doc.path }}.md", "new/{{ doc.path }}.txt"))
    delivered.write({"mine.md": "my own"})

    assert "Will send 1 document" in delivered.call("plan").out
    assert delivered.applied().processed == 1
    assert delivered.outputs("new") == {"mine.md.txt": b"my own\n"}


def test_outputs_are_never_sources(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.job(JOB.replace("root: in", "root: .").replace('"**/*"', '"**/*.md"'))
    project.write({"a.md": "one"})

    refused = project.call("plan")

    assert refused.code == 64
    assert "jobs/job.yaml:" in refused.err


def test_a_deleted_database_is_filled_again_beside_a_document_that_can_no_longer_be_read(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    project.job(
        JOB.replace("type: files", "type: sqlite")
        .replace("out/{{ doc.path }}.md", "out/all.db")
        .replace("    format: markdown\n", "")
    )
    project.write({"in/a.txt": "one", "in/c.txt": "three"})
    project.applied()
    project.write({"in/c.txt": ""})
    assert project.call("apply").code == 3
    (tmp_path / "out/all.db").unlink()

    assert project.call("apply").code == 3
    with contextlib.closing(sqlite3.connect(tmp_path / "out/all.db")) as database:
        assert database.execute("SELECT path FROM documents").fetchall() == [("a.txt",)]
