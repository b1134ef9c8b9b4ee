"""What hints do to a run: they bring questions forward. They answer none, and without them nothing ends differently."""

import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.consequences import ProviderCall
from docbatch.core.models import Recovery, SubmissionStatus
from docbatch.core.scheduler import Settle
from docbatch.engine.clock import SystemClock
from docbatch.engine.connections.conversations import Conversations, Talk
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running import loop
from docbatch.engine.running.read_webhook_hints import LOOK_SPACING, HintInbox
from docbatch.engine.running.run_context import Run
from docbatch.state.store import Store
from docbatch.testing.fake.cloud import Cloud
from docbatch.testing.patience import LONG
from docbatch.testing.tripwire import Killed, Meddler
from docbatch.webhooks.hints import Hint
from docbatch.webhooks.inbox import InboxWriter
from tests.fake.project import TEXTS, CloudClock, Project

PAID = dict.fromkeys(TEXTS.values(), 1)
SELDOM = 1000.0
LATENCY = 100.0


def made(root: Path, kind: Recovery = Recovery.FINDABLE, lag: float = 0.0, **traits: Any) -> Project:
    root.mkdir()
    seldom = {"poll_initial": 20.0, "poll_max": SELDOM, **traits}
    project = Project(root, kind, cloud_options={"latency": LATENCY, "lag": lag}, trait_options=seldom)
    project.write()
    return project


def inbox(project: Project) -> Path:
    project.folder.mkdir(exist_ok=True)
    return project.folder / "inbox"


def drop(project: Project, *hints: Hint) -> None:
    writer = InboxWriter(inbox(project))
    for hint in hints:
        assert writer.put(os.urandom(8).hex(), hint)


def hint(**changes: Any) -> Hint:
    return Hint(**{"connection": "fake", "kind": "batch.done", "received": time.time(), **changes})


def meanwhile(monkeypatch: pytest.MonkeyPatch, arrive: Callable[[float], object], step: float = 1.0) -> None:
    """Let a run wait in small steps, with a chance for hints to arrive in each."""
    plain = CloudClock.wait

    def wait(self: CloudClock, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
        while self.monotonic() < until and not has_news():
            plain(self, min(until, self.monotonic() + step), has_news)
            arrive(self.monotonic())

    monkeypatch.setattr(CloudClock, "wait", wait)


def once(moment: float, act: Callable[[], object]) -> Callable[[float], object]:
    waiting = [act]
    return lambda now: waiting.pop()() if now >= moment and waiting else None


def calls(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, call: str) -> list[float]:
    """Return the list that will hold the times of a kind of call."""
    times: list[float] = []
    plain = Cloud.fault

    def fault(self: Cloud, name: str) -> str | None:
        if name == call:
            times.append(self.now)
        return plain(self, name)

    monkeypatch.setattr(Cloud, "fault", fault)
    return times


def test_a_hint_that_names_no_known_work_has_all_of_its_connection_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(tmp_path / "p", poll_initial=SELDOM)
    meanwhile(monkeypatch, once(LATENCY + 2, lambda: drop(project, hint(ids=("batch-77",)))))

    project.apply()

    assert project.cloud.now < LATENCY + 10
    assert project.paid() == PAID
    assert list(inbox(project).glob("*.json")) == []


@pytest.mark.parametrize("by", ["remote id", "marker"])
def test_a_hint_that_names_work_has_only_that_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    project = made(tmp_path / "p", poll_initial=SELDOM)
    polls = calls(project.cloud, monkeypatch, "gone")

    def arrive() -> None:
        with Store.readable(project.folder) as store:
            identity = next(each.id for each in store.submissions.open() if each.remote_id == "batch-2")
        drop(project, hint(ids=("batch-2",)) if by == "remote id" else hint(marker=f"proj-{identity}"))

    meanwhile(monkeypatch, once(LATENCY + 2, arrive))

    project.apply()

    assert [round(each) for each in polls] == [0, 0, 102, 1000]


@pytest.mark.parametrize(
    "foreign",
    [hint(connection="other"), hint(marker="anotherproject-s1"), hint(marker="proj-through-long-ago")],
    ids=["another connection", "another project", "finished work"],
)
def test_a_hint_about_what_is_not_ours_to_follow_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreign: Hint
) -> None:
    project = made(tmp_path / "p", poll_initial=SELDOM)
    meanwhile(monkeypatch, once(LATENCY + 2, lambda: drop(project, foreign)))

    project.apply()

    assert project.cloud.now >= SELDOM
    assert list(inbox(project).glob("*.json")) == []


def test_many_hints_make_for_few_polls_and_the_last_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(tmp_path / "p", max_items=10)
    polls = calls(project.cloud, monkeypatch, "gone")
    meanwhile(monkeypatch, lambda now: drop(project, hint()) if now < LATENCY + 1 else None)

    project.apply()

    assert len(polls) <= LATENCY / 20 + 3
    assert polls[-1] < LATENCY + 22


def lost(project: Project, call: str = "after uncertain") -> None:
    project.cloud.expect("create", 1, call)


def test_a_hint_has_lost_work_found_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made(tmp_path / "p", lag=30.0, max_items=10, grace=3000.0)
    lost(project)
    meanwhile(monkeypatch, once(40, lambda: drop(project, hint())))
    polls = calls(project.cloud, monkeypatch, "gone")

    project.apply()

    assert polls[0] < 50
    assert project.paid() == PAID


def test_a_look_that_a_hint_asks_for_settles_what_was_about_to_be_looked_for(tmp_path: Path) -> None:
    project = made(tmp_path / "p", max_items=10)
    with pytest.raises(Killed):
        project.apply(Meddler(effect="after create"))
    drop(project, hint())

    project.apply()

    assert project.paid() == PAID
    assert project.cloud.calls("look") == 1


