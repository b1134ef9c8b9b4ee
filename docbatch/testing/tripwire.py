"""Counts effects and dies, or meddles, at a chosen one: in process or for real."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from docbatch.state.database import Database

ENDLESS = 3000
EFFECTS = (
    *("rename", "replace", "link", "unlink", "rmdir", "mkdir"),
    *("fsync", "pwrite", "truncate", "ftruncate"),
)
"""Calls of the system that change what lies on a disk, or see to it that it stays there."""


class Killed(BaseException):
    """Stands for the death of the process; derives from BaseException so that no clean-up mistakes it for an error."""


def raise_killed() -> None:
    raise Killed


def sigkill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Tripwire:
    """`at` is the number of the effect to die at, from 1; 0 never dies."""

    at: int = 0
    die: Callable[[], None] = raise_killed
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        assert len(self.names) < ENDLESS, "the run does not come to an end"
        if len(self.names) == self.at:
            self.die()


@dataclass
class Meddler(Tripwire):
    """Does something each time an effect of this name has come, `times` times at most."""

    effect: str = ""
    act: Callable[[], object] = raise_killed
    times: int = 1

    def __call__(self, name: str) -> None:
        super().__call__(name)
        if name == self.effect and self.times > 0:
            self.times -= 1
            self.act()


@contextlib.contextmanager
def wired(wire: Tripwire) -> Iterator[None]:
    """Put the wire around every durable effect: transactions, writes into packs, flushes, and what makes, renames, removes and cuts files.

    Nothing is really flushed to the disk: what a killed process wrote is with the kernel, only a power cut loses it.
    """
    with pytest.MonkeyPatch.context() as patch:
        begin = Database.write
        opened = Database.__init__

        def open_unflushed(self: Database, connection: sqlite3.Connection, path: Path) -> None:
            connection.execute("PRAGMA synchronous = OFF")
            opened(self, connection, path)

        @contextlib.contextmanager
        def write(self: Database) -> Iterator[None]:
            wire("before transaction")
            with begin(self):
                yield
                wire("before commit")
            wire("after commit")

        patch.setattr(Database, "__init__", open_unflushed)
        patch.setattr(Database, "write", write)
        patch.setattr(os, "fsync", lambda _descriptor: None)
        for name in EFFECTS:
            _wire_call(patch, wire, name)
        yield


def _wire_call(patch: pytest.MonkeyPatch, wire: Tripwire, name: str) -> None:
    plain = getattr(os, name)

    def call(*args: Any, **options: Any) -> Any:
        wire(f"before {name}")
        outcome = plain(*args, **options)
        wire(f"after {name}")
        return outcome

    patch.setattr(os, name, call)
