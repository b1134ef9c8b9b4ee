"""What every vendor's provider must survive, whatever the vendor.

The real command works on a small project and is killed at its requests and at its writes, answered badly, shown lagging
lists, given another key, or put back to an older state. A vendor's tests describe it once as a `Vendor`, make a `Matrix` of it, and require that its methods find no `Fault`.
"""

import json
import random
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Generic

from docbatch.emulators.exchange import ENDLESS, FAULTS
from docbatch.emulators.server import Request
from docbatch.testing.attempt import (
    LONG,
    Attempt,
    E,
    Vendor,
    foreign,
    pass_time,
    put_back,
    with_one_document,
)
from docbatch.testing.crash import MODES, Ending, Mode

__all__ = ["Matrix", "Vendor", "essence", "every"]

NOTHING: Mapping[int, str] = {}
_ID = re.compile("(^|_)id$|[a-z]Id$")
UNEVEN = 6
"""Requests by which a run may be shorter than the undisturbed one, since it asks how work stands until it is over."""
TROUBLES = (*FAULTS, *MODES)
FIRST_LOOK = 3
"""Requests that a first look and what comes before it may take: fewer than four looks, which are the least."""

TIMES = ("1s", "8s", "60s")
"""Those that runs are given whose request is never answered, each where the one before was not enough to make it."""
HASTE = 9.0
"""By how many seconds dates get ahead each second, since the graces here are shorter than what dates can tell."""

Fault = str
"""What is wrong, for people; nothing is wrong when there is none."""


