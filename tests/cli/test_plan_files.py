"""A saved plan is what was reviewed: it runs as it is, once, or not at all."""

import hashlib
import json
import shutil
import signal
from pathlib import Path

import pytest

from docbatch.engine.planning.saved import plan_file
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


def test_a_refusal_names_documents_and_what_changed(project: Project) -> None:
    project.write({f"in/{name}.txt": name for name in ("changed", "gone", "kept")})
    planned(project)
    project.write({"in/changed.txt": "other bytes", "in/@new\n::error::.txt": "new"})
    (project.root / "in/gone.txt").unlink()

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 7
    assert refused.err == (
        "error: the plan is stale: what is to be sent has changed since it was made:\n"
        "  job 'job': @new\\n::error::.txt: new document\n"
        "  job 'job': changed.txt: its bytes changed\n"
        "  job 'job': gone.txt: is through already, or is not among the documents any more\n"
        "  nothing was sent; review a new one: 'docbatch plan --out FILE'\n"
    )


def test_a_refusal_says_what_became_of_what_the_state_knows(project: Project) -> None:
    project.write({"in/gone.txt": "one", "in/empty.txt": "two", "in/sent.txt": "three"})
    project.applied()
    project.job(JOB + "config: {languages: [deu]}\n")
    planned(project)
    (project.root / "in/gone.txt").unlink()
    project.write({"in/empty.txt": ""})

    refused = project.call("apply", "--plan", "plan.json").err

    assert "  job 'job': empty.txt: is not to be sent any more: cannot be sent\n" in refused
    assert "  job 'job': gone.txt: no longer found\n" in refused
    assert "sent.txt" not in refused


def test_a_refusal_after_a_change_of_the_job_names_its_documents(project: Project) -> None:
    project.write({f"in/{number:02}.txt": str(number) for number in range(12)})
    planned(project)
    project.job(JOB + "config: {languages: [deu]}\n")

    refused = project.call("apply", "--plan", "plan.json").err

    assert "  job 'job': 00.txt: is made in another way: config.languages: not set → [\"deu\"]\n" in refused
    assert refused.count("is made in another way") == 10
    assert "\n  and 2 more documents\n" in refused


def test_a_second_apply_names_what_became_of_the_documents(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    planned(project)
    project.applied("--plan", "plan.json")

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 7
    assert "the plan was applied already:\n  job 'job': a.txt: is through already" in refused.err


def test_a_state_that_moved_on_with_the_same_work_is_said_so(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.write({"in/b.txt": "two"})
    planned(project)
    (project.root / ".docbatch").rename(project.root / "lost")
    project.write({"in/b.txt": "two"})
    (project.root / "in/a.txt").rename(project.root / "a.txt")
    (project.root / "in/b.txt").rename(project.root / "b.txt")
    project.write({"in/c.txt": "three"})
    assert project.call("apply", "--allow", "overwritten").code == 0
    (project.root / "b.txt").rename(project.root / "in/b.txt")

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 7
    assert "the state has moved on since it was made; the same documents are to be sent" in refused.err


def test_a_plan_that_names_no_documents_is_judged_by_their_keys(project: Project) -> None:
    """As versions wrote it that kept no names."""
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    planned(project)
    written = json.loads((project.root / "plan.json").read_text())["plan"]
    del written["documents"]
    digest = hashlib.sha256(json.dumps(written, indent=1, sort_keys=True).encode()).hexdigest()
    project.write({"plan.json": json.dumps({"digest": digest, "plan": written}), "in/a.txt": "other"})

    refused = project.call("apply", "--plan", "plan.json")
    project.write({"in/a.txt": "one"})

    assert refused.code == 7
    assert "  job 'job': a.txt: new document\n" in refused.err
    assert "b.txt" not in refused.err
    assert "  1 document no longer to be sent, which the plan does not name\n" in refused.err
    assert project.applied("--plan", "plan.json").processed == 2


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


def test_what_has_no_end_is_no_plan(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_file, "LARGEST", 1000)

    refused = project.call("apply", "--plan", "/dev/zero")

    assert refused.code == 64
    assert "is too large to be a plan file" in refused.err


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("docbatch.yaml", "exists already and is not a plan file"),
        ("jobs/job.yaml", "exists already and is not a plan file"),
        ("in/a.txt", "would be read as a document"),
        (".docbatch/state.db", "exists already and is not a plan file"),
    ],
)
def test_a_plan_takes_the_place_of_other_plans_alone(project: Project, name: str, why: str) -> None:
    project.write({"docbatch.yaml": "project: {id: testproject01}\n", "in/a.txt": "one"})
    planned(project)
    project.applied()
    before = (project.root / name).read_bytes()

    refused = project.call("plan", "--out", name)
    again = project.call("plan", "--out", "plan.json")

    assert (refused.code, again.code) == (64, 0)
    assert name in refused.err
    assert why in refused.err
    assert (project.root / name).read_bytes() == before


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


