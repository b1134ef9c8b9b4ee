"""A command that runs on, and the JSON lines that it has printed so far."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from docbatch.testing.patience import until
from tests.cli.project import Project

SOON = 60


class Running:
    """What a command that goes on has said by now."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self.err: list[str] = []
        assert process.stdout is not None
        assert process.stderr is not None
        self._threads = [
            threading.Thread(target=self._hear, args=(process.stdout, self._take), daemon=True),
            threading.Thread(target=self._hear, args=(process.stderr, self.err.append), daemon=True),
        ]
        for each in self._threads:
            each.start()

    def _hear(self, stream: IO[str], take: Any) -> None:
        with stream:
            for line in stream:
                take(line)

    def _take(self, line: str) -> None:
        self.lines.append(json.loads(line))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the lines of a type."""
        return [line for line in self.lines if line["type"] == kind]

    def says(self, kind: str, number: int = 1) -> dict[str, Any]:
        """Wait until so many lines of a type are there, and return the last of these."""
        until(
            lambda: len(self.of(kind)) >= number or self.process.poll() is not None,
            f"no {kind}: {self.lines} {self.err}",
        )
        return self.of(kind)[number - 1]

    def ends(self) -> int:
        """Wait for its end, and return its exit code."""
        code = self.process.wait(SOON)
        for each in self._threads:
            each.join(SOON)
        return code


@contextmanager
def running(project: Project, *arguments: str, **options: Any) -> Iterator[Running]:
    """Start a command, and end it with the block whatever becomes of it."""
    command = Running(project.start(*arguments, "--json", **options))
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.kill()
        command.ends()
