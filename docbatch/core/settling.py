"""When a file that others write counts as whole: once it has been the same for a while. Pure: what was seen before, and what is seen now.

Times are monotonic seconds of the process that looks. What a file's own times say is only compared with what they said before:
the clock of a file server may be wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass

LONGEST_HOLD = 600.0
"""Seconds after which a file counts as whole that stayed the same, although somebody has it open for writing."""


@dataclass(frozen=True, slots=True)
class FileSighting:
    """A file as it was seen last: its `status`, compared by equality, and `since` when it is like that.

    `changing_since` is when it began to change, `look_at` when it is worth another look. It is `settled` once it was the same for long enough.
    """

    status: bytes
    since: float
    changing_since: float
    look_at: float
    settled: bool = False


def judge(
    before: FileSighting | None,
    status: bytes,
    now: float,
    settle: float,
    is_open: Callable[[], bool] = lambda: False,
) -> FileSighting:
    """Return what is known of a file by now. `is_open` says whether somebody writes to it; it is asked only where that decides.

    A file that is seen for the first time may just be written, whatever its times say: it is looked at once more.
    """
    if before is None:
        return FileSighting(status, now, now, now + settle)
    if before.status != status:
        began = now if before.settled else before.changing_since
        return FileSighting(status, now, began, now + settle)
    same_for = now - before.since
    if same_for < settle:
        return before
    if same_for < LONGEST_HOLD and is_open():
        return FileSighting(status, before.since, before.changing_since, now + settle)
    return FileSighting(status, before.since, before.changing_since, now, settled=True)


def heard(before: FileSighting | None, status: bytes, now: float, settle: float) -> FileSighting:
    """Return what is known of a file of which was just heard that it changed, also where its status does not show it."""
    began = now if before is None or before.settled else before.changing_since
    return FileSighting(status, now, began, now + settle)
