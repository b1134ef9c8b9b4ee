"""Hints of outputs in stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.sinks.objects import object_outputs
from tests.cli.project import Project
from tests.cli.stored_project import STORED, VARIABLES, job, stored_project
from tests.hints.table import Hints, helps
from tests.stores.moto_server import MotoBucket, moto_bucket


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoBucket]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def stored(tmp_path: Path, bucket: MotoBucket) -> Project:
    return stored_project(tmp_path, bucket)


@helps("{} in stores: not looked at without the network; 'docbatch drift' looks at them")
def test_drift_looks_at_what_verify_does_not(stored: Project, hints: Hints) -> None:
    stored.job(job(STORED, "manifest: true"))
    stored.applied()

    assert hints.follow(stored, stored.call("verify")).code == 0


@helps("{}; give the sink another path, or its documents to several jobs, and run `docbatch apply` again")
def test_an_object_that_is_too_large_is_written_once_it_is_smaller(
    stored: Project, bucket: MotoBucket, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(object_outputs, "MOST_BYTES", 10)
        told = stored.call("apply", "--yes")
    assert "data/rows/all.jsonl" not in bucket.objects()

    assert hints.follow(stored, told).code == 0

    assert "data/rows/all.jsonl" in bucket.objects()
