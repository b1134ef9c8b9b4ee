"""Which events came already: kept in a file, so that a replay is known after a restart too."""

import contextlib
import os
from collections import OrderedDict
from pathlib import Path

from docbatch.owner_only import opener

KEPT = 86_400.0
"""Seconds an event is remembered: longer than any delivery stays fresh, since vendors deliver again for hours."""
MOST = 20_000


class Memory:
    """Names of events, oldest first, with the time each came; beyond `most` the oldest are forgotten.

    The file only grows, until it is written anew. It is not flushed: what a power cut takes away costs a needless
    question to the vendor.
    """

    def __init__(self, path: Path, now: float, most: int = MOST) -> None:
        self._path = path
        self._most = most
        self._times: OrderedDict[str, float] = OrderedDict()
        self._lines = 0
        self._read()
        self._forget(now)

    def __contains__(self, name: str) -> bool:
        return name in self._times

    def add(self, name: str, now: float) -> None:
        self._times[name] = now
        self._forget(now)
        if self._lines >= 2 * self._most:
            self._write_anew()
            return
        with open(self._path, "a", encoding="ascii", opener=opener) as stream:
            stream.write(_line(name, now))
        self._lines += 1

    def _read(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            for line in self._path.read_text(encoding="ascii", errors="replace").splitlines():
                self._lines += 1
                # A line that a crash cut short is one event forgotten.
                with contextlib.suppress(ValueError):
                    stamp, name = line.split(" ")
                    self._times[name] = float(stamp)

    def _forget(self, now: float) -> None:
        while self._times:
            name, came = next(iter(self._times.items()))
            if len(self._times) <= self._most and now - came <= KEPT:
                return
            del self._times[name]

    def _write_anew(self) -> None:
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        with open(draft, "w", encoding="ascii", opener=opener) as file:
            file.writelines(_line(*each) for each in self._times.items())
        draft.replace(self._path)
        self._lines = len(self._times)


def _line(name: str, came: float) -> str:
    return f"{came:.0f} {name}\n"
