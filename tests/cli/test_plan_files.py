"""A saved plan is what was reviewed: it runs as it is, once, or not at all."""

import signal

import pytest

from tests.cli.project import JOB, Project, gone


def planned(project: Project, *paths: str) -> None:
    assert project.call("plan", "--out", "plan.json", *paths).code == 0


def test_a_first_plan_is_applied_once(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    planned(project)

    assert project.applied("--plan", "plan.json").processed == 1
    again = project.call("apply", "--plan", "plan.json")
    assert again.code == 7
    assert "was applied already" in again.err


def test_a_later_plan_is_applied_once(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.write({"in/b.txt": "two"})
    planned(project)

    assert project.applied("--plan", "plan.json").processed == 1
    assert project.call("apply", "--plan", "plan.json").code == 7


def test_a_first_plan_is_stale_once_another_run_made_a_state(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    planned(project)
    project.applied()

    assert project.call("apply", "--plan", "plan.json").code == 7


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in/new.txt", "not in the plan"),
        ("in/a.txt", "not as in the plan"),
        ("jobs/job.yaml", JOB + "config: {languages: [deu]}\n"),
    ],
)
def test_a_plan_is_stale_when_something_else_is_due(project: Project, name: str, content: str) -> None:
    project.write({"in/a.txt": "one"})
    planned(project)
    project.write({name: content})

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 7
    assert "nothing was sent" in refused.err
    assert project.outputs() == {}


def test_a_plan_of_another_state_is_refused(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    planned(project)
    (project.root / ".docbatch").rename(project.root / "lost")
    assert project.call("apply", "--allow", "overwritten").code == 0

    assert project.call("apply", "--plan", "plan.json").code == 7


def test_an_edited_plan_is_no_plan(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    planned(project)
    text = (project.root / "plan.json").read_text()
    project.write({"plan.json": text.replace('"found": 1', '"found": 2')})

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 64
    assert "was edited" in refused.err


@pytest.mark.parametrize("content", ["", "{}", "[1]", "not JSON", b"\xff\xfe", "[" * 100_000])
def test_something_else_is_no_plan(project: Project, content: str | bytes) -> None:
    project.write({"in/a.txt": "one", "plan.json": content})

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 64
    assert "is not a plan file" in refused.err


def test_a_plan_that_is_not_there_is_a_usage_error(project: Project) -> None:
    assert project.call("apply", "--plan", "none.json").code == 64


def test_a_plan_brings_its_paths(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")
    planned(project, "jobs/other.yaml")

    assert project.call("apply", "--plan", "plan.json", "jobs/job.yaml").code == 64
    project.applied("--plan", "plan.json")
    assert project.outputs() == {}


def test_an_interrupted_plan_is_resumed_by_the_same_command(project: Project) -> None:
    project.write({f"in/{number}.md": f"# {number}\n" + "word " * 2000 for number in range(100)})
    planned(project)
    process = project.start("apply", "--plan", "plan.json", "--json")
    assert process.stdout is not None
    assert any('"accepted"' in line for line in process.stdout)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert gone(project.root, process.pid)

    project.applied("--plan", "plan.json")

    assert len(project.outputs()) == 100
    assert project.call("apply", "--plan", "plan.json").code == 7
