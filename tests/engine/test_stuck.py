"""How long apply waits: as long as something is due that its job's timeout still allows."""

from pathlib import Path

import pytest

from docbatch.state.store import Store
from tests.fake.project import TEXTS, Project

ALLOWED = 100.0
LONG = 5000.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, timeout=ALLOWED, cloud_options={"latency": LONG})
    project.write()
    return project


def test_stuck_work_is_not_waited_for(project: Project) -> None:
    project.apply()

    assert ALLOWED < project.cloud.now < 2 * ALLOWED
    assert project.statuses() == {"live": len(TEXTS)}


def test_work_is_waited_for_until_the_deadline_and_not_a_moment_longer(project: Project) -> None:
    project.timeout = LONG
    project.trait_options = {"poll_initial": 30.0}

    project.apply(deadline=100.0)

    assert project.cloud.now == 100.0
    assert project.statuses() == {"live": len(TEXTS)}


def test_it_is_asked_about_again_and_collected_by_a_later_run(project: Project) -> None:
    project.apply()
    polls = project.cloud.calls("poll")
    project.apply()
    assert project.cloud.calls("poll") > polls

    project.cloud.pass_time(LONG)
    project.apply()

    assert project.statuses()["succeeded"] >= 2
    assert project.paid() == dict.fromkeys(TEXTS.values(), 1)


def test_a_timeout_can_be_raised_at_any_time(project: Project) -> None:
    project.apply()
    project.timeout = 2 * LONG

    project.apply()

    assert "live" not in project.statuses()


def test_work_of_this_process_is_never_stuck(project: Project) -> None:
    project.trait_options = {"in_process": True}

    project.apply(wait=False)
    project.cloud.pass_time(LONG / 2)

    with Store.readable(project.folder) as store:
        assert store.deadlines.passed(1e12) == []


def test_what_waits_behind_stuck_work_is_sent_when_there_is_room(project: Project) -> None:
    project.trait_options = {"max_in_flight": 1}

    project.apply()
    assert project.statuses()["pending"] == 1

    project.cloud.pass_time(LONG)
    project.apply()
    assert "pending" not in project.statuses()
