"""The planner's rules as case files: what is recorded, what is due then, and the reason for it in one sentence."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from docbatch.core import scheduler
from docbatch.core.looks import Looks, SpacedLooks
from docbatch.core.models import Recovery, Submission, SubmissionStatus, Traits, WorkItem
from docbatch.core.scheduler import (
    Action,
    Close,
    Collect,
    ConnectionView,
    Deliver,
    Discard,
    Due,
    Note,
    Poll,
    Settle,
    Snapshot,
)
from docbatch.core.scheduler import Queue as Waiting

CASES = Path(__file__).parents[1] / "cases" / "schedule"
TRAITS = {field.name for field in fields(Traits)}
NONE: Mapping[str, Any] = {}
EXPECTED = {"reason", "now", "actions", "notes", "says", "wake_at"}


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}-{number}")
        for file in sorted(CASES.glob("*.yaml"))
        for number, case in enumerate(yaml.safe_load(file.read_text()), start=1)
    ]


def connection(name: str, given: Mapping[str, Any]) -> ConnectionView:
    declared = {key: value for key, value in given.items() if key in TRAITS}
    declared["recovery"] = recovery = Recovery(declared.get("recovery", "none"))
    declared = {"max_items": 10, "findable": recovery is Recovery.FINDABLE, **declared}
    rest = {key: value for key, value in given.items() if key not in TRAITS}
    return ConnectionView(name, traits=Traits(**declared), **{"account": "ours", **rest})


def submission(name: str, place: int, given: Mapping[str, Any]) -> Submission:
    usual = {"sequence": place, "connection": "vendor", "account": "ours"}
    return Submission(id=name, **{**usual, **given, "status": SubmissionStatus(given["status"])})


def item(name: str, recipe: str, given: Mapping[str, Any]) -> WorkItem:
    return WorkItem(
        name,
        recipe,
        name,
        media_type="text/plain",
        name=name,
        place=b"/" + name.encode(),
        **{"size": 1, **given},
    )


def queue(recipe: str, given: Mapping[str, Any]) -> Waiting:
    listed = given["items"]
    named = listed if isinstance(listed, dict) else {name: {} for name in listed}
    items = tuple(item(name, recipe, options) for name, options in named.items())
    rest = {name: given[name] for name in ("more", "ready_at", "waits_for") if name in given}
    return Waiting(recipe, given.get("connection", "vendor"), items, **rest)


def looks(empty: Mapping[str, Any] = NONE, blind: Mapping[str, Any] = NONE, **given: Any) -> Looks:
    return Looks(SpacedLooks(**empty), SpacedLooks(**blind), **given)


def snapshot(case: Mapping[str, Any]) -> Snapshot:
    given = {key: value for key, value in case.items() if key not in EXPECTED}
    read: dict[str, Any] = {
        "connections": {
            name: connection(name, each) for name, each in given.pop("connections", {"vendor": {}}).items()
        },
        "submissions": tuple(
            submission(name, place, each)
            for place, (name, each) in enumerate(given.pop("submissions", {}).items())
        ),
        "spent": tuple(
            submission(name, place, each) for place, (name, each) in enumerate(given.pop("spent", {}).items())
        ),
        "queues": tuple(queue(name, each) for name, each in given.pop("queues", {}).items()),
        "due": tuple(Due(**each) for each in given.pop("due", [])),
        "looks": {name: looks(**each) for name, each in given.pop("looks", {}).items()},
    }
    return Snapshot(**read, **given)


def said(action: Action) -> str:
    match action:
        case Settle():
            return f"settle {action.submission} by {'replay' if action.replay else 'looking'}"
        case Close():
            return f"close {action.submission} as {'absent' if action.absent else 'held'}"
        case Collect():
            return f"collect {action.submission}"
        case Deliver():
            return f"deliver {action.job}/{action.sink}"
        case Poll() | Discard() | scheduler.Cancel():
            return f"{type(action).__name__.lower()} {action.submission}"
        case scheduler.Submit():
            return f"submit {action.recipe} to {action.connection}: {' '.join(each.key for each in action.items)}"


def matches(note: Note, wanted: Mapping[str, Any]) -> bool:
    return (
        note.subject == wanted["about"] and wanted["says"] in note.text and note.until == wanted.get("until")
    )


@pytest.mark.parametrize("case", cases())
def test_what_is_due_follows_from_what_is_recorded(case: Mapping[str, Any]) -> None:
    plan = scheduler.schedule(snapshot(case), float(case.get("now", 0)))

    assert [said(action) for action in plan.actions] == case["actions"], case["reason"]


@pytest.mark.parametrize("case", cases())
def test_what_is_not_due_says_why(case: Mapping[str, Any]) -> None:
    plan = scheduler.schedule(snapshot(case), float(case.get("now", 0)))
    wanted = case.get("notes", [])

    assert len(plan.notes) == len(wanted), plan.notes
    assert all(map(matches, plan.notes, wanted)), plan.notes


@pytest.mark.parametrize("case", [case for case in cases() if "says" in case.values[0]])
def test_an_action_says_why_it_is_due(case: Mapping[str, Any]) -> None:
    plan = scheduler.schedule(snapshot(case), float(case.get("now", 0)))

    assert all(part in action.reason for part, action in zip(case["says"], plan.actions, strict=True))


@pytest.mark.parametrize("case", [case for case in cases() if "wake_at" in case.values[0]])
def test_a_run_sleeps_until_the_earliest_matter_is_due(case: Mapping[str, Any]) -> None:
    assert scheduler.schedule(snapshot(case), float(case.get("now", 0))).wake_at == case["wake_at"]


def test_a_run_with_nothing_to_wait_for_does_not_sleep() -> None:
    assert scheduler.schedule(Snapshot(connections={}), 0.0).wake_at is None


@pytest.mark.parametrize("case", cases())
def test_every_rule_has_its_reason(case: Mapping[str, Any]) -> None:
    assert case["reason"].endswith(".")
    assert len(case["reason"].split()) >= 5