@dataclass
class Matrix(Generic[E]):
    """A vendor under one `recovery:`, in a folder of its own. At one that cannot be searched, lost answers always wait for a person."""

    vendor: Vendor[E]
    folder: Path
    recovery: str = "{grace: 0.4, then: resend}"
    is_searchable: bool = True
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def holds(self) -> bool:
        return "hold" in self.recovery or not self.is_searchable

    @contextmanager
    def attempt(self, faults: Mapping[int, str] = NOTHING) -> Iterator[Attempt[E]]:
        root = self.folder / str(next(self.numbers))
        root.mkdir(parents=True)
        with self.vendor.emulator() as emulator:
            emulator.haste = HASTE
            emulator.faults.update(faults)
            self.vendor.write(root, emulator, self.recovery)
            yield Attempt(self.vendor, emulator, root, self.vendor.environment)

    @cached_property
    def _plain(self) -> tuple[Ending, list[str]]:
        with self.attempt() as attempt:
            attempt.run("apply", "--yes")
            return attempt.ending(), attempt.effects

    @property
    def undisturbed(self) -> Ending:
        return self._plain[0]

    @property
    def effects(self) -> list[str]:
        """The durable effects of an undisturbed run in order: transactions, renames, flushes."""
        return self._plain[1]

    @property
    def requests(self) -> range:
        return range(1, len(self.undisturbed.requests) + 1)

    @property
    def create(self) -> int:
        """The number of the request that first costs money."""
        numbers = [each.number for each in self.undisturbed.requests if self.vendor.creates(each)]
        assert numbers, "of an undisturbed run's requests none costs money, says the Vendor's `creates`"
        return numbers[0]

    def calm(self) -> list[Fault]:
        """Run undisturbed, and once more: the second time there is nothing to do."""
        ending = self.undisturbed
        if ending.errors or ending.leaks or ending.code != 0:
            return [
                f"{len(ending.leaks)} leaks, {ending.errors}, ended with {ending.code}: {ending.runs[-1].err}"
            ]
        with self.attempt() as attempt:
            attempt.run("apply", "--yes")
            paid = attempt.payments()
            again = attempt.run("apply", "--yes")
            documents = sum(path.is_file() for path in (attempt.root / "in").rglob("*"))
            twice = attempt.payments() - paid
        found = []
        if ending.paid_twice or len(ending.paid) != documents:
            found.append(f"{documents} documents, and paid were {dict(ending.paid)}")
        if twice or again.code != 0:
            found.append(f"a second run ended with {again.code} and paid {dict(twice)}: {again.err}")
        if not ending.outputs:
            found.append("there is no output in the folders that the Vendor names")
        return found

    def kills(self, numbers: Iterable[int], modes: Sequence[Mode] = MODES) -> list[Fault]:
        """Kill the command at each of the requests, before and after the vendor committed it."""
        return [
            f"{mode} at request {number}: {fault}"
            for number in numbers
            for mode in modes
            if (fault := self._killed({number: mode}))
        ]

    def _killed(self, faults: Mapping[int, str]) -> Fault | None:
        with self.attempt(faults) as attempt:
            attempt.finish(by_hand=self.holds)
            ending = attempt.ending()
        if not ending.killed and min(faults) <= len(self.undisturbed.requests) - UNEVEN:
            return "the request was not reached"
        return self.wrong(ending)

    def spoilt(self, faults: Iterable[str]) -> list[Fault]:
        """Let the answer to the create be lost or unreadable, each time in one way."""
        return [
            f"where it was answered with '{fault}': {found}"
            for fault in faults
            if (found := self._spoilt({self.create: fault}))
        ]

    def _spoilt(self, faults: Mapping[int, str]) -> Fault | None:
        with self.attempt(faults) as attempt:
            attempt.finish(by_hand=self.holds)
            return self.wrong(attempt.ending())

    def unending(self, numbers: Iterable[int], faults: Sequence[str] = ENDLESS) -> list[Fault]:
        """Let one request never be answered to its end: the run ends within its time, and the next does the rest."""
        return [
            f"{name} at request {number}: {found}"
            for number in numbers
            for name in faults
            if (found := self._unending({number: name}))
        ]

    def _unending(self, faults: Mapping[int, str]) -> Fault | None:
        for time in TIMES:
            with self.attempt(faults) as attempt:
                code = attempt.run("apply", "--yes", "--timeout", time).code
                if code not in {0, 4}:
                    return f"the run ended with {code}: {attempt.runs[-1].err}"
                # A busy machine may need all of the time to come as far as that.
                if attempt.emulator.count >= max(faults):
                    attempt.finish(by_hand=self.holds)
                    return self.wrong(attempt.ending())
        return f"no request {max(faults)} was made within {TIMES[-1]}"

    def deaths(self, points: Iterable[int]) -> list[Fault]:
        """Kill the command at each of its durable effects."""
        return [
            f"at effect {at} ({self.effects[at - 1]}): {fault}" for at in points if (fault := self._dead(at))
        ]

    def _dead(self, at: int) -> Fault | None:
        with self.attempt() as attempt:
            attempt.run("apply", "--yes", die_at=at)
            attempt.finish(by_hand=self.holds)
            return self.wrong(attempt.ending())

    def chaos(self, seeds: Iterable[int], density: float = 0.08, reach: int = 60) -> list[Fault]:
        """Let many requests go wrong, drawn by a seed; a seed also draws how far the lists lag, below the grace."""
        return [f"seed {seed}: {fault}" for seed in seeds if (fault := self._chaotic(seed, density, reach))]

    def _chaotic(self, seed: int, density: float, reach: int) -> Fault | None:
        dice = random.Random(seed)
        faults = {number: dice.choice(TROUBLES) for number in range(1, reach) if dice.random() < density}
        with self.attempt(faults) as attempt:
            attempt.emulator.lag = dice.choice((0.0, 0.0, 0.1))
            attempt.emulator.slowness = 0.05
            attempt.finish(by_hand=self.holds)
            fault = self.wrong(attempt.ending())
        return None if fault is None else f"{fault} ({faults})"

    def unseen(self, mode: Mode) -> Fault | None:
        """Kill at the create, with lists that lag beyond the grace; later, with the help of a person, finish."""
        with self.attempt({self.create: mode}) as attempt:
            attempt.emulator.lag = LONG / 2
            attempt.run("apply", "--yes")
            # What can be searched is held once the grace is over; the rest is polled until the time is up.
            patience = "30s" if self.is_searchable else "3s"
            code = attempt.run("apply", "--yes", "--timeout", patience).code
            if code != 4 or not attempt.held():
                return f"ended with {code}, holds {attempt.held()}"
            pass_time(attempt.emulator)
            attempt.finish(by_hand=True)
            return self.wrong(attempt.ending())

    def late(self, mode: Mode) -> Fault | None:
        """Kill at the create, with lists that show nothing new to the first look, and everything to later ones."""
        with self.attempt({self.create: mode}) as attempt:
            emulator = attempt.emulator
            emulator.lag = LONG
            attempt.run("apply", "--yes")
            blind_until = emulator.count + FIRST_LOOK

            def catch_up(request: Request) -> None:
                if request.number >= blind_until:
                    emulator.lag = 0.0

            emulator.committed = catch_up
            attempt.finish(by_hand=self.holds)
            return self.wrong(attempt.ending())

    def estranged(self, mode: Mode, number: int | None = None) -> Fault | None:
        """Kill at a request, the create by default, and go on with another account's credentials, then with ours."""
        with self.attempt({number or self.create: mode}) as attempt:
            attempt.run("apply", "--yes")
            with foreign(attempt):
                other = attempt.run("apply", "--yes")
                if other.code not in {4, 6, 12} or attempt.ending().paid_twice:
                    return f"with other credentials: {other}, paid {attempt.payments()}"
            attempt.finish(by_hand=True)
            return self.wrong(attempt.ending())

    def restored(
        self, mode: Mode = "kill_after", *, whole: bool = False, recover: bool = True
    ) -> Fault | None:
        """Put the state back to before the killed submission: refused, and whole again after `docbatch recover`.

        `whole` puts the whole state folder back, with what lies beside the state.
        """
        with self.attempt() as attempt:
            with_one_document(attempt)
            copy = attempt.root / ".copy"
            shutil.copytree(attempt.root / ".docbatch", copy)
            self._kill_at_next_create(attempt, mode)
            put_back(attempt.root, copy, whole=whole)
            before = attempt.payments()
            code = attempt.run("apply", "--yes").code
            if mode == "kill_after" and (code != 6 or attempt.payments() != before):
                return f"the restored state ended with {code}, paid {attempt.payments()}"
            if not recover:
                return None
            attempt.run("recover", "--yes")
            attempt.finish(by_hand=True)
            return self.wrong(attempt.ending())

    def _kill_at_next_create(self, attempt: Attempt[E], mode: Mode) -> None:
        """Kill at the create, wherever that is in this run."""
        attempt.emulator.choose_fault = lambda request: mode if self.vendor.creates(request) else ""
        killed = attempt.run("apply", "--yes")
        attempt.emulator.choose_fault = lambda _request: ""
        assert killed.code < 0, f"the create was not reached: {killed}"

    def wrong(self, ending: Ending) -> Fault | None:
        """Say what is wrong with an ending, beside an undisturbed run."""
        wanted = self.undisturbed
        assert wanted.code == 0, wanted.runs[-1].err
        last = ending.runs[-1]
        if ending.errors or ending.leaks:
            return f"{len(ending.leaks)} leaks, {ending.errors}"
        if ending.paid_twice:
            return f"paid twice: {ending.paid_twice}"
        if ending.code != wanted.code:
            return f"ended with {[run.code for run in ending.runs]}: {last.out}{last.err}"
        if ending.paid != wanted.paid:
            return f"paid {ending.paid}, not {wanted.paid}"
        names = sorted(wanted.outputs.keys() | ending.outputs.keys())
        differing = [name for name in names if essence(ending, name) != essence(wanted, name)]
        return f"outputs differ: {differing}" if differing else None


def essence(ending: Ending, name: str) -> Any:
    """Return an output as it must be equal: byte by byte, JSON but for timing, ids and raw."""
    content = ending.outputs.get(name)
    if content is None or not name.endswith(".json"):
        return content
    result = json.loads(content)
    return _without_ids({name: part for name, part in result.items() if name not in ("timing", "raw")})


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(each) for name, each in value.items() if not _ID.search(name)}
    return [_without_ids(each) for each in value] if isinstance(value, list) else value


def every(found: Sequence[object], *, start: int, step: int) -> list[int]:
    """Return numbers from 1 on of what was found, each `step`-th from `start`."""
    return list(range(start, len(found) + 1, step))
