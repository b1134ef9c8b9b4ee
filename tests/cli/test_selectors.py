"""Selectors at the commands that take them: what is selected, what is said of the rest, and what is refused."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import docbatch
from tests.cli.project import JOB, Project

BAD = b"%PDF-1.4 no document at all"
DAYS = 86_400.0


def named(name: str, **labels: str) -> str:
    """Return a job that reads a folder of its name, and has labels."""
    said = "".join(f"  {key}: {value}\n" for key, value in labels.items())
    return (
        JOB.replace("name: job", f"name: {name}")
        .replace("root: in", f"root: {name}")
        .replace("out/", f"out/{name}/")
        + (f"labels:\n{said}" if said else "")
    )  # fmt: skip


@pytest.fixture
def several(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.job(named("invoices", team="finance", env="prod"), "invoices")
    project.job(named("bills", team="finance", env="test"), "bills")
    project.job(named("letters", team="legal"), "letters")
    for job in ("invoices", "bills", "letters"):
        project.write({f"{job}/old/{job}.txt": f"old {job}", f"{job}/new/{job}.txt": f"new {job}"})
    return project


@contextmanager
def later(days: float) -> Iterator[None]:
    with mock.patch.object(time, "time", return_value=time.time() + days * DAYS):
        yield


def plan(project: Project, *selectors: str) -> dict[str, Any]:
    ended = project.call("plan", "--format", "json", *selectors)
    assert ended.code == 0, ended.err
    (line,) = ended.lines
    return line


def due(project: Project, *selectors: str) -> set[str]:
    """Return the documents that a plan sends, as job/path."""
    lines = plan(project, "--all", *selectors)["lines"]
    return {
        f"{line['job']}/{each['path']}"
        for line in lines
        if line["kind"] == "send"
        for each in line["examples"]
    }


def tallies(project: Project, *selectors: str) -> dict[str, dict[str, int]]:
    lines = project.call("status", "--json", *selectors).lines
    return {line["job"]: line["documents"] for line in lines if line["type"] == "job"}


def listed(project: Project, *selectors: str) -> set[str]:
    lines = project.call("failures", "--json", *selectors).lines
    return {line["path"] for line in lines if line["type"] == "failure"}


@pytest.mark.parametrize(
    ("selectors", "jobs"),
    [
        (["--job", "bills"], {"bills"}),
        (["--job", "bills", "--job", "letters"], {"bills", "letters"}),
        (["--label", "team=finance"], {"bills", "invoices"}),
        (["--label", "team=finance", "--label", "env=prod"], {"invoices"}),
        (["--label", "team=finance", "--label", "team=legal"], {"bills", "invoices", "letters"}),
        (["--label", "team=finance", "--job", "bills", "--job", "letters"], {"bills"}),
    ],
)
def test_jobs_are_selected_by_name_and_label(several: Project, selectors: list[str], jobs: set[str]) -> None:
    report = plan(several, *selectors)

    assert set(report["jobs"]) == jobs
    assert report["selected"]["others"] == 3 - len(jobs)

    several.applied(*selectors)
    assert {name.partition("/")[0] for name in several.outputs()} == jobs
    assert tallies(several) == {job: {"succeeded": 2} for job in jobs}
    assert tallies(several, *selectors).keys() == jobs
    assert due(several) == {
        f"{job}/{age}/{job}.txt" for job in {"bills", "invoices", "letters"} - jobs for age in ("old", "new")
    }


def test_a_job_that_is_gone_is_noticed_by_an_apply_of_all_alone(several: Project) -> None:
    several.applied()
    (several.root / "jobs/letters.yaml").unlink()

    several.applied("--job", "bills")
    several.applied("--path", "new/**")
    assert tallies(several).keys() == {"bills", "invoices", "letters"}

    assert "no longer declared" in several.call("plan").out
    several.applied()
    assert tallies(several)["letters"] == {}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["plan", "--job", "bils"], "there is no job 'bils'"),
        (["apply", "--job", "bils"], "did you mean 'bills'?"),
        (["status", "--job", "bils"], "the state knows no job 'bils'"),
        (["failures", "--job", "bils"], "the state knows no job 'bils'"),
        (["retry", "--job", "bils"], "the state knows no job 'bils'"),
        (["plan", "--label", "team=finanze"], "no job has the labels team=finanze"),
        (
            ["apply", "--label", "team=finanze"],
            "labels there are: env=prod, env=test, team=finance, team=legal",
        ),
        (["apply", "--job", "letters", "--label", "team=finance"], "none of these jobs has the labels"),
        (["status", "--label", "team=finanze"], "no job has the labels"),
        (["plan", "--label", "team"], "write it as NAME=VALUE"),
        (["plan", "--state", "fialed"], "did you mean 'failed'?"),
        (["apply", "--state", "done"], "no document is ever 'done'"),
        (["status", "--state", "done"], "no document is ever 'done'"),
        (["failures", "--state", "done"], "There are new, pending, live"),
        (["retry", "--state", "done"], "no document is ever 'done'"),
        (["plan", "--path", "/etc"], "patterns are relative to source.root"),
        (["status", "--path", "/etc"], "patterns are relative to source.root"),
        (["plan", "--older-than", "soon"], "'soon' is no duration"),
        (["status", "--changed"], "No such option"),
        (["apply", "--job", "bills", "--upgrade", "letters"], "is to be upgraded and is not selected"),
        (["retry", "--undo", "--failed"], "how documents stand has no meaning"),
        (["status", "--report", "told", "--failed"], "selectors have no meaning beside --report"),
    ],
)
def test_a_slip_of_the_pen_is_refused(several: Project, command: list[str], told: str) -> None:
    several.applied()
    before = several.outputs()

    ended = several.call(*command)

    assert ended.code == 64, ended.out
    assert told in ended.err
    assert several.outputs() == before


def test_documents_are_selected_by_their_paths(several: Project) -> None:
    assert due(several, "--path", "new/**", "--job", "bills") == {"bills/new/bills.txt"}
    assert due(several, "--path", "new/*", "--path", "old/invoices.txt", "--label", "env=prod") == {
        "invoices/new/invoices.txt",
        "invoices/old/invoices.txt",
    }

    several.applied("--path", "new/**")
    assert tallies(several) == {job: {"succeeded": 1} for job in ("bills", "invoices", "letters")}
    assert due(several) == {f"{job}/old/{job}.txt" for job in ("bills", "invoices", "letters")}
    several.applied()
    assert len(several.outputs()) == 6


def test_a_plan_says_in_each_format_what_was_selected_and_what_else_is_due(several: Project) -> None:
    several.applied()
    several.write(
        {"bills/new/two.txt": "two", "bills/new/three.txt": "three", "letters/new/four.txt": "four"}
    )
    (several.root / "bills/old/bills.txt").unlink()
    (several.root / "out/invoices/new/invoices.txt.md").unlink()

    told = (
        "Selected: --job bills --path new/two.txt. 2 other jobs left alone."
        " Due and not selected: 1 to be sent, 1 no longer wanted."
    )
    selectors = ("--job", "bills", "--path", "new/two.txt")
    text = several.call("plan", *selectors).out
    assert told in text
    assert "1 job, 3 documents found, 1 unchanged and delivered" in text
    for form in ("markdown", "html"):
        assert "Due and not selected: 1 to be sent, 1 no longer wanted" in several.call(
            "plan", "--format", form, *selectors
        ).out.replace("\\", "")  # fmt: skip
    assert plan(several, *selectors)["selected"] == {
        "options": "--job bills --path new/two.txt",
        "others": 2,
        "documents": 1,
        "left_out": {"submit": 1, "orphaned": 1},
    }
    assert "1 to be written, free of charge" in several.call("plan", "--path", "old/**").out
    nothing = several.call("plan", "--path", "nothing/**", "--detailed-exitcode")
    assert (nothing.code, "Nothing that is due matches" in nothing.out) == (0, True)
    assert several.call("plan", "--path", "new/**", "--detailed-exitcode").code == 2


def test_one_output_for_a_job_holds_all_of_its_documents(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.job(JOB.partition("sink:")[0] + "sink:\n  - type: jsonl\n    path: out/all.jsonl\n")
    project.write({"in/a/one.txt": "one", "in/b/two.txt": "two"})
    project.applied()
    project.write({"in/a/three.txt": "three", "in/b/four.txt": "four"})

    project.applied("--path", "a/**")

    lines = (project.root / "out/all.jsonl").read_text().splitlines()
    assert [json.loads(line)["document"]["path"] for line in lines] == [
        "a/one.txt",
        "a/three.txt",
        "b/two.txt",
    ]
    project.applied()
    assert len((project.root / "out/all.jsonl").read_text().splitlines()) == 4


def test_an_output_is_mended_only_where_its_document_is_selected(several: Project) -> None:
    several.applied()
    (several.root / "out/bills/new/bills.txt.md").write_text("edited")
    (several.root / "out/bills/old/bills.txt.md").unlink()

    several.applied("--path", "old/**")

    assert several.outputs()["bills/old/bills.txt.md"] == b"old bills\n"
    assert several.outputs()["bills/new/bills.txt.md"] == b"edited"
    several.applied("--job", "bills")
    assert several.outputs()["bills/new/bills.txt.md"] == b"new bills\n"


@pytest.fixture
def failing(tmp_path: Path) -> Project:
    """Return a project with a document of every kind: done, failed twice, one of these accepted, and an empty file."""
    project = Project(tmp_path)
    project.job()
    project.write(
        {"in/a.txt": "one", "in/bad/0.pdf": BAD + b"0", "in/bad/1.pdf": BAD + b"1", "in/empty.txt": ""}
    )
    assert project.call("apply").code == 3
    assert project.call("accept", "--path", "bad/1.pdf", "--reason", "odd").code == 0
    return project


def test_documents_are_selected_by_how_they_stand(failing: Project) -> None:
    assert tallies(failing, "--failed") == {"job": {"failed": 1, "problem": 1}}
    assert tallies(failing, "--state", "failed") == {"job": {"failed": 2}}
    assert tallies(failing, "--state", "succeeded", "--state", "problem") == {
        "job": {"succeeded": 1, "problem": 1}
    }
    assert tallies(failing, "--failed", "--path", "bad/**") == {"job": {"failed": 1}}
    assert tallies(failing, "--older-than", "1d") == {"job": {}}
    with later(2):
        # When this machine read a document well is not kept.
        assert tallies(failing, "--older-than", "1d") == {"job": {"failed": 2, "problem": 1}}
        assert tallies(failing, "--older-than", "1d", "--failed") == {"job": {"failed": 1, "problem": 1}}
    assert listed(failing, "--failed") == {"bad/0.pdf", "empty.txt"}
    assert listed(failing, "--state", "failed") == {"bad/0.pdf", "bad/1.pdf"}
    assert listed(failing, "--state", "problem") == {"empty.txt"}
    assert "they are 2 failed, 1 problem" in failing.call("failures", "--state", "succeeded").out
    queued = failing.call("retry", "--failed", "--json", "--dry-run").lines
    assert [each["path"] for each in queued if each["type"] == "queued"] == ["bad/0.pdf"]


def test_status_says_what_was_selected(failing: Project) -> None:
    told = failing.call("status", "--state", "failed").out

    assert told.startswith("Selected: --state failed\njob on local: 2 failed, 1 of them accepted\n")
    assert "empty.txt" not in told
    assert failing.call("status", "--failed", "--json").lines[0]["selectors"] == "--failed"


def test_failures_are_sent_where_they_are_due_and_not_queued_by_being_selected(failing: Project) -> None:
    left = failing.call("apply", "--failed", "--json")
    assert (left.code, left.processed) == (3, 0)
    failing.write({"in/bad/0.pdf": "mended"})
    assert failing.call("retry", "--all", "--path", "bad/1.pdf").code == 0

    assert due(failing, "--changed") == {"job/bad/0.pdf"}
    assert due(failing, "--failed", "--changed") == {"job/bad/0.pdf"}
    assert due(failing, "--failed") == {"job/bad/0.pdf", "job/bad/1.pdf"}
    assert due(failing, "--state", "pending") == {"job/bad/1.pdf"}
    assert due(failing, "--state", "failed") == {"job/bad/0.pdf"}
    assert due(failing, "--state", "new") == set()
    ended = failing.call("apply", "--changed", "--json")
    assert ended.processed == 1


def test_what_waits_and_is_not_selected_makes_no_run_incomplete(failing: Project) -> None:
    assert failing.call("accept", "--all", "--reason", "odd").code == 0
    assert failing.call("retry", "--all", "--path", "bad/**").code == 0

    ended = failing.call("apply", "--path", "a.txt")

    assert ended.code == 0, ended.out
    assert "2 not sent yet (2 of them not selected)" in ended.out
    assert failing.call("apply", "--path", "bad/0.pdf", "--json").processed == 1
    assert tallies(failing)["job"]["pending"] == 1
    assert failing.call("apply", "--max-new", "0", "--path", "bad/**").code != 0


def test_a_failure_that_stands_is_hidden_by_no_selector(failing: Project) -> None:
    assert failing.call("apply", "--path", "a.txt").code == 3


def test_older_than_counts_from_what_became_of_a_document(failing: Project) -> None:
    failing.write({"in/bad/0.pdf": "mended", "in/new.txt": "new"})

    assert due(failing, "--older-than", "1d") == set()
    with later(2):
        assert due(failing, "--older-than", "1d") == {"job/bad/0.pdf"}


def test_a_saved_plan_has_its_selectors(several: Project) -> None:
    several.applied("--path", "old/**")
    made = several.call(
        "plan", "--out", "plan.json", "--path", "new/**", "--job", "bills", "--job", "letters"
    )
    assert made.code == 0, made.err

    for refused in (["--path", "new/**"], ["--job", "bills"], ["--changed"]):
        ended = several.call("apply", "--plan", "plan.json", *refused)
        assert (ended.code, "a saved plan is of what was selected" in ended.err) == (64, True)
    assert several.applied("--plan", "plan.json").processed == 2
    assert due(several) == {"invoices/new/invoices.txt"}
    assert several.call("apply", "--plan", "plan.json").code == 7


def test_a_saved_plan_keeps_the_moment_that_ages_were_counted_from(failing: Project) -> None:
    assert failing.call("retry", "--all", "--path", "bad/0.pdf").code == 0
    failing.write({"in/bad/1.pdf": "mended"})
    with later(2):
        assert failing.call("plan", "--older-than", "1d", "--out", "plan.json").code == 0

    ended = failing.call("apply", "--json", "--plan", "plan.json")

    assert (ended.code, ended.processed) == (3, 2), ended.err


def test_a_report_says_what_was_selected(several: Project) -> None:
    several.applied("--report", "told", "--path", "new/**")

    assert json.loads((several.root / "told/report.json").read_text())["selected"] == '--path "new/**"'
    for name in ("report.md", "report.html", "report.xml"):
        assert "selected: " in (several.root / "told" / name).read_text()


def test_a_program_selects_by_a_value(several: Project) -> None:
    project = docbatch.open_project(several.root)
    select = docbatch.Selectors(labels={"team": ["legal", "finance"]}, paths=["new/**"])

    assert project.plan(select=select).send_items == 3
    assert project.apply(select=select).exit_code == 0
    assert project.status(select=docbatch.Selectors(jobs=["bills"])).jobs[0].tally == {"succeeded": 1}
    assert project.plan().send_items == 3
