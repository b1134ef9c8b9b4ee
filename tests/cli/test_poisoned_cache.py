"""What the cache says of a document never gives it the result of another."""

import sqlite3
from contextlib import closing

import pytest

from docbatch.sources.known_stretch import KnownStretch
from tests.cli.project import JOB, Project

READ = "SELECT id, paths, statuses, digests, media_types FROM stretch"


def poison(project: Project, of: bytes, path: bytes) -> None:
    """Give a document the digest of another."""
    with closing(sqlite3.connect(project.root / ".docbatch/cache.db")) as cache, cache:
        known = {row: list(KnownStretch(*parts).files()) for row, *parts in cache.execute(READ)}
        (digest,) = {file.digest for files in known.values() for file in files if file.path == of}
        for row, files in known.items():
            altered = [file._replace(digest=digest) if file.path == path else file for file in files]
            digests = KnownStretch.of(altered).digests
            cache.execute("UPDATE stretch SET digests = ? WHERE id = ?", (digests, row))


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