def test_a_hint_waits_until_its_connection_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heeded: list[str] = []

    def heed(_self: HintInbox, _run: Run, hints: Iterable[Hint], _submissions: object) -> list[Settle]:
        heeded.extend(each.connection for each in hints)
        return []

    monkeypatch.setattr(HintInbox, "heed", heed)
    project = made(tmp_path / "p", max_items=10)
    with project.taken_up(project.target()) as (session, clock):
        talks = Conversations(clock)
        run = project.run(session, clock)
        rounds = loop._Rounds(run, HintInbox(inbox(project)), talks, wait=True, deadline=float("inf"))
        answer: Future[None] = Future()

        def asking() -> Talk[None]:
            yield run.connections["fake"].waiting(ProviderCall.POLL, [answer])

        talks.begin("fake", asking())
        drop(project, hint())
        rounds._heed({})
        assert heeded == []

        answer.set_result(None)
        talks.go_on()
        rounds._heed({})
        rounds._heed({})
        assert heeded == ["fake"]


def test_looks_that_hints_ask_for_are_spaced_and_prove_no_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hints without end must not make the looks look spaced: the list lags until just before the last regular look."""
    project = made(tmp_path / "p", lag=55.0, max_items=10)
    lost(project)
    looks = calls(project.cloud, monkeypatch, "look")
    meanwhile(monkeypatch, lambda now: drop(project, hint()) if now < 50 else None)

    project.apply()

    assert project.paid() == PAID
    regular = [0, 20, 40, 60]
    extra = [each for each in looks if round(each) not in regular]
    assert 3 <= len(extra) <= 50 / LOOK_SPACING + 1


def test_a_look_that_a_hint_asks_for_puts_off_no_regular_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made(tmp_path / "p", lag=55.0, max_items=10)
    lost(project)
    project.cloud.expect("look", 2, "down_wait")
    looks = calls(project.cloud, monkeypatch, "look")
    meanwhile(monkeypatch, once(15, lambda: drop(project, hint())))

    project.apply()

    assert [round(each) for each in looks] == [0, 15, 20, 40, 60]


def test_hints_alone_never_lead_to_a_second_create(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = made(tmp_path / "p", max_items=10, looks=4)
    lost(project, "uncertain")
    creates = calls(project.cloud, monkeypatch, "create")
    meanwhile(monkeypatch, lambda now: drop(project, hint()) if now < 59 else None)

    project.apply()

    assert creates[0] == 0
    assert creates[1] >= 60
    assert project.paid() == PAID


def test_held_work_gets_a_look_and_stays_held_when_that_sees_nothing(tmp_path: Path) -> None:
    project = made(tmp_path / "p", max_items=10, resend=False)
    lost(project, "uncertain")
    project.apply()
    looks = project.cloud.calls("look")

    drop(project, *(hint() for _ in range(5)))
    project.apply()

    assert project.cloud.calls("look") == looks + 2
    with Store.readable(project.folder) as store:
        assert [each.status for each in store.submissions.open()] == [SubmissionStatus.HELD]


def test_a_run_that_does_not_wait_takes_up_what_came_before_it(tmp_path: Path) -> None:
    project = made(tmp_path / "p")
    drop(project, hint(), hint(ids=("batch-9",)))

    project.apply(wait=False)

    assert list(inbox(project).glob("*.json")) == []


def planted(folder: Path) -> Iterable[tuple[str, str]]:
    """Plant files that are no hints; yield each one's name and what is to become of it."""
    (folder / "elsewhere").write_text("kept")
    for name, content in {
        "a.json": b"",
        "b.json": b"[]",
        "c.json": b'{"version": "docbatch/inbox/v2"}',
        "d.json": b'{"version": "docbatch/inbox/v1", "connection": 1, "kind": "x", "received": 0}',
        "e.json": b"[" * 60_000,
        "f.json": b" " * 100_000 + b"{}",
    }.items():
        (folder / name).write_bytes(content)
        yield name, "removed"
    os.mkfifo(folder / "g.json")
    yield "g.json", "removed"
    (folder / "h.json").symlink_to(folder / "elsewhere")
    yield "h.json", "left"
    (folder / "i.json").mkdir()
    yield "i.json", "left"


def test_files_that_are_no_hints_are_named_once_and_stop_nothing(tmp_path: Path) -> None:
    project = made(tmp_path / "p")
    folder = inbox(project)
    folder.mkdir()
    fates = dict(planted(folder))

    project.apply()

    assert project.paid() == PAID
    told = [each.message for each in project.notices if isinstance(each, Trouble)]
    assert [sum(name in message for message in told) for name in fates] == [1] * len(fates)
    assert {name: "left" if os.path.lexists(folder / name) else "removed" for name in fates} == fates
    assert (folder / "elsewhere").read_text() == "kept"


def test_an_inbox_that_cannot_be_read_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    project = made(tmp_path / "p")
    inbox(project).write_text("a file, no folder")

    project.apply()

    assert project.paid() == PAID
    assert [each.subject for each in project.notices if isinstance(each, Trouble)] == ["inbox"]


def test_waiting_ends_with_news_and_with_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docbatch.engine.clock.GLANCE", 0.01)
    clock = SystemClock()
    answers = iter([False, True])
    never = clock.monotonic() + 3600

    told = threading.Thread(target=clock.wait, args=(never, lambda: next(answers)), daemon=True)
    told.start()
    told.join(LONG)
    called = threading.Thread(target=clock.wait, args=(never,), daemon=True)
    called.start()
    assert called.is_alive()
    clock.wake()
    called.join(LONG)

    assert list(answers) == []
    assert not told.is_alive()
    assert not called.is_alive()
