"""How long after its record a create may leave: soon, or not at all.

Whoever takes over a state in a store ends the log of the owner before, which then records nothing more. It cannot call
back what that one had recorded already and is about to send, so that has to leave soon, and who takes over waits that long.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from docbatch.core.errors import NotSent

LEAVES_WITHIN = 30.0
"""Seconds between the first try to put the record of a request and the request's first byte."""
TOO_OLD = f"its record is older than {LEAVES_WITHIN:g} s: this process was stopped, or the store of the state was slow"


class FenceTime(NamedTuple):
    """A moment by two clocks: one that goes on while the machine sleeps, and the one on the wall.

    A virtual machine that was stopped as a whole sees by the latter alone that time went by.
    """

    running: float
    wall: float


def fence_time() -> FenceTime:
    # Systems without it have a monotonic clock that goes on during sleep.
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return FenceTime(time.clock_gettime(clock), time.time())


def may_leave(began: FenceTime, now: FenceTime) -> bool:
    """Say whether a request may leave whose record was first put at `began`; to be asked last, on a connection that is open.

    A wall clock that went back says nothing, so nothing leaves.
    """
    return 0 <= now.running - began.running <= LEAVES_WITHIN and 0 <= now.wall - began.wall <= LEAVES_WITHIN


_began: ContextVar[FenceTime | None] = ContextVar("began", default=None)


@contextmanager
def recorded_at(began: FenceTime | None) -> Iterator[None]:
    """Hold what this thread creates in the block to a record that was first put at `began`; to none where that is None."""
    before = _began.set(began)
    try:
        yield
    finally:
        _began.reset(before)


def record_began() -> FenceTime | None:
    """Return when the record was first put of what this thread is about to create; None where that has no limit."""
    return _began.get()


def is_in_time(began: FenceTime | None) -> bool:
    """Say whether what was recorded then may leave now."""
    return began is None or may_leave(began, fence_time())


def seconds_left(began: FenceTime | None) -> float:
    """Return for how long what was recorded then may still leave: zero where it may not, or just so."""
    if began is None:
        return float("inf")
    now = fence_time()
    return max(0.0, LEAVES_WITHIN - max(now.running - began.running, now.wall - began.wall))


def check_fence() -> None:
    """Raise NotSent where what this thread is about to create was recorded too long ago.

    A provider that has an HTTP client of its own asks last, right before the first byte: docbatch's own client does.
    """
    if not is_in_time(record_began()):
        raise NotSent(f"{TOO_OLD}; nothing was sent", cause=TOO_OLD, general=True)
