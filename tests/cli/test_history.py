"""`docbatch history`: who changed the state by which command, with what result and cost."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import docbatch
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.specs.schema import history_schema
from docbatch.state import lock
from docbatch.state.store import Store
from tests.cli.project import JOB, Project
from tests.providers.extend.project import extend_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job()
    made.write({"in/a.txt": "one", "in/b.txt": "two"})
    return made


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as service:
        yield service


def listed(project: Project, *arguments: str) -> list[dict[str, Any]]:
    ended = project.call("history", "--json", *arguments)
    assert ended.code == 0, ended.err
    judge = Draft202012Validator(history_schema())
    for line in ended.lines:
        judge.validate(line)
    return [line for line in ended.lines if line["type"] == "run"]


def state_of(project: Project) -> tuple[bytes, int]:
    file = project.root / ".docbatch/state.db"
    return file.read_bytes(), file.stat().st_mtime_ns


def test_an_apply_is_recorded_with_its_command_and_counts(project: Project) -> None:
    project.write({"in/bad.txt": ""})
    assert project.call("apply", "--yes").code == 3
    (run,) = listed(project)

    assert (run["id"], run["command"], run["exit_code"], run["state"]) == (1, "apply --yes", 3, "ended")
    assert run["jobs"] == [{"job": "job", "documents": 3, "standing": {"problem": 1}, "written": 2}]
    assert run["sent"] == {"local": 2}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", run["began"])


def test_an_apply_that_changes_nothing_writes_nothing(project: Project) -> None:
    project.call("apply")
    before = state_of(project)
    for _ in range(2):
        assert project.call("apply").code == 0

    assert state_of(project) == before
    assert len(listed(project)) == 1


def test_every_command_that_changes_the_state_is_recorded(project: Project) -> None:
    project.call("apply")
    project.call("state", "rm", "job", "a.txt")
    project.call("retry", "--dry-run")

    assert [run["command"] for run in listed(project)] == ["state rm job a.txt", "apply"]


def test_a_killed_run_was_interrupted_and_one_that_holds_the_state_goes_on(project: Project) -> None:
    project.call("apply")
    folder = project.root / ".docbatch"
    with lock.hold(folder / "lock"):
        store = Store.writable(folder)
        with store.write():
            store.database.execute("INSERT OR REPLACE INTO meta VALUES ('mark', 'x')")
        store.database.close()
        assert "    goes on" in project.call("history").out
        assert [run["state"] for run in listed(project)] == ["running", "ended"]

    assert "    was interrupted" in project.call("history").out
    with lock.hold(folder / "lock"):
        assert "    goes on" not in project.call("history").out
    assert [run["state"] for run in listed(project)] == ["interrupted", "ended"]


def test_what_a_run_cost_is_told_by_connection(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, documents={"in/a.txt": "one", "in/b.txt": "two"})
    project.call("apply")
    (run,) = listed(project)

    assert run["events"] == {"intended": 1, "accepted": 1, "collected": 1}
    (cost,) = run["spent"]
    assert (cost["documents"], cost["credits"]["exact"]) == (2, 4)
    told = project.call("history").out
    assert "    sent to 'extend': 2 documents\n    cost on 'extend': 2 documents, 4 credits\n" in told


def test_what_an_interrupted_run_sent_is_told_from_what_it_recorded(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, documents={"in/a.txt": "one", "in/b.txt": "two"})
    project.call("apply")
    folder = project.root / ".docbatch"
    with Store.writable(folder) as store:
        store.runs.end(None)
        with store.write():
            store.database.execute("UPDATE run SET ended = NULL, exit_code = NULL, figures = '{}'")
    (run,) = listed(project)

    assert (run["state"], run["sent"]) == ("interrupted", {"extend": 2})
    assert [cost["documents"] for cost in run["spent"]] == [2]


def test_one_run_is_shown_in_detail(project: Project) -> None:
    project.call("apply")
    told = project.call("history", "1")

    assert told.code == 0
    assert f"docbatch {docbatch.__version__}; event 0 was the last before it" in told.out
    assert project.call("history", "1", "--json").lines[0]["id"] == 1
    assert project.call("history", "7").code == 64


def test_runs_are_chosen_by_job_day_and_number(project: Project) -> None:
    project.call("apply")
    project.job(JOB.replace("name: job", "name: other").replace("out/", "more/"), "other")
    project.call("apply", "jobs/other.yaml")

    assert [run["id"] for run in listed(project, "--job", "other")] == [2]
    assert [run["id"] for run in listed(project, "--job", "job")] == [1]
    assert [run["id"] for run in listed(project, "--limit", "1")] == [2]
    assert listed(project, "--since", "2999-01") == []
    assert len(listed(project, "--since", "2020-01-01")) == 2
    assert project.call("history", "--job", "none").code == 64
    assert project.call("history", "--since", "soon").code == 64


def test_many_jobs_are_told_in_short_and_one_run_names_all(project: Project) -> None:
    for number in range(7):
        project.job(JOB.replace("name: job", f"name: j{number}").replace("out/", f"o{number}/"), f"j{number}")
    project.call("apply")

    assert "    and 3 more jobs\n" in project.call("history").out
    assert "j6: 2 of 2 documents done" in project.call("history", "1").out


def test_without_any_run_that_is_said(project: Project) -> None:
    assert project.call("history").code == 10
    Store.writable(project.root / ".docbatch").close()

    assert project.call("history").out == "No run is recorded: what changes nothing leaves no trace.\n"


def test_programs_see_the_same(project: Project) -> None:
    opened = docbatch.open_project(project.root)
    opened.apply()

    (run,) = opened.history(limit=1).runs
    assert (run.command, run.exit_code) == ("apply (called by a program)", 0)
    assert opened.run(1) == run
