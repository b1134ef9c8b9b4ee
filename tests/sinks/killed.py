"""Delivers three documents again and again, each time into a new folder, and is killed one moment later each time.

Run as `python -m sinks.killed KIND FOLDER [FIRST STEP [again]]`, with the address of a server in PG_DSN for a kind that needs one; ends when a
delivery was not killed, and prints how many were. It begins with the moment FIRST and takes every one that is STEP later. With `again`, others
were delivered before.
"""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from docbatch.durability import Flusher
from docbatch.sinks import outputs
from docbatch.sinks.databases.duckdb_database import DuckdbDatabase
from docbatch.sinks.databases.sqlite_database import SqliteDatabase
from docbatch.sinks.table import Table

from .arrangement import PATHS, Arrangement
from .postgres_server import PostgresSchema

REQUESTS = ("run", "insert", "update", "delete", "commit")
EARLIER = {path: f"earlier {path}" for path in PATHS}

_REQUESTS = ((psycopg.Connection, "wait"),)
"""All that is asked of PostgreSQL goes through this: statements, pieces of a COPY, the begin and the end of transactions."""
EFFECTS: tuple[tuple[Any, str], ...] = (
    (outputs, "create"),
    (os, "write"),
    (Flusher, "flush"),
    (os, "rename"),
    (Table, "create"),
    (Table, "put"),
    *((SqliteDatabase, name) for name in REQUESTS),
    *((DuckdbDatabase, name) for name in REQUESTS),
)


class Killer:
    """Kills this process at its nth moment: there is one before each effect and one after it."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def guard(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            self.pass_moment()
            outcome = effect(*arguments, **options)
            self.pass_moment()
            return outcome

        return guarded

    def pass_moment(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def deliver(at: Arrangement, moment: int) -> None:
    at.folder.mkdir(parents=True, exist_ok=True)
    killer = Killer(moment)
    for owner, name in _REQUESTS if at.schema is not None else EFFECTS:
        setattr(owner, name, killer.guard(getattr(owner, name)))
    at.deliver_all()


def is_killed(at: Arrangement, moment: int) -> bool:
    process = os.fork()
    if process == 0:
        deliver(at, moment)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def arranged(kind: str, folder: Path, number: int) -> Arrangement:
    """Return the sink that is killed as the so many-th; a schema is called by its folder."""
    dsn = os.environ.get("PG_DSN") if kind == "postgres" else None
    schema = None if dsn is None else PostgresSchema(dsn, f"{folder.name}_{number}")
    return Arrangement(kind, folder / str(number), schema=schema)


def main(kind: str, folder: Path, first: int = 0, step: int = 1, *, again: bool = False) -> None:
    for number in count():
        at = arranged(kind, folder, number)
        if at.schema is not None:
            at.schema.create()
        if again and os.fork() == 0:
            at.deliver_all(EARLIER)
            os._exit(0)
        if again:
            os.wait()
        if not is_killed(at, first + number * step):
            sys.stdout.write(str(number))
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:5]), again=sys.argv[5:] == ["again"])
