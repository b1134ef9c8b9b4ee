"""Lost answers, lagging lists and killed processes at the emulated Extend: nothing is paid twice, nothing is lost."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.engine.connections import backoff
from docbatch.providers.http import rates
from tests.cli.time_of_run import apply_until
from tests.providers.extend.project import DOCUMENTS, OPERATIONS, extend_project

LOST = ("lost", "reset", "500_after", "truncated", "malformed", "html502")
NOTHING_HAPPENED = ("lost_before", "500_before")


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExtendEmulator]:
    monkeypatch.setattr(rates, "PAUSE", 0.05)
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.05)
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []
        assert emulator.leaks == []


def paid(vendor: ExtendEmulator) -> list[int]:
    """Return how often each document was paid."""
    return sorted(Counter(vendor.ledger).values())


ONCE = [1] * len(DOCUMENTS)


@pytest.mark.parametrize(
    ("operation", "fault"),
    [*(("parse", fault) for fault in LOST), *((operation, "lost") for operation in OPERATIONS[1:])],
)
def test_a_create_whose_answer_was_lost_is_found(
    tmp_path: Path, vendor: ExtendEmulator, operation: str, fault: str
) -> None:
    vendor.create_faults = [fault]
    project = extend_project(tmp_path, vendor, operation=operation)

    project.applied()

    assert paid(vendor) == ONCE
    assert len(project.outputs()) == 2 * len(DOCUMENTS)


@pytest.mark.parametrize("fault", NOTHING_HAPPENED)
def test_a_create_that_never_arrived_is_sent_again_after_the_grace(
    tmp_path: Path, vendor: ExtendEmulator, fault: str
) -> None:
    vendor.create_faults = [fault]
    project = extend_project(tmp_path, vendor)

    project.applied()

    assert paid(vendor) == ONCE
    posts = [request.json() for request in vendor.sent("POST") if request.path.endswith("/batch")]
    assert [each["inputs"][0]["metadata"]["attempt"] for each in posts] == ["0", "1"]
    assert len({each["inputs"][0]["metadata"]["submission"] for each in posts}) == 2


def test_without_consent_nothing_is_sent_again(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.create_faults = ["lost_before"]
    project = extend_project(tmp_path, vendor, then="hold")

    assert project.call("apply").code == 4
    assert paid(vendor) == []


@pytest.mark.parametrize("fault", ["429", "429_plain"])
def test_too_many_requests_create_nothing(tmp_path: Path, vendor: ExtendEmulator, fault: str) -> None:
    vendor.create_faults = [fault]
    project = extend_project(tmp_path, vendor)

    project.applied()

    assert paid(vendor) == ONCE


@pytest.mark.parametrize("operation", ["parse", "extract"])
def test_lists_that_lag_less_than_the_grace_are_waited_for(
    tmp_path: Path, vendor: ExtendEmulator, operation: str
) -> None:
    vendor.lag = 0.5
    vendor.create_faults = ["lost"]
    project = extend_project(tmp_path, vendor, operation=operation, grace=1.5)

    project.applied()

    assert paid(vendor) == ONCE


@pytest.mark.parametrize("operation", ["parse", "extract"])
def test_lists_that_lag_beyond_the_grace_lead_to_a_hold_that_settles_itself(
    tmp_path: Path, vendor: ExtendEmulator, operation: str
) -> None:
    vendor.lag = 3600
    vendor.create_faults = ["lost"]
    project = extend_project(tmp_path, vendor, operation=operation, then="hold")
    assert project.call("apply").code == 4

    for each in vendor.runs.values():
        each.visible = each.ends = 0.0
    project.applied()

    assert paid(vendor) == ONCE
    assert len(project.outputs()) == 2 * len(DOCUMENTS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_documents_without_a_run_in_a_found_submission_are_held(
    tmp_path: Path, vendor: ExtendEmulator, operation: str
) -> None:
    vendor.create_faults = ["lost"]
    vendor.dropped = {1}
    project = extend_project(tmp_path, vendor, operation=operation)

    ended = project.call("apply", "--json")

    assert ended.code == 4
    assert ended.lines[-1]["jobs"][0]["standing"] == {"held": 1}
    assert paid(vendor) == ONCE
    assert project.call("apply").code == 4
    assert paid(vendor) == ONCE


def test_the_last_lines_name_the_command_that_ends_what_is_held_and_no_other(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    vendor.create_faults = ["lost_before"]
    project = extend_project(tmp_path, vendor, then="hold")
    first = project.call("apply")

    again = project.call("apply")
    (held,) = project.call("apply", "--json").lines[-1]["held"]

    command = f"docbatch resolve {held['submission']} --absent"
    for ended in (first, again):
        assert ended.code == 4
        assert f"'{command}' or '--remote-id ID'" in ended.out
        assert "Run the same command again" not in ended.out
    assert "held: held" not in again.out
    assert (held["connection"], held["documents"]) == ("extend", 3)
    assert project.call(*command.split()[1:]).code == 0
    assert project.call("apply").code == 0
    assert paid(vendor) == ONCE


def test_what_a_guard_stops_is_not_advised_to_be_tried_in_the_same_way(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor)
    project.call("apply")
    shutil.rmtree(project.root / ".docbatch")

    ended = project.call("apply", "--allow", "overwritten")

    assert ended.code == 6
    assert "'docbatch recover' takes it over" in ended.err
    assert "Run the same command again" not in ended.out


def test_documents_without_a_run_in_an_answered_batch_are_reported_as_lost(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    vendor.dropped = {1}
    project = extend_project(tmp_path, vendor, grace=0.3)

    ended = project.call("apply", "--json")

    (failure,) = ended.lines[-1]["jobs"][0]["failures"]
    assert ended.code == 3
    assert "shows no run of this document" in failure["message"]
    assert project.call("apply").code == 3
    assert paid(vendor) == ONCE


@pytest.mark.parametrize("word", ["FAILED", "CANCELLED", "PROCESSED", "SOMETHING_NEW"])
def test_the_runs_decide_whatever_is_said_of_the_batch(
    tmp_path: Path, vendor: ExtendEmulator, word: str
) -> None:
    vendor.batch_word = word
    vendor.lag, vendor.latency = 0.2, 0.2
    project = extend_project(tmp_path, vendor, grace=1)
    # Lists are behind by less than the grace, by the dates as well.
    vendor.haste = 0.0

    project.applied()

    assert paid(vendor) == ONCE
    assert len(project.outputs()) == 2 * len(DOCUMENTS)


def test_runs_of_a_file_that_could_not_be_read_are_found_without_a_name(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    documents = {f"in/{name}.txt": f"{name} unloadable" for name in ("one", "two")}
    vendor.create_faults = ["lost"]
    project = extend_project(tmp_path, vendor, documents=documents, operation="extract")

    ended = project.call("apply", "--json")

    assert ended.code == 3
    assert ended.lines[-1]["jobs"][0]["standing"] == {"failed": 2}
    assert len(vendor.batches) == 1


def test_work_the_state_does_not_know_is_refused(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path / "before", vendor).applied()

    project = extend_project(tmp_path / "after", vendor, documents={"in/new.txt": "new"})
    ended = project.call("apply")

    assert ended.code == 6
    assert len(vendor.batches) == 1


def test_another_workspaces_key_neither_loses_nor_repeats_work(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    vendor.keys["sk_other_0123456789"] = "ws_other"
    vendor.latency = 3600
    project = extend_project(tmp_path, vendor)
    assert project.call("apply", "--no-wait").code == 4

    project.write({"key": "sk_other_0123456789"})
    foreign = project.call("apply", "--timeout", "5s")
    for each in vendor.runs.values():
        each.ends = 0.0
    project.write({"key": "sk_test_0123456789"})
    project.applied()

    assert foreign.code == 12
    assert (paid(vendor), len(vendor.batches)) == (ONCE, 1)


def test_another_workspaces_key_proves_no_absence(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.keys["sk_other_0123456789"] = "ws_other"
    vendor.lag = 3600
    vendor.create_faults = ["lost"]
    project = extend_project(tmp_path, vendor, grace=5)
    assert apply_until(project, lambda: len(vendor.batches) == 1).code == 4

    project.write({"key": "sk_other_0123456789"})
    project.write(
        {"docbatch.yaml": (project.root / "docbatch.yaml").read_text().replace("grace: 5", "grace: 0.3")}
    )
    assert project.call("apply", "--timeout", "5s").code == 4
    assert (paid(vendor), len(vendor.batches)) == (ONCE, 1)


def test_lists_in_the_order_of_changes_are_searched_as_well(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.order = "touched"
    vendor.create_faults = ["lost"]
    extend_project(tmp_path, vendor).applied()

    assert paid(vendor) == ONCE


def test_while_work_is_open_another_workspace_is_refused(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.keys["sk_other_0123456789"] = "ws_other"
    vendor.create_faults = ["lost"]
    vendor.lag = 3600
    project = extend_project(tmp_path, vendor, then="hold", grace=0.2)
    assert project.call("apply").code == 4
    settings = (project.root / "docbatch.yaml").read_text()

    vendor.lag = 0
    elsewhere = settings.replace("    base_url:", "    workspace: ws_other\n    base_url:")
    project.write({"docbatch.yaml": elsewhere, "key": "sk_other_0123456789"})
    refused = project.call("apply")
    for each in vendor.runs.values():
        each.visible = each.ends = 0.0
    project.write({"docbatch.yaml": settings, "key": "sk_test_0123456789"})
    project.applied()

    assert refused.code == 6
    assert "now speaks for" in refused.err
    assert paid(vendor) == ONCE
