"""The table that rows go to: created, checked, given columns that it lacks, and asked for what stands for the rows it holds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from psycopg import sql

from docbatch.core.errors import ForeignOutput
from docbatch.sinks.faults import SAFE
from docbatch.sinks.postgres.options import RECORD
from docbatch.sinks.postgres.server import Cursor, text_array
from docbatch.sinks.rows.row_maker import Column

TYPES: Mapping[str, sql.SQL] = {
    "text": sql.SQL("text"),
    "integer": sql.SQL("bigint"),
    "number": sql.SQL("double precision"),
    "boolean": sql.SQL("boolean"),
    "date": sql.SQL("date"),
    "timestamp": sql.SQL("timestamp with time zone"),
    "json": sql.SQL("jsonb"),
}
EMPTY = "0 "
"""The stamp of a document that has no rows."""
_PLACE = ("job", "path")
_AGAIN = "and run the same command again"
_OTHERWISE = f"give the sink another table or schema, or move the table away, {_AGAIN}"
_LOCK = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('docbatch'), pg_catalog.hashtext(%s))"
_COLUMNS = """
SELECT attname, pg_catalog.format_type(atttypid, atttypmod),
    attnotnull AND NOT atthasdef AND attidentity = '' AND attgenerated = ''
FROM pg_catalog.pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
"""
_KEYS = """
SELECT (SELECT pg_catalog.array_agg(attname::text) FROM pg_catalog.pg_attribute
    WHERE attrelid = indrelid AND attnum = ANY (indkey[0:indnkeyatts - 1]))
FROM pg_catalog.pg_index
WHERE indrelid = %s AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL AND indimmediate
"""
_FOUND = """
SELECT pg_class.oid, relkind::text FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s AND relname = %s
"""
_STAMPS = """
SELECT path, count(*) || ' ' || pg_catalog.to_hex(pg_catalog.hash_array_extended(pg_catalog.array_agg(hash ORDER BY hash), 0))
FROM (SELECT path, pg_catalog.hash_record_extended(ROW({columns}), 0) AS hash
    FROM {table} WHERE job = %s AND path = ANY (%s)) AS hashed
GROUP BY path
"""
"""Hashes of 64 bits, those by which PostgreSQL partitions: they are made of values and not of how these are shown, so that no
setting of a session changes them, and take a tenth of the time that a digest of text does."""
_RECORD = """
CREATE TABLE {record} ("table" text, job text, path text, result text NOT NULL, columns text[] NOT NULL,
    stamp text NOT NULL, project text NOT NULL, PRIMARY KEY ("table", job, path))
