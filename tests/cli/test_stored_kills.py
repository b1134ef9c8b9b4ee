"""The real run killed before and after every request to a store: finished by the next, the bucket is as if nothing had happened."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.cli.stored_project import FILED, STORED, TEXTS, VARIABLES, stored_project
from tests.cli.test_kill_apply import essence
from tests.stores.moto_server import MotoBucket, moto_bucket

SHORT = 2
"""Moments of each kind of run in the short form."""
MOST = 200


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoBucket]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with moto_bucket() as bucket:
        yield bucket


@dataclass(frozen=True)
class Beginning:
    """A project and a bucket that every run begins with."""

    folder: Path
    bucket: MotoBucket
    objects: dict[str, bytes]

    def project(self, root: Path) -> Project:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.folder, root)
        for key in self.bucket.objects().keys() - self.objects.keys():
            self.bucket.client.delete_object(Bucket=self.bucket.name, Key=key)
        for key, content in self.objects.items():
            self.bucket.put(key, content)
        return Project(root)


def _first_run(root: Path, bucket: MotoBucket) -> Beginning:
    """Nothing is recorded, and somebody else's objects stand where two outputs go."""
    stored_project(root, bucket, STORED + FILED)
    objects = {"data/out/a.txt.md": b"somebody else's", "data/rows/all.jsonl": b"somebody else's lines"}
    return Beginning(root, bucket, objects)


def _later_run(root: Path, bucket: MotoBucket) -> Beginning:
    """One document changed, one is new; of the outputs one was edited, and one is gone."""
    project = stored_project(root, bucket, STORED + FILED)
    project.applied()
    project.write({"in/b/d.txt": "another date", "in/f.txt": "fig"})
    objects = bucket.objects()
    objects["data/out/a.txt.md"] = b"edited"
    objects["data/rows/all.jsonl"] = b"edited lines"
    del objects["data/out/b/e.txt.md"]
    return Beginning(root, bucket, objects)


def _killed(root: Path, moment: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.cli.killed_store_apply", str(root), str(moment)],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _comparable(bucket: MotoBucket) -> dict[str, object]:
    found: dict[str, object] = dict(bucket.objects())
    for key, content in bucket.objects().items():
        if key.endswith(".jsonl") and b"{" in content:
            found[key] = [essence(json.loads(line)) for line in content.splitlines()]
    return found


def _is_as_undisturbed(beginning: Beginning, root: Path, moment: int, wanted: dict[str, object]) -> bool:
    """Kill a run at a moment and finish it; say whether there was such a moment."""
    project = beginning.project(root)
    killed = _killed(root, moment)
    if killed.returncode == 0:
        return False
    assert killed.returncode == -9, killed.stderr

    project.applied("--allow", "overwritten")

    bucket = beginning.bucket
    assert _comparable(bucket) == wanted, moment
    own = {f"data/{name}": content for name, content in project.outputs("data").items()}
    written = {key: content for key, content in bucket.objects().items() if "/.docbatch-trash/" not in key}
    assert written == own, moment
    assert not bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads")
    assert project.applied().processed == 0
    return True


BEGINNINGS = {"first": _first_run, "later": _later_run}


def _undisturbed(beginning: Beginning, root: Path) -> dict[str, object]:
    beginning.project(root).applied("--allow", "overwritten")
    wanted = _comparable(beginning.bucket)
    assert len(wanted) >= len(TEXTS) + 3
    return wanted


@pytest.mark.parametrize("name", list(BEGINNINGS))
def test_a_run_that_was_killed_at_a_request_ends_as_an_undisturbed_one(
    name: str, tmp_path: Path, bucket: MotoBucket
) -> None:
    beginning = BEGINNINGS[name](tmp_path / "beginning", bucket)
    wanted = _undisturbed(beginning, tmp_path / "undisturbed")

    moments = random.Random(name).sample(range(16), SHORT)
    assert all(_is_as_undisturbed(beginning, tmp_path / "killed", each, wanted) for each in moments)


@pytest.mark.full
@pytest.mark.parametrize("name", list(BEGINNINGS))
def test_a_run_that_was_killed_at_any_request_ends_as_an_undisturbed_one(
    name: str, tmp_path: Path, bucket: MotoBucket
) -> None:
    beginning = BEGINNINGS[name](tmp_path / "beginning", bucket)
    wanted = _undisturbed(beginning, tmp_path / "undisturbed")

    moments = iter(range(MOST))
    while _is_as_undisturbed(beginning, tmp_path / "killed", next(moments), wanted):
        pass
    assert next(moments) > 16
