"""What is answered about work that was sent: every row of the tables in `follow_submission`, and the run after it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import BudgetStop
from docbatch.core.models import Failure, FailureClass
from docbatch.providers.base import Changed, Failed, Intent, Progress, Ready
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.observed import Seen, broke
from tests.fake.project import Project
from tests.fake.table import TEXTS, Row

DONE = "intended accepted collected"
ONE, TWO, THREE = (f"accepted: batch-{number}" for number in (1, 2, 3))


def seen(*answers: str, **differs: Any) -> Seen:
    """Return a run that sends three documents in two creates and collects them."""
    usual = Seen(
        (DONE, DONE), answers, counted=3, documents="3 succeeded", calls="poll 4, fetch 3, discard 2"
    )
    return replace(usual, **differs)


def row(call: str, faults: Sequence[str], first: Seen, then: Seen | None = None, **given: Any) -> Row:
    return Row({call: faults}, first, then, **given)


def cut(why: str, message: str, calls: str) -> Seen:
    """Return a run in which nothing could be asked any more: what is sent stays sent."""
    return Seen(
        ("intended accepted",) * 2, (ONE, TWO, f"trouble: connection: {message}"),
        f"cut by {why}: {message}", counted=3, documents="3 live", calls=calls,
    )  # fmt: skip


def fetched_but_one(why: str, message: str) -> Seen:
    """Return a run in which the connection is given up with one result, and what came beside it is kept."""
    return replace(cut(why, message, "poll 4, fetch 2, discard 0"), documents="2 live, 1 succeeded")


def without(reason: str, number: int, calls: str, **differs: Any) -> Seen:
    """Return a run in which some of the three documents ended without a result."""
    documents = f"{number} failed, {3 - number} succeeded" if number < 3 else "3 failed"
    return seen(documents=documents, reasons=(reason,), calls=calls, **differs)


class Swapping(FakeProvider):
    """Reads other bytes than planned for one document, which it tells once and does not charge for."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        seen = super().poll(intent, remote_id)
        if self.cloud.calls("poll") > 1:
            return seen
        key = intent.batch.items[0].key
        self.cloud.uncharge(key)
        return replace(seen, ended=[Changed(key, "other bytes were read")])


class Poor(FakeProvider):
    """Fails one document at once, for lack of credits, and says so whenever it is asked."""

    code: str | None = "NO_CREDITS"

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        seen = super().poll(intent, remote_id)
        if remote_id != "batch-1":
            return seen
        key = intent.batch.items[0].key
        self.cloud.uncharge(key)
        failed = Failed(key, Failure(FailureClass.OUT_OF_CREDITS, "no credits", self.code))
        return replace(seen, ended=[*(each for each in seen.ended if each.key != key), failed])


class Wordy(Poor):
    """Says so in words alone."""

    code = None


class Mixed(FakeProvider):
    """Cannot read one document, and another only in part."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        seen = super().poll(intent, remote_id)
        if remote_id != "batch-1" or not seen.ended:
            return seen
        first, second = seen.ended
        assert isinstance(second, Ready)
        failed = Failed(first.key, Failure(FailureClass.CORRUPT, "cannot be read", "E42"))
        return replace(seen, ended=[failed, replace(second, partial=True)])


class Slow(FakeProvider):
    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        return replace(super().poll(intent, remote_id), next_poll=45.0, note="the queue is long")


class Dropping(FakeProvider):
    """Ends the work and never says what became of one document; it tells of the others once."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        seen = super().poll(intent, remote_id)
        if remote_id != "batch-1":
            return seen
        key = intent.batch.items[0].key
        why = Failure(FailureClass.VENDOR_ERROR, "the batch is over and says nothing of it", "dropped")
        shown = [each for each in seen.ended if each.key != key and self.cloud.now < 3.0]
        return replace(seen, ended=shown, doubted={key: why})


