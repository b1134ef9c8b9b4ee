"""Documents that cannot be sent, and such that change under the run: each fails alone or is planned again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from docbatch.core.report import PlanReport
from docbatch.engine.planning.plan_report import plan_report
from docbatch.engine.planning.record_changes import record_changes
from tests.cli.project import JOB, Project


def test_an_empty_file_fails_without_being_sent(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/empty.txt": ""})

    ended = project.call("apply", "--json")

    assert (ended.code, ended.processed) == (3, 1)
    assert "cannot be sent: empty.txt: empty: has no bytes" in project.call("status").out


def test_failures_are_told_by_every_apply_until_they_are_gone(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/bad.pdf": b"%PDF-1.7\n"})

    first, second = project.call("apply"), project.call("apply")
    (project.root / "in/bad.pdf").unlink()

    assert (first.code, second.code) == (3, 3)
    assert "failed: bad.pdf: corrupt" in second.out
    assert project.call("apply", "--json").code == 0


def test_special_files_are_skipped_by_name_and_never_opened(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    os.mkfifo(project.root / "in/pipe")

    ended = project.call("apply")

    assert ended.code == 0
    assert "skipped: not a regular file" in ended.out
    assert "pipe  (is a named pipe, not a regular file)" in ended.out
    assert "is skipped" in project.call("explain", "in/pipe").out


def test_a_loop_of_links_ends(project: Project) -> None:
    project.write({"in/deep/a.txt": "one"})
    (project.root / "in/deep/up").symlink_to("..")

    project.applied()

    assert project.outputs() == {"deep/a.txt.md": b"one\n"}


def test_a_file_that_is_no_longer_broken_is_sent(project: Project) -> None:
    project.write({"in/a.txt": ""})
    assert project.call("apply").code == 3
    project.write({"in/a.txt": "one"})

    assert project.applied().processed == 1
    assert project.outputs() == {"a.txt.md": b"one\n"}


def test_names_cannot_steer_a_terminal_or_break_a_line(project: Project) -> None:
    project.write({"in/line\nbreak\x1b[31m.txt": "one", "in/\u202etxt.exe": "two", "in/empty\x07.txt": ""})

    said = [
        project.call(*command)
        for command in (("plan", "--verbose"), ("apply",), ("status",), ("state", "list"))
    ]

    assert all(
        "\x1b" not in each.out and "\x07" not in each.out and "\u202e" not in each.out for each in said
    )
    assert "      line\\nbreak\\x1b[31m.txt\n" in said[0].out
    assert len(said[3].out.splitlines()) == 3


def test_names_that_are_not_text_survive(project: Project) -> None:
    (project.root / "in").mkdir()
    Path(os.fsdecode(os.fsencode(project.root) + b"/in/\xff.txt")).write_text("one")

    project.applied()

    assert "%FF.txt" in project.call("state", "list").out
    assert list(project.outputs()) == ["%FF.txt.md"]
    assert "is done" in project.call("explain", "%FF.txt").out


@contextmanager
def between_plan_and_send(change: Path, content: bytes) -> Iterator[None]:
    """Change a file at the moment when the plan has been shown and nothing is sent yet."""

    def adopt_and_change(*arguments: Any, **options: Any) -> None:
        record_changes(*arguments, **options)
        change.write_bytes(content)

    with mock.patch("docbatch.engine.planning.plan_session.record_changes", adopt_and_change):
        yield


def test_a_file_that_changes_between_plan_and_send_is_planned_again(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})

    with between_plan_and_send(project.root / "in/a.txt", b"another one"):
        ended = project.call("apply")

    assert ended.code == 0, ended.out + ended.err
    assert "a.txt" in ended.err
    assert "planned again" in ended.err
    assert project.outputs() == {"a.txt.md": b"another one\n", "b.txt.md": b"two\n"}
    assert "Nothing is due." in project.call("plan").out


def test_a_job_that_was_not_selected_is_left_alone_when_a_shared_file_changes(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")
    project.write({"in/a.txt": "one"})
    project.call("apply", "--max-new", "0")
    change = project.root / "in/a.txt"

    with between_plan_and_send(change, b"another one"):
        ended = project.call("apply", "jobs/job.yaml")

    assert ended.code == 0, ended.out + ended.err
    assert project.outputs() == {"a.txt.md": b"another one\n"}
    project.applied()
    assert project.outputs("other") == {"a.txt.md": b"another one\n"}


def test_a_file_that_goes_between_plan_and_send_fails_alone(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})

    def remove_and_forecast(*arguments: object) -> PlanReport:
        (project.root / "in/a.txt").unlink(missing_ok=True)
        return plan_report(*arguments)  # type: ignore[arg-type]

    with mock.patch("docbatch.engine.running.apply.plan_report", remove_and_forecast):
        ended = project.call("apply")

    assert ended.code == 3
    assert "a.txt: unreadable" in ended.out
    assert project.outputs() == {"b.txt.md": b"two\n"}
    project.applied()


def test_one_jobs_bad_documents_do_not_keep_another_job_from_its_end(project: Project) -> None:
    project.job(
        JOB.replace("name: job", "name: other")
        .replace("root: in", "root: other-in")
        .replace("out/", "other/"),
        "other",
    )
    project.write({"in/bad.pdf": b"%PDF-1.7\n", "other-in/a.txt": "one"})

    assert project.call("apply").code == 3
    assert project.outputs("other") == {"a.txt.md": b"one\n"}
