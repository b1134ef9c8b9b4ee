"""Outputs as the state knows them, wanted and no longer wanted: what is compared with the disk, and what may be removed."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from docbatch.naming.store_places import in_store
from docbatch.state.companions import CompanionRow, Companions
from docbatch.state.database import Database, marked, windows
from docbatch.state.digests import as_bytes, as_text
from docbatch.state.manifests import outdate
from docbatch.state.written import come_back, forget, left_in, let_go, note


class KnownSink(NamedTuple):
    """A sink of files that there is or was. `output` and `stamp` are those of its one output, where it has one."""

    row: int
    job: str
    identity: str
    root: bytes
    output: bytes | None
    stamp: str | None
    wanted: bool

    @property
    def kind(self) -> str:
        return self.identity.partition("\n")[0]

    @property
    def is_in_store(self) -> bool:
        return in_store(self.root)

    @property
    def folder(self) -> bytes:
        """The folder that all its outputs lie in, as its template begins: below the root, or the root itself."""
        written = self.identity.removeprefix(f"{self.kind}\n{os.fsdecode(self.root)}\n").partition("\n")[0]
        try:
            parts = json.loads(written)
        except ValueError:
            return self.root
        literal = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], str) else ""
        below = literal.rpartition("/")[0].strip("/")
        return self.root + b"/" + os.fsencode(below) if below else self.root


def is_shared(sink: KnownSink, every: Iterable[KnownSink]) -> bool:
    """Say whether other sinks, such as those of other jobs, write into the one output of a sink as well."""
    return any(each.wanted and each.row != sink.row for each in writers(sink, every))


def writers(sink: KnownSink, every: Iterable[KnownSink]) -> list[KnownSink]:
    """Return the sinks that write or wrote into the one output of a sink, itself among them."""
    place = sink.root, sink.output
    return [each for each in every if sink.output is not None and (each.root, each.output) == place]


class HeldElsewhere(NamedTuple):
    """How many documents that nothing wants there any more a place without files may hold, and whether its job still declares it."""

    job: str
    kind: str
    wanted: bool
    documents: int


class KnownOutput(NamedTuple):
    """An output as it was left; `path` is that of its document, empty for the one output of a job.

    `size` and `digest` are None where they are not known, so is the `result` of the one output of a job, and of what lies beside an
    output; `is_surplus` says of such a file that the output refers to it no longer.
    """

    sink: int
    path: bytes
    output: bytes
    result: str | None
    stamp: str
    size: int | None
    digest: str | None
    folded: int | None
    is_surplus: bool = False


_COLUMNS = (
    f"delivery.sink, delivery.path, delivery.output, {as_text('delivery.result')}, delivery.stamp, written.size,"
    f" {as_text('written.digest')}, delivery.folded"
)
_WRITTEN = "LEFT JOIN written ON written.sink = delivery.sink AND written.path = delivery.path"
_DOCUMENT = "document.job = sink.job AND document.path = delivery.path AND document.wanted = 1"


def _known(sink: int, each: CompanionRow, folded: int | None) -> KnownOutput:
    """Return what lies beside an output as an output of its own."""
    stamp, is_surplus = each.stamp or "", not each.wanted
    return KnownOutput(sink, each.path, each.output, None, stamp, each.size, each.digest, folded, is_surplus)


class RecordedOutputs:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._companions = Companions(database)

    def sinks(self) -> list[KnownSink]:
        """Return every sink of files there is or was."""
        rows = self._database.execute(
            "SELECT id, job, identity, root, output, stamp, wanted FROM sink WHERE root IS NOT NULL ORDER BY job, id"
        ).fetchall()
        return [KnownSink._make((*row[:-1], bool(row[-1]))) for row in rows]

    def without_files(self) -> list[tuple[str, str]]:
        """Return job and identity of the sinks that are declared and have no place in the file system."""
        return self._database.execute(
            "SELECT job, identity FROM sink WHERE root IS NULL AND wanted = 1 ORDER BY job, id"
        ).fetchall()

    def left_elsewhere(self) -> list[HeldElsewhere]:
        """Return what is left in places without files; a place stays one when the form of what is written there changes."""
        places: dict[tuple[str, ...], list[tuple[int, bool]]] = {}
        for row, job, identity, wanted in self._database.execute(
            "SELECT id, job, identity, wanted FROM sink WHERE root IS NULL ORDER BY job, id"
        ).fetchall():
            places.setdefault((job, *identity.split("\n")[:3]), []).append((row, bool(wanted)))
        found = [
            HeldElsewhere(job, kind, any(wanted for _, wanted in sinks), self._left_of(sinks))
            for (job, kind, *_), sinks in places.items()
        ]
        return [each for each in found if each.documents]

    def _left_of(self, sinks: Sequence[tuple[int, bool]]) -> int:
        is_declared = any(wanted for _, wanted in sinks)
        (number,) = self._database.execute(
            "SELECT count(DISTINCT delivery.path) FROM delivery JOIN sink ON sink.id = delivery.sink"
            f" WHERE {marked('delivery.sink', sinks)} AND delivery.result IS NOT NULL"
            f" AND NOT (? AND EXISTS (SELECT 1 FROM document WHERE {_DOCUMENT}))",
            (*(row for row, _ in sinks), is_declared),
        ).fetchone()
        return int(number)

    def wanted(self, sink: int) -> Iterator[KnownOutput]:
        """Yield the outputs of documents that are wanted, in path order, and after them what lies beside these."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM delivery JOIN sink ON sink.id = delivery.sink JOIN document ON {_DOCUMENT} {_WRITTEN}"
            " WHERE delivery.sink = ? AND delivery.stamp IS NOT NULL ORDER BY delivery.path",
            (sink,),
        )
        beside = (_known(sink, each, None) for each in self._companions.wanted(sink))
        return chain((KnownOutput(*row) for row in rows), beside)

    def left_windows(self, sink: int, limit: int, *, every: bool) -> Iterator[list[KnownOutput]]:
        """Yield outputs of documents that are no longer wanted, or `every` one of the sink, and what no output refers to any more."""
        after = b""
        while window := self.left(sink, after, limit, every=every):
            after = window[-1].path
            yield window
        after = b""
        while beside := self._companions.left(sink, after, limit, every=every):
            after = beside[-1][0].output
            yield [_known(sink, each, folded) for each, folded in beside]

    def left(self, sink: int, after: bytes, limit: int, *, every: bool) -> list[KnownOutput]:
        """Return outputs behind a path of documents that are no longer wanted, or `every` one of the sink."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM delivery JOIN sink ON sink.id = delivery.sink {_WRITTEN}"
            " WHERE delivery.sink = ? AND delivery.path > ? AND delivery.stamp IS NOT NULL AND delivery.folded IS NOT NULL"
            f" AND (? OR NOT EXISTS (SELECT 1 FROM document WHERE {_DOCUMENT})) ORDER BY delivery.path LIMIT ?",
            (sink, after, every, limit),
        )
        return [KnownOutput(*row) for row in rows]

    def single(self, sink: KnownSink) -> KnownOutput | None:
        """Return a job's one output as it was left."""
        if sink.output is None or sink.stamp is None:
            return None
        row = self._database.execute(
            f"SELECT size, {as_text('digest')} FROM written WHERE sink = ? AND path = x''", (sink.row,)
        ).fetchone()
        size, digest = row or (None, None)
        return KnownOutput(sink.row, b"", sink.output, None, sink.stamp, size, digest, None)

    def taken(self, folded: Sequence[int]) -> set[int]:
        """Return which of these places belong to documents that are wanted, of any job."""
        found: set[int] = set()
        for window in windows(folded):
            rows = self._database.execute(
                f"SELECT delivery.folded FROM delivery JOIN sink ON sink.id = delivery.sink JOIN document ON {_DOCUMENT}"
                f" WHERE sink.wanted = 1 AND {marked('delivery.folded', window)}",
                window,
            )
            found.update(key for (key,) in rows)
        return found | self._companions.taken(folded)

    def moved_away(self, sink: int, after: bytes, limit: int) -> list[KnownOutput]:
        """Return outputs behind a place that lay there before their documents' outputs were moved elsewhere, in the order of places."""
        return [KnownOutput(*row) for row in left_in(self._database, sink, after, limit)]

    def others_at(self, output: KnownOutput) -> list[tuple[str, str | None]]:
        """Return stamp and digest of what else was written to the place of an output; nothing is known of the one output of a job."""
        tables = (f"delivery {_WRITTEN}", "written.digest"), ("left_place", "left_place.digest")
        query = " UNION ALL ".join(
            f"SELECT {name}.stamp, {as_text(digest)} FROM {table} WHERE {name}.folded = :folded AND {name}.stamp IS NOT NULL"
            f" AND NOT ({name}.sink = :sink AND {name}.path = :path AND {name}.output = :output)"
            for table, digest in tables
            for name in [table.partition(" ")[0]]
        )
        return self._database.execute(query, output._asdict()).fetchall()

    def known(self, places: Sequence[tuple[int, bytes]]) -> set[bytes]:
        """Return which of these places, (collision key, absolute path) each, were ever recorded as an output."""
        wanted = {place for _, place in places}
        found: set[bytes] = set()
        for window in windows([key for key, _ in places]):
            for table in ("delivery", "companion", "left_place"):
                rows = self._database.execute(
                    f"SELECT sink.root, {table}.output FROM {table} JOIN sink ON sink.id = {table}.sink"
                    f" WHERE {marked(f'{table}.folded', window)}",
                    window,
                )
                found.update(root + b"/" + output for root, output in rows)
        return found & wanted

    def counts(self) -> dict[str, int]:
        """Return how many outputs each job has, wanted or not; what several sinks write into is one."""
        rows = self._database.execute(
            "SELECT job, sum(number) FROM ("
            "SELECT sink.job AS job, count(*) AS number FROM delivery JOIN sink ON sink.id = delivery.sink"
            " WHERE delivery.stamp IS NOT NULL AND delivery.folded IS NOT NULL GROUP BY sink.job"
            " UNION ALL SELECT sink.job, count(*) FROM left_place JOIN sink ON sink.id = left_place.sink"
            " WHERE left_place.stamp IS NOT NULL AND NOT EXISTS (SELECT 1 FROM delivery"
            " WHERE delivery.folded = left_place.folded AND delivery.stamp IS NOT NULL) GROUP BY sink.job"
            " UNION ALL SELECT sink.job, count(*) FROM companion JOIN sink ON sink.id = companion.sink"
            " WHERE companion.stamp IS NOT NULL GROUP BY sink.job"
            " UNION ALL SELECT job, count(*) FROM (SELECT DISTINCT job, root, output FROM sink"
            " WHERE output IS NOT NULL AND stamp IS NOT NULL) GROUP BY job"
            ") GROUP BY job"
        )
        return {job: int(number) for job, number in rows}

    def note(self, sink: int, written: Iterable[tuple[bytes, int, str]]) -> None:
        """Note what the bytes of outputs come to: path, size and SHA-256 each."""
        with self._database.write():
            note(self._database, sink, written)

    def release(self, outputs: Iterable[KnownOutput]) -> None:
        """Inside the current transaction: these outputs are gone. They stay known, and are never taken for documents."""
        for each in outputs:
            if self._companions.release(each.sink, each.output, each.stamp):
                continue
            if each.path:
                changed = self._database.execute(
                    "UPDATE delivery SET stamp = NULL, result = NULL WHERE sink = ? AND path = ? AND output = ? AND stamp = ?",
                    (each.sink, each.path, each.output, each.stamp),
                )
                let_go(self._database, each.sink, each.output, each.stamp)
            else:
                changed = self._database.execute(
                    "UPDATE sink SET stamp = NULL, revision = -1 WHERE id = ? AND output = ? AND stamp = ?",
                    (each.sink, each.output, each.stamp),
                )
            if changed.rowcount:
                forget(self._database, each.sink, [each.path])

    def put_back(self, each: KnownOutput, stamp: str) -> None:
        """Inside the current transaction: an output lies again where it was released from."""
        if self._companions.put_back(each.sink, each.output, stamp):
            return
        if each.path:
            result = None if each.result is None else as_bytes(each.result)
            changed = self._database.execute(
                "UPDATE delivery SET stamp = ?, result = ? WHERE sink = ? AND path = ? AND output = ? AND stamp IS NULL",
                (stamp, result, each.sink, each.path, each.output),
            )
            if each.folded is not None:
                place = each.sink, each.path, each.output, each.folded
                come_back(self._database, place, stamp, each.size, each.digest)
        else:
            changed = self._database.execute(
                "UPDATE sink SET stamp = ? WHERE id = ? AND output = ? AND stamp IS NULL",
                (stamp, each.sink, each.output),
            )
        if changed.rowcount and each.size is not None and each.digest is not None:
            note(self._database, each.sink, [(each.path, each.size, each.digest)])

    def kept_lines(self, sink: int) -> list[bytes]:
        """Return the documents no longer found that stay in a job's file."""
        return [
            path
            for (path,) in self._database.execute(
                "SELECT delivery.path FROM delivery JOIN sink ON sink.id = delivery.sink JOIN document"
                " ON document.job = sink.job AND document.path = delivery.path AND document.wanted = 0"
                " WHERE sink.id = ? AND sink.wanted = 1 AND delivery.result IS NOT NULL AND delivery.output = sink.output"
                " AND delivery.stamp = hex(sink.root) ORDER BY delivery.path",
                (sink,),
            ).fetchall()
        ]

    def outdate(self, job: str) -> None:
        """Inside the current transaction: the job's manifest is written again by the next apply."""
        outdate(self._database, job)
