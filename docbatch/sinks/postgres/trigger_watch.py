"""Looking after rows in a table to which somebody added triggers: what was written is there, and no other row is another."""

from collections.abc import Mapping, Sequence

from psycopg import sql

from docbatch.core.errors import SinkError
from docbatch.sinks.faults import SAFE
from docbatch.sinks.postgres.result_table import EMPTY, ResultTable
from docbatch.sinks.postgres.server import Cursor, text_array

_COUNTS = """
SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0)::bigint, coalesce(sum(n_tup_del), 0)::bigint
FROM pg_catalog.pg_stat_xact_all_tables
WHERE relid = %(oid)s OR relid IN (SELECT relid FROM pg_catalog.pg_partition_tree(%(oid)s))
"""
_OTHERS = """
SELECT EXISTS (SELECT FROM {table} WHERE xmin = pg_catalog.pg_current_xact_id()::xid
    AND NOT (job = %s AND path = ANY (%s)))
"""


class TriggerWatch:
    """Begun before a window is written; the server counts what a transaction does to a table, triggers included."""

    def __init__(self, table: ResultTable, cursor: Cursor) -> None:
        self._table = table
        self._cursor = cursor
        self._before = self._counts()

    def unkept(self, stamps: Mapping[str, str], *, written: int, deleted: int) -> Sequence[str]:
        """Return the documents whose rows are not as they were written, given how many rows were.

        Raises SinkError, so that all is undone, where rows of other documents are gone, changed or new.
        """
        self._require_others_kept(stamps, written=written, deleted=deleted)
        now = self._table.stamps(self._cursor, list(stamps), self._table.stamped_columns)
        return [path for path, stamp in stamps.items() if now.get(path, EMPTY) != stamp]

    def require_others_kept(self, deleted: int) -> None:
        """Raise SinkError, so that all is undone, where more is gone than the rows that were deleted, or some is new or changed."""
        self._require_others_kept({}, written=0, deleted=deleted)

    def _require_others_kept(self, stamps: Mapping[str, str], *, written: int, deleted: int) -> None:
        after = self._counts()
        made, gone = (now - before for now, before in zip(after, self._before, strict=True))
        if gone > deleted or (made > written and self._has_others(list(stamps))):
            raise SinkError(
                f"a trigger of the table {self._table.shown} changes rows of other documents; nothing was written",
                hint=f"{SAFE}; drop the trigger, or give the sink a table of its own, and run the same command again",
            )

    def _counts(self) -> tuple[int, int]:
        self._cursor.execute(_COUNTS, {"oid": self._table.oid})
        found = self._cursor.fetchone()
        assert found is not None
        return int(str(found[0])), int(str(found[1]))

    def _has_others(self, paths: Sequence[str]) -> bool:
        self._cursor.execute(
            sql.SQL(_OTHERS).format(table=self._table.quoted), [self._table.job, text_array(paths)]
        )
        return self._cursor.fetchone() == (True,)
