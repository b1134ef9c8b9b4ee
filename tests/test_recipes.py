"""Recipes of the documentation, run as they stand there where their package is at hand."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

RESULTS = Path(__file__).parents[1] / "docs" / "results.md"


def recipe(name: str) -> str:
    found = re.search(rf"<!-- recipe: {name} -->\n```python\n(.*?)```", RESULTS.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_an_index_of_lancedb_follows_its_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lancedb: Any = pytest.importorskip("lancedb")
    monkeypatch.chdir(tmp_path)
    embedded: list[list[str]] = []

    def embed(texts: list[str]) -> list[list[float]]:
        embedded.append(texts)
        return [[float(len(text)), 0.5] for text in texts]

    (tmp_path / "out").mkdir()
    for texts in (["one", "two", "three"], ["two", "three", "four"], ["two", "three", "four"], ["two"]):
        rows = [{"chunk": f"id-{text}", "path": "a.txt", "text": text} for text in texts]
        (tmp_path / "out/chunks.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        exec(compile(recipe("lancedb"), "recipe", "exec"), {"embed": embed})

        table = lancedb.connect("out/index").open_table("chunks").to_arrow()
        assert sorted(table.column("text").to_pylist()) == sorted(texts)
    assert [sorted(texts) for texts in embedded] == [["one", "three", "two"], ["four"], [], []]
