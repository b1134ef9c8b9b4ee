"""A project on disk and the real command: in a process of its own, or, where that makes no difference, in this one."""

import contextlib
import gc
import io
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast
from unittest import mock

from jsonschema import Draft202012Validator

from docbatch import cli
from docbatch.specs.schema import plan_schema
from docbatch.testing.patience import comes_true
from tests.cli import warm_command
from tests.cli.pool_here import reading_here

JOB = """
apiVersion: docbatch/v1
name: job
source:
  root: in
  include: "**/*"
provider: local
sink:
  - type: files
    path: "out/{{ doc.path }}.md"
    format: markdown
"""


@cache
def exact_plans() -> Draft202012Validator:
    """Return what judges plans by their schema, and takes nothing that is not described there."""
    schema = plan_schema()
    for each in (schema, *schema["$defs"].values()):
        if "properties" in each:
            each["additionalProperties"] = False
    return Draft202012Validator(schema)


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the JSON lines on stdout, without a summary that only has the exit code.

        Plans among them have to be as their schema says, and no more.
        """
        lines = [json.loads(line) for line in self.out.splitlines()]
        if lines and lines[-1].keys() == {"version", "type", "exit_code"}:
            assert lines.pop()["exit_code"] == self.code
        for line in lines:
            if line.get("type") == "plan":
                exact_plans().validate(line)
        return lines

    @property
    def processed(self) -> int:
        """Return how many documents went to the provider, from the lines of `apply --json`."""
        return sum(line["documents"] for line in self.lines if line["type"] == "intended")


@dataclass(frozen=True)
class Project:
    """Files below `root`. A command called in this process reads documents there as well, unless it `has_workers`."""

    root: Path
    has_workers: bool = False

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def kept(self) -> "Project":
        """Keep it as it is now beside it, to be put back before each test of a module."""
        shutil.copytree(self.root, self._kept, symlinks=True)
        return self

    def put_back(self) -> "Project":
        """Be as it was `kept`, and at the same place: what is recorded names it."""
        shutil.rmtree(self.root)
        shutil.copytree(self._kept, self.root, symlinks=True)
        return self

    @property
    def _kept(self) -> Path:
        return self.root.with_name(f"{self.root.name}.kept")

    def job(self, text: str = JOB, name: str = "job") -> None:
        self.write({f"jobs/{name}.yaml": textwrap.dedent(text)})

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """Start the command in a process of its own; `options` go to Popen. Where none needs a new interpreter, it is a fork."""
        chosen = {
            "cwd": self.root,
            "env": {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            **options,
        }
        if warm_command.is_possible(chosen):
            return cast("subprocess.Popen[str]", warm_command.WarmCommand(arguments, chosen))
        return subprocess.Popen([sys.executable, "-m", "docbatch", *arguments], **chosen)

    def run(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def call(self, *arguments: str) -> Ended:
        """Run the command in this process, with the project as its folder, up to its exit code."""
        out, err = io.StringIO(), io.StringIO()
        return Ended(self._run_here(arguments, out, err), out.getvalue(), err.getvalue())

    def shown(self, *arguments: str) -> tuple[int, str]:
        """Run it in the same way, and return its exit code and what a terminal shows of it."""
        both = io.StringIO()
        return self._run_here(arguments, both, both), both.getvalue()

    def _run_here(self, arguments: tuple[str, ...], out: io.StringIO, err: io.StringIO) -> int:
        collecting = gc.get_threshold()
        with (
            mock.patch.object(gc, "freeze", _freeze_nothing),
            contextlib.chdir(self.root),
            mock.patch.object(sys, "argv", ["docbatch", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            contextlib.nullcontext() if self.has_workers else reading_here(),
        ):
            try:
                cli.main()
            except SystemExit as end:
                return int(end.code or 0)
            finally:
                gc.set_threshold(*collecting)
        raise AssertionError("the command ends with an exit code")

    def applied(self, *arguments: str) -> Ended:
        """Run `apply --json` and require that everything is done."""
        ended = self.call("apply", "--json", *arguments)
        assert ended.code == 0, ended.out + ended.err
        return ended

    def outputs(self, folder: str = "out") -> dict[str, bytes]:
        top = self.root / folder
        return {
            str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()
        }


def _freeze_nothing() -> None:
    """The command rests the collector for its own short life, not for that of all tests."""


def survivors(root: Path, pid: int) -> list[int]:
    """Return what still runs of a command: itself or a copy about to become a worker, found by its folder, and workers."""
    worker = b"docbatch.providers.local.worker\0%d\0" % pid
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                here = (entry / "cwd").resolve() == root and b"docbatch" in command
                if here or worker in command:
                    found.append(int(entry.name))
    return found


def gone(root: Path, pid: int) -> bool:
    """Say whether everything a killed command started ends with it, within a moment.

    A process that is about to become a worker cannot be told for an instant, hence several looks.
    """
    quiet = 0

    def is_quiet() -> bool:
        nonlocal quiet
        quiet = 0 if survivors(root, pid) else quiet + 1
        return quiet == 4

    return comes_true(is_quiet)
