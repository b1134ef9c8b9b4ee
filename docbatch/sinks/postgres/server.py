"""A server that is asked in transactions: connected to when it is first asked, and again when a connection is lost."""

import logging
import time
import weakref
from collections.abc import Callable, Iterable
from typing import TypeVar

import psycopg
from psycopg import sql

from docbatch.core.errors import SinkError
from docbatch.sinks.faults import SAFE
from docbatch.sinks.postgres.server_address import parameters, passwords
from docbatch.sinks.postgres.server_faults import judged

WAITS = (0.2, 1.0, 4.0)
"""Seconds before each of the tries that follow the first; who only looks leaves out the last. What a window holds is written again, and ends the same."""
_SETTINGS = sql.SQL("""
SELECT pg_catalog.set_config(name, value, true) FROM (VALUES
    ('transaction_read_only',
        CASE WHEN {reads} THEN 'on' ELSE pg_catalog.current_setting('transaction_read_only') END),
    ('lock_timeout', CASE pg_catalog.current_setting('lock_timeout') WHEN '0' THEN '60s'
                     ELSE pg_catalog.current_setting('lock_timeout') END)
) AS wanted(name, value)
""")
"""They hold until the transaction ends. Poolers that hand each transaction to another session are taken into account:
nothing is set for longer, and nothing prepared."""
_LOG = logging.getLogger(__name__)

Made = TypeVar("Made")
Cursor = psycopg.Cursor[tuple[object, ...]]


def text_array(values: Iterable[str]) -> str:
    """Return texts as PostgreSQL writes an array of them: psycopg looks at each value of a list for far longer.

    postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


class Server:
    """One connection to the database that `dsn` returns the address of; `place` is what messages call it."""

    def __init__(self, dsn: Callable[[], str], place: str) -> None:
        self._dsn = dsn
        self._place = place
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._secrets: tuple[str, ...] = ()
        self._finish: Callable[[], object] = lambda: None

    def write(self, work: Callable[[Cursor], Made]) -> Made:
        """Do work in one transaction, which is durable once this returns and undone when it raises.

        It is tried again a few times where that may help. Raises SinkError, ServerRefusedRows, and what the work raises.
        """
        return self._tried(work, reads=False)

    def read(self, work: Callable[[Cursor], Made]) -> Made:
        """Do work in a transaction that cannot write anything, as `write` does."""
        return self._tried(work, reads=True)

    def _tried(self, work: Callable[[Cursor], Made], *, reads: bool) -> Made:
        for wait in (*(WAITS[:-1] if reads else WAITS), None):
            try:
                return self._once(work, reads=reads)
            except psycopg.Error as error:
                was_lost = self._connection is None or self._connection.closed
                fault = judged(error, self._place, self._secrets, was_lost=was_lost)
            if wait is None or not fault.passes:
                # The cause may repeat what is secret.
                raise fault.error from None
            _LOG.warning("%s; tried again in %g s", fault.error, wait)
            time.sleep(wait)
        raise AssertionError

    def _once(self, work: Callable[[Cursor], Made], *, reads: bool) -> Made:
        connection = self._connected()
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(_SETTINGS.format(reads=reads))
            return work(cursor)

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        self._finish()
        self._connection = None
        wanted = parameters(self._dsn(), self._place)
        self._secrets = passwords(wanted)
        made = psycopg.connect("", autocommit=True, prepare_threshold=None, **wanted)  # type: ignore[arg-type]
        self._finish = weakref.finalize(self, made.close)
        # That of a file of passwords is known once it was used.
        self._secrets += tuple(filter(None, (made.info.password,)))
        encoding = made.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            self._finish()
            raise SinkError(
                f"{self._place} cannot be used: its database keeps text as {encoding}, and documents need UTF8",
                hint=f"{SAFE}; create the database with ENCODING 'UTF8', and run the same command again",
            )
        self._connection = made
        return made
