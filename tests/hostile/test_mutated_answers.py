"""Vendors whose answers are changed on their way: no traceback, nothing paid twice, and the next calm run finishes."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import KEY as PAGE_KEY
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import KEY as LLAMA_KEY
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.server import Emulator
from tests.cli.project import Ended, Project
from tests.hostile.mutations import Mutations
from tests.hostile.turned import turned
from tests.providers.extend.project import KEY as EXTEND_KEY
from tests.providers.extend.project import extend_project
from tests.providers.extractpage.project import project as page_project
from tests.providers.llamacloud.project import SINKS
from tests.providers.llamacloud.project import project as llama_project

MOST_RUNS = 6
RECOVERY = "{grace: 8, then: resend}"


@dataclass(frozen=True)
class Subject:
    """A vendor and a small project on it."""

    emulator: Callable[[], Any]
    write: Callable[[Path, Any], Project]
    key: str


SUBJECTS: Mapping[str, Subject] = {
    "extend": Subject(
        ExtendEmulator, lambda root, vendor: extend_project(root, vendor, recovery=RECOVERY), EXTEND_KEY
    ),
    "llamacloud": Subject(
        LlamaCloud,
        lambda root, vendor: llama_project(root, vendor, recovery=RECOVERY, sinks=SINKS),
        LLAMA_KEY,
    ),
    "extractpage": Subject(
        ExtractPage, lambda root, vendor: page_project(root, vendor, recovery=RECOVERY), PAGE_KEY
    ),
}


def attacked(folder: Path, subject: Subject, seed: int, most: int) -> tuple[int, list[str]]:
    """Apply while answers are changed, then in peace; return how many were changed, and what is wrong."""
    folder.mkdir(parents=True)
    with subject.emulator() as emulator, turned(emulator):
        project = subject.write(folder, emulator)
        emulator.haste = 0.0
        mutations = Mutations(emulator, seed, subject.key, most)
        runs = [_applied(project)]
        mutations.most = 0
        while runs[-1].code not in {0, 3} and len(runs) < MOST_RUNS:
            runs.append(_applied(project))
        return len(mutations.made), [*_wrong(emulator, runs), *_leaks(project, runs, subject.key)]


def _applied(project: Project) -> Ended:
    try:
        return project.call("apply", "--yes", "--timeout", "2h")
    except Exception as error:  # noqa: BLE001 - it is what is looked for
        return Ended(1, "", f"Traceback: {error!r}")


def _wrong(emulator: Emulator, runs: list[Ended]) -> list[str]:
    found = [
        f"traceback: {run.err}"
        for run in runs
        if "Traceback" in run.err or "broke its contract" in run.err + run.out
    ]
    paid = Counter(emulator.ledger)
    if any(times > 1 for times in paid.values()):
        found.append(f"paid twice: {paid}")
    if runs[-1].code not in {0, 3}:
        found.append(f"ended with {[run.code for run in runs]}: {runs[-1].out}{runs[-1].err}")
    return [*found, *emulator.errors]


def _leaks(project: Project, runs: list[Ended], key: str) -> list[str]:
    said = [run.out + run.err for run in runs]
    kept = [path.read_bytes() for path in (project.root / ".docbatch").rglob("*") if path.is_file()]
    written = list(project.outputs().values()) if (project.root / "out").is_dir() else []
    found = []
    if any(key in text for text in said) or any(key.encode() in content for content in (*kept, *written)):
        found.append("the key is shown")
    if any("5ec2e7" in text for text in said):
        found.append("a signature is shown")
    if any(line.lstrip().startswith("::") or "\x1b" in line for text in said for line in text.splitlines()):
        found.append("a line is a command")
    return found


def survives(folder: Path, name: str, answers: int, seed: int = 0) -> None:
    """Attack until so many answers were changed, some 50 in a run."""
    count = 0
    while count < answers:
        made, wrong = attacked(folder / str(seed), SUBJECTS[name], seed, 50)
        assert not wrong, (seed, wrong)
        count, seed = count + max(made, 1), seed + 1


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_hundred_changed_answers_do_no_harm(tmp_path: Path, name: str) -> None:
    survives(tmp_path, name, 100)


@pytest.mark.full
@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("part", range(20))
def test_ten_thousand_changed_answers_do_no_harm(tmp_path: Path, name: str, part: int) -> None:
    survives(tmp_path, name, 500, seed=10_000 * (part + 1))
