"""Runs in threads of one process: projects of their own side by side, one run at a time in each."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import docbatch
from docbatch.testing.patience import LONG
from tests.cli.project import Project


@contextmanager
def running(project: docbatch.Project) -> Iterator[None]:
    """Have a run in a thread of its own that stands still while the block runs."""
    begun, go_on = threading.Event(), threading.Event()

    def stand_still(_plan: docbatch.PlanReport) -> bool:
        begun.set()
        return go_on.wait(LONG)

    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(project.apply, agree=stand_still)
        try:
            assert begun.wait(LONG)
            yield
        finally:
            go_on.set()
        assert outcome.result(LONG).exit_code == 3


def test_two_projects_run_at_once(tmp_path: Path) -> None:
    projects = [Project(tmp_path / name) for name in ("first", "second")]
    for number, made in enumerate(projects):
        made.job()
        made.write({f"in/{name}.txt": f"{name} of {number}" for name in "abc"})
    together = threading.Barrier(2)

    def applied(made: Project) -> int:
        return docbatch.open_project(made.root).apply(agree=lambda _plan: together.wait(LONG) < 2).exit_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(applied, projects)) == [0, 0]

    for number, made in enumerate(projects):
        assert made.outputs() == {f"{name}.txt.md": f"{name} of {number}\n".encode() for name in "abc"}


def test_a_state_held_by_another_thread_is_locked(project: docbatch.Project) -> None:
    twin = docbatch.open_project(project.root)
    with running(project):
        for each in (project, twin):
            with pytest.raises(docbatch.StateLocked) as raised:
                each.apply()
            assert raised.value.exit_code == 11
        with pytest.raises(docbatch.StateLocked):
            twin.retry()

    assert twin.apply().exit_code == 3


def test_questions_are_answered_beside_a_run(project: docbatch.Project) -> None:
    with running(project), ThreadPoolExecutor(4) as pool:
        plans = [pool.submit(project.plan) for _ in range(4)]
        statuses = [pool.submit(project.status) for _ in range(4)]

        assert [plan.result(LONG).send_items for plan in plans] == [3] * 4
        assert all(status.result(LONG).owner for status in statuses)


def test_events_come_one_at_a_time(project: docbatch.Project) -> None:
    inside = threading.Lock()
    heard: list[docbatch.Notice] = []

    def hear(event: docbatch.Notice) -> None:
        assert inside.acquire(blocking=False)
        heard.append(event)
        inside.release()

    assert project.apply(on_event=hear).exit_code == 3
    assert heard
