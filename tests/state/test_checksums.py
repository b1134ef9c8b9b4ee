"""Rows that carry money are believed only while they are as they were written."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.core.models import Recovery
from docbatch.state.checksum import checksum, verify
from docbatch.state.store import Store
from tests.fake.project import Project

READ: dict[str, Callable[[Store], Iterable[object]]] = {
    "item": lambda store: store.items.all(),
    "submission": lambda store: store.submissions.all(),
    "event": lambda store: store.events.all(),
}

SPOILED = [
    ("item", "digest = CAST(x'ff' || substr(digest, 2) AS BLOB)"),
    ("item", "digest = substr(digest, 2)"),
    ("item", "digest = x''"),
    ("item", "key = CAST(x'ff' || substr(key, 2) AS BLOB)"),
    ("item", "key = CAST(key || x'00' AS BLOB)"),
    ("item", "status = 'pending'"),
    ("item", "media_type = 'text/html'"),
    ("item", "size = size + 1"),
    ("item", "attempt = attempt + 1"),
    ("item", "result = x'ff'"),
    ("item", "result = x''"),
    ("item", "failure_class = 'corrupt', failure_message = 'so it says'"),
    ("submission", "status = 'void'"),
    ("submission", "remote_id = 'batch-99'"),
    ("submission", "account = 'theirs'"),
    ("submission", "connection = 'other'"),
    ("submission", "marker = 'proj-other'"),
    ("submission", "sequence = sequence + 100"),
    ("submission", "request = CAST(request || ' ' AS BLOB)"),
    ("event", "kind = 'refused'"),
    ("event", "body = '{}'"),
    ("event", "submission = 'other'"),
]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose work is with the vendor."""
    project = Project(tmp_path, Recovery.FINDABLE)
    project.write()
    project.apply(wait=False)
    return project


def spoil(project: Project, table: str, change: str) -> None:
    """Change rows behind docbatch's back."""
    with contextlib.closing(sqlite3.connect(project.folder / "state.db", isolation_level=None)) as database:
        assert database.execute(f"UPDATE {table} SET {change}").rowcount


@pytest.mark.parametrize("table", READ)
def test_a_row_that_is_as_it_was_written_is_believed(project: Project, table: str) -> None:
    with Store.readable(project.folder) as store:
        assert list(READ[table](store))


@pytest.mark.parametrize(("table", "change"), SPOILED)
def test_a_row_that_was_changed_is_noticed_when_it_is_read(project: Project, table: str, change: str) -> None:
    spoil(project, table, change)

    damaged = pytest.raises(StateError, match=f"record of {table} .* is damaged")
    with Store.readable(project.folder) as store, damaged as raised:
        list(READ[table](store))

    assert "it is not acted on" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("table", "change"),
    [("item", "status = 'pending'"), ("submission", "status = 'submitted', remote_id = 'batch-99'")],
)
def test_nothing_is_paid_on_the_word_of_a_changed_row(project: Project, table: str, change: str) -> None:
    paid = project.paid()
    spoil(project, table, change)

    with pytest.raises(StateError, match="is damaged"):
        project.apply()

    assert project.paid() == paid


def test_values_that_only_look_alike_have_different_sums() -> None:
    alike: list[tuple[object, ...]] = [(None,), ("None",), (1,), ("1",), (b"1",), (1, None), ("1", "")]
    sums = {checksum(*values) for values in alike}  # type: ignore[arg-type]

    assert len(sums) == len(alike)


def test_only_a_sum_that_matches_is_silent() -> None:
    verify("item k", checksum("k", 1), "k", 1)
    for found in (("k", 2), ("j", 1), ("k", "1"), ("k",)):
        with pytest.raises(StateError, match="item k"):
            verify("item k", checksum("k", 1), *found)
