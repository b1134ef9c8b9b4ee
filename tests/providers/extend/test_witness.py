"""Runs that Extend does not show: they are gone where it shows something else of ours, and another key's where it shows nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import CredentialsError, Gone
from docbatch.providers.base import Intent, Ready
from tests.providers.extend.bench import Bench, bench


@pytest.fixture
def extend(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def of(intent: Intent, marker: str) -> Intent:
    return replace(intent, marker=marker, batch=replace(intent.batch, marker=marker))


def sent(extend: Bench, marker: str, text: str) -> Intent:
    """Send a text in a submission of its own, and forget what was prepared for it, as is done of collected work."""
    item = extend.text(text)
    batch = replace(extend.batch(item), marker=marker)
    prepared = extend.prepared(batch)
    intent = Intent("s", marker, extend.provider.render(batch, prepared), batch, prepared)
    extend.provider.create(intent)
    return replace(intent, prepared={})


def fetched(extend: Bench, intent: Intent) -> Any:
    return extend.provider.fetch(intent, Ready(intent.batch.items[0].key, "pr_1"))


def purge(extend: Bench) -> None:
    extend.vendor.runs.clear()
    extend.vendor.files.clear()


def test_a_run_of_another_submission_of_the_project_says_that_it_is_gone(extend: Bench) -> None:
    lost = sent(extend, "testproject01-s1", "lost")
    purge(extend)
    sent(extend, "testproject01-s2", "another")

    with pytest.raises(Gone):
        fetched(extend, lost)


def test_a_file_of_the_document_says_that_its_run_is_gone(extend: Bench) -> None:
    lost = sent(extend, "testproject01-s1", "lost")
    extend.vendor.runs.clear()

    with pytest.raises(Gone):
        fetched(extend, lost)


@pytest.mark.parametrize("project", ["testproject01x", "testproject", "testproject01-x", "other"])
def test_what_another_project_sent_says_nothing(extend: Bench, project: str) -> None:
    lost = sent(extend, "testproject01-s1", "lost")
    purge(extend)
    sent(extend, f"{project}-s1", "lost")

    with pytest.raises(CredentialsError, match="nor anything else"):
        fetched(extend, lost)


def test_what_another_workspace_shows_says_nothing(extend: Bench) -> None:
    lost = sent(extend, "testproject01-s1", "lost")
    extend.vendor.keys = dict.fromkeys(extend.vendor.keys, "ws_other")

    with pytest.raises(CredentialsError):
        fetched(extend, lost)


def test_the_witness_is_remembered_and_has_to_be_visible_each_time(extend: Bench) -> None:
    lost = sent(extend, "testproject01-s1", "lost")
    purge(extend)
    sent(extend, "testproject01-s2", "another")
    for _ in range(3):
        with pytest.raises(Gone):
            fetched(extend, lost)
    assert [each.path for each in extend.vendor.requests[-4:]] == ["/parse_runs/pr_1", "/parse_runs/pr_2"] * 2

    extend.vendor.runs.clear()
    with pytest.raises(CredentialsError):
        fetched(extend, lost)


@pytest.mark.parametrize("project", ["testproject01", "other"])
def test_files_are_witnesses_of_single_runs_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    with bench(tmp_path) as extend:
        lost = sent(extend, f"{project}-s1", "lost")
        extend.vendor.runs.clear()

        with pytest.raises(Gone if project == "testproject01" else CredentialsError):
            fetched(extend, of(lost, "testproject01-s1"))
