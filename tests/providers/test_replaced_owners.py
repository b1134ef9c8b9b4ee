"""What three vendors get from an owner of the state that was stopped before it sent, while others go on: each document once."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from docbatch import sending_fence
from docbatch.core.errors import NotAnswering
from docbatch.core.lifecycle import MAY_BE_SENT
from docbatch.emulators.server import Emulator
from docbatch.engine.administration.edit_state import locked
from docbatch.engine.connections import backoff
from docbatch.engine.running import send_submission
from docbatch.providers.base import Accepted, Intent, Provider
from docbatch.sending_fence import FenceTime, fence_time
from docbatch.state.store import Store
from docbatch.testing.attempt import Vendor
from tests.cli.project import Project
from tests.fake.watched_home import watched
from tests.providers.extend import test_matrix as extend
from tests.providers.extractpage import test_matrix as extractpage
from tests.providers.llamacloud import test_matrix as llamacloud

RESEND = "{grace: 0.2, then: resend}"
VENDORS: Mapping[str, Callable[[], Vendor[Any]]] = {
    "extend": extend.vendor,
    "llamacloud": llamacloud.vendor,
    "extractpage": extractpage.vendor,
}
SEARCHED = ("extend", "llamacloud")
DAY = 86400.0


@dataclass(frozen=True)
class Bench:
    vendor: Vendor[Any]
    emulator: Emulator
    project: Project

    @property
    def creates(self) -> int:
        return sum(map(self.vendor.creates, self.emulator.requests))

    @property
    def paid(self) -> Counter[int]:
        """How many documents were paid for how often."""
        return Counter(Counter(each.digest for each in self.emulator.payments).values())

    @property
    def documents(self) -> int:
        return sum(path.is_file() for path in (self.project.root / "in").rglob("*"))

    def histories(self) -> list[str]:
        with Store.readable(self.project.root / ".docbatch") as store:
            every = [each.id for each in store.submissions.all()]
            return [" ".join(each.event for each in store.events.of(name)) for name in every]

    def torn(self) -> str:
        """Take over as another owner does, and return the submission that the one before may still send."""
        with locked(self.project.root / ".docbatch") as store:
            (found,) = store.submissions.open()
            assert store.submissions.tear() == 1
            return found.id


@contextmanager
def bench(name: str, root: Path) -> Iterator[Bench]:
    vendor = VENDORS[name]()
    with (
        vendor.emulator() as emulator,
        mock.patch.dict(os.environ, vendor.environment),
        mock.patch.object(backoff, "FIRST_PAUSE", 0.04),
    ):
        made = vendor.write(root, emulator, RESEND)
        assert isinstance(made, Project)
        yield Bench(vendor, emulator, made)


@dataclass
class Stopped:
    """An owner that stands still between its record and the first byte."""

    provider: Provider | None = None
    intent: Intent | None = None

    def create(
        self, provider: Provider, *, intent: Intent, began: FenceTime | None, back: Callable[[str], None]
    ) -> Accepted:
        self.provider, self.intent = provider, intent
        # Its process does not end, so nobody closes its connection.
        provider.close = lambda: None  # type: ignore[method-assign]
        raise NotAnswering("it is stopped")

    def wake(self) -> None:
        assert self.provider is not None
        assert self.intent is not None
        self.provider.create(self.intent)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stopped]:
    """Have the next run stand still; `monkeypatch.undo` lets others go on."""
    owner = Stopped()
    monkeypatch.setattr(send_submission, "recorded_create", owner.create)
    yield owner
    if owner.provider is not None:
        type(owner.provider).close(owner.provider)


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("asked", ["before the create", "at the socket alone"])
def test_a_record_that_is_too_old_is_made_anew_by_the_same_run(
    name: str, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if asked == "at the socket alone":
        monkeypatch.setattr(sending_fence, "check_fence", lambda: None)
    now = fence_time()
    with bench(name, tmp_path) as at, watched(began=[FenceTime(now.running - DAY, now.wall - DAY)]):
        ended = at.project.call("apply", "--yes")

        assert ended.code == 0, ended
        assert at.creates == 1
        assert at.histories() == ["intended not_sent intended accepted collected"]
        assert at.paid == {1: at.documents}


@pytest.mark.parametrize("name", SEARCHED)
def test_it_is_held_until_it_is_found_whatever_then_says(
    name: str, tmp_path: Path, stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(name, tmp_path) as at:
        at.project.call("apply", "--yes")
        monkeypatch.undo()
        torn = at.torn()

        for _ in range(2):
            ended = at.project.call("apply", "--yes")
            assert (ended.code, at.creates) == (4, 0)
            assert f"Submission {torn}" in ended.out
            assert MAY_BE_SENT in ended.out
        assert f"  {MAY_BE_SENT}\n  decide with" in at.project.call("status").out
        assert f"{MAY_BE_SENT}; decide with" in at.project.call("plan").out

        stopped.wake()
        ended = at.project.call("apply", "--yes")

        assert ended.code == 0, ended
        assert at.histories() == ["intended unanswered torn unknowable found collected"]
        assert at.paid == {1: at.documents}


@pytest.mark.parametrize("name", SEARCHED)
def test_a_person_who_knows_that_it_has_ended_has_it_sent_again(
    name: str, tmp_path: Path, stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench(name, tmp_path) as at:
        at.project.call("apply", "--yes")
        monkeypatch.undo()
        torn = at.torn()
        assert at.project.call("apply", "--yes").code == 4

        assert at.project.call("resolve", torn, "--absent").code == 0
        assert at.project.call("apply", "--yes").code == 0

        assert stopped.intent is not None
        assert at.paid == {1: at.documents}


def test_a_vendor_that_knows_the_key_gets_it_again_and_nothing_is_held(
    tmp_path: Path, stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench("extractpage", tmp_path) as at:
        at.project.call("apply", "--yes")
        monkeypatch.undo()
        at.torn()

        ended = at.project.call("apply", "--yes")
        assert ended.code == 0, ended
        stopped.wake()

        assert at.histories() == ["intended unanswered torn accepted collected"]
        assert at.paid == {1: at.documents}
