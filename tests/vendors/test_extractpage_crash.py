"""The real command on the emulator of extract.page, killed at its requests and given bad answers: paid once, none lost."""

import itertools
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extractpage import ExtractPage
from docbatch.emulators.server import Emulator
from tests.emulators.crash import MODES, Crash, Ending, Mode, some
from tests.vendors.extractpage import EXPECTED, JOB, NAMES, VendorProject, project

JSON_TOO = JOB + '  - {type: files, path: "out/{{ doc.path }}.json", format: json}\n'
LAGGING = {"lag": 0.2, "watermark": True, "late": 1, "page": 3}
CREATE = 14
FAULTS = (
    "lost",
    "lost_before",
    "reset",
    "500_after",
    "500_before",
    "429",
    "429_plain",
    "truncated",
    "malformed",
    "html502",
    "slow",
)


def crash(folder: Path, knobs: Mapping[str, Any] = LAGGING, recovery: str = "{grace: 0.4}") -> Crash:
    numbers = itertools.count()

    def made(emulator: Emulator) -> VendorProject:
        assert isinstance(emulator, ExtractPage)
        return project(folder / str(next(numbers)), emulator, job=JSON_TOO, recovery=recovery)

    return Crash(lambda: ExtractPage(**knobs), made)


def wrong(ending: Ending, undisturbed: Ending) -> str | None:
    """Return what is wrong with an ending, None when all is well."""
    if ending.paid_twice or ending.leaks or ending.errors:
        return f"paid twice {ending.paid_twice}, {len(ending.leaks)} leaks, {ending.errors}"
    if ending.code != 0 or sorted(ending.paid) != NAMES:
        return f"ended with {ending.code}, paid {sorted(ending.paid)}: {ending.runs[-1].err}"
    differing = [name for name, text in EXPECTED.items() if ending.outputs.get(name) != text]
    differing += [name for name in ending.outputs if essence(ending, name) != essence(undisturbed, name)]
    return f"outputs differ: {differing}" if differing else None


def essence(ending: Ending, name: str) -> Any:
    """Return an output as it must be equal: JSON but for timing, ids and raw."""
    import json

    content = ending.outputs.get(name)
    if content is None or not name.endswith(".json"):
        return content
    result = json.loads(content)
    provider = {**result["provider"], "remote_id": None}
    return {
        **{key: value for key, value in result.items() if key not in {"timing", "raw"}},
        "provider": provider,
    }


def kills(subject: Crash, numbers: list[int]) -> list[str]:
    undisturbed = subject.undisturbed()
    assert wrong(undisturbed, undisturbed) is None
    found = []
    for number, mode in itertools.product(numbers, MODES):
        ending = subject.kill_at(number, mode)
        # Uploads run side by side, so that a run may differ from the undisturbed one by a poll.
        assert ending.killed or number > len(undisturbed.requests) - 6, f"request {number} was not reached"
        fault = wrong(ending, undisturbed)
        if fault is not None:
            found.append(f"{mode} at {number}: {fault}")
    return found


def test_killed_at_any_request_every_document_is_paid_once(tmp_path: Path) -> None:
    assert kills(crash(tmp_path), [CREATE, *some(26, 3, seed=5)[1:2]]) == []


@pytest.mark.full
def test_killed_at_each_request_every_document_is_paid_once(tmp_path: Path) -> None:
    subject = crash(tmp_path)
    total = len(subject.undisturbed().requests)

    assert kills(subject, list(range(1, total + 1))) == []


@pytest.mark.full
@pytest.mark.parametrize("recovery", ["{grace: 0.4, then: hold}", "{grace: 0.1}"])
def test_killed_at_each_request_up_to_the_create_whatever_the_recovery(tmp_path: Path, recovery: str) -> None:
    subject = crash(tmp_path, {"lag": 2.0, "watermark": True}, recovery)

    assert kills(subject, list(range(1, CREATE + 3))) == []


@pytest.mark.full
@pytest.mark.parametrize("first", MODES)
def test_killed_twice_around_the_create_every_document_is_paid_once(tmp_path: Path, first: Mode) -> None:
    subject = crash(tmp_path)
    undisturbed = subject.undisturbed()
    for second in range(CREATE + 1, CREATE + 8):
        ending = subject.run({CREATE: first, second: "kill_after"})
        assert wrong(ending, undisturbed) is None


def in_this_process(folder: Path, faults: Mapping[int, str], knobs: Mapping[str, Any]) -> str | None:
    """Run with bad answers until it is done, without killing."""
    with ExtractPage(**knobs) as vendor:
        vendor.slowness = 0.05
        vendor.faults.update(faults)
        subject = project(folder, vendor)
        codes: list[int] = []
        while not codes or (codes[-1] not in {0, 3} and len(codes) < 5):
            codes.append(subject.call("apply").code)
        if codes[-1] != 0 or sorted(vendor.ledger) != NAMES or subject.outputs() != EXPECTED:
            return f"{dict(faults)}: codes {codes}, paid {sorted(vendor.ledger)}"
        return f"{dict(faults)}: leaked" if vendor.leaks or vendor.errors else None


@pytest.mark.parametrize("fault", ["lost", "reset", "500_after", "truncated", "malformed", "html502"])
def test_a_create_whose_answer_is_lost_is_paid_once(tmp_path: Path, fault: str) -> None:
    assert in_this_process(tmp_path, {CREATE: fault}, {"lag": 1e9}) is None


def chaos(seed: int) -> dict[int, str]:
    dice = random.Random(seed)
    return {dice.randrange(1, 40): dice.choice(FAULTS) for _ in range(dice.randrange(1, 5))}


@pytest.mark.parametrize("seed", range(3))
def test_chaos_pays_once_and_loses_nothing(tmp_path: Path, seed: int) -> None:
    assert in_this_process(tmp_path, chaos(seed), LAGGING) is None


@pytest.mark.full
def test_two_hundred_seeds_of_chaos_pay_once_and_lose_nothing(tmp_path: Path) -> None:
    found = [in_this_process(tmp_path / str(seed), chaos(seed), LAGGING) for seed in range(200)]

    assert [each for each in found if each is not None] == []


@pytest.mark.full
def test_2500_documents_travel_in_one_batch(tmp_path: Path) -> None:
    documents = {f"{number % 25}/{number}.txt": f"document {number}" for number in range(2500)}
    with ExtractPage() as vendor:
        subject = project(tmp_path, vendor, documents)
        subject.applied()

        assert len(vendor.batches) == 1
        assert len(vendor.ledger) == len(set(vendor.ledger)) == len(subject.outputs()) == 2500
