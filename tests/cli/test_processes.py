"""What takes real processes to see: signals, pipes, two runs at once, what goes to which stream."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.project import Project, gone

HEAD = f"{sys.executable} -m docbatch %s | head -n 1; exit ${{PIPESTATUS[0]}}"


def many(project: Project) -> None:
    """Write documents whose processing takes longer than starting the engine."""
    project.write({f"in/{number}.md": f"# {number}\n" + "word " * 2000 for number in range(100)})


def started(project: Project, **options: object) -> "subprocess.Popen[str]":
    """Start an apply and return once the provider has its first documents."""
    process = project.start("apply", "--json", **options)
    assert process.stdout is not None
    assert any('"accepted"' in line for line in process.stdout)
    return process


@contextmanager
def stopped(project: Project) -> Iterator["subprocess.Popen[str]"]:
    """Hold a run still in the middle of its work; let it go on afterwards, to its end."""
    process = started(project)
    process.send_signal(signal.SIGSTOP)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_ctrl_c_ends_a_run_that_the_same_command_finishes(project: Project) -> None:
    many(project)
    process = started(project, start_new_session=True)

    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=10)

    assert process.returncode == 130
    assert err == "interrupted: nothing is left with a vendor; run 'docbatch apply --json' to resume\n"
    assert gone(project.root, process.pid)
    project.applied()
    assert len(project.outputs()) == 100
    assert project.call("state", "check").code == 0


def test_sigterm_leaves_nothing_running_and_nothing_lost(project: Project) -> None:
    many(project)
    process = started(project)

    process.terminate()
    process.communicate(timeout=10)

    assert gone(project.root, process.pid)
    project.applied()
    assert len(project.outputs()) == 100


def test_a_second_run_at_the_same_time_names_the_first_and_ends(project: Project) -> None:
    many(project)
    with stopped(project) as first:
        second = project.run("apply")
        unlock = project.call("state", "unlock")
        retry = project.call("retry")

    assert second.returncode == 11
    assert f"locked by process {first.pid} on " in second.stderr
    assert (unlock.code, retry.code) == (11, 11)
    assert len(project.outputs()) == 100


def test_while_a_run_goes_on_others_may_look(project: Project) -> None:
    many(project)
    with stopped(project) as first:
        status = project.call("status")
        plan = project.call("plan")
        backup = project.call("state", "backup", "copy.db")
        check = project.call("state", "check")

    assert f"a run is going on: process {first.pid} on " in status.out
    assert (plan.code, backup.code, check.out) == (0, 0, "the state is sound\n")


def piped(project: Project, command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", HEAD % command],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("plan --all", 0),
        ("plan --all --detailed-exitcode", 2),
        ("schema", 0),
        ("apply --json", 0),
        ("apply 2>&1", 0),
    ],
)
def test_a_reader_that_leaves_is_no_error(project: Project, command: str, code: int) -> None:
    project.write({f"in/{number}-{'long' * 20}.txt": str(number) for number in range(3000 if code else 70)})

    ended = piped(project, command)

    assert (ended.returncode, ended.stderr) == (code, "")
    assert len(ended.stdout.splitlines()) == 1


def test_a_run_whose_reader_left_goes_on_to_its_end(project: Project) -> None:
    project.write({f"in/{number}.txt": str(number) for number in range(70)})
    piped(project, "apply --json")

    assert len(project.outputs()) == 70


def test_results_go_to_stdout_and_diagnostics_to_stderr(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    (project.root / "out").write_bytes(b"in the way")

    ended = project.run("apply")

    assert ended.returncode == 1
    assert "Will send 1 document" in ended.stdout
    assert "out" not in ended.stdout.replace("outputs", "").replace("without", "")
    assert "the sink's folder" in ended.stderr
    assert "apply" in ended.stderr


def test_a_refusal_goes_to_stderr_alone(project: Project) -> None:
    (project.root / "in").mkdir()

    ended = project.run("plan")

    assert (ended.returncode, ended.stdout) == (6, "")
    assert ended.stderr.startswith("error: ")


def test_a_terminal_without_unicode_is_no_error(project: Project) -> None:
    project.write({"in/Zürich →.txt": "one"})
    project.applied()
    (project.root / "out/Zürich →.txt.md").unlink()

    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONWARNINGS": "error"}
    ended = project.run("plan", env=environment, encoding="latin-1")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\\u2192 deliver: 1 to be written" in ended.stdout


@pytest.mark.parametrize("color", [{"NO_COLOR": "1"}, {}])
def test_no_colour_reaches_a_file(project: Project, color: dict[str, str]) -> None:
    project.write({"in/a.txt": "one", "in/empty.txt": ""})
    plain = {name: text for name, text in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}

    ended = project.run("apply", env={**plain, **color})

    assert ended.returncode == 3
    assert "\x1b" not in ended.stdout + ended.stderr


def test_the_version_is_one_line(project: Project) -> None:
    ended = project.run("--version")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("docbatch ")
