"""Jobs that send in some hours only. The clock of these tests begins at 22:13:20 UTC."""

from datetime import UTC, time
from pathlib import Path

from docbatch.core.windows import SendingWindow
from docbatch.engine.progress_notices import Waiting
from docbatch.engine.running.loop import reconcile
from tests.fake.project import Project

BY_NIGHT = SendingWindow(time(23), time(6), UTC)
UNTIL_ELEVEN = 46 * 60 + 40.0


def waited(project: Project) -> set[str]:
    return {notice.reason for notice in project.notices if isinstance(notice, Waiting)}


def run(project: Project, *windows: SendingWindow | None, wait: bool = True) -> None:
    names = ["job", "other"]
    targets = [
        project.target(name=name, window=window, sinks=project.target().sinks if name == "job" else ())
        for name, window in zip(names, windows, strict=False)
    ]
    with project.taken_up(*targets) as (session, clock):
        reconcile(project.run(session, clock), wait=wait, deadline=float("inf"))


def test_nothing_is_sent_before_the_window_opens_and_the_run_says_what_it_waits_for(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.txt": "one"})

    run(project, BY_NIGHT)

    assert min(project.cloud.times("create")) >= UNTIL_ELEVEN
    assert len(project.paid()) == 1
    assert "job 'job' sends between 23:00-06:00 UTC" in waited(project)


def test_a_run_that_does_not_wait_sends_nothing_then(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.txt": "one"})

    run(project, BY_NIGHT, wait=False)

    assert project.paid() == {}
    assert project.statuses() == {"pending": 1}


def test_an_open_window_holds_up_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.txt": "one"})

    run(project, SendingWindow(time(22), time(6), UTC))

    assert max(project.cloud.times("create")) < UNTIL_ELEVEN


def test_a_job_whose_window_is_closed_keeps_no_other_from_sending_the_same_documents(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.txt": "one"})

    run(project, BY_NIGHT, None)

    assert max(project.cloud.times("create")) < UNTIL_ELEVEN
    assert len(project.paid()) == 1