"""
_FOREIGN = """
SELECT EXISTS (SELECT FROM {record} WHERE "table" = %s AND job = %s AND project NOT IN ('', %s))
"""
_RECORDED = frozenset({"table", "job", "path", "result", "columns", "stamp", "project"})


class ResultTable:
    """The rows of one job in a table, and in the record what docbatch wrote of them."""

    def __init__(
        self, schema: str, name: str, columns: Sequence[Column], job: str, project: str = ""
    ) -> None:
        self.name = name
        self.schema = schema
        self.columns = tuple(columns)
        self.names = tuple(column.name for column in columns)
        self.keys = tuple(column.name for column in columns if column.is_key)
        self.job = job
        self.project = project
        # Statements with values take a sign of percent for the place of one.
        quoted_schema, quoted_name = (each.replace("%", "%%") for each in (schema, name))
        self.quoted = sql.Identifier(quoted_schema, quoted_name)
        self.record = sql.Identifier(quoted_schema, RECORD)
        self.existing: frozenset[str] = frozenset()
        self.oid: object = None

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def stamped_columns(self) -> list[str]:
        """The columns of which a document's stamp is made: its place is told by where it is looked for."""
        return [name for name in self.names if name not in _PLACE]

    def look(self, cursor: Cursor) -> bool:
        """See which columns there are, without writing anything; say whether table and record are there."""
        self.oid, kind = self._found(cursor, self.name)
        record, _ = self._found(cursor, RECORD)
        if self.oid is not None and kind not in {"r", "p"}:
            raise self._foreign("is no table that rows can be written to")
        cursor.execute(_COLUMNS, [self.oid or 0])
        self.existing = frozenset(str(name) for name, _, _ in cursor)
        return self.oid is not None and record is not None

    def prepare(self, cursor: Cursor) -> None:
        """Create or check the table and the record in the caller's transaction. Raises ForeignOutput for those that are not ours to write."""
        if self.look(cursor) and self.existing >= set(self.names):
            self._check(cursor)
            return
        # Who comes second finds what the first created.
        cursor.execute(_LOCK, [self.shown])
        cursor.execute(_LOCK, [f"{self.schema}.{RECORD}"])
        self.look(cursor)
        if self._found(cursor, RECORD)[0] is None:
            cursor.execute(sql.SQL(_RECORD).format(record=self.record), [])
        if self.oid is None:
            self._create(cursor)
        else:
            self._check(cursor)
            self._add_columns(cursor)
        self.look(cursor)

    def is_of_another_project(self, cursor: Cursor) -> bool:
        """Say whether the record has documents of a job of this name that another project delivered."""
        cursor.execute(sql.SQL(_FOREIGN).format(record=self.record), [self.name, self.job, self.project])
        return cursor.fetchone() == (True,)

    def require_usable(self, cursor: Cursor) -> None:
        """Raise ForeignOutput for a table that is not ours to write, without writing anything. One that is not there yet is."""
        self.look(cursor)
        if self.oid is not None:
            self._check(cursor)

    def another_project_s(self) -> ForeignOutput:
        return ForeignOutput(
            f"the table {self.shown} has rows of a job '{self.job}' of another project, or of another environment; nothing was changed",
            hint=f"{SAFE}; give the job another name, the sink another table or schema, or each environment a database of its own, {_AGAIN}",
        )

    def stamps(self, cursor: Cursor, paths: Sequence[str], columns: Iterable[str]) -> dict[str, str]:
        """Return what stands for the rows of each document as they are now, computed by the server; nothing for those without any."""
        cursor.execute(self.stamped(columns, self.quoted), [self.job, text_array(paths)])
        return {str(path): str(stamp) for path, stamp in cursor}

    @staticmethod
    def stamped(columns: Iterable[str], table: sql.Composable) -> sql.Composed:
        """Return the query that makes stamps of a table with these columns, for a job and paths."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        return sql.SQL(_STAMPS).format(columns=names, table=table)

    def _create(self, cursor: Cursor) -> None:
        columns = [
            sql.SQL("{} {}{}").format(
                sql.Identifier(each.name), TYPES[each.type], sql.SQL(" NOT NULL" if each.is_key else "")
            )
            for each in self.columns
        ]
        key = sql.SQL("PRIMARY KEY ({})").format(sql.SQL(", ").join(map(sql.Identifier, self.keys)))
        cursor.execute(
            sql.SQL("CREATE TABLE {} ({})").format(self.quoted, sql.SQL(", ").join([*columns, key])), []
        )

    def _add_columns(self, cursor: Cursor) -> None:
        for each in self.columns:
            if each.name not in self.existing:
                cursor.execute(
                    sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
                        self.quoted, sql.Identifier(each.name), TYPES[each.type]
                    ),
                    [],
                )

    def _check(self, cursor: Cursor) -> None:
        record, _ = self._found(cursor, RECORD)
        cursor.execute(_COLUMNS, [record])
        if record is not None and not {str(name) for name, _, _ in cursor} >= _RECORDED:
            raise self._foreign(f"stands beside a table {RECORD} that is not docbatch's record")
        if record is not None and self.is_of_another_project(cursor):
            raise self.another_project_s()
        cursor.execute(_COLUMNS, [self.oid])
        there = {str(name): (str(kind), needed) for name, kind, needed in cursor}
        for each in self.columns:
            wanted = TYPES[each.type].as_string()
            if each.name not in there and each.is_key:
                raise self._foreign(f'has no column "{each.name}", which the key of these rows needs')
            if each.name in there and there[each.name][0] != wanted:
                raise self._foreign(
                    f'has a column "{each.name}" of the type {there[each.name][0]}, and the rows need {wanted}'
                )
        needed = [name for name, (_, is_needed) in there.items() if is_needed and name not in self.names]
        if needed:
            raise self._foreign(
                f'has a column "{needed[0]}" that may not be null, and no row has a value for it'
            )
        cursor.execute(_KEYS, [self.oid])
        if not any(set(cast("list[str]", key or [])) == set(self.keys) for (key,) in cursor.fetchall()):
            raise self._foreign(f"has another key than {', '.join(self.keys)}")

    def _foreign(self, what: str) -> ForeignOutput:
        return ForeignOutput(
            f"the table {self.shown} {what}; nothing was changed",
            hint=f"{SAFE}; {_OTHERWISE}",
        )

    def _found(self, cursor: Cursor, name: str) -> tuple[object, object]:
        cursor.execute(_FOUND, [self.schema, name])
        found = cursor.fetchone()
        return (None, None) if found is None else (found[0], found[1])
