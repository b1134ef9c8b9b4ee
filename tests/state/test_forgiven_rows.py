"""Rows that decide about no money, taken as they are: they count as such from then on, also where memory held their counts."""

import sqlite3
from contextlib import closing
from pathlib import Path

from docbatch.state.proofs import faults
from docbatch.state.store import Store

ADD = "INSERT INTO failed_upload VALUES ('extend', ?, 1, 0)"


def add(store: Store, key: str) -> None:
    store.database.execute(ADD, (key,))


def test_what_is_written_after_rows_were_forgiven_is_counted_upon_them(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        with store.write():
            add(store, "a")
            add(store, "b")
        with closing(sqlite3.connect(tmp_path / "state.db")) as other, other:
            other.execute("DELETE FROM failed_upload WHERE key = 'a'")
        assert [each.is_free for each in faults(store.database.connection)] == [True]

        with store.write():
            add(store, "c")
            store.forgive()
            add(store, "a")
        with store.write():
            add(store, "e")

        assert list(faults(store.database.connection)) == []
