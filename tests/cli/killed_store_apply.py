"""Runs `docbatch apply` in this process and is killed at one moment: there is one before each request to a store, and one after it.

Run as `python -m tests.cli.killed_store_apply FOLDER MOMENT`; ends with 0 when it was not killed.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from docbatch.stores.object_store import ObjectStore
from tests.cli.project import Project

REQUESTS = ("write", "copy", "facts", "read", "delete")


class Killer:
    """Kills this process at its nth moment, whichever thread comes to it."""

    def __init__(self, moment: int) -> None:
        self._left = moment
        self._lock = Lock()

    def guard(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            self.pass_moment()
            outcome = request(*arguments, **options)
            self.pass_moment()
            return outcome

        return guarded

    def guard_pages(self, windows: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def guarded(*arguments: Any, **options: Any) -> Iterator[Any]:
            for window in windows(*arguments, **options):
                self.pass_moment()
                yield window

        return guarded

    def pass_moment(self) -> None:
        with self._lock:
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._left -= 1


def main(folder: Path, moment: int) -> int:
    killer = Killer(moment)
    for name in REQUESTS:
        setattr(ObjectStore, name, killer.guard(getattr(ObjectStore, name)))
    setattr(ObjectStore, "windows", killer.guard_pages(ObjectStore.windows))  # noqa: B010 - mypy knows the method
    ended = Project(folder).call("apply", "--json", "--yes", "--allow", "overwritten")
    sys.stdout.write(ended.out)
    sys.stderr.write(ended.err)
    return ended.code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
