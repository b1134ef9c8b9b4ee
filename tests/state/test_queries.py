"""Questions in SQL: answered from the views, bounded, and unable to change anything."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.errors import NoState, UsageError
from docbatch.core.lifecycle import Event
from docbatch.state import queries
from docbatch.state.queries import QueryAnswer, answer
from docbatch.state.store import Store
from docbatch.state.views import VIEWS

DIGEST = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a state with a job and one document whose name is no UTF-8."""
    with Store.writable(tmp_path) as store, store.write():
        run = store.database.execute
        run("INSERT INTO recipe VALUES (1, 'r', 'local', 'local', 'parse', '{}', '{}')")
        run(
            "INSERT INTO job (name, connection, recipe, config, source, priority, pins)"
            " VALUES ('job', 'local', 1, '{}', x'2f69', 50, '{}')"
        )
        run(
            "INSERT INTO item (id, key, recipe, digest, size, media_type, priority, status, checksum)"
            " VALUES (1, ?, 1, ?, 3, 'text/plain', 50, 'pending', 0)",
            (bytes.fromhex("cd" * 32), bytes.fromhex(DIGEST)),
        )
        run("INSERT INTO document VALUES ('job', x'e42e747874', 1, NULL, NULL, 1)")
        store.events.append("s1", Event.INTENDED, {"items": 1})
    return tmp_path


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_has_its_columns(view: queries.Cell, folder: Path) -> None:
    found = answer(folder, f"SELECT * FROM {view.name}")  # type: ignore[union-attr]

    assert found.columns == tuple(column.name for column in view.columns)  # type: ignore[union-attr]


def test_digests_paths_and_moments_are_text(folder: Path) -> None:
    assert answer(folder, "SELECT path, sha256, status FROM documents").rows == (
        ("%E4.txt", DIGEST, "pending"),
    )
    ((moment,),) = answer(folder, "SELECT at FROM events").rows
    assert isinstance(moment, str)
    assert (moment[10], moment[-1], len(moment)) == ("T", "Z", 24)


def test_rows_are_bounded_where_that_is_asked(folder: Path) -> None:
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT x FROM n"

    assert answer(folder, numbers, limit=2) == QueryAnswer(("x",), ((1,), (2,)), more=True)
    assert answer(folder, numbers, limit=5).more is False
    assert len(answer(folder, numbers).rows) == 5


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM main.run",
        "UPDATE main.job SET priority = 1",
        "INSERT INTO main.meta VALUES ('a', 'b')",
        "CREATE TABLE main.x (y)",
        "CREATE TEMP TABLE x (y)",
        "DROP VIEW documents",
        "ATTACH '{}' AS other",
        "VACUUM INTO '{}'",
        "PRAGMA query_only = OFF",
        "PRAGMA journal_mode = DELETE",
        "SELECT load_extension('x')",
        "BEGIN IMMEDIATE",
        "REINDEX",
    ],
)
def test_nothing_but_reading_is_done(
    statement: str, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = (folder / "state.db").read_bytes()
    other = tmp_path_factory.mktemp("other") / "file"

    with pytest.raises(UsageError, match="does more than read"):
        answer(folder, statement.replace("{}", str(other)))

    assert (folder / "state.db").read_bytes() == before
    assert not other.exists()


@pytest.mark.parametrize(
    ("statement", "message", "hint"),
    [
        (
            "SELECT * FROM document_",
            "no such table",
            "did you mean documents? there are the views documents, items,",
        ),
        ("SELECT sha FROM documents", "no such column", "did you mean sha256? sha256 is in documents, items"),
        ("SELECT qqqqq FROM documents", "no such column", "'docbatch sql' lists the columns of each view"),
        ("SELECT 1; SELECT 2", "more than one statement", "one question at a time"),
        ("SELECT job, job FROM documents", "two columns are called job", "AS one"),
        ("", "no question", "SELECT * FROM documents"),
        ("SELEC", "syntax error", ""),
        ("SELECT zeroblob(1000000000)", "too big", ""),
        ("-" * 200_000, "200,000 characters", ""),
    ],
)
def test_what_cannot_be_answered_is_told_with_what_there_is(
    statement: str, message: str, hint: str, folder: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        answer(folder, statement)

    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_what_takes_too_long_is_given_up(folder: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    with pytest.raises(UsageError, match=r"took longer than 0 s"):
        answer(folder, endless, timeout=0.0)


def test_an_interrupt_ends_the_answer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> float:
        raise KeyboardInterrupt

    times: Iterator[float] = iter([0.0])
    monkeypatch.setattr("docbatch.state.queries.time.monotonic", lambda: next(times, None) or interrupted())
    monkeypatch.setattr(queries, "_STEPS", 1)
    times = iter([1.0])

    with pytest.raises(KeyboardInterrupt):
        answer(folder, "SELECT * FROM documents", timeout=5)


def test_a_question_is_answered_while_something_is_written(folder: Path) -> None:
    with Store.writable(folder) as store, store.write():
        store.database.execute("UPDATE document SET wanted = 0")
        assert answer(folder, "SELECT wanted FROM documents").rows == ((1,),)


def test_without_a_state_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(NoState):
        answer(tmp_path, "SELECT 1")


def test_the_names_of_views_are_not_those_of_tables(folder: Path) -> None:
    with closing(Store.readable(folder).database.connection) as state:
        tables = {name for (name,) in state.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}

    assert not tables & {view.name for view in VIEWS}