class Wavering(FakeProvider):
    """Takes long to tell of a document that the batch, which is over, has ended."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        seen = super().poll(intent, remote_id)
        if remote_id != "batch-1" or seen.ended:
            return seen
        why = Failure(FailureClass.VENDOR_ERROR, "the batch is over and says nothing of it", "dropped")
        return replace(seen, doubted={intent.batch.items[0].key: why})


class Spoilt(FakeProvider):
    """Gives one result spoilt, the first three times."""

    times = 3

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        whole = super().fetch(intent, ready)
        if ready.remote_id != "run-1":
            return whole
        self.cloud.fault("spoilt")
        return whole if self.cloud.calls("spoilt") > self.times else b'{"oops": 1}'


class SpoiltOnceMore(Spoilt):
    times = 4


class Hiding(FakeProvider):
    """Shows no trace of one document for five minutes, and tells of the others once."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        seen = super().poll(intent, remote_id)
        key = intent.batch.items[0].key
        if remote_id != "batch-1" or self.cloud.now >= 300.0:
            return seen
        shown = [each for each in seen.ended if each.key != key and self.cloud.now < 3.0]
        return replace(seen, ended=shown, unseen=frozenset({key}))


GONE = "expired None: the vendor no longer has the work or its result; it is not sent again without consent"
LOST = "intended accepted lost"
DROPPED = "vendor_error dropped: the batch is over and says nothing of it"
HELD = (
    "held None: it may have been sent, but the provider shows no trace of it; it is not sent again by itself;"
    " once you made sure that the provider does not have it, 'docbatch retry --class held' queues it"
)
ALL = seen(ONE, TWO)
AFTERWARDS = seen(counted=0)
FREE = {"free": True}
SELDOM = [
    0.0,
    0.0,
    2.0,
    2.0,
    4.0,
    7.0,
    11.5,
    18.25,
    28.375,
    43.5625,
    *(66.34375 + 30.0 * n for n in range(9)),
]
"""More and more seldom while nothing moves, up to half a minute."""
LEFT = "trouble: submission: what was made for it at the provider is still there: "

