"""What searching for work that the state lost comes upon: every row of the table in `recover_work`, and the apply after it."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import GuardRefused, Unexpected
from docbatch.core.models import Recovery
from tests.fake.observed import histories
from tests.fake.project import Project
from tests.fake.table import TEXTS, script

TAKEN = "intended unanswered found"
ALL = {"succeeded": 3}


@dataclass(frozen=True)
class Seen:
    """What a search found and did; `waited` are seconds."""

    verdicts: tuple[str, ...] = ()
    unsearched: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    exit_code: int = 0
    histories: tuple[str, ...] = ()
    trusted: bool = True
    surveys: int = 1
    recalls: int = 2
    waited: float = 0.0


@dataclass(frozen=True)
class Row:
    """Two submissions with three documents, and a state that was put back to before them.

    `then` is how the documents stand after the next apply, where it is not refused.
    """

    faults: Mapping[str, Sequence[str]]
    seen: Seen
    then: Mapping[str, int] | None = None
    kind: Recovery = Recovery.FINDABLE
    search: Mapping[str, Any] = field(default_factory=dict)
    edited: bool = False
    is_free: bool = False

    def check(self, root: Path) -> None:
        project = put_back(root, self.kind, free=self.is_free)
        if self.edited:
            project.write({name: f"{text} pie" for name, text in TEXTS.items()})
        script(project.cloud, self.faults)
        assert searched(project, **self.search) == self.seen
        assert applied(project) == self.then
        assert self.is_free or set(project.paid().values()) == {1}


def put_back(root: Path, kind: Recovery = Recovery.FINDABLE, **traits: Any) -> Project:
    project = Project(root, kind, trait_options={"max_items": 2, "max_in_flight": 2, **traits})
    project.write(TEXTS)
    project.apply(may_create=False)
    shutil.copy(project.folder / "state.db", root / "backup.db")
    project.apply()
    for path in project.folder.glob("state.db*"):
        path.unlink()
    shutil.copy(root / "backup.db", project.folder / "state.db")
    project.cloud.pass_time(1000.0)
    return project


def searched(project: Project, **search: Any) -> Seen:
    cloud = project.cloud
    before = {call: cloud.calls(call) for call in ("survey", "recall")}
    since = cloud.now
    outcome = project.recover(**search)
    return Seen(
        tuple(str(each.verdict) for each in outcome.judgements),
        outcome.unsearched,
        tuple(f"{type(each).__name__}: {each.message}" for each in outcome.errors),
        outcome.exit_code,
        histories(project),
        outcome.is_trusted,
        surveys=cloud.calls("survey") - before["survey"],
        recalls=cloud.calls("recall") - before["recall"],
        waited=cloud.now - since,
    )


def applied(project: Project) -> Mapping[str, int] | None:
    """Return how documents stand after an apply, None where it is refused to send anything."""
    creates = project.cloud.calls("create")
    run = project.apply()
    if any(isinstance(each, GuardRefused) for each in run.connections.troubles.values()):
        assert project.cloud.calls("create") == creates
        return None
    return project.statuses()


FOUND = Seen(("taken", "taken"), histories=(TAKEN, TAKEN), waited=60.0)
HALF = replace(FOUND, verdicts=("taken",), histories=(TAKEN,))
NOTHING = Seen(surveys=1, recalls=0, waited=60.0)


def untrusted(seen: Seen, why: str, kind: str = "", exit_code: int = 6, **differs: Any) -> Seen:
    """Return a search after which apply still refuses to send."""
    errors = (f"{kind}: {why}",) if kind else ()
    return replace(
        seen, unsearched={"fake": why}, errors=errors, exit_code=exit_code, trusted=False, **differs
    )


ROWS = {
    "taken": Row({}, FOUND, ALL),
    "taken, keyed": Row({}, FOUND, ALL, kind=Recovery.KEYED),
    "declined": Row({}, replace(FOUND, histories=()), search={"agree": False}),
    "known, since no document is as it was": Row({}, replace(FOUND, verdicts=("known", "known"), histories=()), ALL, edited=True),
    "left, since the vendor shows none of its documents": Row(
        {"recall": ["gone"]}, replace(HALF, verdicts=("left", "taken"), exit_code=6)
    ),
    "search unavailable": Row({"survey": ["down", "down_wait"]}, replace(FOUND, surveys=3, waited=70.0), ALL),
    "search unavailable for long": Row(
        {"survey": ["down"] * 5}, untrusted(NOTHING, "scripted", "Unavailable", 1, surveys=5, waited=75.0)
    ),
    "search, credentials": Row(
        {"survey": ["credentials"]}, untrusted(NOTHING, "the key is refused", "CredentialsError", 12)
    ),
    "search, what it never raises": Row({"survey": ["refused"]}, untrusted(NOTHING, "scripted", "Refused", 1)),
    "read back, unavailable": Row({"recall": ["down"]}, replace(FOUND, recalls=3, waited=61.0), ALL),
    "read back, unavailable for long": Row(
        {"recall": ["", *["down"] * 5]}, untrusted(HALF, "scripted", "Unavailable", 1, recalls=6, waited=75.0)
    ),
    "read back, credentials": Row(
        {"recall": ["", "credentials"]}, untrusted(HALF, "the key is refused", "CredentialsError", 12)
    ),
    "no way to search": Row(
        {}, untrusted(NOTHING, "the vendor offers no way to look for work", surveys=0, waited=0.0), kind=Recovery.NONE
    ),
    "no way to search, and nothing is charged": Row({}, replace(NOTHING, surveys=0, waited=0.0), ALL, kind=Recovery.NONE, is_free=True),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_searching_comes_upon(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


def test_what_was_left_or_not_searched_is_taken_by_a_later_search(tmp_path: Path) -> None:
    project = put_back(tmp_path)
    project.cloud.expect("recall", 2, "credentials")
    project.recover()

    assert project.recover().exit_code == 0
    assert applied(project) == ALL
    assert project.paid() == dict.fromkeys(TEXTS.values(), 1)


@pytest.mark.parametrize("call", ["survey", "recall"])
def test_what_was_not_expected_is_told_and_trusts_nothing(tmp_path: Path, call: str) -> None:
    project = put_back(tmp_path)
    project.cloud.expect(call, project.cloud.calls(call) + 1, "unexpected")

    recovered = project.recover()

    assert [type(error) for error in recovered.errors] == [Unexpected]
    assert not recovered.is_trusted
    assert histories(project) == ()
    assert applied(project) is None
