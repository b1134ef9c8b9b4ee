"""`docbatch state compact --older-than`: results of documents that nothing wants go in time, those of others never."""

import time
from pathlib import Path
from unittest import mock

import pytest

from docbatch.state.store import Store
from tests.cli.project import JOB, Project

DAY = 24 * 3600.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({f"in/{name}.txt": f"text {name}" for name in "abc"})
    made.job(JOB)
    made.applied()
    (made.root / "in/b.txt").unlink()
    made.applied()
    made.call("prune", "--allow", "pruned")
    return made


def results(project: Project) -> int:
    with Store.readable(project.root / ".docbatch") as store:
        return store.results.count()


def compacted(project: Project, days: float, *arguments: str) -> str:
    later = time.time() + days * DAY
    with mock.patch("docbatch.engine.administration.compact_spool.time.time", return_value=later):
        ended = project.call("state", "compact", *arguments)
    assert ended.code == 0, ended.err
    return ended.out


def test_what_nothing_wants_goes_once_it_is_old(project: Project) -> None:
    compacted(project, 0)
    compacted(project, 0, "--older-than", "90d")
    assert results(project) == 3

    assert "1 result that nothing needs would be let go" in compacted(
        project, 91, "--older-than", "90d", "--dry-run"
    )
    assert results(project) == 3
    compacted(project, 91, "--older-than", "90d")
    assert results(project) == 2
    assert project.call("state", "check").code == 0
    assert project.call("plan", "--detailed-exitcode").code == 0


def test_what_comes_back_in_between_begins_anew(project: Project) -> None:
    compacted(project, 0, "--older-than", "90d")
    project.write({"in/b.txt": "text b"})
    assert project.applied().processed == 0
    compacted(project, 80, "--older-than", "90d")
    (project.root / "in/b.txt").unlink()
    with mock.patch("docbatch.state.former.time.time", return_value=time.time() + 85 * DAY):
        project.applied()
    project.call("prune", "--allow", "pruned")

    compacted(project, 91, "--older-than", "90d")
    assert results(project) == 3


def test_a_document_that_comes_back_later_is_read_again(project: Project) -> None:
    compacted(project, 0, "--older-than", "90d")
    compacted(project, 91, "--older-than", "90d")
    project.write({"in/b.txt": "text b"})
    project.call("apply")

    assert project.call("apply").code == 0
    assert project.outputs()["b.txt.md"] == b"text b\n"


def test_an_output_that_is_still_there_keeps_its_result(tmp_path: Path) -> None:
    made = Project(tmp_path)
    made.write({"in/a.txt": "text a", "in/b.txt": "text b"})
    made.job(JOB)
    made.applied()
    (made.root / "in/b.txt").unlink()
    made.applied()

    compacted(made, 0, "--older-than", "90d")
    compacted(made, 91, "--older-than", "90d")

    assert results(made) == 2