ROWS = {
    "ended": row("poll", [], ALL, at={"poll": [0.0, 0.0, 2.0, 2.0], "fetch": [2.0] * 3}),
    "ended, one of them failed and one in part": row(
        "poll", [],
        seen(ONE, TWO, documents="1 failed, 1 partial, 1 succeeded", reasons=("corrupt E42: cannot be read",), calls="poll 4, fetch 2, discard 2"),
        speaks_as=Mixed,
    ),
    "poll unavailable": row(
        "poll", ["down", "", "down"], seen(ONE, TWO, calls="poll 5, fetch 3, discard 2"), at={"poll": [0.0, 0.0, 1.0, 2.0, 3.0]}
    ),
    "poll unavailable, and the vendor names a wait": row("poll", ["down_wait"], ALL, at={"poll": [0.0, 0.0, 2.0, 9.0]}),
    "poll, gone": row(
        "poll", ["gone"], without(GONE, 2, "poll 3, fetch 1, discard 1", told=(ONE, TWO), histories=(LOST, DONE), queued=2)
    ),
    "poll, gone, free": row(
        "poll", ["gone"],
        seen(ONE, TWO, THREE, histories=(LOST, DONE, DONE), queued=2, counted=5, calls="poll 5, fetch 3, discard 2"),
        traits=FREE,
    ),
    "poll, gone, free, again and again": row(
        "poll", ["gone"] * 50,
        without(
            GONE, 3, "poll 8, fetch 0, discard 0",
            told=tuple(f"accepted: batch-{number}" for number in range(1, 9)), histories=(LOST,) * 8, queued=5, counted=12,
        ),
        traits=FREE,
    ),
    "poll, credentials": row("poll", ["credentials"], cut("CredentialsError", "the key is refused", "poll 1, fetch 0, discard 0"), AFTERWARDS),
    "poll, what polls never raise": row("poll", ["refused"], cut("Refused", "scripted", "poll 1, fetch 0, discard 0"), AFTERWARDS),
    "poll, unexpected": row("poll", ["unexpected"], cut("Unexpected", broke("poll"), "poll 1, fetch 0, discard 0"), AFTERWARDS),
    "poll, other bytes were read": row(
        "poll", [],
        seen(
            ONE, TWO, "replanned: a.txt: other bytes were read", THREE,
            histories=(DONE,) * 3, queued=2, counted=4, calls="poll 6, fetch 3, discard 3",
        ),
        speaks_as=Swapping,
    ),
    "poll, out of credits": row(
        "poll", [],
        seen(
            ONE, "trouble: connection: no credits", histories=(DONE,), connection="blocked by BudgetStop: no credits", counted=2,
            documents="1 failed, 1 pending, 1 succeeded", reasons=("out_of_credits NO_CREDITS: no credits",), calls="poll 2, fetch 1, discard 1",
        ),
        seen(TWO, counted=2, calls="poll 2, fetch 2, discard 1"),
        speaks_as=Poor, traits={"max_in_flight": 1},
    ),
    "poll, out of credits in words alone": row(
        "poll", [],
        seen(
            ONE, TWO, histories=(DONE, DONE), counted=3, documents="1 failed, 2 succeeded",
            reasons=("out_of_credits None: no credits",), calls="poll 4, fetch 2, discard 2",
        ),
        seen(THREE, histories=(DONE, DONE, DONE), counted=1, calls="poll 2, fetch 1, discard 1"),
        speaks_as=Wordy, traits={"max_in_flight": 1},
    ),
    "poll, out of credits, told again by a later run": row(
        "poll", ["", "unexpected"],
        seen(
            ONE, "trouble: connection: no credits", f"trouble: connection: {broke('poll')}",
            histories=("intended accepted",), connection=f"cut by Unexpected: {broke('poll')}, blocked by Unexpected: no credits", counted=2,
            documents="1 failed, 1 live, 1 pending", reasons=("out_of_credits NO_CREDITS: no credits",), calls="poll 2, fetch 0, discard 0",
        ),
        seen(TWO, counted=2, calls="poll 3, fetch 3, discard 2"),
        speaks_as=Poor, traits={"max_in_flight": 1},
    ),
    "poll, the vendor names a wait": row(
        "poll", [], seen(ONE, TWO, *["remark: the queue is long"] * 4), speaks_as=Slow, at={"poll": [0.0, 0.0, 45.0, 45.0]}
    ),
    "poll, a document of work that was answered is not to be seen": row(
        "poll", [], seen(ONE, TWO, calls="poll 19, fetch 3, discard 2"), speaks_as=Hiding, at={"poll": SELDOM},
    ),
    "poll, a document of work that was found is not to be seen": row(
        "create", ["after uncertain"],
        seen(
            "unanswered: scripted", TWO, "found: batch-1",
            histories=("intended unanswered found collected", DONE),
            documents="1 held, 2 succeeded", reasons=(HELD,), calls="poll 11, fetch 2, discard 2",
        ),
        speaks_as=Hiding, at={"poll": SELDOM[:11]},
    ),
    "poll, a document is dropped": row(
        "poll", [], without(DROPPED, 1, "poll 11, fetch 2, discard 2", told=(ONE, TWO)), speaks_as=Dropping, at={"poll": SELDOM[:11]},
    ),
    "poll, a document seems to be dropped": row("poll", [], seen(ONE, TWO), speaks_as=Wavering),
    "fetch unavailable": row("fetch", ["down"], seen(ONE, TWO, calls="poll 4, fetch 4, discard 2"), at={"fetch": [2.0, 2.0, 2.0, 3.0]}),
    "fetch unavailable, twice": row(
        "fetch", ["down", "", "", "down"], seen(ONE, TWO, calls="poll 4, fetch 5, discard 2"), at={"fetch": [2.0, 2.0, 2.0, 3.0, 5.0]}
    ),
    "fetch unavailable, twice, with a result between": row(
        "fetch", ["down", "down", "", "", "down"], seen(ONE, TWO, calls="poll 4, fetch 6, discard 2"), at={"fetch": [2.0, 2.0, 2.0, 3.0, 3.0, 4.0]}
    ),
    "fetch unavailable, and the vendor names a wait": row(
        "fetch", ["down_wait"], seen(ONE, TWO, calls="poll 4, fetch 4, discard 2"), at={"fetch": [2.0, 2.0, 2.0, 11.0]}
    ),
    "fetch, gone": row("fetch", ["gone"], without("expired None: scripted", 1, "poll 4, fetch 3, discard 2", told=(ONE, TWO), queued=2)),
    "fetch, gone, free": row(
        "fetch", ["gone"],
        seen(ONE, TWO, THREE, histories=(DONE,) * 3, queued=2, counted=4, calls="poll 6, fetch 4, discard 3"),
        traits=FREE,
    ),
    "fetch, refused": row("fetch", ["refused"], without("vendor_error E7: scripted", 1, "poll 4, fetch 3, discard 2", told=(ONE, TWO))),
    "fetch, spoilt": row(
        "fetch", [], seen(ONE, TWO, calls="poll 4, fetch 6, discard 2"), speaks_as=Spoilt, at={"fetch": [2.0, 2.0, 2.0, 3.0, 5.0, 9.0]}
    ),
    "fetch, spoilt again and again": row(
        "fetch", [],
        without(
            'vendor_error wrong_shape: the answer has a shape that cannot be read: the answer has no text: {"oops": 1}', 1, "poll 4, fetch 6, discard 2", told=(ONE, TWO)
        ),
        speaks_as=SpoiltOnceMore, at={"fetch": [2.0, 2.0, 2.0, 3.0, 5.0, 9.0]},
    ),
    "fetch, credentials": row(
        "fetch", ["credentials"], fetched_but_one("CredentialsError", "the key is refused"), seen(counted=0, calls="poll 0, fetch 2, discard 2"),
    ),
    "fetch, what fetches never raise": row(
        "fetch", ["not_sent"], fetched_but_one("NotSent", "scripted"), seen(counted=0, calls="poll 0, fetch 2, discard 2"),
    ),
    "fetch, unexpected": row(
        "fetch", ["unexpected"], fetched_but_one("Unexpected", broke("fetch")), seen(counted=0, calls="poll 0, fetch 2, discard 2"),
    ),
    "discard unavailable": row("discard", ["down"], seen(ONE, TWO, LEFT + "scripted"), seen(counted=0, calls="poll 0, fetch 0, discard 1")),
    "discard, credentials": row("discard", ["credentials"], seen(ONE, TWO, LEFT + "the key is refused"), seen(counted=0, calls="poll 0, fetch 0, discard 1")),
    "discard, what it never raises": row("discard", ["refused"], seen(ONE, TWO, LEFT + "scripted"), seen(counted=0, calls="poll 0, fetch 0, discard 1")),
    "discard unexpected": row(
        "discard", ["unexpected"],
        seen(ONE, TWO, f"trouble: connection: {broke('discard')}", connection=f"cut by Unexpected: {broke('discard')}", calls="poll 4, fetch 3, discard 1"),
        seen(counted=0, calls="poll 0, fetch 0, discard 2"),
    ),
}  # fmt: skip
SIDE_BY_SIDE = ("ended", "fetch unavailable", "fetch, gone", "fetch, gone, free", "fetch, refused")


@pytest.mark.parametrize("name", ROWS)
def test_what_is_answered_about_work_that_was_sent(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_the_same_where_results_are_fetched_side_by_side(tmp_path: Path, name: str) -> None:
    row = ROWS[name]
    replace(row, traits={**row.traits, "concurrency": 4}).check(tmp_path)


@pytest.mark.parametrize("name", ["ended", "fetch unavailable", "fetch, gone", "fetch, refused"])
def test_work_in_this_process_that_costs_money_is_recorded_like_any_other(tmp_path: Path, name: str) -> None:
    row = ROWS[name]
    replace(row, traits={**row.traits, "in_process": True}).check(tmp_path)


def test_documents_that_fail_for_lack_of_credits_end_the_run_as_a_budget_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fake.project.FakeProvider", Poor)
    project = Project(tmp_path)
    project.write(TEXTS)

    (trouble,) = project.apply().connections.troubles.values()

    assert (type(trouble), trouble.exit_code) == (BudgetStop, 5)
    assert trouble.hint == "add credits and apply again; what runs is still collected"
