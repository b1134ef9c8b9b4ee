"""Applies fake projects, each in a process of its own, which dies by SIGKILL at the given effect.

The processes are forks of one that has imported what they need.
"""

import atexit
import json
import os
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import IO

from docbatch.core.models import Recovery
from docbatch.testing.tripwire import Tripwire, sigkill
from tests.fake.project import Project


def apply(root: Path, kind: Recovery, at: int) -> int:
    """Apply the project in a process that is killed at an effect; return its exit code, negative for a signal."""
    orders, ends = _pipes()
    orders.write(json.dumps([str(root), kind, at]) + "\n")
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


def _die(root: str, kind: str, at: int) -> None:
    try:
        subject = Project(Path(root), Recovery(kind), cloud_options={"lag": 30.0, "trickle": 1.0})
        subject.apply(Tripwire(at, sigkill))
    except BaseException:  # noqa: BLE001 - shown as the interpreter shows it, and no fork may go on with the parent's work
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    for order in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _die(*json.loads(order))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
