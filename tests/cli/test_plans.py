"""What a plan says of a project on disk: what is done in which word, why, and why the rest is not due."""

import re
from typing import Any

import pytest

from docbatch.state.store import Store
from tests.cli.project import JOB, Project


@pytest.fixture
def project(project: Project) -> Project:
    """A project with two documents that are through."""
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    return project


def told(project: Project) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = project.call("plan", "--format", "json").lines[0]["lines"]
    return lines


def details(line: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["path"], each["detail"]) for each in line["examples"]]


def test_an_edited_and_a_renamed_file_are_told_apart(project: Project) -> None:
    project.write({"in/a.txt": "another"})
    (project.root / "in/b.txt").rename(project.root / "in/c.txt")

    found = {line["action"]: (line["reason"], details(line)) for line in told(project)}

    assert found == {
        "submit": ("its bytes changed", [("a.txt", "")]),
        "deliver": ("the same bytes were processed already", [("c.txt", "")]),
        "orphaned": ("no longer found; its outputs stay", [("b.txt", "")]),
    }


def test_what_is_sent_again_in_another_way_is_resent(project: Project) -> None:
    project.job(JOB + "config: {languages: [deu]}\n")

    (line,) = told(project)

    assert (line["action"], line["documents"], line["reason"]) == ("resend", 2, "the job's config changed")
    assert "  + resend: 2 to be sent: the job's config changed\n" in project.call("plan").out


@pytest.mark.parametrize("form", ["json", "markdown", "html", "text"])
def test_a_moved_output_is_named_with_its_old_and_new_path(project: Project, form: str) -> None:
    project.job(JOB.replace("out/{{ doc.path }}", "new/{{ doc.stem }}"))

    shown = project.call("plan", "--format", form, "--all").out

    assert "its output lies elsewhere now" in shown
    assert "out/a.txt.md → new/a.md" in shown
    assert project.applied().processed == 0
    assert told(project) == []


def test_a_sink_that_is_new_has_moved_nothing(project: Project) -> None:
    project.job(JOB + '  - {type: files, path: "more/{{ doc.path }}.txt", format: text}\n')

    (line,) = told(project)

    assert (line["reason"], details(line)) == ("the sink is new", [("a.txt", ""), ("b.txt", "")])


def test_of_two_new_sinks_one_takes_the_place_of_the_old_one(project: Project) -> None:
    project.job(
        JOB.replace("out/", "new/") + '  - {type: files, path: "more/{{ doc.path }}.txt", format: text}\n'
    )

    assert {line["reason"] for line in told(project)} == {"its output lies elsewhere now", "the sink is new"}


def test_another_form_in_the_same_place_is_no_move(project: Project) -> None:
    project.job(JOB.replace("format: markdown", "format: text"))

    (line,) = told(project)

    assert (line["reason"], details(line)[0]) == ("the sink writes it in another form now", ("a.txt", ""))


def test_a_document_that_had_no_output_has_moved_none(project: Project) -> None:
    project.write({"in/c.txt": ""})
    project.call("apply")
    project.write({"in/c.txt": "three"})
    project.job(JOB.replace("out/", "new/"))

    found = {line["reason"]: [path for path, _ in details(line)] for line in told(project)}

    assert found == {"new document": ["c.txt"], "its output lies elsewhere now": ["a.txt", "b.txt"]}


LINES = JOB.partition("sink:")[0] + "sink: [{type: jsonl, path: %s}]\n"


def test_the_output_of_a_whole_job_moves_too(project: Project) -> None:
    project.job(LINES % "lines/all.jsonl")
    (new,) = told(project)
    project.applied()
    project.job(LINES % "elsewhere/all.jsonl")
    (moved,) = told(project)

    assert (new["reason"], new["examples"]) == ("the job's output: the sink is new", [])
    assert moved["reason"] == "the job's output: its output lies elsewhere now"
    assert [detail for _, detail in details(moved)] == ["lines/all.jsonl → elsewhere/all.jsonl"]
    assert "the sink writes elsewhere now" in project.call("explain", "in/a.txt").out
    assert project.applied().processed == 0
    assert told(project) == []


