"""What made a sink's outputs is kept with the sink: they stay until the job is upgraded, which is free."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import docbatch
from docbatch.core.errors import UsageError
from docbatch.engine.planning import record_changes
from docbatch.sinks import KINDS
from docbatch.sinks.rows import splitter
from tests.cli.project import JOB, Project
from tests.sinks import outside_made
from tests.sinks.outside_made import MadeSinkSpec

Install = Callable[[str], None]
SINK = "  - {type: files, path: 'out/{{ doc.path }}.md', format: markdown}\n"
CHUNKS = "  - {type: jsonl, path: out/chunks.jsonl, rows: chunk}\n"


def job(sinks: str, more: str = "") -> str:
    return JOB.partition("sink:")[0] + more + "sink:\n" + sinks


def lines(files: Project) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (files.root / "out/chunks.jsonl").read_text().splitlines()]


def due(plan: docbatch.PlanReport) -> list[tuple[str, str, int]]:
    return [(line.kind, line.reason, line.documents) for line in plan.lines]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what makes docbatch believe that another version of what makes outputs is installed."""

    def installed(version: str) -> None:
        monkeypatch.setattr(MadeSinkSpec, "made_by", {"maker": version})
        monkeypatch.setattr(splitter, "version", lambda: version)

    installed("1")
    return installed


@pytest.fixture
def made(files: Project, install: Install) -> Iterator[docbatch.Project]:
    """A project whose sink holds two documents, made by version 1; version 2 is installed now."""
    files.write({"in/a.txt": "one", "in/b.txt": "two"})
    files.job(job("  - {type: made, database: out/rows.db}\n"))
    with KINDS.added(outside_made.KIND):
        project = docbatch.open_project(files.root)
        project.apply()
        install("2")
        yield project


@pytest.fixture
def cut(files: Project, install: Install) -> docbatch.Project:
    """A project with a file for the whole job, made by version 1; version 2 is installed now."""
    files.write({"in/a.txt": "one", "in/b.txt": "two"})
    files.job(job(CHUNKS))
    project = docbatch.open_project(files.root)
    project.apply()
    install("2")
    return project


def test_outputs_stay_and_the_plan_says_by_what_they_were_made(made: docbatch.Project) -> None:
    plan = made.plan()

    assert (plan.has_changes, plan.unchanged, plan.versions[0].versions["maker"]) == (False, 2, "1")
    (note,) = plan.notes
    assert "what maker 1 made in its output stays, and maker 2 makes what is written from now on" in note


def test_what_is_new_is_made_by_what_is_installed_and_the_rest_stays(
    made: docbatch.Project, files: Project
) -> None:
    files.write({"in/c.txt": "three"})

    assert due(made.plan()) == [("send", "new document", 1)]
    assert made.apply().exit_code == 0
    assert made.plan().versions[0].versions["maker"] == "1"


def test_an_upgrade_writes_all_again_sends_nothing_and_is_remembered(
    made: docbatch.Project, install: Install
) -> None:
    plan = made.plan(upgrade=["job"])
    assert (plan.send_items, sum(documents for _, _, documents in due(plan)), plan.notes) == (0, 2, ())

    made.apply(upgrade=["job"])
    after = made.plan()
    assert (after.has_changes, after.notes, after.versions[0].versions["maker"]) == (False, (), "2")
    install("1")
    assert "what maker 2 made in its output stays" in made.plan().notes[0]


def test_an_upgrade_that_was_cut_off_goes_on_by_itself(
    made: docbatch.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off when the sink is declared anew, and none of its documents is recorded as due."""

    def cut_off(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(record_changes, "_place", cut_off)
        with pytest.raises(KeyboardInterrupt):
            made.apply(upgrade=["job"])

    plan = made.plan()
    assert (sum(documents for _, _, documents in due(plan)), plan.notes) == (2, ())
    assert made.apply().exit_code == 0


def test_a_whole_file_stays_as_it_is_while_nothing_changes(cut: docbatch.Project) -> None:
    plan = cut.plan()

    assert (plan.has_changes, plan.versions[0].versions["semantic-text-splitter"]) == (False, "1")
    assert "nothing is written to it until 'docbatch apply --upgrade job' does so" in plan.notes[0]
    assert cut.apply().exit_code == 0


def test_a_whole_file_is_not_made_anew_by_another_version_unasked(
    cut: docbatch.Project, files: Project
) -> None:
    before = lines(files)
    files.write({"in/c.txt": "three"})
    ended = cut.apply()

    assert (ended.exit_code, lines(files)) == (1, before)
    assert "install semantic-text-splitter 1 again" in str(ended.errors[0].hint)
    assert cut.apply(upgrade=["job"]).exit_code == 0
    assert [line["text"] for line in lines(files)] == ["one", "two", "three"]
    assert cut.plan().notes == ()


def test_a_whole_file_is_written_again_once_its_version_is_back(
    cut: docbatch.Project, files: Project, install: Install
) -> None:
    files.write({"in/c.txt": "three"})
    cut.apply()
    install("1")

    assert cut.apply().exit_code == 0
    assert [line["text"] for line in lines(files)] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("sinks", "more"),
    [
        (CHUNKS.replace("chunk}", "chunk, chunks: {size: 16}}"), ""),
        (CHUNKS, "labels: {team: a}\n"),
    ],
    ids=["cut otherwise", "labelled"],
)
def test_what_is_written_again_for_another_reason_is_made_by_what_is_installed(
    cut: docbatch.Project, files: Project, sinks: str, more: str
) -> None:
    files.job(job(sinks, more))

    plan = cut.plan()
    assert (plan.notes, plan.versions[0].versions["semantic-text-splitter"], plan.send_items) == ((), "2", 0)
    assert cut.apply().exit_code == 0
    assert len(lines(files)) == 2


def test_a_renamed_job_keeps_its_versions(cut: docbatch.Project, files: Project) -> None:
    (files.root / "jobs/job.yaml").unlink()
    files.job(job(CHUNKS).replace("name: job", "name: other"), "other")
    assert files.call("state", "mv", "job", "job", "other").code == 0

    assert cut.plan().versions[0].versions["semantic-text-splitter"] == "1"


def test_without_the_library_nothing_is_sent_and_the_extra_is_named(
    files: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitter, "SPLITTER", "no-such-package")
    files.write({"in/a.txt": "one"})
    files.job(job(CHUNKS))
    project = docbatch.open_project(files.root)

    for ask in (project.plan, project.apply):
        with pytest.raises(UsageError, match="without the extra 'chunks'") as refused:
            ask()
        assert "pip install 'docbatch[chunks]'" in str(refused.value.hint)
    assert not Path(files.root / "out").exists()


def test_jobs_without_chunks_need_no_library(files: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "SPLITTER", "no-such-package")
    files.write({"in/a.txt": "one"})
    files.job(job(SINK + "  - {type: jsonl, path: out/pages.jsonl, rows: page}\n"))

    assert docbatch.open_project(files.root).apply().exit_code == 0
