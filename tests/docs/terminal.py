"""A terminal in which the sessions of the documentation are typed, and what is shown is compared with what is said.

`…` stands for what is left out: alone in a line for any lines, within a line for any text. What is another each time, such
as moments and the names of submissions, is shown as it may be, and stands for all of its kind (`VARIES`).
"""

import difflib
import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from tests.cli.project import Project

PROMPT = "$ "
INTERRUPT = "^C"
VARIES = (
    ("", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"),
    ("", r"\bs[0-9a-f]{20}\b"),
    ("commit ", r"[0-9a-f]{10}\b"),
    (r"\s", r"[\w.-]+@[\w.-]+"),
    ("took ", r"\d+(?:\.\d+)? (?:ms|s|min)\b"),
    ("read in ", r"\d+(?:\.\d+)? (?:ms|s|min)\b"),
    (r"127\.0\.0\.1:", r"\d+"),
)
"""What stands before, and how it is written."""
_ANY = re.compile("|".join(f"((?<={before}){kind})" for before, kind in VARIES))


@dataclass(frozen=True)
class Step:
    """What is typed, and what is shown after it."""

    typed: str
    shown: str


def steps(session: str) -> Iterator[Step]:
    """Yield the steps of a session. Raises ValueError where something is shown before anything is typed."""
    lines = session.splitlines(keepends=True)
    starts = [
        number for number, line in enumerate(lines) if line.startswith(PROMPT) or line == f"{INTERRUPT}\n"
    ]
    if not starts or starts[0] != 0:
        raise ValueError("a session begins with what is typed, behind '$ '")
    for start, end in itertools.pairwise([*starts, len(lines)]):
        # A line that is left free before the next prompt is there for the eye.
        shown = "".join(lines[start + 1 : end]).rstrip("\n")
        yield Step(lines[start].removeprefix(PROMPT).rstrip("\n"), f"{shown}\n" if shown else "")


def fits(shown: str, said: str) -> bool:
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "…" else _line(line) for line in shown.splitlines())
    return re.fullmatch(pattern, said) is not None


def _line(text: str) -> str:
    return "".join(".*" if part == "…" else _words(part) for part in re.split("(…)", text)) + r"[ \t]*\n"


def _words(text: str) -> str:
    parts, end = [], 0
    for found in _ANY.finditer(text):
        assert found.lastindex is not None
        parts += [re.escape(text[end : found.start()]), VARIES[found.lastindex - 1][1]]
        end = found.end()
    return "".join((*parts, re.escape(text[end:])))


@dataclass
class Terminal:
    """A shell in a project's folder. Commands of docbatch run in this process, but a service that goes on beside others."""

    project: Project
    variables: dict[str, str] = field(default_factory=dict)
    _code: int = 0
    _beside: "subprocess.Popen[str] | None" = None

    def enter(self, step: Step) -> str:
        """Return what is said after a step."""
        if step.typed == INTERRUPT:
            return self._interrupt()
        words = shlex.split(step.typed, comments=True)
        if words[0] == "export":
            self.variables |= dict(each.split("=", 1) for each in words[1:])
            return ""
        if words == ["echo", "$?"]:
            return f"{self._code}\n"
        if words[:2] == ["docbatch", "emulate"] and "--" not in words:
            return self._serve(words[1:], step)
        return self._run(step.typed, words)

    def close(self) -> None:
        if self._beside is not None:
            self._beside.kill()
            self._beside.communicate()

    @property
    def _environment(self) -> dict[str, str]:
        ours = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "PATH": ours, **self.variables}

    def _run(self, typed: str, words: list[str]) -> str:
        if words[0] == "docbatch" and words[1] != "emulate" and not set(typed) & set("|&;<>`"):
            with mock.patch.dict(os.environ, self._environment):
                self._code, said = self.project.shown(*words[1:])
            return said
        ended = subprocess.run(
            # The port that the pages show may be taken here.
            ["sh", "-c", typed.replace("docbatch emulate extend", "docbatch emulate extend --port 0")],
            check=False,
            cwd=self.project.root,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        self._code = ended.returncode
        return ended.stdout

    def _serve(self, words: list[str], step: Step) -> str:
        """Start a service that goes on beside what is typed next, and return as many lines of it as are shown."""
        self._beside = self.project.start(
            *words, "--port", "0", env=self._environment, stderr=subprocess.STDOUT
        )
        assert self._beside.stdout is not None
        said = ""
        for line in self._beside.stdout:
            said += line
            if fits(step.shown, said):
                break
        self.variables |= dict(re.findall(r"^ *export (\w+)=(\S+)", said, re.MULTILINE))
        return said

    def _interrupt(self) -> str:
        assert self._beside is not None
        self._beside.send_signal(signal.SIGINT)
        said, _ = self._beside.communicate(timeout=60)
        self._beside = None
        return said


def difference(step: Step, said: str) -> str:
    """Return what a page shows and what is said, line by line."""
    lines = difflib.ndiff(step.shown.splitlines(), said.splitlines())
    return "\n".join((f"$ {step.typed}", *lines))
