"""What takes too long, or what nobody wants any more, is stopped where the job says so: once, and told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import ItemStatus, Stops
from docbatch.core.retry_policy import FailingRules
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Remark, Trouble
from docbatch.engine.running.loop import reconcile
from docbatch.providers.base import Intent
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.project import Project

ALLOWED = 100.0
LONG = 5000.0
STUCK = FailingRules(cancels_stuck=True)
REMOVED = FailingRules(cancels_removed=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    options: dict[str, Any] = {"stops": Stops.ALL}
    project = Project(tmp_path, timeout=ALLOWED, cloud_options={"latency": LONG}, trait_options=options)
    project.write({"a.txt": "apple", "b.txt": "banana"})
    return project


def applied(project: Project, *rules: FailingRules, wait: bool = True) -> None:
    first, *rest = rules
    targets = [project.target(failing=first)]
    targets += [
        project.target(name=f"job{number}", failing=each, sinks=()) for number, each in enumerate(rest)
    ]
    _applied(project, *targets, wait=wait)


def _applied(project: Project, *targets: ResolvedJob, wait: bool = True) -> None:
    with project.taken_up(*targets) as (session, clock):
        reconcile(project.run(session, clock), wait=wait)


def failures(project: Project) -> Iterator[str]:
    with Store.readable(project.folder) as store:
        for item in store.items.all():
            if item.failure is not None:
                yield f"{item.failure.kind}: {item.failure.message}"


def test_what_is_stuck_is_stopped_once_and_has_failed_for_its_time(project: Project) -> None:
    applied(project, STUCK)
    applied(project, STUCK)

    assert project.cloud.calls("cancel") == 1
    assert project.statuses() == {"failed": 2}
    assert set(failures(project)) == {
        "timeout: it did not end in 1 min 40 s, so the vendor was asked to stop it: stopped"
    }
    assert set(project.paid().values()) == {1}


def test_what_is_stuck_is_only_told_of_where_the_job_says_nothing(project: Project) -> None:
    applied(project, FailingRules())

    assert project.cloud.calls("cancel") == 0
    assert project.statuses() == {"live": 2}


def test_what_another_job_waits_for_is_not_stopped(project: Project) -> None:
    applied(project, STUCK, FailingRules())

    assert project.cloud.calls("cancel") == 0


def test_a_vendor_that_cannot_be_asked_is_asked_by_the_next_run(project: Project) -> None:
    project.cloud.expect("cancel", 1, "down")
    applied(project, STUCK)

    told = [each for each in project.notices if isinstance(each, Trouble)]
    assert "the vendor could not be asked to stop it" in told[0].message
    assert project.statuses() == {"live": 2}
    applied(project, STUCK)
    assert project.statuses() == {"failed": 2}


def test_what_cannot_be_stopped_is_collected_and_that_is_said(project: Project) -> None:
    project.trait_options = {"stops": Stops.NOTHING}
    applied(project, STUCK)

    told = [each.text for each in project.notices if isinstance(each, Remark)]
    assert told == ["it did not end in 1 min 40 s; the vendor cannot stop it, so it is collected"]
    project.cloud.pass_time(LONG)
    applied(project, STUCK)
    assert project.statuses() == {"succeeded": 2}


def removed(project: Project) -> None:
    for name in ("a.txt", "b.txt"):
        (project.root / "in" / name).unlink()


def states(project: Project) -> set[ItemStatus]:
    with Store.readable(project.folder) as store:
        return {item.status for item in store.items.all()}


@pytest.mark.parametrize(("rules", "asked"), [(REMOVED, 1), (FailingRules(), 0)])
def test_work_for_documents_that_are_gone_is_stopped_where_the_job_says_so(
    project: Project, rules: FailingRules, asked: int
) -> None:
    applied(project, rules, wait=False)
    removed(project)
    project.write({"c.txt": "cherry"})
    applied(project, rules, wait=False)

    assert project.cloud.calls("cancel") == asked
    assert (ItemStatus.FAILED in states(project)) == bool(asked)


def test_as_long_as_one_of_its_documents_is_wanted_a_submission_goes_on(project: Project) -> None:
    applied(project, REMOVED, wait=False)
    (project.root / "in" / "a.txt").unlink()
    applied(project, REMOVED, wait=False)

    assert project.cloud.calls("cancel") == 0


def test_a_job_that_is_gone_is_remembered_for_what_it_said(project: Project) -> None:
    applied(project, REMOVED, wait=False)
    with project.taken_up() as (session, clock):
        with session.store.write():
            session.store.deliveries.retire_job("job")
            session.store.documents.unwant("job", b"a.txt")
            session.store.documents.unwant("job", b"b.txt")
        reconcile(project.run(session, clock), wait=False)

    assert project.cloud.calls("cancel") == 1
    assert {each.partition(":")[0] for each in failures(project)} == {"cancelled"}


class StopsOne(FakeProvider):
    """Has begun one document more whenever it is asked to stop."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        assert remote_id is not None
        self._break("cancel")
        self.cloud.stop(remote_id, most=1)


@pytest.fixture
def begins_one_by_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(FakeProvider, "cancel", StopsOne.cancel)
    project.trait_options = {"stops": Stops.BEGUN}
    return project


def test_what_a_vendor_had_not_begun_is_asked_for_again_by_the_next_run(begins_one_by_one: Project) -> None:
    project = begins_one_by_one
    applied(project, STUCK, wait=False)
    project.cloud.pass_time(ALLOWED + 1)
    applied(project, STUCK, wait=False)
    assert project.statuses() == {"failed": 1, "live": 1}

    applied(project, STUCK, wait=False)
    assert project.statuses() == {"failed": 2}
    told = [each.text for each in project.notices if isinstance(each, Remark)]
    assert told == [
        "it did not end in 1 min 40 s; the vendor was asked to stop what it has begun of it, and is asked again until it ends"
    ]
    assert {each.partition(":")[0] for each in failures(project)} == {"timeout"}


def test_a_run_that_waits_has_it_stopped_as_it_begins(begins_one_by_one: Project) -> None:
    project = begins_one_by_one
    applied(project, REMOVED, wait=False)
    removed(project)
    project.write({"c.txt": "cherry"})
    applied(project, REMOVED)

    assert project.cloud.calls("cancel") == 2
    assert {each.partition(":")[0] for each in failures(project)} == {"cancelled"}
