"""A request whose record is too old is not sent: it is recorded anew after a pause, and no document counts as failed for it."""

from pathlib import Path

from docbatch.core.models import Recovery
from docbatch.engine.progress_notices import Answered
from docbatch.sending_fence import TOO_OLD, FenceTime, fence_time
from docbatch.state.home import Home
from tests.fake.project import Project
from tests.fake.watched_home import watched

DAY = 86400.0
ONE = {"a.txt": "apple"}
SENT = ("intent 1: intended", "create 1", "answer 1: submitted")
UNSENT = ("intent 1: intended", "answer 1: unsent")


def long_ago(times: int = 1) -> list[FenceTime]:
    now = fence_time()
    return [FenceTime(now.running - DAY, now.wall - DAY)] * times


def made(root: Path, kind: Recovery = Recovery.FINDABLE) -> Project:
    project = Project(root, kind)
    project.write(ONE)
    return project


def test_it_is_recorded_anew_and_sent_by_the_same_run(tmp_path: Path) -> None:
    project = made(tmp_path)

    with watched(began=long_ago()) as journal:
        project.apply()

    assert tuple(journal.entries[:5]) == (*UNSENT, *SENT)
    (told,) = [each for each in project.notices if isinstance(each, Answered) and each.outcome == "not_sent"]
    assert told.reason == f"{TOO_OLD}; nothing was sent"
    assert project.statuses() == {"succeeded": 1}
    assert set(project.paid().values()) == {1}


def test_each_further_time_it_waits_for_longer(tmp_path: Path) -> None:
    project = made(tmp_path)

    with watched(began=long_ago(4)) as journal:
        project.apply()

    assert tuple(journal.entries[:11]) == (*UNSENT * 4, *SENT)
    assert project.cloud.times("create") == [1.0 + 2.0 + 4.0 + 8.0]


def test_a_machine_that_is_always_too_slow_gives_the_connection_up(tmp_path: Path) -> None:
    project = made(tmp_path)

    with watched(began=long_ago(100)) as journal:
        run = project.apply()

    trouble = run.connections.troubles["fake"]
    assert trouble.exit_code == 4
    assert TOO_OLD in trouble.message
    assert project.cloud.calls("create") == 0
    assert set(journal.entries) == set(UNSENT)
    assert len(journal.entries) < 100
    assert project.statuses() == {"pending": 1}


def test_a_record_in_time_is_followed_by_its_create(tmp_path: Path) -> None:
    project = made(tmp_path)

    with watched(began=[fence_time()]) as journal:
        project.apply()

    assert tuple(journal.entries[:3]) == SENT


def test_a_replay_that_is_too_late_is_recorded_anew_and_stays_an_open_question(tmp_path: Path) -> None:
    project = made(tmp_path, Recovery.KEYED)
    project.cloud.expect("create", 1, "after uncertain")

    with watched(began=[fence_time(), *long_ago(2)]) as journal:
        project.apply()

    assert tuple(journal.entries[:6]) == (
        "intent 1: intended",
        "create 1",
        *["replay 1: unanswered"] * 3,
        "create 1",
    )
    assert project.cloud.times("create") == [0.0, 1.0 + 2.0]
    assert set(project.paid().values()) == {1}


def test_what_was_never_sent_is_nothing_that_an_owner_who_was_replaced_may_still_send(
    tmp_path: Path,
) -> None:
    project = made(tmp_path)
    with watched(began=long_ago(100)):
        project.apply()

    with Home.at(project.folder).writable() as store:
        assert store.submissions.tear() == 0
    project.apply()

    assert project.statuses() == {"succeeded": 1}
