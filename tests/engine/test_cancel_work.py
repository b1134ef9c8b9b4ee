"""What a vendor answers to being asked to stop: every row of the table in `cancel_work`, and the apply after it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import (
    CredentialsError,
    DocbatchError,
    NotAnswering,
    StateError,
    Unexpected,
    UsageError,
)
from docbatch.core.models import Stops
from docbatch.engine.administration import cancel_work
from docbatch.engine.administration.cancel_work import CancelOutcome, Order
from docbatch.engine.connections import provider_connections
from docbatch.engine.connections.provider_connections import Access
from docbatch.providers.base import Intent
from docbatch.specs.values import Connection
from docbatch.state.home import Publication
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider, traits
from docbatch.testing.patience import LONG, comes_true
from docbatch.testing.tripwire import Tripwire
from tests.fake.observed import histories
from tests.fake.project import CloudClock, Project
from tests.fake.table import TEXTS, script
from tests.fake.watched_home import WatchedProvider, watched

HOUR = 3600.0
ASKED = "intended accepted cancel_asked"


@dataclass(frozen=True)
class Seen:
    """What became of the one submission with its three documents. `trouble` is what asking ended with."""

    history: str
    stopped: int = 0
    ended: int = 0
    left: int = 0
    trouble: str = ""
    exit_code: int = 0
    documents: Mapping[str, int] = field(default_factory=dict)
    asked: int = 1
    waited: float = 0.0


@dataclass(frozen=True)
class Row:
    """`afterwards` is how the documents stand once they were applied again, an hour later."""

    faults: Mapping[str, Sequence[str]]
    seen: Seen
    afterwards: Mapping[str, int]
    stops: Stops = Stops.ALL
    latency: float = HOUR
    speaks_as: type[FakeProvider] = FakeProvider

    def check(self, root: Path) -> None:
        project = sent(root, self.latency)
        script(project.cloud, self.faults)
        since = project.cloud.now
        (outcome,) = cancelled(project, accesses(project, self.speaks_as, stops=self.stops))
        assert seen(project, outcome, since) == self.seen
        project.cloud.pass_time(HOUR)
        project.apply()
        assert project.statuses() == self.afterwards
        assert set(project.paid().values()) == {1}


def sent(root: Path, latency: float = HOUR) -> Project:
    """Return a project with one submission under way."""
    project = Project(root, cloud_options={"latency": latency}, trait_options={"max_items": 10})
    project.write(TEXTS)
    project.apply(wait=False)
    project.cloud.pass_time(10.0)
    return project


def accesses(project: Project, speaks_as: type[FakeProvider] = FakeProvider, **changes: Any) -> list[Access]:
    """Return how the fake vendor is reached; `changes` are those of its traits."""
    kind = traits(project.kind, **{"max_items": 10, **changes})
    cloud = project.cloud

    def connect() -> FakeProvider:
        return speaks_as(cloud, kind, Tripwire(), project.account)

    return [
        Access(project.connection, project.account, kind, connect, lambda payload: connect().read(payload))
    ]


def cancelled(
    project: Project, reached: list[Access], *, agree: bool = True, **order: Any
) -> list[CancelOutcome]:
    """Do what `docbatch cancel` does, with the fake vendor in the place of one that the registry knows."""
    named = {} if "submission" in order else {"job": project.job}
    given = Order(project.folder, [Connection(project.connection, "local")], **{**named, **order})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cancel_work, "accesses", lambda *_: reached)
        clock = CloudClock(project.cloud)
        return cancel_work.cancel(given, project._observe, lambda _work: agree, clock)


def seen(project: Project, outcome: CancelOutcome, since: float) -> Seen:
    trouble = outcome.trouble
    return Seen(
        histories(project)[0],
        outcome.stopped,
        outcome.ended,
        outcome.left,
        "" if trouble is None else f"{type(trouble).__name__}: {trouble.message}",
        outcome.exit_code,
        project.statuses(),
        project.cloud.calls("cancel"),
        project.cloud.now - since,
    )


class Half(FakeProvider):
    """Stops one of the documents; on the others it has not begun."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        self.cloud.fault("cancel")
        self.cloud.stop("batch-1", most=1)


LIVE = {"live": 3}
FAILED = {"failed": 3}
COLLECTED = {"succeeded": 3}
STOPPED = Seen(ASKED + " collected", stopped=3, documents=FAILED)
NOT_STOPPED = Seen(ASKED, left=3, exit_code=4, documents=LIVE)
NOT_ASKED = Seen("intended accepted", left=3, documents=LIVE)


def troubled(seen: Seen, trouble: str, exit_code: int, **differs: Any) -> Seen:
    return replace(seen, trouble=trouble, exit_code=exit_code, **differs)


