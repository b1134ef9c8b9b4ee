"""Extend in the matrix that every vendor must survive."""

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Request
from docbatch.state.records import Frozen
from docbatch.testing.crash import MODES, Mode, some
from docbatch.testing.matrix import Matrix, Vendor, every
from tests.providers.extend.project import OPERATIONS, extend_project

CURRENT = "2026-02-09"
SINGLE = "2025-04-21"
OTHER = "sk_other_0123456789"
RESEND = "{grace: 0.4, then: resend}"
HOLD = "{grace: 0.2, then: hold}"
SUBJECTS = [*((operation, CURRENT) for operation in OPERATIONS), ("parse", SINGLE)]


def service() -> ExtendEmulator:
    made = ExtendEmulator()
    made.keys[OTHER] = "ws_other"
    return made


def creates(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith(("/batch", "/async"))


def read_off(emulator: ExtendEmulator, held: Frozen) -> str | None:
    """Find a submission as a person does in the dashboard: by the marks of its runs, else by their files."""
    made = {each.remote_id for each in held.prepared.values()}
    for run in emulator.runs.values():
        ours = isinstance(run.metadata, Mapping) and run.metadata["submission"] == held.marker
        if ours or (run.batch is None and run.file is not None and run.file.id in made):
            return run.batch or run.id
    return None


def other_key(root: Path, _emulator: ExtendEmulator) -> Mapping[str, str]:
    (root / "key").write_text(OTHER)
    return {}


def vendor(operation: str = "parse", version: str = CURRENT) -> Vendor[ExtendEmulator]:
    def write(root: Path, emulator: ExtendEmulator, recovery: str) -> object:
        return extend_project(root, emulator, operation=operation, recovery=recovery)

    environment = {"EXTEND_API_VERSION": version}
    return Vendor(service, write, creates, read_off, other_key, environment, outputs=("out", "json"))


def subject(
    folder: Path, recovery: str, operation: str = "parse", version: str = CURRENT
) -> Matrix[ExtendEmulator]:
    return Matrix(vendor(operation, version), folder, recovery, is_searchable=version != SINGLE)


def test_killed_at_some_requests_it_pays_once_and_loses_nothing(tmp_path: Path) -> None:
    matrix = subject(tmp_path, RESEND)

    assert matrix.kills(some(len(matrix.requests), 3, seed=5), ["kill_before"]) == []
    assert matrix.kills([matrix.create], ["kill_after"]) == []


@pytest.mark.parametrize("operation", OPERATIONS[1:])
def test_killed_after_the_create_its_runs_are_found(tmp_path: Path, operation: str) -> None:
    matrix = subject(tmp_path, RESEND, operation)

    assert matrix.kills([matrix.create], ["kill_after"]) == []


def test_a_create_that_is_never_answered_to_its_end_is_paid_once(tmp_path: Path) -> None:
    matrix = subject(tmp_path, RESEND)

    assert matrix.unending([matrix.create], ["silent", "informs_before"]) == []


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_request_is_never_answered_to_its_end_it_pays_once_and_loses_nothing(
    tmp_path: Path, operation: str
) -> None:
    matrix = subject(tmp_path, RESEND, operation)

    assert matrix.unending(matrix.requests) == []


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_every_request_it_pays_once_and_loses_nothing(
    tmp_path: Path, operation: str, mode: Mode
) -> None:
    matrix = subject(tmp_path, RESEND, operation)

    assert matrix.kills(matrix.requests, [mode]) == []


@pytest.mark.parametrize(("version", "mode"), [(CURRENT, "kill_before"), (SINGLE, "kill_after")])
def test_what_is_held_is_complete_after_a_person_resolved_it(
    tmp_path: Path, version: str, mode: Mode
) -> None:
    matrix = subject(tmp_path, HOLD, version=version)

    assert matrix.kills([matrix.create], [mode]) == []


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("operation", "version"), SUBJECTS)
def test_killed_at_every_request_what_is_held_is_complete_after_a_person_resolved_it(
    tmp_path: Path, operation: str, version: str, mode: Mode
) -> None:
    matrix = subject(tmp_path, HOLD, operation, version)

    assert matrix.kills(matrix.requests, [mode]) == []


