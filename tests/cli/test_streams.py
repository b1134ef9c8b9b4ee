"""Standard streams that are closed or full, and a folder that is gone: a sentence, and nothing of the state harmed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.project import JOB, Project


@pytest.fixture
def prepared(project: Project) -> Project:
    project.job(JOB)
    project.write({"in/a.txt": "one"})
    return project


def in_shell(
    project: Project, command: str, *, folder: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command line in which `docbatch` is the real command."""
    docbatch = f"'{sys.executable}' -m docbatch"
    return subprocess.run(
        ["/bin/sh", "-c", command.replace("docbatch", docbatch)],
        cwd=folder or project.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_a_run_without_standard_streams_does_its_work(prepared: Project, closed: str) -> None:
    ended = in_shell(prepared, f"docbatch apply {closed}")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert prepared.outputs() == {"a.txt.md": b"one\n"}
    assert prepared.call("state", "check").out == "the state is sound\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
class TestFull:
    def test_a_run_whose_report_finds_no_room_goes_on_and_says_so(self, prepared: Project) -> None:
        ended = in_shell(prepared, "docbatch apply > /dev/full")

        assert ended.returncode == 1
        assert ended.stderr.startswith("error: standard output cannot be written: no space left on device\n")
        assert prepared.outputs() == {"a.txt.md": b"one\n"}

    @pytest.mark.parametrize("command", ["validate", "--help"])
    def test_any_other_command_says_so_too(self, prepared: Project, command: str) -> None:
        ended = in_shell(prepared, f"docbatch {command} > /dev/full")

        assert ended.returncode == 1
        assert ended.stderr.startswith("error: standard output cannot be written")
        assert "Traceback" not in ended.stderr

    def test_messages_that_find_no_room_change_no_exit_code(self, prepared: Project) -> None:
        assert in_shell(prepared, "docbatch plan nowhere 2> /dev/full").returncode == 64


@pytest.mark.parametrize("command", ["plan", "init", "state check"])
def test_a_folder_that_is_gone_is_a_sentence(project: Project, command: str) -> None:
    (project.root / "gone").mkdir()

    ended = in_shell(project, f"rmdir ../gone; docbatch {command}", folder=project.root / "gone")

    assert ended.returncode == 64
    assert ended.stderr.startswith("error: the current folder is gone\n  go to the project's folder")


def test_from_a_folder_that_is_gone_another_can_be_named(prepared: Project) -> None:
    (prepared.root / "gone").mkdir()

    ended = in_shell(
        prepared, f"rmdir ../gone; docbatch -C '{prepared.root}' validate", folder=prepared.root / "gone"
    )

    assert (ended.returncode, ended.stdout) == (0, "valid: job\n")


def test_what_is_told_while_a_run_goes_on_is_not_told_again(prepared: Project) -> None:
    prepared.call("apply")
    (prepared.root / "out/a.txt.md").unlink()
    (prepared.root / "out/a.txt.md").mkdir()

    ended = prepared.call("apply")

    assert ended.code == 1
    assert ended.err.count("is a folder; move it away") == 1


def test_paths_beside_a_plan_of_all_jobs_are_refused_with_what_to_do(prepared: Project) -> None:
    prepared.call("plan", "--out", "plan.json")

    ended = prepared.call("apply", "--plan", "plan.json", "jobs/job.yaml")

    assert ended.code == 64
    assert "it was made for all jobs: name no paths beside it, or make a plan for these" in ended.err
