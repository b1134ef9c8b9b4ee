"""What a state consists of: a table, a column or an index that is not there is noticed, and what others added is passed over."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.state.shape import INDEXES, TABLES
from docbatch.state.store import Store
from docbatch.state.upgrade import build
from tests.cli.project import Project


def change(folder: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute(sql)


def test_the_shape_is_what_all_versions_are_brought_up_to() -> None:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        build(fresh)
        names = {
            kind: {
                name
                for (name,) in fresh.execute("SELECT name FROM sqlite_schema WHERE type = ?", (kind,))
                if not name.startswith(("sqlite", "_", "idx__"))
            }
            for kind in ("table", "index")
        }
        columns = {
            table: [row[1] for row in fresh.execute(f"PRAGMA table_info({table})")]
            for table in names["table"]
        }

    assert names["index"] == INDEXES
    assert {table: text.split() for table, text in TABLES.items()} == columns


@pytest.mark.parametrize(
    "sql",
    [
        *(f"DROP TABLE {table}" for table in TABLES),
        "DROP INDEX delivery_due",
        "DROP INDEX item_lives_once",
        "ALTER TABLE item RENAME COLUMN status TO state",
        "ALTER TABLE item RENAME TO items",
        "ALTER TABLE event DROP COLUMN checksum",
        "ALTER TABLE hindrance ADD COLUMN mine TEXT",
    ],
)
def test_what_is_not_there_is_noticed_before_anything_is_done(tmp_path: Path, sql: str) -> None:
    Store.writable(tmp_path).close()
    change(tmp_path, sql)

    for opened in (Store.readable, Store.writable):
        with pytest.raises(StateError, match="the state is damaged") as raised:
            opened(tmp_path)
        assert "nothing was changed" in str(raised.value.hint)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE mine (x)",
        'CREATE TABLE "select" (x)',
        'CREATE TABLE "a b" (x)',
        """CREATE TABLE "x;'--" ("y z")""",
        "CREATE VIRTUAL TABLE found USING fts5(x)",
        "CREATE INDEX mine ON item (status)",
    ],
)
def test_what_others_added_is_passed_over(project: Project, sql: str) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    change(project.root / ".docbatch", sql)
    project.write({"in/b.txt": "two"})

    assert project.applied().processed == 1
    assert project.call("state", "check").code == 0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job()
    return made


def test_the_check_tells_of_a_damaged_note(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    (project.root / ".docbatch/serial").write_bytes(b"\0" * 40)

    checked = project.call("state", "check")

    assert checked.code == 1
    assert "serial is damaged" in checked.out + checked.err


@pytest.mark.parametrize("name", ["serial", "state.db"])
def test_a_folder_in_the_place_of_a_file_is_named(project: Project, name: str) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    for path in (project.root / ".docbatch").glob(f"{name}*"):
        path.unlink()
    (project.root / ".docbatch" / name).mkdir()

    for command in (("plan",), ("apply",), ("status",), ("state", "check")):
        ended = project.call(*command)
        assert ended.code == 1
        assert f"{name}: is a folder, which docbatch never puts there" in ended.err
