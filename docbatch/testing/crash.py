"""Killing the real command at each of its requests, and running it again until it is done."""

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from docbatch.emulators.server import Emulator, Request

Mode = Literal["kill_before", "kill_after"]
MODES: tuple[Mode, ...] = ("kill_before", "kill_after")
PATIENCE = 120.0
MOST_RUNS = 6


def nobody() -> None:
    """Kill nobody."""


def killing(pid: int) -> Callable[[], None]:
    """Return what kills a process, once: its number may be another's soon."""
    victims = [pid]

    def strike() -> None:
        if victims:
            with suppress(ProcessLookupError):
                os.kill(victims.pop(), signal.SIGKILL)

    return strike


class Subject(Protocol):
    """A project whose command is run."""

    def start(self, *arguments: str) -> "subprocess.Popen[str]": ...

    def outputs(self) -> dict[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class CommandRun:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: each document's payments, the outputs, every run of the command, and all requests."""

    paid: Counter[str]
    outputs: dict[str, bytes]
    runs: Sequence[CommandRun]
    requests: Sequence[Request]
    leaks: Sequence[Request]
    errors: Sequence[str]

    @property
    def killed(self) -> bool:
        return self.runs[0].code == -signal.SIGKILL

    @property
    def code(self) -> int:
        return self.runs[-1].code

    @property
    def paid_twice(self) -> dict[str, int]:
        return {document: times for document, times in self.paid.items() if times > 1}


@dataclass(frozen=True, slots=True)
class Crash:
    """A vendor, a project on it, and a command.

    `project` makes a fresh project for a fresh emulator. `done` are the exit codes that end the reruns.
    """

    emulator: Callable[[], Emulator]
    project: Callable[[Emulator], Subject]
    command: Sequence[str] = ("apply",)
    done: frozenset[int] = frozenset({0, 3})

    def undisturbed(self) -> Ending:
        return self.run({})

    def kill_at(self, number: int, mode: Mode) -> Ending:
        """Kill the command at a request, before or after the vendor committed it; run it again until it is done."""
        return self.run({number: mode})

    def run(self, faults: Mapping[int, str]) -> Ending:
        """Run the command under any faults until it is done; a run that was killed is followed by another."""
        with self.emulator() as emulator:
            emulator.faults.update(faults)
            subject = self.project(emulator)
            runs = [self._once(emulator, subject)]
            while runs[-1].code not in self.done and len(runs) < MOST_RUNS:
                runs.append(self._once(emulator, subject))
            return Ending(
                Counter(emulator.ledger),
                subject.outputs(),
                runs,
                list(emulator.requests),
                list(emulator.leaks),
                list(emulator.errors),
            )

    def _once(self, emulator: Emulator, subject: Subject) -> CommandRun:
        process = subject.start(*self.command)
        emulator.strike = killing(process.pid)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            emulator.strike = nobody
            process.kill()
        return CommandRun(process.returncode, out, err)


def enumerate_requests(
    emulator_factory: Callable[[], Emulator],
    project: Callable[[Emulator], Subject],
    command: Sequence[str] = ("apply",),
) -> int:
    """Return how many requests an undisturbed run makes."""
    return len(Crash(emulator_factory, project, command).undisturbed().requests)


def some(total: int, count: int, seed: int) -> list[int]:
    """Return request numbers to kill at: the first, the last, and a seeded choice between them."""
    between = random.Random(seed).sample(range(2, total), min(max(count - 2, 0), max(total - 2, 0)))
    return sorted({1, total, *between})
