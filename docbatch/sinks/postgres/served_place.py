"""The rows of one job in a table of a server, looked at and cleared apart from runs: the record there says which are docbatch's, and as it left them."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from docbatch.naming.pathtext import escape, unescape
from docbatch.sinks.base import Difference
from docbatch.sinks.kind import Opening
from docbatch.sinks.postgres.options import named_place, place_digest
from docbatch.sinks.postgres.recorded_rows_there import (
    RecordedThere,
    contents,
    forget,
    hold,
    recorded_there,
    unrecorded,
)
from docbatch.sinks.postgres.result_table import ResultTable
from docbatch.sinks.postgres.rows_put_back import NotPutBack, put_back_rows
from docbatch.sinks.postgres.served_rows import shown_reference
from docbatch.sinks.postgres.server import Cursor, Server
from docbatch.sinks.postgres.server_faults import ServerRefusedRows
from docbatch.sinks.row_place import Keep, RowPlace, RowsFound

_WINDOW = 512
_KNOWN_AS = """
SELECT pg_catalog.pg_postmaster_start_time()::text, oid, %s::bigint FROM pg_catalog.pg_database
WHERE datname = pg_catalog.current_database()
"""
"""No two servers were started in the same microsecond, and everybody may ask when."""


class ServedPlace(RowPlace):
    """Kill-safe: what is removed is kept before, in the transaction that removes it, and what is there already is not written again."""

    window = _WINDOW

    def __init__(self, server: Server, table: ResultTable, shown: str) -> None:
        self._server = server
        self._table = table
        self.shown = shown

    @classmethod
    def of(cls, at: Opening, identity: str, stamp: str | None) -> "ServedPlace | None":  # noqa: ARG003 - documents have their own
        """Open the table that an identity means, where the options refer to its database as the sink did."""
        found = named_place(identity)
        if found is None or found[0] != place_digest(at.options.dsn):
            return None
        _, schema, name = found
        table = ResultTable(schema, name, (), at.job, at.project)
        reference = shown_reference(at.options.dsn)
        place = f"the table {table.shown} of the database in {reference}"
        return cls(
            Server(partial(at.secret, at.options.dsn), place), table, f"postgres:{reference}/{table.shown}"
        )

    def is_shared(self, jobs: Collection[str]) -> bool:  # noqa: ARG002 - a table is never taken as a whole
        return True

    def known_as(self) -> str:
        return self._server.read(self._known_as)

    def check(self, written: Sequence[tuple[bytes, str]]) -> Iterator[tuple[bytes, Difference]]:
        now = self._server.read(partial(self._there, [escape(path) for path, _ in written]))
        for path, stamp in written:
            found = now.get(escape(path))
            if found is None or found.is_gone:
                yield path, "missing"
            elif found.stamp != stamp:
                yield path, "edited"

    def strangers(self) -> Iterator[bytes]:
        after: str | None = None
        while window := self._server.read(partial(self._unrecorded, after)):
            after = window[-1]
            yield from map(unescape, window)

    def judge(self, paths: Sequence[bytes]) -> Mapping[bytes, RowsFound]:
        now = self._server.read(partial(self._there, list(map(escape, paths))))
        return {
            path: found.judged(self._table.project)
            for path in paths
            if (found := now.get(escape(path))) is not None and not found.is_gone
        }

    def standing(self, paths: Sequence[bytes]) -> set[bytes]:
        now = self._server.read(partial(self._there, list(map(escape, paths))))
        return {
            path
            for path in paths
            if (found := now.get(escape(path))) is not None and found.is_recorded and not found.is_gone
        }

    def take(self, paths: Sequence[bytes], keep: Keep) -> Mapping[bytes, str]:
        try:
            stay = self._server.write(partial(self._take, list(map(escape, paths)), keep))
        except ServerRefusedRows as error:
            if len(paths) == 1:
                return {paths[0]: f"the server does not let it go: {error}"}
            half = len(paths) // 2
            return {**self.take(paths[:half], keep), **self.take(paths[half:], keep)}
        return {unescape(path): why for path, why in stay.items()}

    def put_back(self, kept: Sequence[tuple[bytes, Callable[[], bytes]]]) -> Mapping[bytes, str]:
        stay: dict[bytes, str] = {}
        for path, content in kept:
            try:
                self._server.write(partial(self._put_back, escape(path), json.loads(content())))
            except NotPutBack as error:
                stay[path] = str(error)
            except ServerRefusedRows as error:
                stay[path] = f"the server does not take its rows: {error}"
            except (ValueError, KeyError, TypeError):
                stay[path] = "what is in the trash cannot be read"
        return stay

    def stamp(self) -> None:
        return None

    def _known_as(self, cursor: Cursor) -> str:
        self._table.look(cursor)
        cursor.execute(_KNOWN_AS, [self._table.oid])
        return str(cursor.fetchall())

    def _there(self, paths: Sequence[str], cursor: Cursor) -> dict[str, RecordedThere]:
        return recorded_there(cursor, self._table, paths) if self._is_there(cursor) else {}

    def _unrecorded(self, after: str | None, cursor: Cursor) -> list[str]:
        return unrecorded(cursor, self._table, after, _WINDOW) if self._is_there(cursor) else []

    def _is_there(self, cursor: Cursor) -> bool:
        """Say whether table and record are there, and the table has rows that belong to documents."""
        return self._table.look(cursor) and {"job", "path"} <= self._table.existing

    def _take(self, paths: Sequence[str], keep: Keep, cursor: Cursor) -> dict[str, str]:
        if not self._is_there(cursor):
            return {}
        hold(cursor, self._table, paths)
        found = recorded_there(cursor, self._table, paths)
        judged = {path: each.judged(self._table.project).keeps for path, each in found.items()}
        going = [path for path, keeps in judged.items() if keeps is None]
        keep((unescape(path), content) for path, content in contents(cursor, self._table, going, found))
        if going:
            forget(cursor, self._table, going)
        return {path: keeps for path, keeps in judged.items() if keeps is not None}

    def _put_back(self, path: str, kept: Any, cursor: Cursor) -> None:
        if not self._is_there(cursor):
            raise NotPutBack("its table is no longer there")
        standing = recorded_there(cursor, self._table, [path]).get(path)
        put_back_rows(cursor, self._table, path, cast("dict[str, Any]", kept), standing)
