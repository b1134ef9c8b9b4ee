"""What stops or slows a connection is said once, kept in the state, and over with the first good answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import NotSent, Unavailable
from docbatch.core.hindrance import Hindrance
from docbatch.engine.progress_notices import Hindered, Relieved, Trouble, Waiting
from docbatch.engine.running.loop import reconcile
from docbatch.engine.running.run_context import Run
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.observed import REST
from tests.fake.project import Project

TEXTS = {f"{number}.txt": f"text {number}" for number in range(3)}
REFUSED = "connection refused (127.0.0.1:9)"
TOO_MANY = "answered 429"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path, trait_options={"max_items": 1, "max_in_flight": 3})
    made.write(TEXTS)
    return made


class Away(FakeProvider):
    """Cannot be reached before so many of its seconds have passed, and from a time on not for some calls."""

    until = 0.0
    calls: tuple[str, ...] = ("survey", "perform", "create", "poll", "fetch")
    cause = REFUSED
    general = True
    asked: float | None = None

    def _refuse(self, call: str) -> None:
        if call in self.calls and self.cloud.now < self.until:
            kind = NotSent if call == "create" else Unavailable
            raise kind(f"{call}: no", cause=self.cause, general=self.general, retry_after=self.asked)

    def survey(self, prefix: str) -> Any:
        self._refuse("survey")
        return super().survey(prefix)

    def perform(self, *arguments: Any) -> Any:
        self._refuse("perform")
        return super().perform(*arguments)

    def create(self, intent: Any) -> Any:
        self._refuse("create")
        return super().create(intent)

    def poll(self, *arguments: Any) -> Any:
        self._refuse("poll")
        return super().poll(*arguments)

    def fetch(self, *arguments: Any) -> Any:
        self._refuse("fetch")
        return super().fetch(*arguments)


def away(patch: pytest.MonkeyPatch, **changes: Any) -> None:
    patch.setattr("tests.fake.project.FakeProvider", type("Gone", (Away,), changes))


def told(project: Project) -> list[Hindered | Relieved | Trouble]:
    return [each for each in project.notices if isinstance(each, Hindered | Relieved | Trouble)]


def recorded(project: Project) -> list[Hindrance]:
    with Store.readable(project.folder) as store:
        return store.hindrances.all()


def test_a_vendor_that_cannot_be_reached_is_told_once_and_its_return_once(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(monkeypatch, until=240.0)

    project.apply()

    began, over = told(project)
    assert isinstance(began, Hindered)
    assert (began.connection, began.call, began.cause) == ("fake", "", REFUSED)
    assert began.next_try == 2.0
    assert isinstance(over, Relieved)
    assert (over.call, over.cause) == ("", REFUSED)
    assert 240 <= over.seconds <= 300
    assert recorded(project) == []
    assert project.statuses() == {"succeeded": 3}
    assert all(
        each.cause == REFUSED for each in project.notices if isinstance(each, Waiting) and each.seconds > 5
    )


def test_what_is_over_at_the_second_try_is_not_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(monkeypatch, until=1.0)

    project.apply()

    assert told(project) == []


def test_another_cause_is_told_anew(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    class Changing(Away):
        until = 200.0

        @property
        def cause(self) -> str:  # type: ignore[override]
            return REFUSED if self.cloud.now < 60 else "answered 503"

    monkeypatch.setattr("tests.fake.project.FakeProvider", Changing)

    project.apply()

    assert [
        (type(each).__name__, each.cause, getattr(each, "answered", None))
        for each in told(project)
        if not isinstance(each, Trouble)
    ] == [
        ("Hindered", REFUSED, None),
        ("Relieved", REFUSED, False),
        ("Hindered", "answered 503", None),
        ("Relieved", "answered 503", True),
    ]


def test_a_run_that_ends_before_leaves_the_cause_in_the_state_and_the_next_goes_on_since_then(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(monkeypatch, until=400.0)
    project.apply(wait=False)
    (first,) = recorded(project)
    project.cloud.pass_time(300.0)

    project.apply(wait=False)
    (second,) = recorded(project)
    project.cloud.pass_time(300.0)
    project.apply()

    assert (first.cause, first.since, first.next) == (REFUSED, 1_700_000_000.0, None)
    assert (second.since, second.last) == (first.since, first.since + 300.0)
    assert recorded(project) == []


def test_a_connection_without_one_good_answer_is_given_up_and_nothing_has_failed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(monkeypatch, until=5000.0)

    run = project.apply()

    (trouble,) = run.connections.troubles.values()
    assert trouble.message == f"connection 'fake' gave no good answer for 30 min: {REFUSED}"
    assert trouble.exit_code == 4
    assert project.cloud.now == 1800.0
    assert project.statuses() == {"pending": 3}
    assert [type(each) for each in told(project)] == [Hindered, Trouble]
    assert [each.cause for each in recorded(project)] == [REFUSED]


def test_polls_that_fail_leave_what_runs_as_it_is_when_the_connection_is_given_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(monkeypatch, until=5000.0, calls=("poll",), general=False, cause="answered 500")

    project.apply()

    assert [(each.call, each.cause) for each in told(project) if isinstance(each, Hindered)] == [
        ("poll", "answered 500")
    ]
    assert project.statuses() == {"live": 3}
    project.cloud.pass_time(5000.0)
    project.apply()
    assert project.statuses() == {"succeeded": 3}
    assert set(project.paid().values()) == {1}


def test_good_answers_to_polls_keep_a_connection_whose_creates_are_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.trait_options |= {"max_in_flight": 2}
    project.cloud_options |= {"latency": 360.0}

    class Storm(Away):
        calls = ("create",)
        cause = TOO_MANY

        def create(self, intent: Any) -> Any:
            self.until = 300.0 if self.cloud.paid() else 0.0
            return super().create(intent)

    monkeypatch.setattr("tests.fake.project.FakeProvider", Storm)

    run = applied_with(project, unreachable_after=60.0)

    assert run.connections.troubles == {}
    assert project.statuses() == {"succeeded": 3}
    assert [each.call for each in told(project) if isinstance(each, Hindered)] == ["create"]
    (over,) = (each for each in told(project) if isinstance(each, Relieved))
    assert 290 <= over.seconds <= 310
    waits = [each for each in project.notices if isinstance(each, Waiting)]
    assert max(each.seconds for each in waits if each.reason == REST) == 4.0


def test_a_connection_may_be_given_up_earlier(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    away(monkeypatch, until=5000.0)

    applied_with(project, unreachable_after=20.0)

    assert project.cloud.now == 20.0


def applied_with(project: Project, unreachable_after: float) -> Run:
    with project.taken_up(project.target()) as (session, clock):
        run = project.run(session, clock)
        connection = run.connections["fake"]
        connection.access = replace(connection.access, unreachable_after=unreachable_after)
        reconcile(run)
    return run


@pytest.mark.parametrize("lost", ["uncertain", "after uncertain"])
def test_why_an_answer_was_lost_hinders_nothing_once_its_create_is_settled(tmp_path: Path, lost: str) -> None:
    project = Project(tmp_path, trait_options={"max_items": 10})
    project.write({"a.txt": "apple"})
    project.cloud.expect("create", 1, lost)
    project.apply(wait=False)
    met = [each.call for each in recorded(project)]

    project.cloud.pass_time(5000.0)
    project.apply()

    assert project.statuses() == {"succeeded": 1}
    assert recorded(project) == []
    assert met == (["create"] if lost == "uncertain" else [])


def test_what_is_settled_in_the_same_run_leaves_no_cause(tmp_path: Path) -> None:
    project = Project(tmp_path, trait_options={"max_items": 10})
    project.write({"a.txt": "apple"})
    project.cloud.expect("create", 1, "after uncertain")

    project.apply()

    assert project.statuses() == {"succeeded": 1}
    assert recorded(project) == []


@pytest.mark.parametrize(("wait", "told_then"), [(True, 60.0), (False, None)])
def test_when_it_is_tried_again_is_told_only_by_a_run_that_waits_for_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, wait: bool, told_then: float | None
) -> None:
    away(monkeypatch, until=30.0, asked=60.0)

    project.apply(wait=wait)

    assert [each.next_try for each in told(project) if isinstance(each, Hindered)] == [told_then]
