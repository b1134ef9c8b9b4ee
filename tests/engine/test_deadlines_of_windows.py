"""Jobs whose documents wait for a window, and not for ever. The clock of these tests begins at 22:13:20 UTC."""

from contextlib import closing, suppress
from datetime import UTC, time
from pathlib import Path

import pytest

from docbatch.core.models import Recovery
from docbatch.core.windows import SendingWindow
from docbatch.engine.administration.check_state import check
from docbatch.engine.progress_notices import SentOutside, Waiting
from docbatch.engine.running.loop import reconcile
from docbatch.engine.running.run_context import Run
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Meddler, Tripwire
from tests.fake.project import Project

BY_NIGHT = SendingWindow(time(23), time(6), UTC)
BY_DAY = SendingWindow(time(9), time(10), UTC)
HOUR = 3600.0
UNTIL_ELEVEN = 46 * 60 + 40.0
START = 1_700_000_000.0


def run(
    project: Project,
    deadline: float | None,
    *others: tuple[SendingWindow | None, float | None],
    wait: bool = True,
    window: SendingWindow = BY_DAY,
    wire: Tripwire | None = None,
) -> Run:
    """Apply a job that sends by day, and others of the same documents."""
    targets = [project.target(window=window, deadline=deadline)]
    targets += [
        project.target(name=f"other{number}", window=its, deadline=end, sinks=())
        for number, (its, end) in enumerate(others)
    ]
    with project.taken_up(*targets, wire=wire) as (session, clock):
        made = project.run(session, clock)
        reconcile(made, wait=wait, deadline=float("inf"))
    return made


def waiting(project: Project) -> list[tuple[str, float, float]]:
    """Return for which jobs documents wait, from when on and until when, counted from the beginning."""
    with Store.readable(project.folder) as store:
        rows = store.database.execute("SELECT job, since, until FROM waiting ORDER BY item, job").fetchall()
    return [(job, since - START, until - START) for job, since, until in rows]


def outside(project: Project) -> list[SentOutside]:
    return [notice for notice in project.notices if isinstance(notice, SentOutside)]


def pass_time(project: Project, seconds: float) -> None:
    with closing(project.cloud) as cloud:
        cloud.pass_time(seconds)


