"""What commands say of documents that wait for a window, and of when they are sent at the latest."""

from datetime import UTC, datetime

from docbatch.core.moments import iso_moment
from docbatch.state.store import Store
from tests.cli.project import Project
from tests.cli.time_of_run import apply_until

JOB = """
    apiVersion: docbatch/v1
    name: job
    source: {root: in, include: "**/*"}
    provider: local
    window: {hours: "HOURS"}
    deadline: DEADLINE
    sink: [{type: files, path: "out/{{ doc.path }}.md"}]
"""


def declare(project: Project, deadline: str) -> str:
    """Write a job whose window is closed for two hours, and return when it is open."""
    hour = (datetime.now(UTC).hour + 3) % 24
    hours = f"{hour:02}:00-{(hour + 1) % 24:02}:00"
    project.job(JOB.replace("HOURS", hours).replace("DEADLINE", deadline))
    project.write({"in/a.txt": "one"})
    return hours


def test_a_plan_says_what_the_deadline_counts_from_and_records_nothing(project: Project) -> None:
    hours = declare(project, "90m")

    planned = project.call("plan").out
    explained = project.call("explain", "in/a.txt").out

    assert f"job 'job' sends between {hours} UTC, in " in planned
    assert "outside the window 1 h 30 min after the first apply that has them, at the latest" in planned
    assert "outside the window 1 h 30 min after the first apply that has it, at the latest" in explained
    assert not (project.root / ".docbatch/state.db").exists()


def test_what_waits_is_told_with_when_it_is_sent(project: Project) -> None:
    declare(project, "90m")

    ended = apply_until(project, None)
    planned, explained, standing = (
        project.call(*command).out for command in (("plan",), ("explain", "in/a.txt"), ("status",))
    )
    (job, *_) = project.call("status", "--json").lines
    with Store.readable(project.root / ".docbatch") as store:
        since, until = store.database.execute("SELECT since, until FROM waiting").fetchone()

    assert ended.code == 4
    assert (job["with_deadline"], job["deadline"]) == (1, iso_moment(until))
    assert until - since == 5400
    for text in (planned, explained):
        assert "again; sent by " in text
        assert " at the latest, outside the window" in text
    assert "1 document waits to be sent by " in standing


def test_a_deadline_that_passes_wakes_the_run_which_says_that_it_sends_outside_the_window(
    project: Project,
) -> None:
    hours = declare(project, "1s")

    ended = project.call("apply")

    assert ended.code == 0
    assert (
        f"1 document of job 'job' is sent outside its window ({hours} UTC), after the deadline of 1 s"
        in ended.err
    )
    assert project.outputs() == {"a.txt.md": b"one\n"}
    assert "deadline" not in project.call("status").out


def test_json_has_it_as_a_line_and_a_plan_says_that_it_has_passed(project: Project) -> None:
    declare(project, "90m")
    apply_until(project, None)
    with Store.writable(project.root / ".docbatch") as store, store.write():
        store.database.execute("UPDATE waiting SET since = since - 7200")

    planned = project.call("plan").out
    lines = project.call("apply", "--json").lines

    assert "outside the window now: the deadline passed at " in planned
    (sent,) = [line for line in lines if line["type"] == "sentoutside"]
    assert (sent["job"], sent["documents"], sent["deadline"]) == ("job", 1, 5400)
