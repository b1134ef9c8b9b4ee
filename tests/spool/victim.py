"""Does things to spools, each time in a process of its own, which the kernel kills at an effect or after a while.

The processes are forks of one that has imported what they need.
"""

import atexit
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO
from unittest import mock

from docbatch.spool import Spool, compaction, moving
from docbatch.spool.compaction import compact
from docbatch.spool.moving import move_old_entries
from docbatch.state.results import Results
from docbatch.testing.tripwire import Tripwire, sigkill
from tests.spool.opened import killed

PAYLOADS = [random.Random(number).randbytes(50 + 400 * (number % 7)) for number in range(40)]
DIGESTS = [hashlib.sha256(each).hexdigest() for each in PAYLOADS]
WINDOW = 5


def keep(spool: Spool) -> None:
    """Keep all payloads that are not recorded yet, a window at a time."""
    left = [payload for payload, digest in zip(PAYLOADS, DIGESTS, strict=True) if spool.where(digest) is None]
    for start in range(0, len(left), WINDOW):
        drafts = [spool.draft(each) for each in left[start : start + WINDOW]]
        spool.record([(draft.digest, spool.admit(draft)) for draft in drafts])


def move(spool: Spool) -> None:
    with mock.patch.object(moving, "BATCH", WINDOW):
        move_old_entries(spool, time.monotonic)


def pack(spool: Spool) -> None:
    assert isinstance(spool.index, Results)
    with mock.patch.object(compaction, "WINDOW", WINDOW):
        compact(spool, spool.index)


ACTS: Mapping[str, Callable[[Spool], None]] = {"keep": keep, "move": move, "pack": pack}


def act(folder: Path, name: str, *, at: int = 0, delay: float | None = None) -> int:
    """Do something to a spool in a process that is killed; return its exit code, negative for a signal."""
    orders, ends = _pipes()
    orders.write(json.dumps([str(folder), name, at, delay]) + "\n")
    orders.flush()
    return int(ends.readline())


@cache
def _pipes() -> tuple[IO[str], IO[str]]:
    command, here = [sys.executable, "-m", __name__], Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout


def _die(folder: str, name: str, at: int) -> None:
    try:
        killed(Path(folder), ACTS[name], Tripwire(at, sigkill))
    except BaseException:  # noqa: BLE001 - shown as the interpreter shows it, and no fork may go on with the parent's work
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    for order in sys.stdin:
        folder, name, at, delay = json.loads(order)
        pid = os.fork()
        if pid == 0:
            _die(folder, name, at)
        if delay is not None:
            time.sleep(delay)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
