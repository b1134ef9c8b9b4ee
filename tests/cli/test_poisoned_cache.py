"""What the cache says of a document never gives it the result of another."""

import sqlite3
from contextlib import closing

import pytest

from tests.cli.project import JOB, Project

POISON = "UPDATE stat SET digest = (SELECT digest FROM stat WHERE path = ?) WHERE path = ?"


def poison(project: Project, of: bytes, path: bytes) -> None:
    with closing(sqlite3.connect(project.root / ".docbatch/cache.db")) as cache, cache:
        assert cache.execute(POISON, (of, path)).rowcount == 1


@pytest.fixture(autouse=True)
def _trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cache remember files that were written this moment."""
    monkeypatch.setattr(
        "docbatch.sources.statcache.StatCache.__init__.__kwdefaults__", {"margin_ns": -(10**12)}
    )


@pytest.mark.parametrize(("of", "path"), [(b"a.txt", b"b.txt"), (b"b.txt", b"a.txt")])
@pytest.mark.parametrize("planned_only", [True, False])
def test_a_document_gets_its_own_result_whatever_the_cache_says(
    project: Project, of: bytes, path: bytes, *, planned_only: bool
) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    (project.root / ".docbatch").mkdir()
    project.call("plan" if planned_only else "apply")
    poison(project, of, path)

    project.call("apply")
    project.call("apply")

    assert project.outputs() == {"a.txt.md": b"one\n", "b.txt.md": b"two\n"}
    assert "Nothing is due." in project.call("plan").out


def test_nor_does_it_get_that_of_another_job(project: Project) -> None:
    project.write({"in/a.txt": "one", "more/b.txt": "two"})
    project.job(
        JOB.replace("name: job", "name: other").replace("root: in", "root: more").replace("out/", "others/"),
        "other",
    )
    (project.root / ".docbatch").mkdir()
    project.call("plan")
    poison(project, b"b.txt", b"a.txt")

    project.call("apply")
    project.call("apply")

    assert (project.outputs(), project.outputs("others")) == ({"a.txt.md": b"one\n"}, {"b.txt.md": b"two\n"})
