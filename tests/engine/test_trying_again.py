"""Documents that failed are tried again by themselves as their job says, no more often, and over the ends of runs."""

from pathlib import Path

import pytest

from docbatch.core.limits import Limit, Measure, Period
from docbatch.core.retry_policy import FailingRules, RetryRule
from docbatch.engine.progress_notices import Waiting
from docbatch.engine.running.loop import reconcile
from docbatch.engine.running.rounds.try_again import ComingTries, coming
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake.project import TEXTS, Project

WAIT = 1000.0
BAD = "a bad one"
LATER = 10e9
"""So far ahead of this machine's clock that plans find nothing due before a run does."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, later=LATER)
    project.write()
    return project


def applied(
    project: Project, times: int = 2, kind: str = "corrupt", wire: Tripwire | None = None, **options: object
) -> ComingTries | None:
    """Apply a job that tries again, and return what is left to be tried."""
    target = project.target(failing=FailingRules({kind: RetryRule(times, WAIT)}))
    with project.taken_up(target, wire=wire) as (session, clock):
        run = project.run(session, clock)
        reconcile(run, **options)  # type: ignore[arg-type]
        return coming(run, target)


def others(project: Project) -> set[int]:
    return {count for text, count in project.paid().items() if text != BAD}


def test_it_is_tried_as_often_as_the_job_says_and_then_stays_failed(project: Project) -> None:
    assert applied(project, times=2) is None

    assert project.paid()[BAD] == 3
    assert others(project) == {1}
    assert project.statuses()["failed"] == 1
    assert project.cloud.now >= 3 * WAIT
    applied(project, times=2)
    assert project.paid()[BAD] == 3


def test_other_classes_are_left_alone(project: Project) -> None:
    applied(project, kind="vendor_error")

    assert project.paid()[BAD] == 1


def test_a_run_that_may_send_nothing_waits_for_no_try(project: Project) -> None:
    target = project.target(failing=FailingRules({"corrupt": RetryRule(1, WAIT)}))
    applied(project, deadline=500.0)
    began = project.cloud.now

    with project.taken_up(target) as (session, clock):
        run = project.run(session, clock)
        run.allowance = 0
        reconcile(run)
        left = coming(run, target)

    assert left is not None
    assert project.cloud.now - began < WAIT / 2
    assert project.paid()[BAD] == 1


def test_who_waits_is_told_for_what(project: Project) -> None:
    applied(project, times=1)

    (waiting,) = (
        each for each in project.notices if isinstance(each, Waiting) and "another try" in each.reason
    )
    assert waiting.reason == "another try of 1 document that failed (corrupt)"
    assert waiting.jobs == ("job",)
    assert WAIT * 0.9 <= waiting.seconds <= 1.3 * WAIT


def test_a_run_that_ends_before_leaves_the_moment_to_the_next(project: Project) -> None:
    left = applied(project, deadline=500.0)
    assert left is not None
    assert (left.documents, dict(left.kinds)) == (1, {"corrupt": 1})

    with Store.readable(project.folder) as store:
        assert store.later_tries.coming("job") == (1, left.at)
    again = applied(project, deadline=600.0)
    assert again is not None
    assert again.at == left.at
    assert project.paid()[BAD] == 1
    applied(project)

    assert project.paid()[BAD] == 3


def test_the_plan_after_the_moment_sends_it(project: Project) -> None:
    project.later = 0.0
    applied(project, deadline=500.0)
    assert project.paid()[BAD] == 1

    applied(project, deadline=520.0)

    assert project.paid()[BAD] == 2


def test_without_waiting_the_next_run_goes_on(project: Project) -> None:
    applied(project)
    project.write({"e.txt": "another bad one"})

    assert applied(project, wait=False) is None or project.paid()[BAD] == 3


def test_killed_anywhere_it_is_not_tried_more_often(project: Project, tmp_path: Path) -> None:
    died = 0
    for point in range(1, 400, 7):
        try:
            applied(project, wire=Tripwire(point))
        except Killed:
            died += 1
        else:
            break
    applied(project)

    assert died > 3
    assert project.paid()[BAD] == 3
    assert others(project) == {1}


def test_a_limit_holds_for_another_try(project: Project) -> None:
    project.limits = (Limit(Period.TOTAL, Measure.DOCUMENTS, len(set(TEXTS.values()))),)

    applied(project)

    assert project.paid()[BAD] == 1
    with Store.readable(project.folder) as store:
        assert store.documents.tally("job")["pending"] == 1


def test_partial_documents_are_tried_again_where_the_job_names_them(project: Project) -> None:
    applied(project, times=1, kind="lost")

    assert project.paid()["partial date"] == 2
    assert others(project) == {1, 2}
    assert project.statuses()["partial"] == 1
