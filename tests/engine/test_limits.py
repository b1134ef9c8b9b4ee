"""Limits of what is spent: never more is paid than they allow, whatever dies when, and the rest is paid once they do."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import DocbatchError
from docbatch.core.limits import DAY_ONE, Cost, Limit, Measure, Period
from docbatch.core.models import Recovery
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.running.loop import reconcile
from docbatch.engine.running.run_context import Run
from docbatch.engine.spending import run_budget
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Tripwire
from tests.engine.test_crash_matrix import LAG
from tests.fake.project import Project

DAY, MONTH = 86_400.0, 31 * 86_400.0
SEVEN = {f"{name}.txt": f"text {name}" for name in "abcdefg"}
FOUR = Limit(Period.MONTH, Measure.DOCUMENTS, 4, place="docbatch.yaml:3")
PAGES = Limit(Period.MONTH, Measure.PAGES, 100)


def project(root: Path, *limits: Limit, kind: Recovery = Recovery.FINDABLE, **options: Any) -> Project:
    root.mkdir(exist_ok=True)
    made = Project(root, kind, limits=limits, **options)
    made.write(SEVEN)
    return made


def told(run: Run) -> list[tuple[str, int]]:
    return [(error.message, error.exit_code) for error in run.budget.errors()]


def applied(subject: Project) -> list[tuple[str, int]]:
    """Apply as the command does; return what stopped it, each with its exit code."""
    with reconciled(subject, subject.target()) as run:
        return told(run)


@contextmanager
def reconciled(subject: Project, *targets: ResolvedJob) -> Iterator[Run]:
    with subject.taken_up(*targets) as (session, clock):
        run = subject.run(session, clock)
        reconcile(run, wait=True, deadline=float("inf"))
        yield run


def is_paid_once(subject: Project) -> bool:
    return set(subject.paid().values()) <= {1}


def test_no_more_is_sent_than_a_limit_allows_and_the_batch_is_cut_there(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR)

    ((message, code),) = applied(subject)

    assert len(subject.paid()) == 4
    assert len(subject.outputs()) == 4
    assert code == 5
    assert message == (
        "the limit of 4 documents per month of the project (docbatch.yaml:3) is reached: 4 documents counted,"
        " 3 documents not sent"
    )


def test_a_later_run_of_the_month_sends_nothing_and_says_so_again(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR)
    first = applied(subject)

    second = applied(subject)

    assert len(subject.paid()) == 4
    assert second == first


def test_the_next_month_sends_the_rest(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR)
    subject.apply()
    subject.later = MONTH

    assert applied(subject) == []

    assert len(subject.paid()) == 7
    assert is_paid_once(subject)


def test_so_does_a_limit_that_was_raised(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR)
    subject.apply()
    subject.limits = (replace(FOUR, most=7),)

    assert applied(subject) == []

    assert len(subject.paid()) == 7


def test_a_clock_that_is_set_back_opens_no_new_month(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR)
    subject.apply()
    subject.later = -MONTH

    subject.apply()

    assert len(subject.paid()) == 4


@pytest.mark.parametrize(
    ("per", "paid"), [(Period.RUN, 7), (Period.DAY, 7), (Period.MONTH, 4), (Period.TOTAL, 4)]
)
def test_what_counts_together_in_two_runs_on_two_days(tmp_path: Path, per: Period, paid: int) -> None:
    subject = project(tmp_path, replace(FOUR, per=per))
    subject.apply()
    assert len(subject.paid()) == 4
    subject.later = DAY

    subject.apply()

    assert len(subject.paid()) == paid


def test_of_two_limits_the_smaller_one_holds(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR, replace(FOUR, most=2, per=Period.DAY))

    subject.apply()

    assert len(subject.paid()) == 2


def test_what_only_reports_keeps_nothing_back(tmp_path: Path) -> None:
    subject = project(tmp_path, replace(FOUR, enforce=False))

    with reconciled(subject, subject.target()) as run:
        assert told(run) == []
        assert [spent for _, spent in run.budget.passed()] == [7]

    assert len(subject.paid()) == 7


def test_documents_of_unknown_length_are_not_sent_where_pages_are_limited(tmp_path: Path) -> None:
    subject = project(tmp_path, PAGES)

    ((message, code),) = applied(subject)

    assert subject.paid() == {}
    assert code == 5
    assert "cannot be kept for 7 documents: nothing tells how many pages there are" in message


def test_what_is_more_than_a_limit_ever_allows_keeps_no_other_document_from_being_sent(
    tmp_path: Path,
) -> None:
    subject = project(tmp_path, PAGES)

    with subject.taken_up(subject.target()) as (session, clock):
        run = replace(
            subject.run(session, clock),
            cost=lambda _job, item, _pages: Cost(pages=101 if item.name[0] in "ab" else 20),
        )
        reconcile(run, wait=True, deadline=float("inf"))
        stops = told(run)

    assert len(subject.paid()) == 5
    assert stops == [
        (
            "the limit of 100 pages per month of the project is too small for 2 documents: one alone comes to 101 pages",
            5,
        )
    ]


def test_where_a_limit_says_how_many_pages_are_assumed_they_count_in_later_runs_too(tmp_path: Path) -> None:
    subject = project(tmp_path, replace(PAGES, assume_pages=30))
    subject.apply()

    subject.apply()

    assert len(subject.paid()) == 3


def test_free_work_has_no_limit(tmp_path: Path) -> None:
    subject = project(tmp_path, trait_options={"free": True})

    subject.apply()

    with Store.readable(subject.folder) as store:
        assert store.database.execute("SELECT count(*) FROM charge").fetchone() == (0,)


@contextmanager
def two_jobs(subject: Project, first: Limit, **own: Any) -> Iterator[Run]:
    one = subject.target(limits=(first,), **own)
    with reconciled(subject, one, subject.target(name="other", limits=(), sinks=())) as run:
        yield run


def test_documents_that_two_jobs_want_are_charged_to_the_one_that_comes_first(tmp_path: Path) -> None:
    subject = project(tmp_path)

    with two_jobs(subject, replace(FOUR, job="job"), priority=10) as run:
        assert len(subject.paid()) == 4
        assert [code for _, code in told(run)] == [5]
    with Store.readable(subject.folder) as store:
        payers = store.database.execute("SELECT DISTINCT job FROM payer").fetchall()
    assert payers == [("job",)]


def test_a_limit_of_a_job_that_comes_second_is_not_touched_by_what_the_first_pays(tmp_path: Path) -> None:
    subject = project(tmp_path)

    with two_jobs(subject, replace(FOUR, job="job"), priority=90) as run:
        assert len(subject.paid()) == 7
        assert told(run) == []


def test_where_the_job_that_comes_first_is_not_asked_for_the_other_one_pays(tmp_path: Path) -> None:
    subject = project(tmp_path)
    with two_jobs(subject, replace(FOUR, job="job"), priority=10):
        pass

    with reconciled(
        subject, subject.target(name="other", limits=(replace(FOUR, job="other"),), sinks=())
    ) as run:
        assert told(run) == []
    with Store.readable(subject.folder) as store:
        paid = {
            name: store.charges.spent(Measure.DOCUMENTS, DAY_ONE, job=name, connection=None)
            for name in ("job", "other")
        }

    assert paid == {"job": 4, "other": 3}


def test_what_a_vendor_refused_is_counted_no_more(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR)
    subject.cloud.expect("create", 1, "refused")

    subject.apply()

    subject.apply()
    assert len(subject.paid()) == 4


def test_what_may_have_been_sent_is_counted_until_it_is_known(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR, kind=Recovery.NONE)
    subject.cloud.expect("create", 1, "uncertain")

    subject.apply()
    subject.apply()

    with Store.readable(subject.folder) as store:
        day = store.charges.day(0.0)
        assert store.charges.spent(Measure.DOCUMENTS, day.replace(day=1), job=None, connection=None) == 4
    assert len(subject.paid()) <= 4


def test_what_was_looked_for_and_is_not_there_is_counted_no_more(tmp_path: Path) -> None:
    subject = project(tmp_path, FOUR)
    subject.cloud.expect("create", 1, "uncertain")

    subject.apply()

    assert len(subject.paid()) == 4
    assert is_paid_once(subject)


def kill_and_finish(root: Path, kind: Recovery, points: list[int]) -> None:
    subject = project(root, FOUR, kind=kind, cloud_options=LAG)
    for at in points:
        with suppress(Killed, DocbatchError):
            subject.apply(Tripwire(at))
        assert len(subject.paid()) <= 4
        assert is_paid_once(subject)
    for _ in range(3):
        subject.apply()
    assert len(subject.paid()) == 4 or kind is Recovery.NONE
    subject.limits = ()
    for _ in range(3):
        subject.apply()
    assert is_paid_once(subject)
    assert len(subject.paid()) == 7 or kind is Recovery.NONE


@pytest.mark.parametrize("kind", list(Recovery))
@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(each, marks=pytest.mark.full) for each in range(2, 12))]
)
def test_killed_anywhere_no_more_is_paid_than_the_limit_allows(
    tmp_path: Path, kind: Recovery, seed: int
) -> None:
    dice = random.Random(seed)

    kill_and_finish(tmp_path / "project", kind, [dice.randint(1, 60) for _ in range(3)])


@pytest.mark.full
@pytest.mark.parametrize("kind", list(Recovery))
def test_killed_at_every_effect_no_more_is_paid_than_the_limit_allows(tmp_path: Path, kind: Recovery) -> None:
    for at in range(1, 90):
        kill_and_finish(tmp_path / str(at), kind, [at])


def test_after_many_documents_of_unknown_length_no_more_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_budget, "MOST_UNKNOWN", 4)
    subject = project(tmp_path, PAGES)

    with reconciled(subject, subject.target()) as run:
        ((message, _),) = told(run)
        assert run.sending_jobs().open == ()
        assert run.sending_jobs().closed == {}

    assert "cannot be kept for at least 4 documents" in message
