"""`docbatch prune` of rows on a server, killed before and after each request and each thing it writes: no document is ever in neither place."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from docbatch.durability import Flusher
from docbatch.engine.administration.outputs.trash_batches import TrashBatch, batches
from docbatch.state.held_rows import HeldRows
from tests.cli.project import Project
from tests.cli.served_project import served_schema
from tests.cli.test_served_pruning import TEXTS, declare, everything, paths, removed, summary
from tests.sinks.killed import Killer
from tests.sinks.postgres_server import PostgresSchema

DRAWN = 5
"""Moments of the short form."""
EFFECTS: tuple[tuple[Any, str], ...] = (
    (psycopg.Connection, "wait"),
    (Flusher, "flush"),
    (TrashBatch, "announce"),
    (TrashBatch, "finish"),
    (HeldRows, "release"),
)


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
    removed(project, "a", "c")
    return project


def _prune(project: Project, moment: int) -> int | None:
    """Prune in a process that is killed at some moment; return how many are left where it was not."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        killer = Killer(moment)
        for owner, name in EFFECTS:
            setattr(owner, name, killer.guard(getattr(owner, name)))
        project.call("prune", "--yes")
        os.write(writer, str(killer.left).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(process, 0)
    left = os.read(reader, 16)
    os.close(reader)
    return int(left) if left else None


def _kept(project: Project) -> set[str]:
    return {each.document for batch in batches(project.root / ".docbatch/trash") for each in batch.taken()}


def _restore(project: Project) -> None:
    while batches(project.root / ".docbatch/trash") and _kept(project):
        assert project.call("prune", "--restore").code == 0


def _killed(project: Project, schema: PostgresSchema, moments: list[int]) -> None:
    before = everything(schema)
    for moment in moments:
        assert _prune(project, moment) is None
        assert {"a.txt", "c.txt"} <= {*paths(schema), *_kept(project)}
        summary(project)
        assert paths(schema) == ["b.txt", "d.txt"], moment
        assert _kept(project) == {"a.txt", "c.txt"}, moment
        assert project.call("plan", "--detailed-exitcode").code == 0
        _restore(project)
        assert everything(schema) == before, moment


def _moments(project: Project) -> int:
    most = 10_000
    left = _prune(project, most)
    assert left is not None
    _restore(project)
    return most - left


def test_killed_at_some_moment_the_next_prune_goes_on(project: Project, schema: PostgresSchema) -> None:
    number = _moments(project)
    assert number > 30
    _killed(project, schema, sorted(random.Random(number).sample(range(number), DRAWN)))


@pytest.mark.full
def test_killed_at_any_moment_the_next_prune_goes_on(project: Project, schema: PostgresSchema) -> None:
    _killed(project, schema, list(range(_moments(project))))
