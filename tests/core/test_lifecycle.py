import itertools
import runpy
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.lifecycle import OPEN, TRANSITIONS, Event, IllegalTransition, advance, diagram, replay
from docbatch.core.models import SubmissionStatus as Status

ROOT = Path(__file__).parents[2]
EVERY = list(itertools.product([None, *Status], Event))
ENDS = set(Status) - OPEN

LEGAL = """
    -           intended        intended
    intended    accepted        submitted
    intended    refused         refused
    intended    not_sent        unsent
    unsent      intended        intended
    intended    unanswered      unanswered
    intended    torn            unanswered
    unanswered  torn            unanswered
    held        torn            held
    unanswered  accepted        submitted
    unanswered  replay_refused  unanswered
    unanswered  found           submitted
    unanswered  absent          void
    unanswered  unknowable      held
    unanswered  resolved_found  submitted
    unanswered  resolved_absent void
    held        found           submitted
    held        resolved_found  submitted
    held        resolved_absent void
    submitted   cancel_asked    submitted
    submitted   collected       collected
    submitted   result_lost     submitted
    collected   result_lost     submitted
    submitted   lost            expired
"""


def legal() -> dict[tuple[Status | None, Event], Status]:
    rows = [line.split() for line in LEGAL.strip().splitlines()]
    return {
        (None if source == "-" else Status(source), Event(event)): Status(target)
        for source, event, target in rows
    }


def docs() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "script" / "docs.py"))


@pytest.mark.parametrize(("status", "event"), EVERY)
def test_a_submission_moves_only_as_it_may(status: Status | None, event: Event) -> None:
    allowed = legal().get((status, event))

    if allowed is None:
        with pytest.raises(IllegalTransition):
            advance(status, event)
    else:
        assert advance(status, event) is allowed


def test_a_move_that_may_not_be_says_what_is_safe() -> None:
    with pytest.raises(IllegalTransition, match="collected cannot become 'accepted'") as raised:
        advance(Status.COLLECTED, Event.ACCEPTED)

    assert "nothing was changed" in str(raised.value.hint)
    assert "docbatch state check" in str(raised.value.hint)


def test_a_submission_begins_with_its_intent() -> None:
    with pytest.raises(IllegalTransition, match="unknown cannot become 'accepted'"):
        advance(None, Event.ACCEPTED)


def test_once_an_answer_was_lost_a_refusal_or_a_proof_of_silence_no_longer_closes_it() -> None:
    for event in (Event.REFUSED, Event.NOT_SENT):
        with pytest.raises(IllegalTransition):
            replay([Event.INTENDED, Event.UNANSWERED, event])


def test_what_may_have_been_sent_is_never_begun_again_under_its_name() -> None:
    for event in (Event.ABSENT, Event.RESOLVED_ABSENT):
        with pytest.raises(IllegalTransition):
            replay([Event.INTENDED, Event.UNANSWERED, event, Event.INTENDED])


def test_a_held_submission_is_never_taken_for_absent_by_itself() -> None:
    assert (Status.HELD, Event.ABSENT) not in TRANSITIONS


def test_what_is_through_stays_as_it_is() -> None:
    leads_on = {source: event for source, event in TRANSITIONS if source in ENDS}
    assert leads_on == {Status.UNSENT: Event.INTENDED, Status.COLLECTED: Event.RESULT_LOST}


def test_every_status_is_reached_and_every_open_one_has_a_way_out() -> None:
    assert set(TRANSITIONS.values()) == set(Status)
    assert {source for source, _ in TRANSITIONS if source is not None} == OPEN | {
        Status.UNSENT,
        Status.COLLECTED,
    }


def test_a_history_leads_to_a_status() -> None:
    assert replay([]) is None
    assert replay([Event.INTENDED, Event.UNANSWERED, Event.REPLAY_REFUSED, Event.FOUND]) is Status.SUBMITTED


def test_a_history_that_cannot_be_is_refused() -> None:
    with pytest.raises(IllegalTransition):
        replay([Event.INTENDED, Event.COLLECTED])


def test_the_diagram_draws_the_whole_table() -> None:
    lines = [line.strip() for line in diagram().splitlines()]
    arrows = {f"{source or '[*]'} --> {target}: {event}" for (source, event), target in TRANSITIONS.items()}
    ends = {f"{status} --> [*]" for status in ENDS}

    assert lines[0] == "stateDiagram-v2"
    assert sorted(lines[1:]) == sorted(arrows | ends)


def test_the_page_about_submissions_is_up_to_date() -> None:
    assert (ROOT / "docs" / "state.md").read_text(encoding="utf-8") == docs()["state"](), "run script/docs"


def test_the_page_about_submissions_says_what_every_event_and_status_means() -> None:
    page = docs()

    assert set(page["EVENTS"]) == set(Event)
    assert set(page["STATUSES"]) == set(Status)
