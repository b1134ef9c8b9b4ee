"""The real command as a fork of a process that has imported docbatch, but looked for no plug-in: one of its own, without the start-up."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

from docbatch import cli
from tests.cli.project import Ended

WARM = (
    "docbatch.cli.apply",
    "docbatch.cli.explain",
    "docbatch.cli.init",
    "docbatch.cli.plan",
    "docbatch.cli.providers",
    "docbatch.cli.schema",
    "docbatch.cli.status",
    "docbatch.cli.validate",
    "docbatch.engine.running.apply",
    "docbatch.sinks.document_files",
)


def run(root: Path, environment: Mapping[str, str], *arguments: str) -> Ended:
    """Run the command in a folder and an environment of its own, up to its exit code."""
    orders, ends = _pipes()
    with tempfile.TemporaryDirectory() as told:
        orders.write(json.dumps([str(root), dict(environment), arguments, told]) + "\n")
        orders.flush()
        code = int(ends.readline())
        return Ended(code, Path(told, "out").read_text(), Path(told, "err").read_text())


@cache
def _pipes() -> tuple[IO[str], IO[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout


def _become(root: str, environment: dict[str, str], arguments: list[str], told: str) -> None:
    for descriptor, path in ((0, os.devnull), (1, f"{told}/out"), (2, f"{told}/err")):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    sys.argv = ["docbatch", *arguments]
    code = 1
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - shown as the interpreter shows it, and no fork may go on with the parent's work
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for name in WARM:
        import_module(name)
    for order in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(*json.loads(order))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