def test_lists_that_lag_beyond_the_grace_lead_to_a_hold(tmp_path: Path) -> None:
    assert subject(tmp_path, HOLD).unseen("kill_after") is None


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("operation", "version"), SUBJECTS)
def test_lists_that_lag_beyond_the_grace_lead_to_a_hold_always(
    tmp_path: Path, operation: str, version: str, mode: Mode
) -> None:
    assert subject(tmp_path, HOLD, operation, version).unseen(mode) is None


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS)
def test_lists_that_lag_less_than_the_grace_change_nothing(tmp_path: Path, operation: str) -> None:
    def lagging() -> ExtendEmulator:
        made = service()
        made.lag = 0.3
        return made

    matrix = Matrix(replace(vendor(operation), emulator=lagging), tmp_path, "{grace: 1.5, then: resend}")

    assert matrix.kills(range(1, matrix.create + 4)) == []


def test_another_key_after_a_crash_pays_nothing(tmp_path: Path) -> None:
    assert subject(tmp_path, HOLD).estranged("kill_after") is None


@pytest.mark.full
@pytest.mark.parametrize("recovery", [HOLD, RESEND])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("operation", "version"), SUBJECTS)
def test_another_key_after_a_crash_anywhere_pays_nothing(
    tmp_path: Path, operation: str, version: str, mode: Mode, recovery: str
) -> None:
    matrix = subject(tmp_path, recovery, operation, version)
    after = range(matrix.create, matrix.requests.stop)

    assert [fault for number in after if (fault := matrix.estranged(mode, number))] == []


@pytest.mark.parametrize("whole", [False, True])
def test_a_restored_state_is_refused_and_whole_after_recover(tmp_path: Path, *, whole: bool) -> None:
    assert subject(tmp_path, HOLD).restored(whole=whole) is None


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_restored_state_is_refused_and_whole_after_recover_always(
    tmp_path: Path, operation: str, mode: Mode, *, whole: bool
) -> None:
    assert subject(tmp_path, HOLD, operation).restored(mode, whole=whole) is None


def test_a_restored_state_is_refused_where_nothing_can_be_looked_for(tmp_path: Path) -> None:
    assert subject(tmp_path, HOLD, version=SINGLE).restored(recover=False) is None


def test_killed_at_some_of_its_writes_it_pays_once_and_loses_nothing(tmp_path: Path) -> None:
    matrix = subject(tmp_path, RESEND)

    assert matrix.deaths(random.Random(7).sample(range(1, len(matrix.effects) + 1), 3)) == []


@pytest.mark.full
@pytest.mark.parametrize("recovery", [HOLD, RESEND])
@pytest.mark.parametrize(("operation", "version"), SUBJECTS)
def test_killed_at_each_of_its_writes_it_pays_once_and_loses_nothing(
    tmp_path: Path, operation: str, version: str, recovery: str
) -> None:
    matrix = subject(tmp_path, recovery, operation, version)

    assert matrix.deaths(every(matrix.effects, start=1, step=1)) == []


def test_chaos_changes_nothing(tmp_path: Path) -> None:
    assert subject(tmp_path, RESEND).chaos(range(3)) == []


@pytest.mark.full
@pytest.mark.parametrize(
    ("operation", "version", "recovery"),
    [("parse", CURRENT, RESEND), ("extract", CURRENT, HOLD), ("parse", SINGLE, HOLD)],
)
def test_two_hundred_seeds_of_chaos_change_nothing(
    tmp_path: Path, operation: str, version: str, recovery: str
) -> None:
    assert subject(tmp_path, recovery, operation, version).chaos(range(200)) == []
