"""The real command on the local provider, killed by the kernel at seeded moments: the end is the same."""

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import Project, gone
from tests.providers.local import specimens

JOB = """
apiVersion: docbatch/v1
name: job
source:
  root: in
  include: "**/*"
provider: local
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
  - {type: files, path: "out/{{ doc.path }}.txt", format: text}
  - {type: files, path: "out/{{ doc.path }}.json", format: json}
  - {type: jsonl, path: out/all.jsonl}
  - {type: sqlite, path: out/all.db, table: documents}
"""
FORMATS = 4


def documents(folders: int) -> dict[str, bytes]:
    """Return documents of several formats, FORMATS in each folder, no two alike."""
    made: dict[str, bytes] = {}
    for number in range(folders):
        made[f"in/{number}/letter.docx"] = specimens.docx(f"Letter number {number} about the harbour wall.")
        made[f"in/{number}/report.pdf"] = specimens.pdf() + f"%{number}\n".encode()
        made[f"in/{number}/table.csv"] = specimens.csv() + f"extra,{number}\n".encode()
        made[f"in/{number}/note.md"] = specimens.markdown() + f"\nNote {number}\n".encode()
    return made


def project(root: Path, folders: int) -> Project:
    root.mkdir()
    made = Project(root)
    made.job(JOB)
    made.write(documents(folders))
    return made


def comparable(outputs: dict[str, bytes]) -> dict[str, Any]:
    """Return outputs as they must be equal: JSON but for timing, ids and raw; the database is compared by its rows."""
    found: dict[str, Any] = {}
    for name, content in outputs.items():
        if name.endswith(".json"):
            found[name] = essence(json.loads(content))
        elif name.endswith(".jsonl"):
            found[name] = [essence(json.loads(line)) for line in content.splitlines()]
        elif not name.endswith((".db", ".db-wal", ".db-shm")):
            found[name] = content
    return found


def essence(result: dict[str, Any]) -> dict[str, Any]:
    provider = {**result["provider"], "remote_id": None}
    return {**{k: v for k, v in result.items() if k not in {"timing", "raw"}}, "provider": provider}


def rows(root: Path) -> list[Any]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(root / "out" / "all.db")) as database:
        return database.execute("SELECT path, sha256, markdown, text FROM documents ORDER BY path").fetchall()


def leftovers(root: Path) -> list[str]:
    """Return what a finished run must not leave: unfinished outputs, payloads on their way."""
    unfinished = [str(path) for path in (root / "out").rglob(".docbatch-*")]
    return unfinished + [str(path) for path in (root / ".docbatch").rglob("*.part")]


def kill_and_finish(subject: Project, delay: float) -> None:
    process = subject.start("apply")
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert gone(subject.root, process.pid)
    again = subject.start("apply")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err + out
    assert gone(subject.root, again.pid)


def compare(folder: Path, kills: int, seed: int, folders: int) -> None:
    undisturbed = project(folder / "undisturbed", folders)
    began = time.monotonic()
    assert undisturbed.run("apply").returncode == 0
    length = time.monotonic() - began
    expected, expected_rows = comparable(undisturbed.outputs()), rows(undisturbed.root)
    assert len(expected) == 3 * FORMATS * folders + 1

    dice = random.Random(seed)
    for number in range(kills):
        subject = project(folder / str(number), folders)
        kill_and_finish(subject, dice.uniform(0.1, length))
        assert comparable(subject.outputs()) == expected
        assert rows(subject.root) == expected_rows
        assert leftovers(subject.root) == []


def test_a_killed_apply_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    compare(tmp_path, kills=2, seed=1, folders=2)


@pytest.mark.full
def test_an_apply_killed_at_a_hundred_moments_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    compare(tmp_path, kills=100, seed=2, folders=15)
