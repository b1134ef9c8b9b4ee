"""The real command without its start-up: a process of its own that is forked from one which has imported docbatch.

What it has of the one it comes from is what importing makes; folder, environment, streams and session are its own, and it
ends as the interpreter does. Signals reach nobody else. Another process waits for it, whose place ours cannot take.
"""

import atexit
import gc
import io
import itertools
import json
import os
import pkgutil
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Self

from docbatch.testing.patience import LONG

CHANGEABLE = {"PYTHONWARNINGS", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
"""What an interpreter looks at when it starts that no command is told apart by."""
STREAMS = ("stdin", "stdout", "stderr")
WARM = (
    "docbatch.engine.running.apply",
    "docbatch.engine.planning.plan_session",
    "docbatch.sinks.document_files",
    "docbatch.sinks.jsonl",
    "docbatch.specs.load",
)


class WarmCommand:
    """What tests ask of `subprocess.Popen`, of a command that is another's child. `stdin` and the rest are its pipes."""

    stdin: IO[str] | None = None
    stdout: IO[str] | None = None
    stderr: IO[str] | None = None
    returncode: int | None = None

    def __init__(self, arguments: Sequence[str], options: Mapping[str, Any]) -> None:
        self.args = arguments
        theirs = [self._end_of(name, options[name]) for name in STREAMS]
        reading, writing = os.pipe()
        with tempfile.TemporaryFile("w+") as order:
            session = bool(options.get("start_new_session"))
            json.dump([str(options["cwd"]), dict(options["env"]), list(arguments), session], order)
            order.seek(0)
            socket.send_fds(_origin(), [b"1"], [order.fileno(), writing, *theirs])
        for each in (writing, *theirs):
            os.close(each)
        told = os.fdopen(reading)
        self.pid = int(told.readline())
        self._ended = threading.Event()
        threading.Thread(target=self._hear, args=(told,), daemon=True).start()

    def _hear(self, told: IO[str]) -> None:
        with told:
            self.returncode = int(told.readline())
        self._ended.set()

    def _end_of(self, name: str, given: Any) -> int:
        """Return the command's end of a stream; of a pipe the other one becomes an attribute."""
        if given == subprocess.DEVNULL:
            return os.open(os.devnull, os.O_RDWR)
        if given != subprocess.PIPE:
            return os.dup(given if isinstance(given, int) else given.fileno())
        reading, writing = os.pipe()
        ours, theirs = (writing, reading) if name == "stdin" else (reading, writing)
        setattr(self, name, os.fdopen(ours, "w" if name == "stdin" else "r"))
        return theirs

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code. Raises TimeoutExpired."""
        if not self._ended.wait(timeout) or self.returncode is None:
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what is left of what it writes, once it has ended. Raises TimeoutExpired."""
        if self.stdin is not None:
            self.stdin.close()
        said = {"stdout": "", "stderr": ""}

        def read(name: str, stream: IO[str]) -> None:
            said[name] = stream.read()
            stream.close()

        streams = [(name, getattr(self, name)) for name in said]
        reading = [
            threading.Thread(target=read, args=each, daemon=True)
            for each in streams
            if each[1] is not None and not each[1].closed
        ]
        for each in reading:
            each.start()
        for each in reading:
            each.join(timeout)
        if any(each.is_alive() for each in reading):
            raise subprocess.TimeoutExpired(list(self.args), timeout or 0)
        self.wait(timeout)
        return said["stdout"], said["stderr"]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()


def is_possible(options: Mapping[str, Any]) -> bool:
    """Say whether a command with these options for Popen may be a fork: nothing that an interpreter starts with differs."""
    if (
        not options.keys() <= {"cwd", "env", "text", "start_new_session", *STREAMS}
        or options["text"] is not True
    ):
        return False
    if any(options[name] in {None, subprocess.STDOUT} for name in STREAMS):
        return False
    return _of_interpreters(options["env"]) == _of_interpreters(os.environ)


def _of_interpreters(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment an interpreter looks at when it starts."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")) and name not in CHANGEABLE
    }


@cache
def _origin() -> socket.socket:
    """Return where commands are ordered, from what lives as long as this process."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, "docbatch", str(theirs.fileno())],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait(LONG)

    atexit.register(end)
    return ours


def main() -> None:
    """Fork for each order, twice: one waits for the other, which is the command and returns from here to be it."""
    _warm_up()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = socket.socket(fileno=int(sys.argv[2]))
    while True:
        said, given, _, _ = socket.recv_fds(orders, 1, 2 + len(STREAMS))
        if not said:
            orders.close()
            return
        if os.fork() == 0:
            orders.detach()
            break
        for each in given:
            os.close(each)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    _wait_or_be(*given)


def _wait_or_be(order: int, told: int, *streams: int) -> None:
    pid = os.fork()
    if pid == 0:
        _become(order, *streams)
        return
    os.write(told, b"%d\n" % pid)
    for each in (order, *streams):
        os.close(each)
    _, status = os.waitpid(pid, 0)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(order: int, *streams: int) -> None:
    """Be the command, up to where an interpreter ends."""
    from docbatch import cli
    from docbatch.sinks import tree
    from docbatch.sinks.paths import TEMPORARY

    with os.fdopen(order) as ordered:
        root, environment, arguments, session = json.load(ordered)
    for descriptor, each in enumerate(streams):
        os.dup2(each, descriptor)
    os.closerange(len(streams), 64)
    if session:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    # What a process left unfinished is known by its name, of which a fork must have its own.
    tree._RUN = secrets.token_hex(4)
    tree._OURS = f"{TEMPORARY}{tree._RUN}-".encode()
    tree._NUMBERS = itertools.count(secrets.randbits(46))
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=stream is sys.stderr or stream.isatty())
    # That of the tests, which a command has not.
    del sys.path[0]
    sys.argv = ["docbatch", *arguments]
    gc.enable()
    cli.main()


def _warm_up() -> None:
    """Import what commands need. Nothing here opens a file, a thread or a connection."""
    from docbatch import cli
    from docbatch.providers import REGISTRY

    gc.disable()
    for module in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}."):
        import_module(module.name)
    for name in WARM:
        import_module(name)
    for kind in REGISTRY.kinds():
        import_module(kind.connect.__module__)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
