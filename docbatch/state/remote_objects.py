"""What prepare steps left at vendors: directories, uploads, saved configurations. Reused while alive."""

import json
from collections.abc import Iterable, Sequence

from docbatch.core.models import RemoteObject
from docbatch.state.checksum import checksum
from docbatch.state.database import Database


class RemoteObjects:
    def __init__(self, database: Database) -> None:
        self._database = database

    def alive(self, account: str, steps: Sequence[str], now: float) -> dict[str, RemoteObject]:
        """Return by step name what exists and has not expired at `now` (vendor time)."""
        found = {}
        for step in steps:
            row = self._database.execute(
                "SELECT remote_id, data, expires, checksum FROM remote_object"
                " WHERE account = ? AND step = ? AND (expires IS NULL OR expires > ?)",
                (account, step, now),
            ).fetchone()
            # What is damaged is as good as lost: it is made once more, at no charge.
            if row is not None and checksum(account, step, *row[:-1]) == row[-1]:
                remote_id, data, expires, _ = row
                found[step] = RemoteObject(step, remote_id, json.loads(data), expires)
        return found

    def record(self, account: str, made: Iterable[RemoteObject]) -> None:
        """Record objects together, in one transaction."""
        rows = [
            (account, each.step, each.remote_id, json.dumps(dict(each.data)), each.expires) for each in made
        ]
        with self._database.write():
            self._database.executemany(
                "INSERT OR REPLACE INTO remote_object VALUES (?, ?, ?, ?, ?, ?)",
                [(*row, checksum(*row)) for row in rows],
            )

    def forget(self, account: str, steps: Iterable[str]) -> None:
        with self._database.write():
            self._database.executemany(
                "DELETE FROM remote_object WHERE account = ? AND step = ?",
                [(account, step) for step in steps],
            )