@pytest.fixture
def elsewhere(project: Project, tmp_path: Path) -> Project:
    """The same files where there is no state, as a pull request has them: of a.txt, which is through, nothing is known there."""
    project.write({"in/a.txt": "one"})
    project.applied()
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    other = tmp_path / "checkout"
    shutil.copytree(project.root, other, ignore=shutil.ignore_patterns(".docbatch", "out"))
    return Project(other)


def reviewed_elsewhere(project: Project, elsewhere: Project) -> None:
    planned(elsewhere)
    shutil.copy(elsewhere.root / "plan.json", project.root)


def test_a_plan_made_without_a_state_is_applied_where_the_state_is(
    project: Project, elsewhere: Project
) -> None:
    reviewed_elsewhere(project, elsewhere)

    done = project.applied("--plan", "plan.json")
    again = project.call("apply", "--plan", "plan.json")

    assert done.processed == 1
    assert project.outputs() == {"a.txt.md": b"one\n", "b.txt.md": b"two\n"}
    assert again.code == 7
    assert "was applied already" in again.err


def test_what_is_due_there_and_was_not_reviewed_is_named_and_left(
    project: Project, elsewhere: Project
) -> None:
    reviewed_elsewhere(project, elsewhere)
    project.write({"in/c.txt": "three"})

    done = project.call("apply", "--plan", "plan.json")

    assert done.code == 4
    assert set(project.outputs()) == {"a.txt.md", "b.txt.md"}
    assert (
        "1 document to be sent here that the plan does not have, left for now: job 'job': c.txt" in done.err
    )
    assert "Run the same command again" not in done.out
    assert project.applied().processed == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("in/b.txt", "not what was reviewed"), ("jobs/job.yaml", JOB + "config: {running_lines: drop}\n")],
)
def test_where_nothing_that_was_reviewed_is_due_it_is_refused(
    project: Project, elsewhere: Project, name: str, content: str
) -> None:
    reviewed_elsewhere(project, elsewhere)
    project.write({name: content})

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 7
    assert "nothing that was reviewed is to be sent here" in refused.err
    assert "in/b.txt" in refused.err or "b.txt" in refused.err


def test_a_plan_without_a_state_that_was_interrupted_goes_on(project: Project, elsewhere: Project) -> None:
    elsewhere.write({"in/c.txt": "three"})
    project.write({"in/c.txt": "three"})
    reviewed_elsewhere(project, elsewhere)

    first = project.call("apply", "--plan", "plan.json", "--max-new", "1")
    second = project.call("apply", "--plan", "plan.json")

    assert (first.code, second.code) == (4, 0)
    assert len(project.outputs()) == 3


@pytest.mark.parametrize(
    "way", ["", "[]", '["local", "parse", {}]', '["local", "", "fly", {}]', '["local", "", "parse", 3]', 5]
)
def test_ways_that_no_plan_has_are_none(project: Project, way: object) -> None:
    project.write({"in/a.txt": "one"})
    planned(project)
    content = json.loads((project.root / "plan.json").read_text())["plan"] | {"ways": {"job": way}}
    digest = hashlib.sha256(json.dumps(content, indent=1, sort_keys=True).encode()).hexdigest()
    project.write({"plan.json": json.dumps({"digest": digest, "plan": content})})

    refused = project.call("apply", "--plan", "plan.json")

    assert refused.code == 64
    assert "is not a plan file" in refused.err
