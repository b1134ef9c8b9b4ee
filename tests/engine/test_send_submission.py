"""What an answer to a create leads to: every row of the table in `send_submission`, and the run after it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import BudgetStop, Unexpected
from docbatch.core.lifecycle import Event
from docbatch.core.models import Recovery
from docbatch.providers.base import Accepted, Batch, Intent, Prepared, Step
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.observed import Seen, broke
from tests.fake.project import Project
from tests.fake.table import TEXTS, Row

DONE = "intended accepted collected"
TWICE = "intended not_sent intended accepted collected"
REPLAY = "intended unanswered accepted collected"
LOOK = "intended unanswered found collected"
VOID = "intended unanswered absent"
HOLD = "intended unanswered unknowable"
ONE, TWO = "accepted: batch-1", "accepted: batch-2"
STALE = "not_sent: no longer good"
NOTE = "remark: twins were cancelled"
UNKNOWABLE = "held: the vendor offers no way to tell whether it exists"
ABSENT = "absent: not found in 4 looks over 60 s beside a visible witness"
BROKE = "blocked by BudgetStop: no credits"
LIVE = "2 live, 1 succeeded"


class Noting(FakeProvider):
    def create(self, intent: Intent) -> Accepted:
        return replace(super().create(intent), note="twins were cancelled")


class Unprepared(FakeProvider):
    """Takes work in one call, with nothing to be made before it."""

    def steps(self, batch: Batch) -> Sequence[Step]:
        return []

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        contents = {item.key: item.name for item in batch.items}
        return json.dumps({"marker": batch.marker, "contents": contents}).encode()


def seen(*told: str, **differs: Any) -> Seen:
    """Return a run that sends all three documents in two creates, but for what differs."""
    usual = Seen((DONE, DONE), told, counted=3, documents="3 succeeded", calls="create 2, perform 6")
    return replace(usual, **differs)


def stopped(told: str, connection: str, queued: int) -> Seen:
    """Return a run in which nothing was created after the first answer."""
    return Seen(
        ("intended not_sent",),
        (told, told.replace("not_sent", "trouble: connection")),
        connection,
        queued,
        documents="3 pending",
        calls="create 1, perform 4",
    )


def row(faults: Sequence[str], first: Seen, then: Seen | None = None, **given: Any) -> Row:
    """Return the row of creates that fail like this, one after the other."""
    return Row({"create": faults}, first, then, **given)


def unexpected(fault: str, kind: Recovery, then: Seen, paid: int = 3, what: str = broke("create")) -> Row:
    """Return what happens where a create raises what it never should: the connection is left, and the next run finds out."""
    broken = Seen(
        ("intended unanswered",),
        (f"unanswered: {what}", f"trouble: connection: {what}"),
        f"cut by {'Unexpected' if what == broke('create') else ERRORS[fault]}: {what}",
        counted=2,
        documents="2 live, 1 pending",
        calls="create 1, perform 4",
    )
    return row([fault], broken, then, paid=paid, kind=kind)


ERRORS = {"after down": "Unavailable", "after gone": "Gone"}
ALL_OF_IT = seen(ONE, TWO, histories=(TWICE, DONE), calls="create 2, perform 2")
REPLAYED = seen(ONE, TWO, histories=(REPLAY, DONE), counted=1, calls="create 2, perform 2")
FOUND = seen("found: batch-1", TWO, histories=(LOOK, DONE), counted=1, calls="create 1, perform 2")
RESENT = seen(ONE, ABSENT, TWO, histories=(VOID, DONE, DONE), queued=2, calls="create 2, perform 3")
HELD = seen(
    UNKNOWABLE, ONE, histories=(HOLD, DONE), queued=2, counted=1, documents=LIVE, calls="create 1, perform 2"
)

ROWS = {
    "accepted": row([], seen(ONE, TWO)),
    "accepted, with a note": row([], seen(ONE, NOTE, TWO, NOTE), speaks_as=Noting),
    "stale": row(
        ["stale"],
        seen(
            STALE, ONE, TWO, histories=(DONE, TWICE), queued=2, calls="create 3, perform 8"
        ),
    ),
    "stale again and again": row(
        ["stale"] * 4,
        Seen(
            ("intended not_sent intended not_sent",) * 2, (*(STALE,) * 4, "trouble: connection: no longer good"), "blocked by Stale: no longer good",
            queued=3, documents="3 pending", calls="create 4, perform 9",
        ),
        seen(ONE, TWO, histories=("intended not_sent " + TWICE,) * 2, calls="create 2, perform 3"),
    ),
    "stale again and again, with an accepted one between": row(
        ["stale", "stale", "", "stale", "stale", "stale"],
        seen(
            STALE, STALE, ONE, STALE, STALE, STALE, TWO,
            histories=(TWICE, "intended not_sent " * 3 + TWICE), queued=5, calls="create 7, perform 12",
        ),
    ),
    "refused": row(
        ["refused"],
        seen(
            "refused: scripted", ONE,
            histories=("intended refused", DONE), documents="2 failed, 1 succeeded", reasons=("unsupported E7: scripted",),
        ),
        paid=1,
    ),
    "out of credits": row(["out_of_credits"], stopped("not_sent: no credits", BROKE, queued=2), ALL_OF_IT),
    "not sent": row(
        ["not_sent"],
        seen("not_sent: scripted", ONE, TWO, histories=(TWICE, DONE), connection="rests 1 s", queued=2, calls="create 3, perform 6"),
    ),
    "not sent, twice": row(
        ["not_sent", "not_sent"],
        seen(
            "not_sent: scripted", "not_sent: scripted", ONE, TWO,
            histories=("intended not_sent " + TWICE, DONE), connection="rests 1 s, rests 2 s", queued=3, calls="create 4, perform 6",
        ),
    ),
    "not sent, twice, with an accepted one between": row(
        ["not_sent", "", "not_sent"],
        seen(
            "not_sent: scripted", ONE, "not_sent: scripted", TWO,
            histories=(TWICE, TWICE), connection="rests 1 s, rests 1 s", queued=3, calls="create 4, perform 0",
        ),
        speaks_as=Unprepared,
    ),
    "not sent, and the vendor names a wait": row(
        ["not_sent_wait"],
        seen("not_sent: slow down", ONE, TWO, histories=(TWICE, DONE), connection="rests 9 s", queued=2, calls="create 3, perform 6"),
    ),
    "not sent, and nothing more is to be": row(["stop"], stopped("not_sent: no credits", BROKE, queued=2), ALL_OF_IT),
    "credentials": row(
        ["credentials"],
        stopped("not_sent: the key is refused", "cut by CredentialsError: the key is refused", queued=1),
        ALL_OF_IT,
    ),
    "uncertain, keyed": row(
        ["uncertain"],
        seen("unanswered: scripted", ONE, TWO, histories=(REPLAY, DONE), calls="create 3, perform 6"),
        kind=Recovery.KEYED,
    ),
    "uncertain, findable": row(
        ["uncertain"],
        seen(
            "unanswered: scripted", ONE, ABSENT, TWO,
            histories=(VOID, DONE, DONE), queued=2, counted=5, calls="create 3, perform 7",
        ),
    ),
    "uncertain, none": row(
        ["uncertain"],
        seen("unanswered: scripted", ONE, UNKNOWABLE, histories=(HOLD, DONE), queued=2, documents=LIVE),
        paid=1, kind=Recovery.NONE,
    ),
    "uncertain after the work was taken, keyed": row(
        ["after uncertain"],
        seen("unanswered: scripted", TWO, ONE, histories=(REPLAY, DONE), calls="create 3, perform 6"),
        kind=Recovery.KEYED,
    ),
    "uncertain after the work was taken, findable": row(
        ["after uncertain"],
        seen("unanswered: scripted", TWO, "found: batch-1", histories=(LOOK, DONE)),
    ),
    "uncertain after the work was taken, none": row(
        ["after uncertain"],
        seen("unanswered: scripted", TWO, UNKNOWABLE, histories=(HOLD, DONE), queued=2, documents=LIVE),
        kind=Recovery.NONE,
    ),
    "unexpected, keyed": unexpected("unexpected", Recovery.KEYED, REPLAYED),
    "unexpected, findable": unexpected("unexpected", Recovery.FINDABLE, RESENT),
    "unexpected, none": unexpected("unexpected", Recovery.NONE, HELD, paid=1),
    "unexpected after the work was taken, keyed": unexpected("after unexpected", Recovery.KEYED, REPLAYED),
    "unexpected after the work was taken, findable": unexpected("after unexpected", Recovery.FINDABLE, FOUND),
    "unexpected after the work was taken, none": unexpected("after unexpected", Recovery.NONE, replace(HELD, told=(UNKNOWABLE, TWO))),
    "what only repeatable calls raise": unexpected("after down", Recovery.FINDABLE, FOUND, what="scripted"),
    "what only other calls raise": unexpected("after gone", Recovery.FINDABLE, FOUND, what="scripted"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_an_answer_to_a_create_leads_to(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


def made(root: Path, *faults: str) -> Project:
    project = Project(root, trait_options={"max_items": 2, "max_in_flight": 2})
    project.write(TEXTS)
    for nth, fault in enumerate(faults, start=1):
        project.cloud.expect("create", nth, fault)
    return project


def bodies(project: Project, event: Event) -> list[Mapping[str, Any]]:
    with Store.readable(project.folder) as store:
        return [each.body for each in store.events.all() if each.event is event]


def test_what_was_not_expected_says_that_the_next_run_finds_out_first(tmp_path: Path) -> None:
    project = made(tmp_path, "after unexpected")

    (trouble,) = project.apply().connections.troubles.values()

    assert (type(trouble), trouble.exit_code) == (Unexpected, 1)
    assert trouble.hint == "run the same command again: it finds out before anything is sent"
    assert isinstance(trouble.__cause__, KeyError)
    assert bodies(project, Event.UNANSWERED) == [{"reason": trouble.message}]


@pytest.mark.parametrize("fault", ["out_of_credits", "stop"])
def test_a_vendor_that_wants_money_ends_the_run_as_a_budget_does(tmp_path: Path, fault: str) -> None:
    run = made(tmp_path, fault).apply()

    (trouble,) = run.connections.troubles.values()
    assert (type(trouble), trouble.exit_code, trouble.hint) == (BudgetStop, 5, "add some")


def test_what_runs_is_collected_after_the_vendor_wants_no_more(tmp_path: Path) -> None:
    project = Project(tmp_path, trait_options={"max_items": 2, "max_in_flight": 2})
    project.write(TEXTS)
    project.cloud.expect("create", 2, "stop")

    project.apply()

    assert project.statuses() == {"succeeded": 2, "pending": 1}
