"""What may be sent: how long after its record, and what of that which has no answer.

A log that ended keeps its owner from recording anything more. It cannot call back what the owner had recorded before and is
about to send, so that has to leave soon after or not at all, and who takes over waits that long.
"""

import enum
import time
from typing import NamedTuple

from docbatch.core.models import Recovery

LEAVES_WITHIN = 30.0
"""Seconds between the first try to put the record of a request and the request's first byte."""
STILL_FOR = LEAVES_WITHIN + 5.0
"""Seconds that who takes over waits once the logs have ended: clocks may differ in speed, and a send takes its moment."""
KEYS_HOLD = 23 * 3600.0


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


class AfterSilence(enum.StrEnum):
    """What becomes of a create that was recorded and has no answer."""

    REPLAY = "replay"
    """The same key is sent again, behind a record of its own."""
    LOOK = "look"
    """It is looked for, and what is certainly absent is done as `recovery.then` says."""
    LOOK_AND_HOLD = "look_and_hold"
    """It is looked for, and held as long as it is not found: it may still be sent by who recorded it."""
    HOLD = "hold"


def after_silence(recovery: Recovery, *, torn: bool, key_holds: bool) -> AfterSilence:
    """Say how a create without an answer is settled.

    `torn` says that the log in which it was recorded, or in which it was tried again, was ended by another than its owner.
    That stays so: the owner may wake up after any number of others. `key_holds` says that the vendor still knows its key.
    """
    if recovery is Recovery.NONE:
        return AfterSilence.HOLD
    if recovery is Recovery.KEYED and key_holds:
        return AfterSilence.REPLAY
    return AfterSilence.LOOK_AND_HOLD if torn else AfterSilence.LOOK
