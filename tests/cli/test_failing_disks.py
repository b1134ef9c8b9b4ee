"""A disk that is full or broken at any one moment of a run: a sentence, and the next run does the rest."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.naming.filenames import TEMPORARY
from tests.cli.failing_disk import failing
from tests.cli.project import JOB, Ended, Project
from tests.providers.extractpage import project as vendor

ERRORS = [errno.ENOSPC, errno.EIO]
STEP = 13
"""How many moments are passed over in between in the short form."""


def local(root: Path) -> Project:
    made = Project(root)
    made.write({"in/a.txt": "one", "in/b.txt": "two", "in/copy.txt": "one"})
    made.job(JOB + "  - {type: jsonl, path: out/all.jsonl}\n")
    return made


def faults(ended: Ended, spent: bool) -> list[str]:
    """Return what is wrong with what a failed run said."""
    found = [] if ended.code in {0, 1, 3, 4} else [f"exit code {ended.code}"]
    if "Traceback" in ended.err:
        found.append("a traceback")
    if ended.code and not (ended.out + ended.err).strip():
        found.append("no word")
    if spent and "nothing was sent" in (ended.out + ended.err).lower():
        found.append("it denies what was sent")
    return found


def moments(make: Callable[[Path], Project], folder: Path) -> int:
    subject = make(folder)
    with failing(folder) as disk:
        assert subject.call("apply").code == 0
    return len(disk.seen)


def survey(folder: Path, step: int, number: int) -> list[str]:
    count = moments(local, folder / "whole")
    found = []
    for at in range(1 + number % step if step > 1 else 1, count + 1, step):
        root = folder / str(at)
        subject = local(root)
        with failing(root, at, number) as disk:
            ended = subject.call("apply")
        again = subject.call("apply")
        wrong = faults(ended, spent=False)
        written = [name for name in subject.outputs() if not name.startswith(TEMPORARY)]
        if again.code or len(written) != 4:
            wrong.append(f"the next run: {again.code} {again.err}")
        found += [f"{at} ({disk.seen[at - 1]}): {each}: {ended.err}" for each in wrong]
    return found


@pytest.mark.parametrize("number", ERRORS)
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.full), STEP])
def test_a_disk_that_fails_once_ends_a_run_with_a_sentence(tmp_path: Path, step: int, number: int) -> None:
    assert survey(tmp_path, step, number) == []


def survey_of_a_vendor(folder: Path, step: int, number: int) -> list[str]:
    with ExtractPage() as emulator:
        count = moments(lambda root: vendor.project(root, emulator), folder / "whole")
    found = []
    for at in range(1 + number % step if step > 1 else 1, count + 1, step):
        with ExtractPage() as emulator:
            root = folder / str(at)
            subject = vendor.project(root, emulator)
            with failing(root, at, number) as disk:
                ended = subject.call("apply")
            wrong = faults(ended, spent=bool(emulator.ledger))
            again = subject.call("apply")
            if again.code or subject.outputs() != vendor.EXPECTED:
                wrong.append(f"the next run: {again.code} {again.err}")
            if sorted(emulator.ledger) != vendor.NAMES:
                wrong.append(f"paid {sorted(emulator.ledger)}")
            found += [f"{at} ({disk.seen[at - 1]}): {each}: {ended.err}" for each in wrong]
    return found


@pytest.mark.parametrize("number", ERRORS)
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.full), STEP])
def test_a_disk_that_fails_once_never_has_a_document_paid_twice(
    tmp_path: Path, step: int, number: int
) -> None:
    assert survey_of_a_vendor(tmp_path, step, number) == []
