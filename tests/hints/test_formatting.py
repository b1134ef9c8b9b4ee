"""Hints of `docbatch fmt` and `docbatch test`."""

import io
import sys
from unittest import mock

from tests.cli.project import Project
from tests.hints.table import Hints, helps


@helps("'docbatch fmt' formats them")
def test_specs_that_are_not_formatted(project: Project, hints: Hints) -> None:
    project.write({"jobs/other.yaml": "name:   x\n"})
    told = project.call("fmt", "--check")

    assert hints.follow(project, told).code == 0
    assert project.call("fmt", "--check").code == 0


@helps("name a file, or pipe one into 'docbatch fmt -'")
def test_nothing_is_piped_in(project: Project, hints: Hints) -> None:
    terminal = io.TextIOWrapper(io.BytesIO())
    with mock.patch.object(sys, "stdin", terminal), mock.patch.object(terminal, "isatty", return_value=True):
        told = project.call("fmt", "-")
    assert told.code == 64

    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"name:   x\n"))):
        assert hints.follow(project, told).out == "name: x\n"


@helps("'docbatch test --update{}' records one")
def test_no_plan_is_recorded(project: Project, hints: Hints) -> None:
    told = project.call("test", "ci/plans")
    assert told.code == 64

    assert hints.follow(project, told).code == 0
    assert project.call("test", "ci/plans").code == 0


@helps("'docbatch test --update' records them as they are now, to be reviewed and committed")
def test_a_plan_is_not_as_recorded(project: Project, hints: Hints) -> None:
    project.call("test", "--update")
    project.write({"in/a.txt": "one"})
    told = project.call("test")
    assert told.code == 1

    assert hints.follow(project, told).code == 0
    assert project.call("test").code == 0


@helps(
    "{} The plan of all jobs where nothing is recorded. 'docbatch test' makes it again and compares.\n"
    "{} Made by docbatch {}, prices {}.\n"
)
def test_a_recorded_plan_says_what_reads_it(project: Project, hints: Hints) -> None:
    project.call("test", "--update")
    kept = (project.root / "tests/plans/all/plan.txt").read_text(encoding="utf-8")

    assert hints.see(kept) == ["test"]
    assert project.call("test").code == 0
