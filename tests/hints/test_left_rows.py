"""Hints of rows on a server: those that nothing wants any more, and those that bear a former name of their job."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.cli.served_project import served_schema
from tests.cli.test_served_pruning import TEXTS, declare, paths, removed
from tests.hints.table import Hints, helps
from tests.sinks.postgres_server import PostgresSchema


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresSchema]:
    with served_schema(monkeypatch) as made:
        yield made


@pytest.fixture
def project(tmp_path: Path, schema: PostgresSchema) -> Project:
    project = Project(tmp_path)
    project.write(TEXTS)
    declare(project, schema)
    project.applied()
    removed(project, "a")
    return project


@helps("rows of {} that nothing wants any more are not compared; 'docbatch prune --dry-run' names them")
def test_rows_that_are_left_are_named_by_prune(project: Project, hints: Hints) -> None:
    told = project.call("drift")

    assert "(job: a.txt)" in hints.follow(project, told).out


@helps("its rows bear a former name of the job until 'docbatch apply' has written to them")
def test_rows_of_a_renamed_job_are_looked_at_once_it_was_applied(
    project: Project, schema: PostgresSchema, hints: Hints
) -> None:
    assert project.call("state", "mv", "job", "job", "uno").code == 0
    (project.root / "jobs/job.yaml").unlink()
    declare(project, schema, name="uno")
    project.write({"in/e.txt": "text e"})
    told = project.call("drift")

    assert hints.follow(project, told).code == 0
    assert project.call("drift").code == 0
    assert "e.txt" in paths(schema)
