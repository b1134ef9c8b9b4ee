"""`docbatch emulate`: what it says, how it ends, and what it refuses."""

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from docbatch.emulators.rehearsal import stages
from tests.cli.project import Project, gone
from tests.emulators.rehearsing import write

SHOW = "import os; print('led to', os.environ['EXTEND_BASE_URL'], os.environ['EXTEND_API_KEY']); raise SystemExit(7)"

CREATE = 11
"""The request that costs money, after eight looks for work of the project and two uploads."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({"in/a.txt": "one", "in/b.txt": "two"})
    write(made, "extend")
    return made


def serving(project: Project) -> tuple["subprocess.Popen[str]", str]:
    """Start the command and return it with the address it tells to export."""
    process = project.start("emulate", "extend", "--port", "0")
    assert process.stdout is not None
    said = (re.match(r"  export EXTEND_BASE_URL=(http://127\.0\.0\.1:\d+)$", line) for line in process.stdout)
    return process, next(found[1] for found in said if found)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted_and_leaves_nothing_running(
    project: Project, number: signal.Signals
) -> None:
    process, address = serving(project)
    with urllib.request.urlopen(f"{address}/ledger") as answer:
        assert answer.read() == b"[]"

    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert "Nothing would have been paid." in out
    assert gone(project.root, process.pid)


def test_a_command_is_led_to_the_service_and_its_exit_code_is_returned(project: Project) -> None:
    ended = project.call(
        "emulate", "extend", "--port", "0", "--", sys.executable, "-c", "raise SystemExit(7)"
    )
    shown = project.run("emulate", "extend", "--port", "0", "--", sys.executable, "-c", SHOW)

    assert ended.code == 7
    assert re.search(r"^led to http://127\.0\.0\.1:\d+ rehearsal$", shown.stdout, re.MULTILINE)


def test_apply_in_bad_weather_pays_each_document_once(project: Project) -> None:
    command = ("--", sys.executable, "-m", "docbatch", "apply")
    ended = project.run("emulate", "extend", "--port", "0", "--fault", f"lost:{CREATE}", *command)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Would have been paid: 2 documents, 2 pages\n  parse     a.txt: 1 page\n" in ended.stdout
    assert "times" not in ended.stdout
    assert project.outputs() == {"a.txt.text": b"one\n", "b.txt.text": b"two\n"}


@pytest.mark.parametrize("fault", ["lost", "lost:0", "lost:x", "storm:1", "kill_after:1", ":3"])
def test_a_fault_that_there_is_not_is_refused(project: Project, fault: str) -> None:
    ended = project.call("emulate", "extend", "--fault", fault)

    assert ended.code == 64
    assert fault in ended.err
    assert "NAME:NUMBER" in ended.err


def test_a_command_that_would_reach_the_real_service_is_not_run(project: Project) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    project.write(
        {"docbatch.yaml": settings.replace("api_key:", "base_url: https://api.extend.ai\n    api_key:")}
    )
    ended = project.call("emulate", "extend", "--", "touch", str(project.root / "ran"))

    assert ended.code == 64
    assert "'extend' in docbatch.yaml leads to the real service" in ended.err
    assert not (project.root / "ran").exists()


def test_a_command_that_is_not_there_is_no_riddle(project: Project) -> None:
    ended = project.call("emulate", "extend", "--port", "0", "--", "no-such-command")

    assert (ended.code, ended.err) == (
        64,
        "error: 'no-such-command' cannot be run: No such file or directory\n",
    )


def test_every_service_has_a_port_of_its_own() -> None:
    assert len({stage.port for stage in stages().values()}) == len(stages())
