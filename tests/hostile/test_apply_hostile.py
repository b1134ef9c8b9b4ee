"""The real command over a folder of hostile documents: each ends with a class, the healthy among them succeed."""

import random
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.models import FailureClass
from tests.cli.project import JOB, Project, gone
from tests.hostile.craft import makers
from tests.providers.local import specimens

# They fill memory or keep an engine busy until its limit: minutes on two cores, and seen in the full form only.
SLOW = re.compile(
    r"bomb|deep|nested|doubl|ring|20000|200000|8-megabytes|gigapixel|megabyte|never-closed|for-ever|piled|country|cousins|million"
)
HEALTHY = {
    "healthy/letter.docx": specimens.docx(),
    "healthy/report.pdf": specimens.pdf(),
    "healthy/table.csv": specimens.csv(),
    "healthy/note.md": specimens.markdown(),
    "healthy/plain.txt": b"A plain note.\n",
}


STEP = 3
"""Every how many-th of them the short form has."""


def quick() -> list[str]:
    """Return the names of the attacks that end quickly, in a seeded order."""
    names = [name for name in makers() if not SLOW.search(name)]
    return random.Random(7).sample(names, len(names))


def project(folder: Path, names: Collection[str], limits: str) -> Project:
    made = Project(folder)
    made.job(JOB + f"config: {limits}\n")
    makes = makers()
    made.write({f"in/{name}": makes[name]() for name in names})
    made.write({f"in/{name}": content for name, content in HEALTHY.items()})
    return made


def ends(root: Path) -> Iterator[tuple[str, str, str | None]]:
    """Yield each document's path, status and class of failure, as the state has them."""
    query = """
        SELECT path, coalesce(item.status, 'problem'), coalesce(failure_class, problem_class)
        FROM document LEFT JOIN item ON item.id = document.item ORDER BY path
    """
    with closing(sqlite3.connect(root / ".docbatch/state.db")) as state:
        for path, status, kind in state.execute(query):
            yield path.decode(), status, kind


def endure(folder: Path, names: Collection[str], limits: str, seconds: float) -> None:
    subject = project(folder, names, limits)
    process = subject.start("apply")
    out, err = process.communicate(timeout=seconds)

    assert process.returncode == 3, out + err
    assert gone(subject.root, process.pid)
    found = {path: (status, kind) for path, status, kind in ends(subject.root)}
    assert found.keys() == {*names, *HEALTHY}
    assert [path for path in HEALTHY if found[path] != ("succeeded", None)] == []
    failed = {path: kind for path, (status, kind) in found.items() if status in {"failed", "problem"}}
    assert [path for path, kind in failed.items() if kind not in set(FailureClass)] == []
    assert {status for status, _ in found.values()} <= {"succeeded", "partial", "failed", "problem"}
    whole = {path for path, (status, _) in found.items() if status in {"succeeded", "partial"}}
    assert subject.outputs().keys() == {f"{path}.md" for path in whole}


def test_some_hostile_documents_harm_nothing_but_themselves(tmp_path: Path) -> None:
    endure(tmp_path, quick()[::STEP], "{timeout: 10, max_memory: 1GB}", seconds=110)


@pytest.mark.full
def test_over_a_hundred_hostile_documents_harm_nothing_but_themselves(tmp_path: Path) -> None:
    names = quick()
    assert len(names) >= 110
    endure(tmp_path, names, "{timeout: 10, max_memory: 1GB}", seconds=110)


@pytest.mark.full
def test_no_hostile_document_harms_anything_but_itself(tmp_path: Path) -> None:
    endure(tmp_path, makers(), "{timeout: 10, max_memory: 1GB}", seconds=900)
