"""Hints about documents in buckets."""

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docbatch.engine.planning import plan_session
from tests.cli.project import Project
from tests.cli.store_project import store_project
from tests.hints.table import Hints, helps
from tests.stores.moto_server import moto_bucket


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with moto_bucket() as bucket:
        bucket.put("in/a.txt", b"a text")
        yield store_project(tmp_path, bucket, monkeypatch)


@helps("'docbatch plan --offline' shows what is due without looking there")
def test_a_secret_that_is_not_at_hand(
    project: Project, monkeypatch: pytest.MonkeyPatch, hints: Hints
) -> None:
    project.applied()
    monkeypatch.delenv("LAKE_ID")

    told = project.call("plan")
    ended = hints.follow(project, told)

    assert told.code == 12
    assert ended.code == 0
    assert "1 document found, 1 unchanged" in ended.out


@helps("store '{}' gets its secret from a command, which is run by 'docbatch apply' alone")
def test_a_secret_that_a_command_has(project: Project, hints: Hints) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    project.write({"docbatch.yaml": settings.replace("{env: LAKE_SECRET}", "{command: [echo, secret]}")})

    told = project.call("plan")
    ended = hints.follow(project, told)

    assert told.code == 12
    assert ended.code == 0


@helps(
    "nothing was sent, and what was read is not read again to be planned: run it again with a longer --timeout, or without one"
)
def test_a_bucket_that_takes_too_long(project: Project, hints: Hints) -> None:
    with mock.patch.object(plan_session, "_left_over", return_value=0.0):
        told = project.call("apply", "--timeout", "60s")

    assert hints.see(told) == []
    assert told.code == 4
    assert project.applied().processed == 1
