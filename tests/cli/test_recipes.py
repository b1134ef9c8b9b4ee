"""Recipes of the documentation, run as they stand there where their package is at hand, on what real runs wrote."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from docbatch.sinks.postgres import server
from tests.cli.project import Project
from tests.sinks.postgres_server import PostgresSchema, postgres_schema

RECIPES = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
TEXTS = {"in/acme/a.txt": "one two three", "in/acme/b.txt": "four five", "in/zenith/c.txt": "six"}


def recipe(name: str) -> str:
    found = re.search(rf"<!-- recipe: {name} -->\n```python\n(.*?)```", RECIPES, re.DOTALL)
    assert found is not None
    return found[1]


def sinks(section: str) -> str:
    """Return what a section of the page says of its sinks, for a job."""
    found = re.search(rf"\n## {section}\n.*?```yaml\n(.*?)```", RECIPES, re.DOTALL)
    assert found is not None
    return found[1]


def run(name: str, edit: Callable[[str], str] = str, **given: object) -> dict[str, Any]:
    scope: dict[str, Any] = dict(given)
    exec(compile(edit(recipe(name)), name, "exec"), scope)
    return scope


class Model:
    """Turns texts into vectors, and knows which it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(sorted(texts))
        return [[float(len(text)), 0.5, 1.0] for text in texts]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path)
    project.write(TEXTS)
    return project


def declare(project: Project, sink: str) -> None:
    source = {"root": "in", "include": "**/*.txt"}
    head = {"apiVersion": "docbatch/v1", "name": "job", "source": source, "provider": "local"}
    project.job(yaml.safe_dump(head) + sink, name="job")


def test_pandas_and_duckdb_read_a_data_set(project: Project) -> None:
    pytest.importorskip("pandas")
    declare(project, sinks("pandas"))
    project.applied()

    assert run("pandas")["by_customer"].to_dict() == {"acme": 5, "zenith": 1}
    assert run("duckdb")["longest"] == [
        ("acme", "acme/a.txt", 13),
        ("acme", "acme/b.txt", 9),
        ("zenith", "zenith/c.txt", 3),
    ]


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresSchema]:
    monkeypatch.setattr(server, "WAITS", ())
    with postgres_schema() as made:
        found_first = psycopg.conninfo.make_conninfo(made.dsn, options=f"-csearch_path={made.name},public")
        monkeypatch.setenv("PG_DSN", found_first)
        yield made


def test_vectors_in_postgresql_follow_their_chunks(project: Project, schema: PostgresSchema) -> None:
    has_vectors = schema.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
    if has_vectors:
        schema.execute("CREATE EXTENSION IF NOT EXISTS vector")

    def edit(code: str) -> str:
        # Without the extension at hand a text stands for a vector: what is searched differs, not what is kept.
        return code if has_vectors else code.replace("vector(3)", "text")

    declare(project, sinks("PostgreSQL with pgvector").replace("table:", f"schema: {schema.name}, table:"))
    model = Model()
    project.applied()
    run("pgvector", edit, embed=model)
    run("pgvector", edit, embed=model)
    project.write({"in/acme/a.txt": "seven"})
    (project.root / "in/acme/b.txt").rename(project.root / "in/b.txt")
    project.applied("--allow", "changed")
    run("pgvector", edit, embed=model)

    kept = schema.execute("SELECT text FROM chunks JOIN vectors USING (chunk) ORDER BY text")
    assert [text for (text,) in kept] == [
        text for (text,) in schema.execute("SELECT text FROM chunks ORDER BY text")
    ]
    assert model.asked[:2] == [["four five", "one two three", "six"], []]
    assert "seven" in model.asked[2]
    assert "six" not in model.asked[2]


def test_an_index_of_lancedb_follows_its_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lancedb: Any = pytest.importorskip("lancedb")
    monkeypatch.chdir(tmp_path)
    model = Model()

    (tmp_path / "out").mkdir()
    for texts in (["one", "two", "three"], ["two", "three", "four"], ["two", "three", "four"], ["two"]):
        rows = [{"chunk": f"id-{text}", "path": "a.txt", "text": text} for text in texts]
        (tmp_path / "out/chunks.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        run("lancedb", embed=model)

        table = lancedb.connect("out/index").open_table("chunks").to_arrow()
        assert sorted(table.column("text").to_pylist()) == sorted(texts)
    assert model.asked == [["one", "three", "two"], ["four"], [], []]