def test_an_output_for_the_whole_job_that_a_kill_left_behind_is_due(project: Project) -> None:
    project.job(LINES % "lines/all.jsonl")
    project.applied()
    (project.root / "lines/all.jsonl").unlink()
    with Store.writable(project.root / ".docbatch") as store, store.write():
        (sink,) = store.deliveries.sinks("job")
        store.deliveries.outdate(sink.row)

    ended = project.call("plan", "--detailed-exitcode")

    assert ended.code == 2
    assert "the job's output: its result is not written yet" in ended.out
    assert project.applied().processed == 0
    assert told(project) == []


def test_why_the_rest_is_not_due_is_said_in_one_line(project: Project) -> None:
    project.job(JOB + "    on_missing: ignore\n")
    project.write({"in/empty.txt": "", "in/~$a.docx": "lock"})
    project.call("apply")
    (project.root / "out/a.txt.md").unlink()

    (rest,) = project.call("plan", "--format", "json").lines[0]["not_due"]

    assert rest == {
        "job": "job",
        "unchanged": 2,
        "ignored": 1,
        "failed": 1,
        "held": 0,
        "left_out": 1,
        "later": 0,
        "filtered": 0,
        "sample": None,
    }
    assert (
        "\n  = not due: 2 unchanged; 1 output gone, left so (on_missing: ignore);"
        " 1 failed earlier, not tried again; 1 file left out\n" in project.call("plan").out
    )


def test_a_file_for_the_whole_job_that_is_gone_may_stay_so(project: Project) -> None:
    project.job(LINES.replace("%s", "%s, on_missing: ignore") % "lines/all.jsonl")
    project.applied()
    (project.root / "lines/all.jsonl").unlink()

    (rest,) = project.call("plan", "--format", "json").lines[0]["not_due"]

    assert (rest["unchanged"], rest["ignored"]) == (2, 1)


def test_documents_of_a_job_that_is_no_longer_declared_are_orphaned(project: Project) -> None:
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")
    project.applied()
    (project.root / "jobs/job.yaml").unlink()

    (line,) = told(project)

    assert (line["job"], line["action"], line["documents"]) == ("job", "orphaned", 2)
    assert "the job is no longer declared; its outputs stay" in project.call("plan").out
    project.applied()
    assert told(project) == []
    assert set(project.outputs()) == {"a.txt.md", "b.txt.md"}


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_without_a_state_every_format_says_what_is_not_known(project: Project, form: str) -> None:
    note = "there is no state here: what was paid before is not known, and all numbers are an upper bound"
    known = project.call("plan", "--format", form).out
    unvouched = project.call("plan", "--format", form, "--untrusted").out
    (project.root / ".docbatch").rename(project.root / "elsewhere")
    lost = project.call("plan", "--format", form, "--allow", "overwritten").out

    assert note not in known
    assert note in lost
    assert note in unvouched


def test_a_state_in_which_nothing_is_recorded_is_another_thing_than_none(project: Project) -> None:
    (project.root / ".docbatch").rename(project.root / "elsewhere")
    none = project.call("plan", "--format", "json", "--allow", "overwritten").lines[0]["state"]
    first = project.call("apply", "--json", "--allow", "overwritten").lines[0]["state"]
    then = project.call("plan", "--format", "json").lines[0]["state"]

    assert (none, first, then) == ("none", "empty", "recorded")


def test_a_page_and_a_comment_name_documents_without_being_asked(project: Project) -> None:
    project.write({f"in/{number:03}.txt": f"text {number}" for number in range(40)})
    comment = project.call("plan", "--format", "markdown").out
    page = project.call("plan", "--format", "html").out

    assert all(f"{number:03}.txt" in comment and f"{number:03}.txt" in page for number in range(40))
    assert not re.search(r"src=|href=|<script", page)
