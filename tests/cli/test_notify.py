"""`notify:` through the real command: who is told of what, and that it changes nothing."""

import json
import sys
from typing import Any
from unittest import mock

import pytest

import docbatch
from docbatch.api.notified_run import INTERRUPTED_PATIENCE
from docbatch.cli.interruption import AT_ONCE, PATIENCE
from docbatch.state import lock
from tests.cli.pool_here import reading_here
from tests.cli.project import JOB, Project

TELL = """
import json, pathlib, sys
path = pathlib.Path("told.jsonl")
path.write_text((path.read_text() if path.exists() else "") + sys.stdin.read() + "\\n")
"""


def notifying(project: Project, on: str, *command: str) -> None:
    words = json.dumps(list(command) or [sys.executable, "tell.py"])
    project.write(
        {
            "docbatch.yaml": f"project: {{id: pabcdef012345}}\nnotify: [{{on: {on}, command: {words}}}]\n",
            "tell.py": TELL,
        }
    )
    project.job(JOB)


def told(project: Project) -> list[dict[str, Any]]:
    path = project.root / "told.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_end_of_a_run_that_did_something_is_told(project: Project) -> None:
    notifying(project, "[finished, failures]")
    project.write({"in/a.txt": "one"})

    project.applied()
    project.applied()

    (only,) = told(project)
    assert (only["on"], only["exit_code"], only["failed"]) == (["finished"], 0, 0)
    assert only["jobs"][0]["documents"] == 1


def test_failures_are_told_in_the_run_in_which_they_come(project: Project) -> None:
    notifying(project, "[failures]")
    project.write({"in/a.pdf": b"%PDF-1.4 nothing"})

    assert project.call("apply").code == 3
    assert project.call("apply").code == 3

    (only,) = told(project)
    assert (only["on"], only["failed"]) == (["failures"], 1)
    assert only["jobs"][0]["failures"][0]["path"] == "a.pdf"


def test_an_error_that_ends_a_run_is_told(project: Project) -> None:
    notifying(project, "[finished]")
    project.write({"docbatch.yaml": (project.root / "docbatch.yaml").read_text() + "guards: {max_new: 0}\n"})
    project.write({"in/a.txt": "one", "jobs/job.yaml": JOB.replace("local", "extend")})

    ended = project.call("apply")

    assert ended.code == 6, ended.err
    (only,) = told(project)
    assert only["exit_code"] == 6
    assert only["errors"]


def test_who_cannot_be_told_is_a_trouble_and_no_more(project: Project) -> None:
    notifying(project, "[finished]", "/no/such/program")
    project.write({"in/a.txt": "one"})

    ended = project.call("apply")

    assert ended.code == 0
    assert "notify[0]: the command '/no/such/program' could not be started" in ended.err
    assert project.outputs() == {"a.txt.md": b"one\n"}


def test_whoever_asks_for_failures_hears_of_an_error_as_well(project: Project) -> None:
    notifying(project, "[failures, budget]")
    project.write({"in/a.txt": "one"})
    project.call("apply")
    (project.root / "in/a.txt").unlink()

    assert project.call("apply").code == 6

    (only,) = told(project)
    assert (only["on"], only["exit_code"], only["failed"]) == (["failures"], 6, 0)


def test_a_run_that_finds_another_at_work_is_told(project: Project) -> None:
    notifying(project, "[finished, failures]")
    project.write({"in/a.txt": "one"})
    project.call("apply")
    project.write({"in/b.txt": "two"})

    with lock.hold(project.root / ".docbatch/lock"):
        assert project.call("apply").code == 11

    assert [(each["on"], each["exit_code"]) for each in told(project)] == [
        (["finished"], 0),
        (["finished", "failures"], 11),
    ]
    assert "the state is locked by another run (exit code 11)" in told(project)[1]["text"]


def test_a_run_that_somebody_ends_is_told_as_interrupted(project: Project) -> None:
    notifying(project, "[finished, failures]")
    project.write({"in/a.txt": "one"})
    stop = docbatch.Interruption()

    def agree(_plan: docbatch.PlanReport) -> bool:
        stop.ask()
        return True

    with reading_here():
        outcome = docbatch.open_project(project.root).apply(agree=agree, stop=stop)

    assert outcome.exit_code == 130
    (only,) = told(project)
    assert (only["on"], only["exit_code"], only["errors"]) == (["finished"], 130, [])
    assert "interrupted" in only["text"]


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (KeyboardInterrupt(), 130, []),
        (ZeroDivisionError("s3cret"), 1, ["something that is not expected ended the run: ZeroDivisionError"]),
    ],
)
def test_whatever_ends_a_run_is_told_without_its_words(
    project: Project, error: BaseException, exit_code: int, said: list[str]
) -> None:
    notifying(project, "[finished]")
    project.write({"in/a.txt": "one"})

    with mock.patch("docbatch.api.callbacks.apply", side_effect=error), pytest.raises(type(error)):
        docbatch.open_project(project.root).apply()

    (only,) = told(project)
    assert (only["exit_code"], only["errors"]) == (exit_code, said)


def test_what_a_program_raises_itself_is_told_to_nobody_else(project: Project) -> None:
    notifying(project, "[finished, failures]")
    project.write({"in/a.txt": "one"})

    def agree(_plan: docbatch.PlanReport) -> bool:
        raise RuntimeError("the person left")

    with pytest.raises(RuntimeError, match="the person left"):
        docbatch.open_project(project.root).apply(agree=agree)

    assert told(project) == []


def test_after_ctrl_c_who_hangs_is_waited_for_as_long_as_a_run_has_to_end(project: Project) -> None:
    notifying(project, "[finished]", sys.executable, "-c", "import time; time.sleep(60)")
    project.write({"in/a.txt": "one"})
    heard: list[object] = []

    with (
        mock.patch("docbatch.api.callbacks.apply", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        docbatch.open_project(project.root).apply(on_event=heard.append)

    (trouble,) = heard
    assert isinstance(trouble, docbatch.Trouble)
    assert f"took longer than {INTERRUPTED_PATIENCE:g} s" in trouble.message
    assert min(AT_ONCE, PATIENCE) > INTERRUPTED_PATIENCE