ROWS = {
    "stopped": Row({}, STOPPED, FAILED),
    "stopped in part": Row(
        {}, Seen(ASKED, stopped=1, left=2, exit_code=4, documents={"failed": 1, "live": 2}), {"failed": 1, "succeeded": 2}, speaks_as=Half
    ),
    "what stops nothing is not asked": Row({}, replace(NOT_ASKED, exit_code=4, asked=0), COLLECTED, stops=Stops.NOTHING),
    "ended meanwhile": Row({}, Seen(ASKED, ended=3, documents=LIVE), COLLECTED, latency=5.0),
    "gone": Row({"cancel": ["gone"]}, NOT_STOPPED, COLLECTED),
    "unavailable": Row({"cancel": ["down", "down"]}, replace(STOPPED, asked=3, waited=3.0), FAILED),
    "unavailable, and the vendor names a wait": Row({"cancel": ["down_wait"]}, replace(STOPPED, asked=2, waited=9.0), FAILED),
    "unavailable for long": Row(
        {"cancel": ["down"] * 5}, troubled(NOT_ASKED, "Unavailable: scripted", 1, asked=5, waited=15.0), COLLECTED
    ),
    "credentials": Row({"cancel": ["credentials"]}, troubled(NOT_ASKED, "CredentialsError: the key is refused", 12), COLLECTED),
    "what it never raises": Row({"cancel": ["refused"]}, troubled(NOT_ASKED, "Refused: scripted", 1), COLLECTED),
    "a look afterwards, unavailable": Row({"poll": ["down"]}, NOT_STOPPED, FAILED),
    "a look afterwards, credentials": Row(
        {"poll": ["credentials"]}, troubled(NOT_STOPPED, "CredentialsError: the key is refused", 12), FAILED
    ),
    "a look afterwards, gone": Row({"poll": ["gone"]}, Seen(ASKED + " lost", ended=3, documents=FAILED), FAILED),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_a_vendor_answers_to_being_asked_to_stop(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


@pytest.mark.parametrize("asked", [{"dry_run": True}, {"agree": False}])
def test_nothing_is_asked_and_no_key_is_read_before_a_person_agrees(
    tmp_path: Path, asked: dict[str, bool]
) -> None:
    project = sent(tmp_path)
    (access,) = accesses(project)

    def read_key() -> FakeProvider:
        raise AssertionError

    assert cancelled(project, [replace(access, open=read_key)], **asked) == []
    assert project.cloud.calls("cancel") == 0


def test_a_vendor_is_asked_after_that_is_published_and_not_where_it_cannot_be(tmp_path: Path) -> None:
    project = sent(tmp_path)

    with watched(Publication.REMOVAL), pytest.raises(StateError):
        cancelled(project, accesses(project))
    assert project.cloud.calls("cancel") == 0

    with watched() as journal:
        cancelled(project, accesses(project, WatchedProvider))
    assert journal.entries == ["removal 1: submitted", "cancel 1", "decision"]


def test_what_was_not_expected_is_told_and_what_runs_is_collected(tmp_path: Path) -> None:
    project = sent(tmp_path)
    project.cloud.expect("cancel", 1, "unexpected")

    (outcome,) = cancelled(project, accesses(project))

    assert isinstance(outcome.trouble, Unexpected)

    assert histories(project) == ("intended accepted",)
    project.apply()
    assert project.statuses() == COLLECTED


class Hasty(CloudClock):
    """Does not wait for long for what other threads do."""

    def listen(self, until: float, has_news: Callable[[], bool]) -> None:
        if not comes_true(has_news, 0.2):
            self._cloud.pass_time(until - self._cloud.now)


def test_a_vendor_that_does_not_come_back_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = sent(tmp_path)
    free = threading.Event()
    asked: list[str] = []

    class Silent(FakeProvider):
        def cancel(self, intent: Intent, remote_id: str | None) -> None:
            asked.append(intent.submission)
            free.wait(LONG)

    monkeypatch.setattr("tests.engine.test_cancel_work.CloudClock", Hasty)
    monkeypatch.setattr(provider_connections, "CLOSING", 0.1)
    (outcome,) = cancelled(project, accesses(project, Silent))
    free.set()

    assert isinstance(outcome.trouble, NotAnswering)
    assert (outcome.exit_code, outcome.left, len(asked)) == (4, 3, 1)


def test_only_work_that_a_vendor_has_can_be_stopped(tmp_path: Path) -> None:
    project = sent(tmp_path)
    (access,) = accesses(project)
    with Store.readable(project.folder) as store:
        (submission,) = store.submissions.all()

    refused(project, UsageError, "work of this machine", accesses(project, in_process=True))
    refused(project, UsageError, "which docbatch.yaml lacks", [])
    refused(project, CredentialsError, "now speaks for other", [replace(access, account="other")])
    refused(project, UsageError, "the state knows no job 'another'", [access], job="another")
    refused(project, UsageError, "the state knows no submission 's1'", [access], submission="s1")
    project.apply()
    assert cancelled(project, [access]) == []
    refused(
        project, UsageError, "is collected: there is nothing left to stop", [access], submission=submission.id
    )


def test_work_that_may_not_exist_is_not_asked_about(tmp_path: Path) -> None:
    project = Project(tmp_path, trait_options={"max_items": 10})
    project.write(TEXTS)
    project.cloud.expect("create", 1, "uncertain")
    project.apply(wait=False)
    with Store.readable(project.folder) as store:
        (submission,) = store.submissions.all()

    assert cancelled(project, accesses(project)) == []
    refused(
        project,
        UsageError,
        "whether the vendor has it is not known",
        accesses(project),
        submission=submission.id,
    )


def refused(
    project: Project, error: type[DocbatchError], words: str, reached: list[Access], **order: Any
) -> None:
    with pytest.raises(error, match=words):
        cancelled(project, reached, **order)
    assert project.cloud.calls("cancel") == 0
