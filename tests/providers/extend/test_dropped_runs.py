"""Runs that a batch left behind: it ended, they say PENDING for ever, and nobody can stop what never began."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.state.store import Store
from tests.cli.project import Project
from tests.providers.extend.project import DOCUMENTS, extend_project


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []


@pytest.fixture
def project(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    """Return a project whose batch is with the vendor, which never begins one document."""
    vendor.latency = 3600
    made = extend_project(tmp_path, vendor, grace=0.3)
    made.call("apply", "--no-wait")
    for run in vendor.runs.values():
        run.visible, run.ends = 0.0, 0.0
        run.stalled = run.file is not None and "one" in str(run.file.content)
    return made


def asked(vendor: ExtendEmulator) -> int:
    return sum(each.path.startswith("/batch_runs/") for each in vendor.requests)


@pytest.mark.parametrize(("word", "kind"), [("CANCELLED", "cancelled"), ("FAILED", "vendor_error")])
def test_what_an_ended_batch_never_began_fails_once_that_lasts(
    project: Project, vendor: ExtendEmulator, word: str, kind: str
) -> None:
    vendor.batch_word = word

    ended = project.call("apply", "--json")

    (failure,) = ended.lines[-1]["jobs"][0]["failures"]
    assert ended.code == 3
    assert failure["class"] == kind
    assert f"ended as {word}, and its run of this document still says PENDING" in failure["message"]
    assert len(vendor.batches) == 1


def test_short_runs_find_it_out_too(project: Project, vendor: ExtendEmulator) -> None:
    vendor.batch_word = "CANCELLED"
    now = vendor.clock()
    vendor.clock, vendor.haste = lambda: now, 0.0
    codes = [project.call("apply", "--no-wait").code]
    for gap in (1, 1, 1):
        now += gap
        codes.append(project.call("apply", "--no-wait").code)

    assert codes == [4, 4, 4, 3]


@pytest.mark.parametrize("word", ["PENDING", "PROCESSING", "PROCESSED"])
def test_as_long_as_a_batch_has_not_failed_its_runs_are_waited_for(
    project: Project, vendor: ExtendEmulator, word: str
) -> None:
    vendor.batch_word = word

    ended = project.call("apply", "--json", "--timeout", "2s")

    assert ended.lines[-1]["jobs"][0]["standing"] == {"live": 1}
    assert len(project.outputs()) == 2 * (len(DOCUMENTS) - 1)


def test_a_batch_whose_runs_end_is_not_asked(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path, vendor).applied()

    assert asked(vendor) == 0


def test_a_batch_that_goes_on_after_all_is_counted_anew(project: Project, vendor: ExtendEmulator) -> None:
    vendor.batch_word = "FAILED"
    project.call("apply", "--no-wait")
    vendor.batch_word = "PROCESSING"
    project.call("apply", "--no-wait")

    with Store.readable(project.root / ".docbatch") as store:
        assert list(store.looks.all()) == []
