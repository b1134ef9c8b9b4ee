"""How fast kept results reach a table of PostgreSQL, beside a bare loop: one COPY into a temporary table, and one upsert.

    python benchmarks/rows_postgres.py [--documents 20000] [--lines 10] [--rounds 3] [--rows document] [--dsn DSN] [--keep FOLDER]

Both write by turns into tables of their own. Without `--dsn` a server of Debian's packages is started for the time, as the tests do.
"""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

import psycopg
from kept_rows import KeptResults, run, tell, timed

from docbatch.sinks.postgres.result_table import TYPES
from docbatch.sinks.rows.row_maker import RowMaker

SINK = "{{type: postgres, dsn: {{env: PG_DSN}}, rows: {rows}, table: {table}}}"


def bare(kept: KeptResults, maker: RowMaker, table: str) -> None:
    names = ", ".join(f'"{each.name}"' for each in maker.columns)
    keys = ", ".join(f'"{each.name}"' for each in maker.columns if each.is_key)
    columns = ", ".join(f'"{each.name}" {TYPES[each.type].as_string()}' for each in maker.columns)
    changes = ", ".join(
        f'"{each.name}" = excluded."{each.name}"' for each in maker.columns if not each.is_key
    )
    with psycopg.connect(os.environ["PG_DSN"]) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({keys}))".encode())
        cursor.execute(f"CREATE TEMP TABLE incoming ({columns}) ON COMMIT DROP".encode())
        with cursor.copy(f"COPY incoming ({names}) FROM STDIN".encode()) as copy:
            for window in kept.deliveries():
                for delivery in window:
                    for row in maker.rows(delivery):
                        copy.write_row(row)
        query = f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming ON CONFLICT ({keys}) DO UPDATE SET {changes}"
        cursor.execute(query.encode())


def _require_equal(maker: RowMaker, table: str, other: str) -> None:
    names = ", ".join(f'"{each.name}"' for each in maker.columns)
    query = f"(SELECT {names} FROM {table} EXCEPT SELECT {names} FROM {other}) LIMIT 1"
    with psycopg.connect(os.environ["PG_DSN"]) as connection:
        assert connection.execute(query.encode()).fetchone() is None, "the rows differ"


def measure(kept: KeptResults, given: argparse.Namespace) -> None:
    ours, theirs = [], []
    for number in range(given.rounds):
        sink = SINK.format(rows=given.rows, table=f"ours_{number}")
        maker = kept.maker(kept.sink(sink))
        theirs.append(timed(partial(bare, kept, maker, f"bare_{number}")))
        took, whole = kept.delivered(sink)
        ours.append(took)
        _require_equal(maker, f"bare_{number}", f"ours_{number}")
        print(f"bare loop {theirs[-1]}; delivery {took}; apply as a whole {whole:.2f} s", flush=True)
    tell("postgres", theirs, ours)


def with_server(kept: KeptResults, given: argparse.Namespace) -> None:
    if given.dsn is None:
        sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
        from tests.sinks.postgres_server import server  # noqa: PLC0415 - found by the path that was just set

        given.dsn = server().dsn()
    os.environ["PG_DSN"] = given.dsn
    measure(kept, given)


if __name__ == "__main__":
    run(__doc__, with_server, lines=10)
