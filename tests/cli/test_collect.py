"""`docbatch collect`: what was sent is followed and delivered, and nothing is sent, whatever is due and whoever objects."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import Project
from tests.providers.extend.project import extend_project


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator


@pytest.fixture
def project(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    made = extend_project(tmp_path, vendor)
    file = tmp_path / "docbatch.yaml"
    file.write_text(f"{file.read_text()}require_approval_over: 0 USD\nguards: {{max_new: 3}}\n")
    return made


def sent(project: Project, vendor: ExtendEmulator) -> None:
    """Send all that is due, and have it end at the service once the command is over."""
    vendor.latency = 3600
    assert project.call("apply", "--no-wait", "--approve", approved(project)).code == 4
    assert project.outputs() == {}
    for run in vendor.runs.values():
        run.ends = 0.0


def approved(project: Project) -> str:
    (plan,) = project.call("plan", "--format", "json").lines
    return str(plan["approval"])


def test_nothing_is_sent_though_everything_is_due(project: Project, vendor: ExtendEmulator) -> None:
    collected = project.call("collect")

    assert collected.code == 4
    assert "Will send" not in collected.out
    assert "Nothing is sent: 3 documents, " in collected.out
    assert "Run the same command again" not in collected.out
    assert not vendor.ledger
    assert project.outputs() == {}


def test_what_was_sent_is_delivered_though_an_approval_is_missing(
    project: Project, vendor: ExtendEmulator
) -> None:
    sent(project, vendor)
    project.write({"in/four.txt": "not approved"})
    assert project.call("apply").code == 6

    collected = project.call("collect")

    assert collected.code == 4, collected.err
    assert len(project.outputs()) == 6
    assert len(vendor.ledger) == 3
    vendor.latency = 0.0
    assert project.call("apply", "--approve", approved(project)).code == 0
    assert len(vendor.ledger) == 4


def test_it_ends_with_0_once_all_is_through(project: Project, vendor: ExtendEmulator) -> None:
    sent(project, vendor)

    assert [project.call("collect", "--json", "-q").code, project.call("collect").code] == [0, 0]
    assert len(project.outputs()) == 6


@pytest.mark.parametrize("option", ["--max-new=3", "--plan=plan.json", "--allow=new", "--approve=0", "--upgrade=job"])  # fmt: skip
def test_what_is_about_sending_is_no_option_of_it(project: Project, option: str) -> None:
    assert project.call("collect", option).code == 64


@pytest.mark.parametrize("is_there", [True, False])
def test_an_empty_source_keeps_no_paid_result_from_anybody(
    project: Project, vendor: ExtendEmulator, tmp_path: Path, *, is_there: bool
) -> None:
    spec = tmp_path / "jobs" / "job.yaml"
    spec.write_text(f"{spec.read_text()}on_removal: cancel\n")
    sent(project, vendor)
    (tmp_path / "in").rename(tmp_path / "unmounted")
    if is_there:
        (tmp_path / "in").mkdir()

    collected = project.call("collect")

    assert collected.code == 0, collected.err
    assert "job 'job': nothing was found in its source, and it is left as it is recorded" in collected.out
    assert len(project.outputs()) == 6
    assert project.call("apply").code == 6
    shutil.rmtree(tmp_path / "in", ignore_errors=True)
    (tmp_path / "unmounted").rename(tmp_path / "in")
    assert "3 unchanged" in project.call("apply").out
    assert len(vendor.ledger) == 3
