"""Starts the real command as a fork of a warm process: a process of its own, that can be killed, without the start-up.

What it writes is not flushed to the disk, since only a power cut loses that, and its first pauses are short.
"""

import atexit
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import IO, Any

START = "from docbatch.testing import _zygote; _zygote.main()"
PATIENCE = 120.0
WARM = (
    "docbatch.cli.apply",
    "docbatch.cli.resolve",
    "docbatch.engine.running.apply",
    "docbatch.engine.administration.edit_state",
    "docbatch.engine.administration.failures.list_failures",
    "docbatch.sinks.document_files",
    "docbatch.specs.load",
    "docbatch.testing.tripwire",
)


@dataclass
class Process:
    """A command that runs. `effects` are what it did durably, once it has ended by itself."""

    pid: int
    root: Path
    returncode: int | None = None

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, str]:
        """Wait for its end and return what it wrote. Raises TimeoutExpired."""
        if self.returncode is None:
            line = _line(zygote(), timeout)
            if line is None:
                self.kill()
                _line(zygote(), PATIENCE)
                raise subprocess.TimeoutExpired(str(self.root), timeout)
            self.returncode = int(line)
        return (self.root / ".stdout").read_text(), (self.root / ".stderr").read_text()

    def kill(self) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    @property
    def effects(self) -> list[str]:
        return list(json.loads((self.root / ".effects").read_text()))


def start(
    root: Path, arguments: tuple[str, ...], environment: Mapping[str, str], *, die_at: int = 0, kind: str = ""
) -> Process:
    """Start a command in a project's folder, one at a time.

    `die_at` numbers the durable effect it is killed at. `kind` names the provider that is judged, if it is not installed.
    """
    order = {
        "root": str(root),
        "arguments": arguments,
        "environment": dict(environment),
        "die_at": die_at,
        "kind": kind,
        "path": sys.path,
    }
    stdin: IO[str] = zygote().stdin  # type: ignore[assignment]
    stdin.write(json.dumps(order) + "\n")
    stdin.flush()
    line = _line(zygote(), PATIENCE)
    assert line is not None, "the zygote does not answer"
    return Process(int(line), root)


@cache
def zygote() -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", START],
        env={**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    return process


def _line(process: "subprocess.Popen[str]", timeout: float) -> str | None:
    """Return the next line; None when it does not come. At most one is ever under way, so none waits in the buffer."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], timeout)
    if not ready:
        return None
    line = process.stdout.readline()
    assert line, "the zygote died"
    return line


def main() -> None:
    """Fork for each order; say the process's number, then how it ended."""
    _warm_up()
    for order in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(json.loads(order))
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _warm_up() -> None:
    """Import what commands need. Nothing here opens a file, a thread or a connection."""
    from docbatch.providers import REGISTRY

    for name in WARM:
        import_module(name)
    REGISTRY.load_plugins()
    for kind in REGISTRY.kinds():
        if kind.service is not None:
            _import_all(kind.connect.__module__)


def _import_all(name: str) -> None:
    """Import a package with the modules in it. One that cannot be imported is left to the command that needs it."""
    with suppress(ImportError):
        package = import_module(name)
        for module in iter_modules(getattr(package, "__path__", ()), f"{name}."):
            with suppress(ImportError):
                import_module(module.name)


def _become(order: dict[str, Any]) -> None:
    """Be the command, from its folder and environment to its exit code."""
    from docbatch import cli
    from docbatch.engine.connections import backoff
    from docbatch.engine.running import apply, loop
    from docbatch.providers.http import rates
    from docbatch.sinks import tree
    from docbatch.stores import client_settings, object_store
    from docbatch.testing.eager import SWITCH, Eager
    from docbatch.testing.judged_kind import in_place
    from docbatch.testing.tripwire import Tripwire, sigkill, wired

    os.chdir(order["root"])
    os.environ.update(order["environment"])
    sys.path[:] = order["path"]
    _redirect()
    backoff.FIRST_PAUSE = 0.04
    # What a process left unfinished is known by its name, of which a fork must have its own.
    tree._RUN = secrets.token_hex(4)
    rates.PAUSE = 0.04
    object_store._FIRST_WAIT = 0.04
    object_store._RETRIES, client_settings._ANSWER_SECONDS = 3, 3
    loop.LAST = 0.2
    if SWITCH in os.environ:
        vars(apply)["ResultReaders"] = partial(Eager, dies_after=int(os.environ.pop(SWITCH)))
    sys.argv = ["docbatch", *order["arguments"]]
    wire = Tripwire(order["die_at"], sigkill)
    code = 1
    try:
        with in_place(order["kind"]), wired(wire):
            cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    except Exception:  # noqa: BLE001 - shown as the interpreter shows it
        traceback.print_exc()
    Path(".effects").write_text(json.dumps(wire.names))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _redirect() -> None:
    """Read nothing, and write to files."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for descriptor, path, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, ".stdout", flags),
        (2, ".stderr", flags),
    ):
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)


if __name__ == "__main__":
    main()
