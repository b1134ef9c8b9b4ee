"""A command that is watched: its time, its processor time with that of its children, and what all of them hold in memory."""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from time import perf_counter
from typing import NamedTuple

STEP = 0.25
"""Seconds between two looks at memory."""
NEAR = 0.05
"""Part of all documents before a mark over which the most that was held counts as held there."""
MARKS = (0.1, 0.5, 1.0)
KILO = 1024


class Held(NamedTuple):
    """Bytes in memory when a part of the documents was through: of the command, and of it with its children."""

    through: float
    own: int
    all: int


@dataclass(frozen=True)
class Watched:
    """What a command took. Seconds, and bytes; shared pages of several processes count once."""

    wall: float
    cpu: float
    held: Sequence[Held] = field(repr=False)

    @property
    def peak(self) -> int:
        return max((each.all for each in self.held), default=0)

    @property
    def own_peak(self) -> int:
        return max((each.own for each in self.held), default=0)

    def at(self, mark: float) -> Held | None:
        """Return the most that was held just before so much was through; None where nobody looked.

        Documents come in windows: where nobody looked then, it is what was held at the look before.
        """
        near = [each for each in self.held if mark - NEAR < each.through <= mark]
        near = near or [each for each in self.held if each.through <= mark][-1:]
        if not near:
            return None
        return Held(mark, max(each.own for each in near), max(each.all for each in near))


def watched(command: Sequence[str], cwd: Path, environment: Mapping[str, str], documents: int) -> Watched:
    """Run a command that prints JSON lines to its end; `documents` are those it has to bring."""
    log = cwd / "stderr.log"
    began = perf_counter()
    with log.open("w") as stderr, (cwd / "stdout.jsonl").open("w") as kept:
        process = Popen(command, cwd=cwd, env=environment, stdout=PIPE, stderr=stderr, text=True)
        assert process.stdout is not None
        looker = _Looker(process.pid, documents)
        looker.start()
        for line in process.stdout:
            kept.write(line)
            if '"fetched"' in line:
                looker.fetched += json.loads(line)["documents"]
        looker.end()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = perf_counter() - began
    assert process.returncode == 0, (command, process.returncode, log.read_text()[-3000:])
    return Watched(wall, usage.ru_utime + usage.ru_stime, looker.held)


class _Looker(threading.Thread):
    def __init__(self, pid: int, documents: int) -> None:
        super().__init__(daemon=True)
        self.fetched = 0
        self.held: list[Held] = []
        self._pid = pid
        self._documents = max(documents, 1)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(STEP):
            through = self.fetched / self._documents
            own = _bytes(self._pid)
            if own:
                self.held.append(Held(through, own, own + sum(map(_bytes, _children(self._pid)))))

    def end(self) -> None:
        self._over.set()
        self.join()


def _bytes(pid: int) -> int:
    """Return the proportional share of memory of a process, 0 once it is gone."""
    with suppress(OSError, ValueError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.split("\nPss:", 1)[1].split(maxsplit=1)[0]) * KILO
    return 0


def _children(pid: int) -> list[int]:
    """Return all that a process and its threads started, and what these did: workers have sessions of their own.

    One that has not begun its own program yet still has the memory of who started it, and would count that twice.
    """
    found: list[int] = []
    with suppress(OSError):
        program = Path(f"/proc/{pid}/cmdline").read_bytes()
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                started = map(int, (task / "children").read_text().split())
                found += [each for each in started if Path(f"/proc/{each}/cmdline").read_bytes() != program]
    return found + [each for child in found for each in _children(child)]
