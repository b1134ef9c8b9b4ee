"""Starts the real command as a runner: a process group of its own that can be stopped, with its waits made short.

What the product has no switch for is set here. It is all that is scaled in the tests of two runners:

- who takes over an owner that did not let go waits hundredths of a second instead of 35 s; the owner's clocks are instead set ahead
  while it is stopped, by as many seconds as the harness writes into `.clock`, so its own 30 s are 30 s;
- a lease is renewed every 0.4 s instead of every 20 s, so that short runs renew it at all;
- between two tries to have a put settled pass hundredths of a second instead of up to 15 s;
- a run that `covers` makes a snapshot whenever it lets go, and removes at once what that covers, instead of after 7 days;
- one that `trusts` does not try what a store does that nobody used before.

That a lease expired is told by dates of the store, which the gate sets ahead (`gate.StoreDates`): 120 s stay 120 s.
"""

import atexit
import functools
import json
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from docbatch.testing import _zygote
from docbatch.testing.crash import CommandRun
from docbatch.testing.patience import LONG, until

_REMOTE = "docbatch.state.remote"
FENCE = "docbatch.sending_fence"
"""Where the clocks are read that say whether a request may still leave."""
SCALED: Mapping[str, Mapping[str, object]] = {
    f"{_REMOTE}.taking_over": {"STILL_FOR": 0.05},
    f"{_REMOTE}.leases": {"RENEWED_EVERY": 0.4},
    f"{_REMOTE}.store_requests": {"PAUSES": (0.02, 0.02, 0.05, 0.1, 0.2, 0.4)},
}
"""Seconds, by module."""
ALSO: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "": {},
    "covers": {f"{_REMOTE}.remote_state": {"MOST_RECORDS": 0}, f"{_REMOTE}.removal": {"KEPT_FOR": -1.0}},
    "trusts": {f"{_REMOTE}.fitness": {"TIMES": 0}},
}
"""What is else in a run that is told to."""
CLOCK = ".clock"
PATIENCE = 180.0
START = "from tests.runners import launcher; launcher.main()"
TOP = Path(__file__).parents[2]


@dataclass
class RunnerProcess:
    """A command that runs in a folder."""

    pid: int
    folder: Path
    launcher: "Launcher"
    code: int | None = None

    def has_ended(self) -> bool:
        if self.code is None and (line := self.launcher.line(0)) is not None:
            self.code = int(line)
        return self.code is not None

    def ended(self) -> CommandRun:
        """Wait for its end, and return what it wrote."""
        if self.code is None:
            line = self.launcher.line(PATIENCE)
            if line is None:
                self.send(signal.SIGKILL)
                said = self._said()
                self.launcher.line(PATIENCE)
                raise AssertionError(f"the run in {self.folder} did not come to an end: {said}")
            self.code = int(line)
        return CommandRun(self.code, *self._said())

    def _said(self) -> tuple[str, str]:
        return (self.folder / ".stdout").read_text(), (self.folder / ".stderr").read_text()

    def send(self, number: int) -> None:
        """Send a signal to all of it; of one that stops it, wait until it is stopped."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        if number == signal.SIGSTOP:
            until(lambda: self._standing() in "TZX", "the runner is not stopped")

    @property
    def is_stopped(self) -> bool:
        return self._standing() == "T"

    def _standing(self) -> str:
        """Return the letter that the system has for how a process is; X where there is none any more."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return "X"
        return stat.rpartition(")")[2].split()[0]


class Launcher:
    """A process that has imported docbatch, and is forked for each command: one at a time. `orders` leads there."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders

    def start(
        self,
        folder: Path,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        *,
        also: str = "",
    ) -> RunnerProcess:
        order = {
            "root": str(folder),
            "arguments": arguments,
            "environment": dict(environment),
            "die_at": 0,
            "kind": "",
            "path": sys.path,
            "also": also,
        }
        self._orders.sendall(json.dumps(order).encode() + b"\n")
        line = self.line(PATIENCE)
        assert line is not None, "the launcher does not answer"
        return RunnerProcess(int(line), folder, self)

    def line(self, timeout: float) -> str | None:
        """Return the next line; None where it does not come."""
        ready, _, _ = select.select([self._orders], [], [], timeout)
        if not ready:
            return None
        line = b""
        # Nothing is read ahead: what waited in a buffer would not be selected.
        while not line.endswith(b"\n"):
            line += (read := self._orders.recv(1))
            assert read, "the launcher died"
        return line.decode()


@functools.cache
def _launchers() -> tuple[Launcher, Launcher]:
    """Start both. They end with this process, whatever ends that."""
    (first, its), (others, theirs) = socket.socketpair(), socket.socketpair()
    given = [its.fileno(), theirs.fileno()]
    process = subprocess.Popen(
        [sys.executable, "-c", START, *map(str, given)],
        cwd=TOP,
        env={**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=given,
    )
    its.close()
    theirs.close()

    def end() -> None:
        first.close()
        others.close()
        process.wait(LONG)

    atexit.register(end)
    return Launcher(first), Launcher(others)


def launcher(*, is_first: bool) -> Launcher:
    """Return the launcher of the runner that may be stopped, or that of all who work meanwhile, one after the other."""
    return _launchers()[0 if is_first else 1]


def set_ahead(folder: Path, seconds: float) -> None:
    """Set the clocks of the runner in a folder ahead, also of one that is stopped."""
    with (folder / CLOCK).open("r+b") as file:
        file.write(struct.pack("d", seconds))


def prepare(folder: Path) -> None:
    (folder / CLOCK).write_bytes(struct.pack("d", 0.0))


def main() -> None:
    """Import what commands need, once for both launchers, and be both."""
    _zygote._warm_up()
    for each in (FENCE, *SCALED, *(module for scaled in ALSO.values() for module in scaled)):
        import_module(each)
    first, others = (socket.socket(fileno=int(each)) for each in sys.argv[1:])
    if os.fork() == 0:
        first.close()
        _serve(others)
        os._exit(0)
    others.close()
    _serve(first)
    os.wait()


def _serve(orders: socket.socket) -> None:
    """Fork for each order; say the process's number, then how it ended."""
    with orders, orders.makefile() as lines, suppress(BrokenPipeError, ConnectionError):
        for line in lines:
            pid = os.fork()
            if pid == 0:
                os.setsid()
                order = json.loads(line)
                _scale(Path(order["root"]), also=order.pop("also"))
                _zygote._become(order)
            orders.sendall(b"%d\n" % pid)
            _, status = os.waitpid(pid, 0)
            orders.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _scale(folder: Path, *, also: str) -> None:
    for module, scaled in {**SCALED, **ALSO[also]}.items():
        vars(sys.modules[module]).update(scaled)
    vars(sys.modules[FENCE])["time"] = _clocks(folder / CLOCK)


def _clocks(path: Path) -> Any:
    """Return a stand-in for `time` whose clocks are ahead by what a file says at that moment."""
    with path.open("rb") as file:
        said = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def ahead() -> float:
        return float(struct.unpack("d", said[:])[0])

    return SimpleNamespace(
        CLOCK_MONOTONIC=time.CLOCK_MONOTONIC,
        CLOCK_BOOTTIME=time.CLOCK_BOOTTIME,
        clock_gettime=lambda clock: time.clock_gettime(clock) + ahead(),
        time=lambda: time.time() + ahead(),
    )
