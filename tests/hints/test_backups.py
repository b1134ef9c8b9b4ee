"""Hints of backups, of what is restored from them, and of states as text."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import JOB, Project
from tests.hints.table import Hints, helps
from tests.providers.extend.project import extend_project

MANIFEST = "out/job/manifest.json"


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []


@pytest.fixture
def read(project: Project) -> Project:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    return project


@helps(
    "run 'docbatch recover' before anything is sent to a vendor; work of this machine goes on with 'docbatch apply'"
)
def test_what_follows_a_restore(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    before, paid = project.outputs(), len(vendor.ledger)
    project.call("state", "backup", "copy.tar")
    for folder in (".docbatch", "out", "json"):
        shutil.rmtree(project.root / folder)
    told = project.call("state", "restore", "copy.tar")
    recovered = hints.follow(project, told, nth=0)
    applied = hints.follow(project, told, nth=1)

    assert (recovered.code, applied.code) == (0, 0)
    assert project.outputs() == before
    assert len(vendor.ledger) == paid


@helps(
    "{} of results could not be read, and what lies there is not in it: {}; 'docbatch state check --repair', then"
    " 'docbatch apply', brings back what can be"
)
def test_a_backup_without_a_pack_that_is_gone(read: Project, hints: Hints) -> None:
    shutil.rmtree(read.root / ".docbatch/spool/packs")
    told = read.call("state", "backup", "copy.tar")
    hints.follow(read, told, nth=0)
    applied = hints.follow(read, told, nth=1)

    assert (told.code, applied.code) == (1, 0)
    assert read.call("state", "backup", "whole.tar").code == 0


@helps("{} of results is neither here nor in it, such as {}: 'docbatch apply' brings back what can be")
def test_a_state_that_is_restored_without_results(read: Project, hints: Hints) -> None:
    read.call("state", "backup", "--without-results", "copy.db")
    shutil.rmtree(read.root / ".docbatch")
    told = read.call("state", "restore", "copy.db")

    assert hints.follow(read, told).code == 0
    assert read.call("state", "check").code == 0


@helps("what was there is kept: 'docbatch state restore {}' brings it back; remove {} once you are content")
def test_a_restore_is_undone(read: Project, hints: Hints) -> None:
    read.call("state", "backup", "copy.tar")
    read.write({"in/c.txt": "three"})
    read.applied()
    told = read.call("state", "restore", "copy.tar")
    undone = hints.follow(read, told)

    assert undone.code == 0
    assert "c.txt" in read.call("state", "list").out


@helps("nothing was changed; say --other-project where you mean it")
def test_the_backup_of_another_project(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    other = extend_project(tmp_path / "other", vendor, grace=0.2)
    other.applied()
    other.call("state", "backup", str(tmp_path / "copy.tar"))
    project = Project(tmp_path / "here")
    project.write({"docbatch.yaml": "project: {id: quiteother01}\n"})
    told = project.call("state", "restore", str(tmp_path / "copy.tar"))
    hints.see(told)

    assert told.code == 6
    assert project.call("state", "restore", str(tmp_path / "copy.tar"), "--other-project").code == 0


@helps("'docbatch state mv {}' undoes it")
def test_a_job_gets_its_name_back(read: Project, hints: Hints) -> None:
    told = read.call("state", "mv", "job", "job", "letters")
    (undone,) = hints.see(told)
    (printed,) = [line for line in told.out.splitlines() if line.endswith("undoes it")]

    assert undone in printed
    assert read.call(*undone.split()).code == 0
    assert "job\ta.txt" in read.call("state", "list").out


@helps(
    "'docbatch apply' follows and collects it",
    "'docbatch resolve {} --give-up' lets go of it again; what it holds counts as failed then",
)
def test_a_batch_that_was_adopted(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    vendor.latency = 3600
    project.call("apply", "--no-wait")
    (batch,) = vendor.batches
    shutil.rmtree(project.root / ".docbatch")
    told = project.call("adopt", batch, "--connection", "extend")
    given_up = hints.follow(
        project,
        told,
        "'docbatch resolve {} --give-up' lets go of it again; what it holds counts as failed then",
    )
    shutil.rmtree(project.root / ".docbatch")
    for run in vendor.runs.values():
        run.ends = 0.0
    told = project.call("adopt", batch, "--connection", "extend")
    applied = hints.follow(project, told, "'docbatch apply' follows and collects it")

    assert (given_up.code, applied.code) == (0, 0)
    assert len(vendor.ledger) == len(set(vendor.ledger))


@helps("nothing was changed; the work of another project is looked for with --of-project ID")
def test_a_batch_of_another_project(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    (batch,) = vendor.batches
    shutil.rmtree(project.root / ".docbatch")
    text = (project.root / "docbatch.yaml").read_text()
    project.write({"docbatch.yaml": text.replace("testproject01", "quiteother01")})
    told = project.call("adopt", batch, "--connection", "extend")
    hints.see(told)
    meant = project.call("adopt", batch, "--connection", "extend", "--of-project", "testproject01")

    assert (told.code, meant.code) == (6, 0)


@helps(
    "what decides about money is not mended: 'docbatch state restore FILE' brings back a backup, or move .docbatch/state.db"
    " away; 'docbatch recover' then takes over what was sent"
)
def test_rows_that_decide_about_money(read: Project, hints: Hints) -> None:
    read.call("state", "backup", "copy.tar")
    with closing(sqlite3.connect(read.root / ".docbatch/state.db")) as state, state:
        state.execute("UPDATE item SET attempt = 7")
    told = read.call("state", "check", "--repair")
    restored = hints.follow(read, told, nth=0, FILE="copy.tar")
    recovered = hints.follow(read, told, nth=1)

    assert (told.code, restored.code, recovered.code) == (1, 0, 0)
    assert read.call("state", "check").code == 0


def lists_its_results(project: Project) -> bytes:
    """Let a job have a manifest and results as JSON, and lose its state; return the manifest."""
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    spec = JOB.replace("name: job", "name: job\nmanifest: true")
    project.job(spec.rstrip() + '\n  - {type: files, path: "json/{{ doc.path }}.json", format: json}\n')
    project.applied()
    shutil.rmtree(project.root / ".docbatch")
    return (project.root / MANIFEST).read_bytes()


@helps("'docbatch apply' delivers what was taken back; 'docbatch state restore {}' undoes it")
def test_results_that_were_taken_back_from_outputs(project: Project, hints: Hints) -> None:
    lists_its_results(project)
    told = project.call("recover")
    applied = hints.follow(project, told, nth=0)
    undone = hints.follow(project, told, nth=1)
    planned = project.call("plan")

    assert (told.code, applied.code, undone.code) == (0, 0, 0)
    assert "2 to be sent" in planned.out


@helps(
    "put it back as it was committed and run 'docbatch recover' again; 'docbatch recover --without-manifests' goes on without it"
)
def test_a_manifest_that_cannot_be_read_when_the_state_is_lost(project: Project, hints: Hints) -> None:
    committed = lists_its_results(project)
    (project.root / MANIFEST).write_text("{}")
    told = project.call("recover")
    without = hints.follow(project, told, nth=1)
    (project.root / MANIFEST).write_bytes(committed)
    again = hints.follow(project, told)

    assert (told.code, without.code, again.code) == (1, 0, 0)
    assert "2 documents: 2 taken back" in again.out
