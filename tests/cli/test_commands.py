"""The commands beside plan and apply."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.cli import COMMANDS, docbatch
from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import JOB, Project
from tests.providers.extend.project import extend_project


@pytest.fixture
def failing(project: Project) -> Project:
    """One document is done, one failed at the provider, one cannot be sent."""
    project.write({"in/a.txt": "one", "in/bad.pdf": b"%PDF-1.7\n", "in/empty.txt": ""})
    assert project.call("apply").code == 3
    return project


def test_retry_queues_what_failed_and_only_that(failing: Project) -> None:
    assert (
        failing.call("retry").out.partition("\nuntil")[0].endswith("1 document queued; run 'docbatch apply'")
    )
    assert failing.call("apply", "--json").processed == 1
    assert failing.call("apply", "--json").processed == 0


def test_a_dry_retry_changes_nothing(failing: Project) -> None:
    dry = failing.call("retry", "job", "--dry-run")

    assert dry.out.startswith("bad.pdf in job 'job': corrupt: ")
    assert dry.out.endswith("1 document would be queued\n")
    assert failing.call("apply", "--json").processed == 0


def test_retry_chooses_by_class(failing: Project) -> None:
    told = failing.call("retry", "--class", "timeout").out
    assert told.startswith("nothing to retry\nno document that is not well matches --class timeout; ")
    assert failing.call("retry", "--class", "timeout", "--class", "corrupt", "--dry-run").out.startswith(
        "bad.pdf"
    )
    assert "there are" in failing.call("retry", "--class", "tired").err
    assert failing.call("retry", "none").code == 64


def test_status_tells_counts_and_failures(failing: Project) -> None:
    told = failing.call("status").out

    assert "job on local: 1 failed, 1 cannot be sent, 1 done\n" in told
    assert "  failed: bad.pdf: corrupt: " in told
    assert failing.call("status", "none").code == 64
    assert failing.call("status", "job").out == told


def test_status_as_json_has_every_failure(failing: Project) -> None:
    job, spool = failing.call("status", "--json").lines

    assert (job["type"], spool["type"]) == ("job", "spool")
    assert job["documents"] == {"failed": 1, "problem": 1, "succeeded": 1}
    assert [each["class"] for each in job["failures"]] == ["corrupt", "empty"]


def test_state_list_has_a_line_for_each_document(failing: Project) -> None:
    expected = "job\ta.txt\tsucceeded\njob\tbad.pdf\tfailed\njob\tempty.txt\tproblem\n"
    assert failing.call("state", "list").out == failing.call("state", "list", "job").out == expected
    assert failing.call("state", "list", "none").code == 64


@pytest.fixture
def paying(tmp_path: Path) -> Iterator[Project]:
    """A project whose documents go to a vendor."""
    with ExtendEmulator() as vendor:
        yield extend_project(tmp_path, vendor)


def test_state_show_tells_a_submissions_history(paying: Project) -> None:
    (sent,) = [line for line in paying.applied().lines if line["type"] == "intended"]

    shown = json.loads(paying.call("state", "show", sent["submission"]).out)

    assert sent["submission"] in json.dumps(shown)
    assert "accepted" in json.dumps(shown)
    assert paying.call("state", "show", "none").code == 64


def test_of_work_of_this_machine_no_submission_is_kept(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    (handed,) = [line for line in project.applied().lines if line["type"] == "intended"]

    assert project.call("state", "show", handed["submission"]).code == 64
    assert json.loads(project.call("status", "--json").out.splitlines()[0])["documents"] == {"succeeded": 1}


def test_state_show_finds_an_item_by_the_beginning_of_its_key(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    (explanation,) = project.call("explain", "in/a.txt", "--json").lines
    key = next(fact for fact in explanation["facts"] if fact.startswith("item ")).removeprefix("item ")

    assert key in project.call("state", "show", key[:12]).out


def test_state_rm_forgets_a_document_and_not_what_was_paid(failing: Project) -> None:
    assert failing.call("state", "rm", "job", "a.txt", "--dry-run").out.endswith("would be forgotten\n")
    assert "a.txt" in failing.call("state", "list").out
    assert failing.call("state", "rm", "job", "a.txt").code == 0
    assert "a.txt" not in failing.call("state", "list").out
    assert failing.call("state", "rm", "job", "a.txt").code == 64
    assert failing.call("apply", "--json").processed == 0
    assert "job\ta.txt\tsucceeded\n" in failing.call("state", "list").out


def test_state_unlock_has_nothing_to_break(failing: Project) -> None:
    assert failing.call("state", "unlock").out == "the state is not locked\n"
    assert failing.call("state", "unlock", "--dry-run").code == 0


def test_a_backup_is_a_state_of_its_own(failing: Project) -> None:
    assert failing.call("state", "backup", "--without-results", "copy.db").code == 0
    assert failing.call("state", "backup", "--without-results", "copy.db").code == 64

    with closing(sqlite3.connect(failing.root / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM document").fetchone() == (3,)


def test_resolve_knows_only_recorded_submissions(failing: Project) -> None:
    refused = failing.call("resolve", "s0123", "--absent")

    assert refused.code == 64
    assert "the state knows no submission 's0123'" in refused.err


def test_resolve_leaves_finished_submissions_alone(paying: Project) -> None:
    (sent,) = [line for line in paying.applied().lines if line["type"] == "intended"]

    refused = paying.call("resolve", sent["submission"], "--absent")

    assert refused.code == 64
    assert "there is nothing to settle" in refused.err


def test_explain_tells_what_will_happen_and_why(failing: Project) -> None:
    failing.write({"in/new.txt": "new"})

    def told(document: str) -> str:
        return failing.call("explain", document).out

    assert told("in/new.txt").startswith("new.txt in job 'job' will be sent\n  why: new document\n")
    assert told("in/a.txt").startswith("a.txt in job 'job' is done; it will not be sent\n")
    assert "'docbatch retry' queues it" in told("in/bad.pdf")
    assert told("in/empty.txt").startswith("empty.txt in job 'job' cannot be sent\n  why: has no bytes\n")
    assert told("new.txt") == told("in/new.txt") == told(str(failing.root / "in/new.txt"))


def test_explain_names_old_and_new_bytes(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.write({"in/a.txt": "two"})

    told = project.call("explain", "in/a.txt").out

    assert "why: its bytes changed" in told
    assert "  sha256: 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed -> 3fc4ccfe" in told


def test_explain_tells_of_every_job_that_wants_the_document(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")

    assert len(project.call("explain", "in/a.txt", "--json").lines) == 2


@pytest.mark.parametrize("name", ["job", "project", "result"])
def test_schemas_are_json(project: Project, name: str) -> None:
    assert json.loads(project.call("schema", name).out)["title"] == f"docbatch {name}"


def test_providers_are_described(project: Project) -> None:
    told = project.call("providers").out

    assert told.startswith("local\n  operations: parse\n")
    assert "free of charge" in told


def test_every_command_has_its_help_and_the_same_short_one(project: Project) -> None:
    listed = project.call("--help").out
    for name in COMMANDS:
        command = docbatch.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.help
        assert project.call(name, "--help").code == 0
        assert f"\n  {name} " in listed
