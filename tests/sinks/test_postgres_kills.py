"""Rows in PostgreSQL when the run, the connection or the server ends at any moment: whole windows are there, or nothing of them."""

import os
import random
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

import docbatch
from docbatch.core.errors import SinkError
from docbatch.sinks.postgres import server as asked

from .arrangement import DELIVERED, PATHS, Arrangement, delivery
from .killed import arranged
from .postgres_proxy import PostgresProxy
from .postgres_server import PostgresSchema, postgres_schema, server

DRAWN = 4
"""Moments of the short form."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "WAITS", (0.0, 0.0))


def _all(at: Arrangement) -> tuple[dict[str, str], list[object]]:
    """Return what a reader sees, and what is recorded."""
    assert at.schema is not None
    if "docbatch_delivered" not in at.schema.tables():
        return at.content(), []
    query = "SELECT job, path, result, columns, stamp FROM docbatch_delivered ORDER BY 1, 2"
    return at.content(), list(at.schema.execute(query))


@pytest.fixture
def undisturbed(tmp_path: Path) -> tuple[dict[str, str], list[object]]:
    with postgres_schema() as schema:
        at = Arrangement("postgres", tmp_path / "undisturbed", schema=schema)
        at.deliver_all()
        return _all(at)


@pytest.mark.parametrize(
    ("first", "every"), [(3, 7), pytest.param(0, 1, marks=pytest.mark.full)], ids=["some", "each"]
)
def test_killed_before_or_after_a_request_a_delivery_is_finished_by_the_next(
    first: int,
    every: int,
    tmp_path: Path,
    undisturbed: tuple[dict[str, str], list[object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PG_DSN", server().dsn())
    folder = tmp_path / f"killed{secrets.token_hex(3)}"
    sources = [Path(__file__).parents[1], Path(docbatch.__file__).parents[1]]
    ended = subprocess.run(
        [sys.executable, "-m", "sinks.killed", "postgres", str(folder), str(first), str(every)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources))},
        capture_output=True,
        check=True,
        text=True,
    )
    killed = [arranged("postgres", folder, number) for number in range(int(ended.stdout))]

    seen = [_all(at) for at in killed]
    for at in killed:
        at.deliver_all()

    assert len(killed) * every > 30
    assert all(each in {0, len(PATHS)} for each in (len(content) for content, _ in seen))
    assert all(len(content) == len(recorded) for content, recorded in seen)
    assert all(_all(at) == undisturbed for at in killed)
    assert [at.trashed() for at in killed] == [[]] * len(killed)


@pytest.fixture
def through(postgres: Arrangement) -> Iterator[PostgresProxy]:
    proxy = PostgresProxy(server().port)
    assert postgres.schema is not None
    postgres.schema.dsn = make_conninfo(
        postgres.schema.owner, port=str(proxy.port), sslmode="disable", gssencmode="disable"
    )
    yield proxy
    proxy.close()


def _requests(proxy: PostgresProxy, at: Arrangement) -> int:
    at.deliver_all()
    return len(proxy.requests)


def _cut(at: Arrangement, proxy: PostgresProxy, number: int, *, moment: str) -> None:
    proxy.requests.clear()
    proxy.cut_at = (number, "before" if moment == "before" else "after")
    at.deliver_all({"a.pdf": f"{moment} {number}"})


def _test_cuts(at: Arrangement, proxy: PostgresProxy, drawn: list[int] | None) -> None:
    _requests(proxy, at)
    proxy.requests.clear()
    at.deliver_all({"a.pdf": "as often"})
    numbers = range(len(proxy.requests))
    assert {"Q", "S", "d", "c"} <= set(proxy.requests)
    chosen = list(numbers) if drawn is None else random.Random(len(drawn)).sample(numbers, DRAWN)
    for number in chosen:
        for moment in ("before", "after"):
            cuts = proxy.cuts
            _cut(at, proxy, number, moment=moment)
            assert proxy.cuts == cuts + 1
            assert at.content() == DELIVERED | {"a.pdf": f"# {moment} {number}\n"}
            assert at.noticed() == set()
    assert at.trashed() == []


def test_a_connection_cut_at_some_request_is_made_again_and_the_window_written_once(
    postgres: Arrangement, through: PostgresProxy
) -> None:
    _test_cuts(postgres, through, drawn=[])


@pytest.mark.full
def test_a_connection_cut_at_any_request_is_made_again_and_the_window_written_once(
    postgres: Arrangement, through: PostgresProxy
) -> None:
    _test_cuts(postgres, through, drawn=None)


def test_a_connection_that_is_cut_again_and_again_is_given_up_with_nothing_of_the_window_written(
    postgres: Arrangement, through: PostgresProxy
) -> None:
    postgres.deliver_all()
    through.requests.clear()

    def again() -> None:
        through.requests.clear()

    through.on_cut = again
    through.cut_at = (5, "before")
    with pytest.raises(SinkError, match="cannot be used") as caught:
        postgres.deliver_all({"a.pdf": "never"})

    assert through.cuts == 3
    assert "results are safe in the spool" in str(caught.value.hint)
    assert postgres.content() == DELIVERED


def test_a_server_that_is_stopped_and_started_in_between_is_found_again(tmp_path: Path) -> None:
    there = server()
    with postgres_schema() as schema:
        at = Arrangement("postgres", tmp_path, schema=schema)
        sink = at.open()
        first = list(sink.deliver([delivery("a.pdf")]))

        there.stop()
        with pytest.raises(SinkError, match="cannot be used"):
            list(sink.deliver([delivery("b/c.pdf")]))
        there.start()

        rest = list(sink.deliver([delivery(path) for path in PATHS[1:]]))
        assert len(first) + len(rest) == len(PATHS)
        assert at.content() == DELIVERED


def test_a_server_that_stops_within_a_window_undoes_it(postgres: Arrangement, through: PostgresProxy) -> None:
    there = server()
    through.cut_at = (8, "after")
    through.on_cut = there.stop
    try:
        with pytest.raises(SinkError):
            postgres.deliver_all()
    finally:
        there.start()
        through.cut_at = None

    assert postgres.content() == {}
    postgres.deliver_all()
    assert postgres.content() == DELIVERED


def test_schemas_of_killed_runs_are_told_apart() -> None:
    assert arranged("files", Path("x"), 1).schema is None
    assert PostgresSchema("dsn", "name").dsn == "dsn"
