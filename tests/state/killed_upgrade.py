"""Brings an older state up to date again and again, each time in a new folder, killed one moment later each time.

Run as `python -m tests.state.killed_upgrade STATE FOLDER STEP`, where STEP is how many moments are passed over in between;
ends when an upgrade was not killed.
"""

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from docbatch.state.store import Store

EFFECTS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (Path, "rename"),
    (Path, "replace"),
    (Path, "unlink"),
    (Path, "write_text"),
)
STEPS = 20
"""How many steps of SQLite's machine lie between two moments inside a statement."""


class Killer:
    """Kills this process at its nth moment: beside each effect, before each statement and many times within it."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def pass_moment(self, *_arguments: object) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def guard(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            self.pass_moment()
            outcome = effect(*arguments, **options)
            self.pass_moment()
            return outcome

        return guarded

    def watch(self, connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*arguments, **options)
            connection.set_trace_callback(self.pass_moment)
            connection.set_progress_handler(self.pass_moment, STEPS)
            return connection

        return watched


def upgrade(folder: Path, moment: int) -> None:
    killer = Killer(moment)
    for owner, name in EFFECTS:
        setattr(owner, name, killer.guard(getattr(owner, name)))
    setattr(sqlite3, "connect", killer.watch(sqlite3.connect))  # noqa: B010 - it is patched
    Store.writable(folder).close()


def is_killed(folder: Path, moment: int) -> bool:
    process = os.fork()
    if process == 0:
        upgrade(folder, moment)
        os._exit(0)
    status = os.waitpid(process, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the upgrade failed by itself"
    return os.WIFSIGNALED(status)


def main(state: Path, folder: Path, step: int) -> None:
    for moment in count(0, step):
        here = folder / f"{moment:05}"
        here.mkdir(parents=True)
        shutil.copy(state / "state.db", here)
        if not is_killed(here, moment):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
