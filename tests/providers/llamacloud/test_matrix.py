"""LlamaCloud in the matrix that every vendor must survive: each document paid once, none lost, whatever dies or lies."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Request
from docbatch.providers.llamacloud.directories import directory_step
from docbatch.state.records import Frozen
from docbatch.testing.crash import MODES, Mode, some
from docbatch.testing.matrix import Matrix, Vendor, every
from tests.providers.llamacloud.project import SINKS, project

OTHER = "llx-other"
RESEND = "{grace: 0.2, then: resend}"
OPERATIONS = ("parse", "extract")
HOLD = "{grace: 0.2, then: hold}"
LAG = 0.1


class Service(LlamaCloud):
    """Its lists fall behind from the first create on: if they did before, there would be none."""

    def __init__(self) -> None:
        self._behind = 0.0
        self._created = False
        super().__init__({KEY: "prj-one", OTHER: "prj-other"})
        self.page = 3

    @property
    def lag(self) -> float:
        return self._behind if self._created or self._behind < 1.0 else 0.0

    @lag.setter
    def lag(self, seconds: float) -> None:
        self._behind = seconds

    def _watch(self, request: Request) -> None:
        self._created |= creates(request)
        super()._watch(request)


def lagging() -> Service:
    made = Service()
    made.lag, made.mapping, made.working = LAG, 0.02, 0.02
    return made


def creates(request: Request) -> bool:
    return (request.method, request.path) == ("POST", "/api/v2/batches")


def found_by_hand(service: LlamaCloud, held: Frozen) -> str | None:
    """Find a submission as a person does on the service's pages: by its directory."""
    directory = held.prepared[directory_step(held.marker)].remote_id
    return next((batch.id for batch in service.batches.values() if batch.directory == directory), None)


def vendor(operation: str = "parse", *, lag: bool = False) -> Vendor[LlamaCloud]:
    def write(root: Path, emulator: LlamaCloud, recovery: str) -> object:
        return project(root, emulator, operation=operation, recovery=recovery, sinks=SINKS)

    def estrange(root: Path, emulator: LlamaCloud) -> Mapping[str, str]:
        return {"LLAMA_CLOUD_API_KEY": OTHER}

    return Vendor(
        lagging if lag else Service,
        write,
        creates,
        found_by_hand,
        estrange,
        environment={"LLAMA_CLOUD_API_KEY": KEY},
        outputs=("out", "text", "json"),
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_the_create_and_elsewhere_each_document_is_paid_once(
    tmp_path: Path, operation: str
) -> None:
    matrix = Matrix(vendor(operation), tmp_path, RESEND)

    assert matrix.kills([matrix.create]) == []
    assert matrix.kills(some(len(matrix.requests), 3, seed=3)[1:2], ["kill_after"]) == []


def test_killed_between_its_writes_each_document_is_paid_once(tmp_path: Path) -> None:
    matrix = Matrix(vendor(), tmp_path, RESEND)

    assert matrix.deaths(some(len(matrix.effects), 4, seed=5)[1:-1]) == []


@pytest.mark.parametrize("mode", MODES)
def test_what_is_held_is_complete_after_a_person_decided(tmp_path: Path, mode: Mode) -> None:
    matrix = Matrix(vendor(), tmp_path, HOLD)

    assert matrix.unseen(mode) is None


def test_a_create_that_is_never_answered_to_its_end_is_paid_once(tmp_path: Path) -> None:
    matrix = Matrix(vendor(), tmp_path, RESEND)

    assert matrix.unending([matrix.create], ["drip", "silent_before"]) == []


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_request_is_never_answered_to_its_end_each_document_is_paid_once(
    tmp_path: Path, operation: str
) -> None:
    matrix = Matrix(vendor(operation), tmp_path, RESEND)

    assert matrix.unending(matrix.requests) == []


def test_another_projects_key_sends_nothing(tmp_path: Path) -> None:
    assert Matrix(vendor(), tmp_path, RESEND).estranged("kill_after") is None


def test_a_state_of_before_the_submission_sends_nothing(tmp_path: Path) -> None:
    assert Matrix(vendor(), tmp_path, RESEND).restored() is None


def test_chaos_changes_nothing(tmp_path: Path) -> None:
    assert Matrix(vendor(), tmp_path, RESEND).chaos((0, 2)) == []


@pytest.mark.full
@pytest.mark.parametrize("recovery", ["{grace: 0.4, then: resend}", "{grace: 0.4, then: hold}"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_any_request_each_document_is_paid_once(
    tmp_path: Path, operation: str, recovery: str
) -> None:
    matrix = Matrix(vendor(operation, lag=True), tmp_path, recovery)

    assert matrix.kills(matrix.requests) == []


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_any_write_each_document_is_paid_once(tmp_path: Path, operation: str) -> None:
    matrix = Matrix(vendor(operation, lag=True), tmp_path)

    assert matrix.deaths(every(matrix.effects, start=1, step=1)) == []


@pytest.mark.full
@pytest.mark.parametrize("recovery", [RESEND, HOLD])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_the_lists_the_key_or_the_state_show_nothing_is_paid_twice(
    tmp_path: Path, operation: str, mode: Mode, recovery: str
) -> None:
    matrix = Matrix(vendor(operation), tmp_path, recovery)

    assert matrix.unseen(mode) is None
    numbers = range(matrix.create, matrix.create + 3)
    assert [matrix.estranged(mode, number) for number in numbers] == [None] * 3
    assert [matrix.restored(mode, whole=whole) for whole in (False, True)] == [None, None]


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS)
def test_long_chaos_changes_nothing(tmp_path: Path, operation: str) -> None:
    seeds = range(200) if operation == "parse" else range(200, 300)

    assert Matrix(vendor(operation), tmp_path).chaos(seeds) == []
