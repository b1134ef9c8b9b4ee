"""The real command as forks of a warm process, which dies at any effect on files, as in a power cut and in another order if told so."""

import atexit
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

from docbatch.core.models import ResultPlace
from docbatch.spool import compaction
from docbatch.spool.pack import file_of
from docbatch.spool.spool import Spool
from docbatch.testing import _zygote, tripwire
from docbatch.testing.tripwire import ENDLESS, Meddler, Tripwire, sigkill, wired
from tests.spool.power_cut import power_cuts

POWER, ORDER, DEATH, LARGEST = "TESTS_POWER_CUT", "TESTS_ORDER", "TESTS_DEATH", "TESTS_LARGEST_PACK"
"""In the environment of a command: that what was not flushed is lost with it, which of `ORDERS` it follows, its last effect, and
after how many bytes a pack is closed.

The last effect is the n-th of a name, such as `2 after unlink`.
"""
Placed = tuple[str, ResultPlace]


@contextlib.contextmanager
def recorded_first() -> Iterator[None]:
    """Record where results lie before they are flushed."""
    flush, recorded = Spool.flush, Spool.recorded

    def late(self: Spool, results: Iterable[Placed]) -> None:
        recorded(self, results)
        flush(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "flush", lambda _self: None)
        patch.setattr(Spool, "recorded", late)
        yield


@contextlib.contextmanager
def pack_removed_first() -> Iterator[None]:
    """Remove a pack that is rewritten before the index names the new one."""
    copied = compaction._copied

    def hasty(spool: Spool, window: Iterable[Placed], unread: list[str]) -> Iterator[Placed]:
        old = list(window)
        placed = list(copied(spool, old, unread))
        for name in {place.pack for _, place in old}:
            file_of(spool.packs, name).unlink()
        yield from placed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "_copied", hasty)
        yield


@contextlib.contextmanager
def old_entries_removed_first() -> Iterator[None]:
    """Remove results of before while the pack that they were moved into is neither durable nor recorded."""
    record = Spool.record

    def late(self: Spool, placed: Sequence[Placed]) -> None:
        for digest, _ in placed:
            self.old.remove(digest)
        record(self, placed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "record", late)
        yield


ORDERS: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    "as it is": nullcontext,
    "recorded first": recorded_first,
    "pack removed first": pack_removed_first,
    "old entries removed first": old_entries_removed_first,
}


def dying(environment: MutableMapping[str, str], wire: Tripwire) -> Tripwire:
    """Return a wire that dies where the environment says, or as before."""
    number, _, name = environment.pop(DEATH, "").partition(" ")
    return Meddler(wire.at, wire.die, wire.names, name, Last(int(number)), ENDLESS) if number else wire


@dataclass
class Last:
    """Kills this process when it is called for the n-th time."""

    left: int

    def __call__(self) -> None:
        self.left -= 1
        if not self.left:
            sigkill()


@contextlib.contextmanager
def wired_further(wire: Tripwire) -> Iterator[None]:
    """Put the wire around a command, and let it work as its environment says."""
    with contextlib.ExitStack() as stack:
        if os.environ.pop(POWER, ""):
            stack.enter_context(power_cuts())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if largest := os.environ.pop(LARGEST, ""):
            defaults = Spool.__init__.__kwdefaults__
            assert defaults is not None
            patch.setitem(defaults, "largest", int(largest))
        stack.enter_context(ORDERS[os.environ.pop(ORDER, "as it is")]())
        stack.enter_context(wired(dying(os.environ, wire)))
        yield


@contextlib.contextmanager
def dying_commands() -> Iterator[None]:
    """Let the commands of the kit be started by a process of ours."""
    with mock.patch.object(_zygote, "zygote", _process):
        yield


@cache
def _process() -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    return process


def main() -> None:
    vars(tripwire)["wired"] = wired_further
    _zygote.main()
