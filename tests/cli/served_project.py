"""Projects whose rows go to a PostgreSQL server, in a schema of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from docbatch.sinks.postgres import server as asked
from tests.sinks.postgres_server import PostgresSchema, postgres_schema


@contextmanager
def served_schema(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresSchema]:
    """Give a schema that `PG_DSN` leads to, of a server that is asked again without waiting."""
    monkeypatch.setattr(asked, "WAITS", ())
    with postgres_schema() as made:
        monkeypatch.setenv("PG_DSN", made.dsn)
        yield made
