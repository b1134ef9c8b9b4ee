"""extract.page in the matrix that every vendor must survive: each document paid once, none lost, whatever dies or lies.

For 23 hours a lost answer is settled by the key, whatever the lists show; later by the lists alone.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from docbatch.emulators.extractpage.service import HOUR, KEY, OTHER_KEY, ExtractPage
from docbatch.emulators.server import Request, Response
from docbatch.state.records import Frozen
from docbatch.testing.attempt import LONG
from docbatch.testing.crash import MODES, Mode, some
from docbatch.testing.matrix import Matrix, Vendor, every
from tests.providers.extractpage.project import JOB, NAMES, project

DAY = 24 * HOUR
RESEND = "{grace: 0.3, then: resend}"
HOLD = "{grace: 0.3, then: hold}"
SINKS = """
  - {type: files, path: "out/{{ doc.path }}.json", format: json}
  - {type: files, path: "out/{{ doc.path }}.txt", format: text}
"""
Make = Callable[[], ExtractPage]


class Later(ExtractPage):
    """A day passes whenever its client is killed: the key of what was under way counts no more."""

    def receive(self, request: Request) -> tuple[Response | None, str]:
        with self.turn:
            answer, fault = super().receive(request)
            if fault in MODES:
                clock = self.clock
                self.clock = lambda: clock() + DAY
            return answer, fault


QUIRKS = {"watermark": True, "late": 1, "page": 3}
LAGGING = partial(ExtractPage, lag=0.1, **QUIRKS)
BLIND = partial(ExtractPage, lag=LONG, **QUIRKS)
A_DAY_LATER = partial(Later, **QUIRKS)
SEEN_A_DAY_LATER = partial(Later, lag=DAY + 0.2, file_life=10 * DAY, batch_life=10 * DAY)
NEVER_SEEN = partial(Later, lag=5 * DAY, file_life=10 * DAY, batch_life=10 * DAY)


def creates(request: Request) -> bool:
    return (request.method, request.path) == ("POST", "/v1/batches")


def found_by_hand(service: ExtractPage, held: Frozen) -> str | None:
    """Find a submission as a person does who asks the vendor: by its marks."""
    for batch in service.batches.values():
        if batch.body["metadata"]["marker"] == held.marker:
            return batch.id
    return None


def other_key(_root: Path, _service: ExtractPage) -> Mapping[str, str]:
    return {"EXTRACT_API_KEY": OTHER_KEY}


def vendor(service: Make = ExtractPage) -> Vendor[ExtractPage]:
    def write(root: Path, emulator: ExtractPage, recovery: str) -> object:
        return project(root, emulator, job=JOB.rstrip() + SINKS, recovery=recovery)

    environment = {"EXTRACT_API_KEY": KEY}
    return Vendor(service, write, creates, found_by_hand, other_key, environment)


def matrix(folder: Path, service: Make = ExtractPage, recovery: str = RESEND) -> Matrix[ExtractPage]:
    return Matrix(vendor(service), folder, recovery)


@pytest.mark.parametrize(
    ("service", "mode"),
    [(BLIND, "kill_after"), (A_DAY_LATER, "kill_before"), (SEEN_A_DAY_LATER, "kill_after")],
)
def test_killed_at_the_create_each_document_is_paid_once(tmp_path: Path, service: Make, mode: Mode) -> None:
    subject = matrix(tmp_path, service)

    assert subject.kills([subject.create], [mode]) == []


def test_killed_elsewhere_each_document_is_paid_once(tmp_path: Path) -> None:
    subject = matrix(tmp_path, LAGGING)
    plain = subject.undisturbed

    assert (plain.code, sorted(plain.paid), len(plain.outputs)) == (0, NAMES, 3 * len(NAMES))
    assert subject.kills(some(len(subject.requests), 3, seed=5)[1:2], ["kill_after"]) == []
    assert subject.deaths(some(len(subject.effects), 4, seed=5)[1:-1]) == []


def test_what_is_held_is_complete_after_a_person_resolved_it(tmp_path: Path) -> None:
    subject = matrix(tmp_path, NEVER_SEEN, HOLD)

    assert subject.kills([subject.create], ["kill_after"]) == []


def test_another_accounts_key_sends_nothing(tmp_path: Path) -> None:
    assert matrix(tmp_path).estranged("kill_after") is None


def test_a_state_of_before_the_submission_sends_nothing_until_it_is_recovered(tmp_path: Path) -> None:
    assert matrix(tmp_path).restored() is None


def test_chaos_changes_nothing(tmp_path: Path) -> None:
    assert matrix(tmp_path, LAGGING).chaos([2]) == []


def test_a_create_that_is_never_answered_to_its_end_is_paid_once(tmp_path: Path) -> None:
    subject = matrix(tmp_path)

    assert subject.unending([subject.create], ["silent", "drip_before"]) == []


@pytest.mark.full
@pytest.mark.parametrize("recovery", [RESEND, HOLD])
def test_whatever_request_is_never_answered_to_its_end_each_document_is_paid_once(
    tmp_path: Path, recovery: str
) -> None:
    subject = matrix(tmp_path, LAGGING, recovery)

    assert subject.unending(subject.requests) == []


@pytest.mark.full
@pytest.mark.parametrize("recovery", [RESEND, HOLD])
@pytest.mark.parametrize("service", [LAGGING, BLIND, A_DAY_LATER, SEEN_A_DAY_LATER])
def test_killed_at_every_request_each_document_is_paid_once(
    tmp_path: Path, service: Make, recovery: str
) -> None:
    subject = matrix(tmp_path, service, recovery)

    assert subject.kills(subject.requests) == []


@pytest.mark.full
def test_killed_at_every_request_what_is_held_is_complete_after_a_person_resolved_it(tmp_path: Path) -> None:
    subject = matrix(tmp_path, NEVER_SEEN, HOLD)

    assert subject.kills(subject.requests) == []


@pytest.mark.full
@pytest.mark.parametrize("service", [LAGGING, A_DAY_LATER])
def test_killed_at_every_write_each_document_is_paid_once(tmp_path: Path, service: Make) -> None:
    subject = matrix(tmp_path, service)

    assert subject.deaths(every(subject.effects, start=1, step=1)) == []


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("recovery", [RESEND, HOLD])
@pytest.mark.parametrize("service", [ExtractPage, A_DAY_LATER])
def test_another_key_or_an_older_state_pays_for_nothing_twice(
    tmp_path: Path, service: Make, recovery: str, mode: Mode
) -> None:
    subject = matrix(tmp_path, service, recovery)
    # Before the create nothing is anybody's yet: whoever's key it is then pays once.
    numbers = range(subject.create, subject.create + 6)

    assert [fault for number in numbers if (fault := subject.estranged(mode, number))] == []
    assert [subject.restored(mode, whole=whole) for whole in (False, True)] == [None, None]


@pytest.mark.full
@pytest.mark.parametrize(("first", "second"), [(one, other) for one in MODES for other in MODES])
def test_killed_twice_around_the_create_each_document_is_paid_once(
    tmp_path: Path, first: Mode, second: Mode
) -> None:
    for service in (LAGGING, A_DAY_LATER):
        subject = matrix(tmp_path / service.func.__name__, service)
        numbers = range(subject.create + 1, subject.create + 8)

        assert [
            fault for each in numbers if (fault := subject._killed({subject.create: first, each: second}))
        ] == []


@pytest.mark.full
@pytest.mark.parametrize("recovery", [RESEND, HOLD])
def test_long_chaos_changes_nothing(tmp_path: Path, recovery: str) -> None:
    assert matrix(tmp_path, LAGGING, recovery).chaos(range(200)) == []


@pytest.mark.full
def test_chaos_in_which_days_pass_changes_nothing(tmp_path: Path) -> None:
    assert matrix(tmp_path, A_DAY_LATER).chaos(range(200, 300)) == []


@pytest.mark.full
def test_2500_documents_travel_in_one_batch_and_once(tmp_path: Path) -> None:
    documents = {f"{number % 25}/{number}.txt": f"document {number}" for number in range(2500)}
    with ExtractPage() as vendor:
        subject = project(tmp_path, vendor, documents)
        subject.applied()
        sent = len(vendor.sent("POST", "PUT"))
        subject.applied()

        assert len(vendor.batches) == 1
        assert len(vendor.ledger) == len(set(vendor.ledger)) == len(subject.outputs()) == 2500
        assert len(vendor.sent("POST", "PUT")) == sent == 2 * 2500 + 1
