"""Extend's older API version: single runs, which cannot be found again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.models import Recovery
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.providers.extend import KIND
from docbatch.providers.kind import Settings
from tests.providers.extend.project import DOCUMENTS, extend_project


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExtendEmulator]:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []


def test_each_document_is_a_run_of_its_own(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor)

    project.applied()

    assert len(vendor.ledger) == len(set(vendor.ledger)) == len(DOCUMENTS)
    assert project.outputs()["one.txt.txt"].startswith(b"Page 1\n\nthe one document")
    assert {request.headers.get("x-extend-api-version") for request in vendor.requests} == {"2025-04-21"}


def test_a_second_apply_sends_nothing(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor)
    project.applied()
    before = len(vendor.sent("POST", "PUT"))

    project.applied()

    assert len(vendor.sent("POST", "PUT")) == before


@pytest.mark.parametrize("fault", ["lost", "500_after", "lost_before"])
def test_an_unanswered_run_is_held_whatever_became_of_it(
    tmp_path: Path, vendor: ExtendEmulator, fault: str
) -> None:
    vendor.create_faults = [fault]
    project = extend_project(tmp_path, vendor)

    first = project.call("apply", "--json")
    paid = list(vendor.ledger)
    again = project.call("apply")

    assert (first.code, again.code) == (4, 4)
    assert "held" in [line["outcome"] for line in first.lines if line["type"] == "answered"]
    assert vendor.ledger == paid


def test_failures_of_single_runs_are_told(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, documents={"in/a.txt": "corrupt", "in/b.txt": "fine"})

    ended = project.call("apply", "--json")

    (failure,) = ended.lines[-1]["jobs"][0]["failures"]
    assert (ended.code, failure["class"]) == (3, "corrupt")


def test_the_traits_say_that_nothing_can_be_found(vendor: ExtendEmulator) -> None:
    traits = KIND.traits(Settings("extend", "extend", resend=True))

    assert (traits.recovery, traits.findable, traits.resend, traits.max_items) == (
        Recovery.NONE,
        False,
        False,
        1,
    )