def first_create(project: Project) -> float:
    return min(project.cloud.times("create"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({"a.txt": "one"})
    return made


def test_what_waited_for_its_deadline_is_sent_outside_the_window_and_said(project: Project) -> None:
    run(project, 2 * HOUR)

    assert first_create(project) == pytest.approx(2 * HOUR, abs=1)
    (notice,) = outside(project)
    assert (notice.job, notice.documents, notice.window, notice.deadline) == (
        "job",
        1,
        "09:00-10:00 UTC",
        2 * HOUR,
    )
    reasons = {each.reason for each in project.notices if isinstance(each, Waiting)}
    assert any(
        reason.startswith("job 'job' sends between 09:00-10:00 UTC, by ") and "outside the window" in reason
        for reason in reasons
    )
    assert waiting(project) == []
    assert list(check(project.folder)) == []


def test_a_window_that_opens_before_is_not_waited_beyond(project: Project) -> None:
    run(project, 2 * HOUR, window=BY_NIGHT)

    assert first_create(project) == pytest.approx(UNTIL_ELEVEN, abs=1)
    assert outside(project) == []


def test_the_first_apply_that_had_the_document_is_counted_from(project: Project) -> None:
    run(project, 2 * HOUR, wait=False)
    pass_time(project, HOUR)
    project.write({"b.txt": "two"})
    run(project, 2 * HOUR, wait=False)

    assert [since for _, since, _ in waiting(project)] == pytest.approx([0, HOUR], abs=1)

    run(project, 2 * HOUR)

    assert project.cloud.times("create") == pytest.approx([2 * HOUR, 3 * HOUR], abs=1)


def test_a_run_that_does_not_wait_sends_what_is_late_and_nothing_else(project: Project) -> None:
    run(project, 2 * HOUR, wait=False)
    pass_time(project, 3 * HOUR)
    project.write({"b.txt": "two"})

    run(project, 2 * HOUR, wait=False)

    assert project.paid() == {"one": 1}


def test_other_bytes_are_another_document_and_count_anew(project: Project) -> None:
    run(project, 2 * HOUR, wait=False)
    pass_time(project, 3 * HOUR)
    project.write({"a.txt": "other"})

    run(project, 2 * HOUR, wait=False)

    assert project.paid() == {}
    assert waiting(project)[0][1:] == pytest.approx((3 * HOUR, 5 * HOUR), abs=1)
    assert len(waiting(project)) == 1


def test_a_document_that_is_gone_waits_no_more(project: Project) -> None:
    project.write({"b.txt": "two"})
    run(project, 2 * HOUR, wait=False)
    (project.root / "in/a.txt").unlink()
    run(project, 2 * HOUR, wait=False)

    assert len(waiting(project)) == 1


def test_the_earliest_deadline_of_the_jobs_that_want_it_is_the_one(project: Project) -> None:
    run(project, 5 * HOUR, (BY_DAY, HOUR), (BY_DAY, None))

    assert first_create(project) == pytest.approx(HOUR, abs=1)
    assert [notice.job for notice in outside(project)] == ["other0"]
    assert project.paid() == {"one": 1}


def test_the_open_window_of_another_job_comes_before_any_deadline(project: Project) -> None:
    run(project, 2 * HOUR, (None, None))

    assert first_create(project) < HOUR
    assert outside(project) == []


def test_a_deadline_that_is_changed_counts_from_the_same_moment(project: Project) -> None:
    run(project, 9 * HOUR, wait=False)
    pass_time(project, HOUR)

    run(project, 2 * HOUR)

    assert first_create(project) == pytest.approx(2 * HOUR, abs=1)


def test_a_deadline_that_is_taken_away_is_waited_for_no_more(project: Project) -> None:
    run(project, HOUR, wait=False)
    pass_time(project, 2 * HOUR)

    run(project, None, wait=False)

    assert (project.paid(), waiting(project)) == ({}, [])


def test_a_deadline_that_comes_later_counts_from_the_apply_that_has_it(project: Project) -> None:
    run(project, None, wait=False)
    pass_time(project, HOUR)

    run(project, HOUR)

    assert first_create(project) == pytest.approx(2 * HOUR, abs=1)


def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_the_deadline_from_then_on(
    project: Project,
) -> None:
    project.later = 30 * 24 * HOUR
    run(project, 2 * HOUR, wait=False)
    pass_time(project, HOUR)
    project.later = 0.0
    run(project, 2 * HOUR, wait=False)

    assert waiting(project)[0][1:] == pytest.approx((HOUR, 3 * HOUR), abs=1)
    assert len(waiting(project)) == 1

    run(project, 2 * HOUR)

    assert first_create(project) == pytest.approx(3 * HOUR, abs=1)


def test_killed_anywhere_in_the_first_apply_the_moment_that_is_recorded_stays(tmp_path: Path) -> None:
    kept = []
    for at in range(16, 22):
        project = Project(tmp_path / str(at), Recovery.FINDABLE)
        project.write({"a.txt": "one"})
        with suppress(Killed):
            run(project, 2 * HOUR, wait=False, wire=Tripwire(at))
        before = waiting(project) if (project.folder / "state.db").exists() else []
        pass_time(project, HOUR)
        run(project, 2 * HOUR)

        assert first_create(project) == pytest.approx(2 * HOUR if before else 3 * HOUR, abs=1), at
        kept.append(bool(before))
    assert kept == sorted(kept)
    assert {*kept} == {True, False}


def test_killed_anywhere_when_it_is_sent_the_moment_stays_and_it_is_paid_once(tmp_path: Path) -> None:
    for at in range(8, 39, 3):
        project = Project(tmp_path / str(at), Recovery.FINDABLE)
        project.write({"a.txt": "one"})
        run(project, 2 * HOUR, wait=False)
        pass_time(project, HOUR)
        with suppress(Killed):
            run(project, 2 * HOUR, wire=Tripwire(at))
        run(project, 2 * HOUR)

        # It may be looked for first, whether it was sent.
        assert 2 * HOUR - 1 <= first_create(project) < 2 * HOUR + 200, at
        assert project.paid() == {"one": 1}
        assert waiting(project) == []


def test_what_is_ready_to_be_sent_when_the_window_has_just_closed_waits_for_the_next(
    project: Project,
) -> None:
    an_hour_later = Meddler(effect="after file", act=lambda: pass_time(project, HOUR))

    run(project, None, window=SendingWindow(time(22), time(22, 30), UTC), wire=an_hour_later)

    assert first_create(project) > 23 * HOUR
    assert project.paid() == {"one": 1}
