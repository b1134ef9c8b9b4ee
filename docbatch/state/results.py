"""Where results lie in the spool: its index. It decides about no money: what it lacks or has wrong is a result that is lost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from docbatch.core.models import KnownPack, PackUse, ResultPlace, StoredPack
from docbatch.state.checksum import checksum
from docbatch.state.database import Database, marked, windows
from docbatch.state.digests import as_bytes
from docbatch.state.part_queries import whole_of

_LYING = (
    "CREATE TEMP TABLE lying (pack INTEGER, start INTEGER, length INTEGER, digest BLOB, needed INTEGER,"
    " PRIMARY KEY (pack, start, digest)) WITHOUT ROWID"
)
_GONE = (
    "(SELECT item, max(until) AS until FROM former GROUP BY item) AS gone"
    f" ON gone.item = {whole_of('item.id')}"
)
_UNWANTED = (
    f"FROM item LEFT JOIN unneeded ON unneeded.item = item.id LEFT JOIN {_GONE} WHERE item.result IS NOT NULL"
    f" AND NOT EXISTS (SELECT 1 FROM document WHERE document.item = {whole_of('item.id')} AND document.wanted = 1)"
)
_SINCE = "max(coalesce(unneeded.since, gone.until, :now), coalesce(gone.until, 0))"
"""Since when nothing wants an item: as it was noted, or as its last document went."""
_SPARE = (
    "DROP TABLE IF EXISTS temp.spare",
    "CREATE TEMP TABLE spare (item INTEGER PRIMARY KEY)",
)
_USES = (
    "DROP TABLE IF EXISTS temp.needed",
    "DROP TABLE IF EXISTS temp.lying",
    "CREATE TEMP TABLE needed (digest BLOB PRIMARY KEY) WITHOUT ROWID",
    "INSERT OR IGNORE INTO temp.needed SELECT result FROM item WHERE result IS NOT NULL AND id NOT IN (SELECT item FROM temp.spare)",
    "INSERT OR IGNORE INTO temp.needed SELECT result FROM delivery WHERE result IS NOT NULL",
    _LYING,
    "INSERT INTO temp.lying SELECT pack, start, length, digest, digest IN (SELECT digest FROM temp.needed) FROM result",
)


class Results:
    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self) -> AbstractContextManager[None]:
        """Commit the block's changes together, durably, or none of them."""
        return self._database.write()

    def find(self, digest: str) -> ResultPlace | None:
        return self.find_many([digest]).get(digest)

    def find_many(self, digests: Sequence[str]) -> dict[str, ResultPlace]:
        """Return where results lie, of those that are known."""
        found: dict[str, ResultPlace] = {}
        for window in windows([as_bytes(each) for each in digests]):
            rows = self._database.execute(
                "SELECT result.digest, pack.name, result.start, result.length FROM result"
                f" JOIN pack ON pack.id = result.pack WHERE {marked('result.digest', window)}",
                window,
            )
            found.update((digest.hex(), ResultPlace(*place)) for digest, *place in rows)
        return found

    def count(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM result").fetchone()[0])

    def is_any_collected(self) -> bool:
        """Say whether any document has a result, wherever that lies."""
        query = "SELECT EXISTS (SELECT 1 FROM item WHERE result IS NOT NULL)"
        return bool(self._database.execute(query).fetchone()[0])

    def digests(self) -> Iterator[str]:
        """Yield all digests in order."""
        for (digest,) in self._database.execute("SELECT digest FROM result ORDER BY digest"):
            yield digest.hex()

    def packs(self) -> Mapping[str, KnownPack]:
        rows = self._database.execute(
            "SELECT pack.name, reach, retired, checksum, object, size, sha256 FROM pack LEFT JOIN stored_pack USING (name)"
        ).fetchall()
        return {
            name: KnownPack(
                reach if checksum(name, reach, retired) == sealed else None,
                bool(retired),
                None if stored[0] is None else _stored(*stored),
            )
            for name, reach, retired, sealed, *stored in rows
        }

    def stored(self, name: str) -> StoredPack | None:
        """Return where a pack lies in a store; None where it lies in none."""
        row = self._database.execute(
            "SELECT object, size, sha256 FROM stored_pack WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else _stored(*row)

    def store_pack(self, name: str, stored: StoredPack) -> None:
        """Inside the current transaction: note that a whole pack lies in a store, and is known up to its end."""
        self.reach(name, stored.size)
        self._database.execute(
            "INSERT OR REPLACE INTO stored_pack VALUES (?, ?, ?, ?)",
            (name, stored.object, stored.size, as_bytes(stored.sha256)),
        )

    def forget_stored(self, name: str) -> None:
        """Inside the current transaction: note that a pack lies in a store no more."""
        self._database.execute("DELETE FROM stored_pack WHERE name = ?", (name,))

    def put(self, placed: Iterable[tuple[str, ResultPlace]]) -> None:
        """Inside the current transaction: note where results lie from now on."""
        ends: dict[str, int] = {}
        results = list(placed)
        for _, (name, start, length) in results:
            ends[name] = max(ends.get(name, 0), start + length)
        rows = {name: self.reach(name, end) for name, end in ends.items()}
        self._database.executemany(
            "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?)",
            ((as_bytes(digest), rows[name], start, length) for digest, (name, start, length) in results),
        )

    def reach(self, name: str, end: int) -> int:
        """Inside the current transaction: note that a pack is known up to a place; return its row."""
        row = self._database.execute(
            "INSERT INTO pack (name, reach, retired, checksum) VALUES (?, ?, 0, 0)"
            " ON CONFLICT (name) DO UPDATE SET reach = max(reach, excluded.reach) RETURNING id",
            (name, end),
        ).fetchone()
        self._seal(name)
        return int(row[0])

    def note_unneeded(self, now: float) -> None:
        """Note (wall time) since when nothing wants an item that has a result; of those that are wanted again it is forgotten."""
        with self._database.write():
            self._database.execute(
                f"DELETE FROM unneeded WHERE {whole_of('unneeded.item')}"
                " IN (SELECT item FROM document WHERE wanted = 1 AND item IS NOT NULL)"
            )
            self._database.execute(
                f"INSERT OR REPLACE INTO unneeded SELECT item.id, {_SINCE} {_UNWANTED}", {"now": now}
            )

    def gather_uses(self, spare: tuple[float, float] | None = None) -> list[PackUse]:
        """Find out what is needed, of every pack: what an item or an output names. It holds until more is put in.

        `spare` are two moments (wall time), now and an earlier one: what nothing has wanted since before that is not needed.
        """
        for statement in _SPARE:
            self._database.execute(statement)
        if spare is not None:
            self._database.execute(
                f"INSERT INTO temp.spare SELECT item.id {_UNWANTED} AND {_SINCE} <= :until",
                {"now": spare[0], "until": spare[1]},
            )
        for statement in _USES:
            self._database.execute(statement)
        rows = self._database.execute(
            "SELECT pack.name, count(lying.digest), coalesce(sum(lying.needed), 0),"
            " coalesce(sum(lying.length * lying.needed), 0)"
            " FROM pack LEFT JOIN temp.lying AS lying ON lying.pack = pack.id WHERE NOT pack.retired GROUP BY pack.id ORDER BY pack.id"
        )
        return [PackUse(*row) for row in rows]

    def needed_of(self, name: str) -> Iterator[tuple[str, ResultPlace]]:
        """Yield the needed results of a pack in the order in which they lie, as `gather_uses` found them."""
        after = -1
        while rows := self._database.execute(
            "SELECT digest, start, length FROM temp.lying WHERE pack = (SELECT id FROM pack WHERE name = ?)"
            " AND start > ? AND needed ORDER BY start LIMIT 1000",
            (name, after),
        ).fetchall():
            after = rows[-1][1]
            yield from ((digest.hex(), ResultPlace(name, start, length)) for digest, start, length in rows)

    def retire(self, name: str) -> None:
        """Inside the current transaction: forget all that still lies in a pack, and have it removed."""
        self._database.execute(
            "DELETE FROM result WHERE pack = (SELECT id FROM pack WHERE name = :name) AND digest IN"
            " (SELECT digest FROM temp.lying WHERE pack = (SELECT id FROM pack WHERE name = :name))",
            {"name": name},
        )
        self._database.execute("UPDATE pack SET retired = 1 WHERE name = ?", (name,))
        self._seal(name)

    def rename_pack(self, name: str, to: str) -> None:
        """Inside the current transaction: note that a pack is called otherwise."""
        for table in ("pack", "stored_pack"):
            self._database.execute(f"UPDATE {table} SET name = ? WHERE name = ?", (to, name))
        self._seal(to)

    def unplaced(self) -> Iterator[str]:
        """Yield the digests of results that documents or outputs name, and that lie in no pack, in order."""
        rows = self._database.execute(
            "SELECT named.result FROM (SELECT result FROM item UNION SELECT result FROM delivery) AS named"
            " WHERE named.result IS NOT NULL AND named.result NOT IN (SELECT digest FROM result) ORDER BY named.result"
        )
        for (digest,) in rows:
            yield digest.hex()

    def forget_pack(self, name: str) -> None:
        """Inside the current transaction: drop a pack that was retired and is gone."""
        self._database.execute("DELETE FROM pack WHERE name = ?", (name,))
        self.forget_stored(name)

    def lose_pack(self, name: str) -> None:
        """Inside the current transaction: drop a pack that is gone, with all that is said to lie in it."""
        self._database.execute(
            "DELETE FROM result WHERE pack = (SELECT id FROM pack WHERE name = ?)", (name,)
        )
        self.forget_pack(name)

    def _seal(self, name: str) -> None:
        self._database.execute(
            "UPDATE pack SET checksum = row_sum(name, reach, retired) WHERE name = ?", (name,)
        )


def _stored(name: str, size: int, digest: bytes) -> StoredPack:
    return StoredPack(name, size, digest.hex())
