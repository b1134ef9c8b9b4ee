"""What becomes of a create whose answer was lost: every row of the tables in `settle_unanswered_creates`, and the run after it.

Whatever is answered to a second attempt says nothing about the first, and nothing is paid twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import Recovery
from docbatch.providers.base import Intent, Sighting
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.observed import Seen, broke
from tests.fake.table import Row

DONE = "intended accepted collected"
LOST, TAKEN = "uncertain", "after uncertain"
"""The answer to the first create, before and after the vendor took the work."""
ASKED = "unanswered: scripted"
FIRST, OTHER = "accepted: batch-1", "accepted: batch-2"


def seen(*answers: str, first: str = "intended unanswered accepted collected", **differs: Any) -> Seen:
    """Return a run that sends two documents whose answer is lost, and one that is answered."""
    usual = Seen(
        (first, DONE), (ASKED, *answers), counted=3, documents="3 succeeded", calls="create 3, look 0"
    )
    return replace(usual, **differs)


def replay(first: str, answers: Sequence[str], seen: Seen, then: Seen | None = None, **given: Any) -> Row:
    """Return the row of a key that is sent again, and what is answered to that."""
    return Row({"create": [first, "", *answers]}, seen, then, **{"kind": Recovery.KEYED, **given})


def look(first: str, answers: Sequence[str], seen: Seen, then: Seen | None = None, **given: Any) -> Row:
    """Return the row of looks for work, and what they are answered."""
    return Row({"create": [first], "look": answers}, seen, then, **given)


class Blind(FakeProvider):
    """Shows nothing of what was made, as with credentials of less reach."""

    def look(self, intent: Intent) -> Sighting:
        return replace(super().look(intent), found=None, witness=False)


class Timeless(FakeProvider):
    """Does not tell when it answers."""

    def look(self, intent: Intent) -> Sighting:
        return replace(super().look(intent), date=None)


class Noting(FakeProvider):
    def look(self, intent: Intent) -> Sighting:
        sighting = super().look(intent)
        assert sighting.found is not None
        return replace(sighting, found=replace(sighting.found, note="found by its name"))


CLOSED = "intended unanswered replay_refused unknowable"
FOUND = seen(OTHER, "found: batch-1", first="intended unanswered found collected", calls="create 2, look 1")
FOUND_AFTER_REFUSAL = replace(
    FOUND, histories=("intended unanswered replay_refused found collected", DONE), calls="create 3, look 1"
)
ABSENT = seen(
    FIRST,
    "absent: not found in 4 looks over 60 s beside a visible witness",
    OTHER,
    histories=("intended unanswered absent", DONE, DONE),
    queued=2,
    counted=5,
    calls="create 3, look 4",
)
LATER = seen(OTHER, FIRST, calls="create 4, look 0")
FINDABLE = {"findable": True}
GRACE = {"look": [0.0, 20.0, 40.0, 60.0]}


def held(
    other: str, why: str, calls: str = "create 2, look 4", first: str = "intended unanswered unknowable"
) -> Seen:
    return seen(other, f"held: {why}", first=first, queued=2, documents="2 live, 1 succeeded", calls=calls)


def cut(why: str, message: str, calls: str) -> Seen:
    return Seen(
        ("intended unanswered", "intended accepted"),
        (ASKED, OTHER, f"trouble: connection: {message}"),
        f"cut by {why}: {message}",
        counted=3,
        documents="3 live",
        calls=calls,
    )


def broken(call: str, calls: str) -> Seen:
    return cut("Unexpected", broke(call), calls)


UNTELLABLE = "the vendor offers no way to tell whether it exists"
NEVER = "not found, and this connection never sends again by itself"
BLIND = (
    "nothing that was certainly made there is visible with these credentials, so its absence proves nothing"
)
LOOKED_ONCE = "create 0, look 1"
REPLAYED = seen(told=(FIRST,), counted=0, calls="create 1, look 0")
SIGHTED = replace(FOUND, told=("found: batch-1",), counted=0, calls=LOOKED_ONCE)
HELD = held(OTHER, NEVER)

ROWS = {
    "replay accepted": replay(TAKEN, [], seen(OTHER, FIRST)),
    "replay accepted, though nothing was taken": replay(LOST, [], seen(FIRST, OTHER)),
    "replay refused": replay(TAKEN, ["refused"], held(OTHER, UNTELLABLE, "create 3, look 0", CLOSED)),
    "replay refused, though nothing was taken": replay(
        LOST, ["refused"], held(FIRST, UNTELLABLE, "create 3, look 0", CLOSED), paid=1
    ),
    "replay refused, findable": replay(TAKEN, ["refused"], FOUND_AFTER_REFUSAL, traits=FINDABLE),
    "replay refused, findable, though nothing was taken": replay(
        LOST, ["refused"],
        replace(ABSENT, histories=("intended unanswered replay_refused absent", DONE, DONE), calls="create 4, look 4"),
        traits={"findable": True, "resend": True}, at=GRACE,
    ),
    "replay out of credits": replay(TAKEN, ["out_of_credits"], FOUND_AFTER_REFUSAL, traits=FINDABLE),
    "replay stale": replay(TAKEN, ["stale"], FOUND_AFTER_REFUSAL, traits=FINDABLE),
    "replay not sent": replay(TAKEN, ["not_sent"], LATER, at={"create": [0.0, 0.0, 0.0, 1.0]}),
    "replay not sent, twice": replay(
        TAKEN, ["not_sent"] * 2, replace(LATER, calls="create 5, look 0"), at={"create": [0.0, 0.0, 0.0, 1.0, 3.0]}
    ),
    "replay not sent, and the vendor names a wait": replay(TAKEN, ["not_sent_wait"], LATER, at={"create": [0.0, 0.0, 0.0, 9.0]}),
    "replay not sent, and nothing more is to be": replay(TAKEN, ["stop"], LATER, at={"create": [0.0, 0.0, 0.0, 1.0]}),
    "replay uncertain": replay(
        TAKEN, ["uncertain"] * 2, replace(LATER, calls="create 5, look 0"), at={"create": [0.0, 0.0, 0.0, 1.0, 3.0]}
    ),
    "replay, credentials": replay(TAKEN, ["credentials"], cut("CredentialsError", "the key is refused", "create 3, look 0"), REPLAYED),
    "replay, what creates never raise": replay(TAKEN, ["down"], cut("Unavailable", "scripted", "create 3, look 0"), REPLAYED),
    "replay unexpected": replay(TAKEN, ["unexpected"], broken("replay", "create 3, look 0"), REPLAYED),
    "look, found": look(TAKEN, [], FOUND),
    "look, found, with a note": look(
        TAKEN, [], replace(FOUND, told=(*FOUND.told, "remark: found by its name")), speaks_as=Noting
    ),
    "look, found late": look(
        TAKEN, [], replace(FOUND, calls="create 2, look 3"), cloud={"lag": 30.0}, at={"look": [0.0, 20.0, 40.0]}
    ),
    "look, absent": look(LOST, [], ABSENT, at=GRACE),
    "look, absent, and never sent again": look(
        LOST, [], held(FIRST, NEVER), held(FIRST, NEVER).again(LOOKED_ONCE), repeats=True, paid=1, traits={"resend": False}, at=GRACE,
    ),
    "look, absent though it was taken, and never sent again": look(
        TAKEN, [], HELD,
        replace(SIGHTED, histories=("intended unanswered unknowable found collected", DONE)),
        traits={"resend": False}, cloud={"lag": 500.0}, at=GRACE, between=lambda project: project.cloud.pass_time(500.0),
    ),
    "look, blind": look(TAKEN, [], held(OTHER, BLIND), held(OTHER, BLIND).again(LOOKED_ONCE), repeats=True, speaks_as=Blind, at=GRACE),
    "look, unavailable": look(
        LOST, ["down"] * 2, replace(ABSENT, calls="create 3, look 6"), at={"look": [0.0, 1.0, 3.0, 23.0, 43.0, 63.0]}
    ),
    # By then the time is up, and two looks say nothing of what shows a moment later.
    "look, far apart": look(
        TAKEN, ["", *["down"] * 6], replace(FOUND, calls="create 2, look 9"), cloud={"lag": 100.0},
        at={"look": [0.0, 20.0, 21.0, 23.0, 27.0, 35.0, 51.0, 83.0, 103.0]},
    ),
    "look, without the vendor's time": look(
        LOST, [], held(FIRST, BLIND), held(FIRST, BLIND).again(LOOKED_ONCE), repeats=True, paid=1, speaks_as=Timeless, at=GRACE,
    ),
    "look, unavailable, and the vendor names a wait": look(
        TAKEN, ["down_wait"], replace(FOUND, calls="create 2, look 2"), at={"look": [0.0, 9.0]}
    ),
    "look, credentials": look(TAKEN, ["credentials"], cut("CredentialsError", "the key is refused", "create 2, look 1"), SIGHTED),
    "look, what looks never raise": look(TAKEN, ["gone"], cut("Gone", "scripted", "create 2, look 1"), SIGHTED),
    "look, unexpected": look(TAKEN, ["unexpected"], broken("look", "create 2, look 1"), SIGHTED),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_becomes_of_a_lost_answer(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)
