"""Ctrl-C while something is under way: the run ends well and says what is left where, and the same command finishes it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

import docbatch
import tests.providers.llamacloud.project as llamacloud
from docbatch.emulators.exchange import Request
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Emulator
from tests.cli.project import Project, gone
from tests.providers.extend.project import extend_project

SOON = 20
"""Seconds after which a process that should have ended is given up by a test."""


@dataclass(frozen=True)
class Vendor:
    """`moments` are requests, by what is under way while they are not answered."""

    emulator: Callable[[], Emulator]
    project: Callable[[Path, Emulator], Project]
    moments: dict[str, str]


VENDORS = {
    "llamacloud": Vendor(
        LlamaCloud,
        llamacloud.project,  # type: ignore[arg-type]
        {
            "upload": r"POST .*/files/upload",
            "create": r"POST /api/v2/batches$",
            "poll": r"GET /api/v2/batches/",
            "fetch": r"GET /api/v2/parse/",
        },
    ),
    "extend": Vendor(
        ExtendEmulator,
        extend_project,  # type: ignore[arg-type]
        {
            "upload": r"POST /files/upload",
            "create": r"POST /parse_runs/batch",
            "poll": r"GET /parse_runs$",
            "fetch": r"GET /parse_runs/",
        },
    ),
}


class Silence:
    """Leaves the first request of a kind, after a create was made where that matters, unanswered."""

    def __init__(self, emulator: Emulator, moment: str, fault: str) -> None:
        self.met = threading.Event()
        self._moment, self._fault = moment, fault
        emulator.choose_fault = self

    def __call__(self, request: Request) -> str:
        if self.met.is_set() or not re.search(self._moment, f"{request.method} {request.path}"):
            return ""
        self.met.set()
        return self._fault


@contextmanager
def on(name: str, root: Path) -> Iterator[tuple[Emulator, Project]]:
    vendor = VENDORS[name]
    emulator = vendor.emulator()
    with emulator:
        yield emulator, vendor.project(root / "project", emulator)


def begun(project: Project, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "LLAMA_CLOUD_API_KEY": KEY, "NO_COLOR": "1"}
    return project.start("apply", "--yes", *arguments, env=environment)


def interrupted(process: "subprocess.Popen[str]", number: int = signal.SIGINT) -> str:
    """Send a signal; return what the process says until it has ended as it should."""
    process.send_signal(number)
    _, err = process.communicate(timeout=SOON)
    assert process.returncode == 130, err
    return err


UNANSWERED = [
    ("upload", "silent_before"),
    ("create", "silent"),
    ("create", "silent_before"),
    ("poll", "silent"),
    ("fetch", "silent"),
]
SHORT = {("llamacloud", "poll"), ("llamacloud", "fetch"), ("extend", "upload")}
"""Beside the creates, which are asked at every vendor; all moments at all vendors are the long form."""


@pytest.mark.parametrize(
    ("name", "moment", "fault"),
    [
        pytest.param(
            name, *each, marks=[] if each[0] == "create" or (name, each[0]) in SHORT else [pytest.mark.full]
        )
        for name in VENDORS
        for each in UNANSWERED
    ],
)
def test_ctrl_c_while_a_vendor_does_not_answer_loses_nothing_and_pays_nothing_twice(
    tmp_path: Path, name: str, moment: str, fault: str
) -> None:
    with on(name, tmp_path) as (emulator, project):
        silence = Silence(emulator, VENDORS[name].moments[moment], fault)
        process = begun(project)
        assert silence.met.wait(SOON)
        err = interrupted(process)

        assert "stopping: nothing more is sent" in err
        assert err.splitlines()[-1].startswith("interrupted: ")
        assert "run 'docbatch apply --yes' to resume" in err
        assert gone(project.root, process.pid)
        creates = len(emulator.ledger)
        paid_after = project.call("apply", "--yes")

        assert paid_after.code == 0, paid_after.err
        assert (
            len(emulator.ledger)
            == len(set(emulator.ledger))
            == len(list((project.root / "in").rglob("*.txt")))
        )
        assert creates in {0, len(emulator.ledger)}
        assert project.call("state", "check").out == "the state is sound\n"
        assert project.call("apply", "--yes").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_waits_for_a_vendor_is_told_what_stays_there(tmp_path: Path, number: int) -> None:
    with on("llamacloud", tmp_path) as (emulator, project):
        spec = (project.root / "docbatch.yaml").read_text()
        emulator.reader = Never()
        project.write({"docbatch.yaml": re.sub(r"poll: .*", "poll: {initial: 300, max: 300}", spec)})
        process = begun(project, "--json")
        assert process.stdout is not None
        assert any('"waiting"' in line for line in process.stdout)
        process.send_signal(number)
        out, err = process.communicate(timeout=SOON)

        assert process.returncode == 130
        assert err == (
            "interrupted: 5 documents are with vendors and not sent again (5 at llamacloud);"
            " run 'docbatch apply --yes --json' to resume\n"
        )
        outcome = json.loads(out.splitlines()[-1])
        assert (outcome["interrupted"], outcome["remaining"], outcome["exit_code"]) == (
            True,
            {"llamacloud": 5},
            130,
        )


class Never:
    """Reads nothing, so that no document ends."""

    def read(self, *_arguments: object, **_named: object) -> None:
        """Let it wait."""


def test_the_second_ctrl_c_does_not_wait_for_anything(tmp_path: Path) -> None:
    with on("llamacloud", tmp_path) as (emulator, project):
        silence = Silence(emulator, VENDORS["llamacloud"].moments["create"], "silent")
        process = begun(project)
        assert silence.met.wait(SOON)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("stopping: ")
        err = interrupted(process)

        assert err.splitlines()[-1] == "interrupted; run the same command to resume"
        assert project.call("apply", "--yes").code == 0
        assert len(emulator.ledger) == len(set(emulator.ledger)) == 5


def test_outputs_are_whole_or_not_there_after_ctrl_c_while_they_are_written(project: Project) -> None:
    project.write({f"in/{number}.txt": f"text {number}\n" * 50 for number in range(600)})
    job = (project.root / "jobs/job.yaml").read_text()
    project.job(job + '  - {type: jsonl, path: "all.jsonl"}\n')
    process = project.start("apply", "--json")
    assert process.stdout is not None
    assert any('"delivered"' in line for line in process.stdout)
    interrupted(process)

    written = list((project.root / "out").glob("*.md"))
    assert all(path.read_text().count("text") == 50 for path in written)
    assert not (project.root / "all.jsonl").exists()
    assert project.call("apply").code == 0
    assert len(list((project.root / "out").glob("*.md"))) == 600
    assert len((project.root / "all.jsonl").read_text().splitlines()) == 600


HANGING = """
import time
from docbatch.cli import interruption
interruption.PATIENCE = 0.2
with interruption.interruptible() as stop, stop.heeded(lambda: None):
    print("begun", flush=True)
    time.sleep(600)
"""


def test_what_hangs_is_left_in_the_end() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"

    err = interrupted(process)

    assert err.startswith("interrupted; what was sent is recorded or looked for; run 'docbatch")


def test_a_program_stops_a_run_from_another_thread(tmp_path: Path) -> None:
    with on("llamacloud", tmp_path) as (emulator, project):
        silence = Silence(emulator, VENDORS["llamacloud"].moments["poll"], "silent")
        stop = docbatch.Interruption()

        def ask() -> None:
            silence.met.wait(SOON)
            stop.ask()

        asking = threading.Thread(target=ask)
        asking.start()
        with mock.patch.dict(os.environ, {"LLAMA_CLOUD_API_KEY": KEY}):
            outcome = docbatch.open_project(project.root).apply(stop=stop)
        asking.join()

        assert (outcome.exit_code, outcome.remaining) == (130, {"llamacloud": 5})
        assert project.call("apply", "--yes").code == 0
