"""`notify:` through the real command: who is told of what, and that it changes nothing."""

import json
import sys
from typing import Any

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
