"""A vendor's cloud with a memory of its own, in a file, so that it outlives every process that talks to it.

Time is the cloud's: it passes only while somebody waits for it.
"""

import json
import sqlite3
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docbatch.testing.fake.faults import check

SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (now REAL NOT NULL);
CREATE TABLE IF NOT EXISTS object (account TEXT, step TEXT, remote_id TEXT, made REAL, PRIMARY KEY (account, step));
CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY, account TEXT, marker TEXT, made REAL);
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, batch INTEGER, key TEXT, content TEXT, visible REAL, ends REAL,
    fetched INTEGER DEFAULT 0, removed INTEGER DEFAULT 0, stopped INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS script (call TEXT, nth INTEGER, fault TEXT, PRIMARY KEY (call, nth));
CREATE TABLE IF NOT EXISTS seen (call TEXT, nth INTEGER, at REAL, PRIMARY KEY (call, nth));
CREATE INDEX IF NOT EXISTS batch_marker ON batch (account, marker);
CREATE INDEX IF NOT EXISTS run_batch ON run (batch);
"""


@dataclass(frozen=True, slots=True)
class CloudRun:
    id: str
    key: str
    content: str
    ended: bool
    stopped: bool


def close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


class Cloud:
    """A vendor in a file.

    `lag`: seconds until a new batch shows in look-ups. `trickle`: further seconds between its rows. `latency`: until a
    row's result is ready.
    """

    def __init__(self, path: Path, *, lag: float = 0.0, trickle: float = 0.0, latency: float = 1.0) -> None:
        self._path = path
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []
        # Many are made for a look only, and newer Pythons complain about a connection that is left open.
        weakref.finalize(self, close_all, self._opened)
        self._database.executescript(SCHEMA)
        self._database.execute("INSERT INTO clock SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM clock)")
        self.lag = lag
        self.trickle = trickle
        self.latency = latency

    @property
    def _database(self) -> sqlite3.Connection:
        """Each thread has a connection of its own: one that several use at once may crash the interpreter."""
        found: sqlite3.Connection | None = getattr(self._own, "database", None)
        if found is None:
            found = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
            self._opened.append(found)
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = OFF")
            self._own.database = found
        return found

    @property
    def now(self) -> float:
        return float(self._database.execute("SELECT now FROM clock").fetchone()[0])

    def pass_time(self, seconds: float) -> None:
        self._database.execute("UPDATE clock SET now = now + ?", (max(seconds, 0.0),))

    def expect(self, call: str, nth: int, fault: str) -> None:
        """Let the n-th call (from 1) of a kind go wrong in a named way; see `faults`."""
        check(fault)
        self._database.execute("INSERT INTO script VALUES (?, ?, ?)", (call, nth, fault))

    def fault(self, call: str) -> str | None:
        """Count a call and return the fault it was given."""
        times = self._database.execute(
            "INSERT INTO seen SELECT :call, 1 + (SELECT coalesce(max(nth), 0) FROM seen WHERE call = :call), now FROM clock RETURNING nth",
            {"call": call},
        ).fetchone()[0]
        row = self._database.execute(
            "SELECT fault FROM script WHERE call = ? AND nth = ?", (call, times)
        ).fetchone()
        return None if row is None else str(row[0])

    def make(self, account: str, step: str) -> str:
        made = self._database.execute(
            "INSERT INTO object VALUES (?, ?, ?, (SELECT now FROM clock))"
            " ON CONFLICT (account, step) DO UPDATE SET made = made RETURNING remote_id",
            (account, step, f"obj-{step}"),
        ).fetchone()
        return str(made[0])

    def has(self, account: str, step: str) -> bool:
        row = self._database.execute(
            "SELECT 1 FROM object WHERE account = ? AND step = ?", (account, step)
        ).fetchone()
        return row is not None

    def uploads(self) -> int:
        return int(
            self._database.execute("SELECT count(*) FROM object WHERE step LIKE 'file %'").fetchone()[0]
        )

    def create(self, account: str, marker: str, contents: Mapping[str, str]) -> str:
        """Take work on and charge for it."""
        cursor = self._database.execute(
            "INSERT INTO batch (account, marker, made) VALUES (?, ?, ?)", (account, marker, self.now)
        )
        batch = cursor.lastrowid
        for position, (key, content) in enumerate(contents.items()):
            visible = self.now + self.lag + self.trickle * position
            self._database.execute(
                "INSERT INTO run (batch, key, content, visible, ends) VALUES (?, ?, ?, ?, ?)",
                (batch, key, content, visible, visible + self.latency),
            )
        return f"batch-{batch}"

    def keyed(self, account: str, marker: str) -> str | None:
        row = self._database.execute(
            "SELECT id FROM batch WHERE account = ? AND marker = ? ORDER BY id", (account, marker)
        ).fetchone()
        return None if row is None else f"batch-{row[0]}"

    def listed(self, account: str, marker: str) -> str | None:
        """Return the batch as look-ups show it: not before the lag has passed."""
        row = self._database.execute(
            "SELECT id FROM batch WHERE account = ? AND marker = ? AND made + ? <= ? ORDER BY id",
            (account, marker, self.lag, self.now),
        ).fetchone()
        return None if row is None else f"batch-{row[0]}"

    def markers(self, account: str) -> list[str]:
        rows = self._database.execute(
            "SELECT DISTINCT marker FROM batch WHERE account = ? AND made + ? <= ?",
            (account, self.lag, self.now),
        )
        return [row[0] for row in rows]

    def rows(self, batch: str) -> list[CloudRun]:
        rows = self._database.execute(
            "SELECT run.id, key, content, ends <= :now, stopped FROM run"
            " WHERE batch = :batch AND visible <= :now ORDER BY run.id",
            {"now": self.now, "batch": int(batch.removeprefix("batch-"))},
        )
        return [
            CloudRun(f"run-{row}", key, content, bool(ended), bool(stopped))
            for row, key, content, ended, stopped in rows
        ]

    def stop(self, batch: str, most: int = -1) -> None:
        """Stop what has not ended, so many documents at most."""
        self._database.execute(
            "UPDATE run SET stopped = 1, ends = :now WHERE id IN"
            " (SELECT id FROM run WHERE batch = :batch AND ends > :now ORDER BY id LIMIT :most)",
            {"now": self.now, "batch": int(batch.removeprefix("batch-")), "most": most},
        )

    def hide_a_run(self, seconds: float = 300.0) -> None:
        """Let one row of the first batch stay away for so long."""
        self._database.execute(
            "UPDATE run SET visible = visible + ?, ends = ends + ? WHERE id = 1", (seconds, seconds)
        )

    def uncharge(self, key: str) -> None:
        """Forget a document that was not processed."""
        self._database.execute("DELETE FROM run WHERE key = ?", (key,))

    def paid(self, account: str | None = None) -> dict[str, int]:
        """Return how often each document was paid for, by one account or by all together."""
        return dict(
            self._database.execute(
                "SELECT content, count(*) FROM run JOIN batch ON batch.id = run.batch"
                " WHERE :account IS NULL OR account = :account GROUP BY content",
                {"account": account},
            )
        )

    def calls(self, call: str) -> int:
        """Return how often a kind of call was made."""
        return len(self.times(call))

    def times(self, call: str) -> list[float]:
        """Return when calls of a kind were made."""
        rows = self._database.execute("SELECT at FROM seen WHERE call = ? ORDER BY nth", (call,))
        return [row[0] for row in rows]

    def forget_objects(self) -> None:
        """Show none of the directories and uploads any more, as with credentials of less reach."""
        self._database.execute("DELETE FROM object")

    def remove(self, account: str, marker: str) -> None:
        """Remove what was made for a batch alone, and with it all that was never fetched."""
        step = f"directory {marker}"
        self._database.execute("DELETE FROM object WHERE account = ? AND step = ?", (account, step))
        self._database.execute(
            "UPDATE run SET removed = 1 WHERE fetched = 0"
            " AND batch IN (SELECT id FROM batch WHERE account = ? AND marker = ?)",
            (account, marker),
        )

    def is_removed(self, run: str) -> bool:
        row = self._database.execute(
            "SELECT removed FROM run WHERE id = ?", (int(run.removeprefix("run-")),)
        ).fetchone()
        return bool(row[0])

    def directories(self) -> set[str]:
        """Return the markers of batches that ran whose directory is still there."""
        rows = self._database.execute(
            "SELECT DISTINCT marker FROM batch JOIN object ON object.account = batch.account"
            " AND object.step = 'directory ' || batch.marker"
        )
        return {row[0] for row in rows}

    def result(self, run: str) -> bytes:
        key, content = self._database.execute(
            "UPDATE run SET fetched = 1 WHERE id = ? RETURNING key, content", (int(run.removeprefix("run-")),)
        ).fetchone()
        return json.dumps({"key": key, "text": content}, sort_keys=True).encode()

    def close(self) -> None:
        close_all(self._opened)
