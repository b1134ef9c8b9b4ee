"""Runs over what was found unchanged before: they look at little, and notice everything."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from docbatch.engine.planning import recorded_rows
from docbatch.sources.walk import walk
from docbatch.state.recorded_stretch import recorded_stretch
from tests.cli.project import JOB, Project

ROWS = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: local
sink:
  - {type: jsonl, path: out/all.jsonl}
"""
WALK = walk.__kwdefaults__ or {}
NOTHING = "Nothing is due."
Meddling = Callable[[Project], object]


@pytest.fixture(autouse=True)
def _trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cache remember what was written this moment."""
    monkeypatch.setattr(
        "docbatch.sources.statcache.StatCache.__init__.__kwdefaults__", {"margin_ns": -(10**12)}
    )


@pytest.fixture(
    params=[(JOB, 1024), (JOB, 1), (ROWS, 1)], ids=["files", "files one by one", "jsonl one by one"]
)
def settled(project: Project, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project of which it is kept that nothing is due, for windows of many files or of one."""
    job, size = request.param
    monkeypatch.setattr("docbatch.sources.walk.walk.__kwdefaults__", {**WALK, "size": size})
    project.job(job)
    project.write({"in/a.txt": "one", "in/b.txt": "two", "in/c/d.txt": "three"})
    project.call("apply")
    assert NOTHING in project.call("apply").out
    return project


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Collect up to which paths documents are compared with the state."""
    paths: list[bytes] = []
    real = recorded_rows.RecordedDocuments.upcoming, recorded_stretch

    def rows(self: recorded_rows.RecordedDocuments, number: int) -> object:
        found = real[0](self, number)
        paths.extend(row[0] for row in found)
        return found

    def stretch(*arguments: object) -> object:
        paths.append(arguments[3])  # type: ignore[arg-type]
        return real[1](*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(recorded_rows.RecordedDocuments, "upcoming", rows)
    monkeypatch.setattr(recorded_rows, "recorded_stretch", stretch)
    return paths


def alter(project: Project, statement: str) -> None:
    with closing(sqlite3.connect(project.root / ".docbatch/state.db")) as state, state:
        assert state.execute(statement).rowcount > 0


def test_what_was_found_unchanged_is_not_compared_again(settled: Project, compared: list[bytes]) -> None:
    assert NOTHING in settled.call("apply").out
    assert NOTHING in settled.call("plan").out
    assert compared == []


def test_another_word_on_empty_documents_is_compared_anew(settled: Project, compared: list[bytes]) -> None:
    spec = settled.root / "jobs/job.yaml"
    spec.write_text(spec.read_text() + "on_empty: fail\n")
    settled.call("plan")
    assert compared


@pytest.mark.parametrize(
    ("meddle", "told"),
    [
        (lambda each: each.write({"in/a.txt": "new"}), "a.txt"),
        (lambda each: each.write({"in/c/e.txt": "new"}), "c/e.txt"),
        (lambda each: (each.root / "in/b.txt").unlink(), "b.txt"),
        (lambda each: (each.root / "in/c/d.txt").unlink(), "c/d.txt"),
        (lambda each: (each.root / "in/b.txt").rename(each.root / "in/z.txt"), "z.txt"),
        (lambda each: alter(each, "DELETE FROM document WHERE path = CAST('b.txt' AS BLOB)"), "b.txt"),
        (
            lambda each: alter(
                each, "INSERT INTO document SELECT job, x'7a7a', item, NULL, NULL, 1 FROM document LIMIT 1"
            ),
            "zz",
        ),
        (
            lambda each: alter(
                each, "UPDATE document SET item = (SELECT max(item) FROM document) WHERE path = x'612e747874'"
            ),
            "a.txt",
        ),
        (lambda each: alter(each, "UPDATE item SET status = 'failed' WHERE id = 1"), "damaged"),
    ],
    ids=[
        "edited",
        "new",
        "gone",
        "last gone",
        "moved",
        "row gone",
        "row too many",
        "row of another",
        "row altered",
    ],
)
def test_every_change_is_noticed(settled: Project, meddle: Meddling, told: str) -> None:
    meddle(settled)
    ended = settled.call("plan", "--verbose")
    text = ended.out + ended.err
    assert NOTHING not in text
    assert told in text


@pytest.mark.parametrize("content", [None, b"edited"])
def test_an_output_that_is_not_as_it_was_left_is_noticed(settled: Project, content: bytes | None) -> None:
    output = next(path for path in sorted((settled.root / "out").rglob("*")) if path.is_file())
    before = settled.outputs()
    if content is None:
        output.unlink()
    else:
        output.write_bytes(content)
    assert NOTHING not in settled.call("plan").out
    settled.call("apply")
    assert settled.outputs() == before
