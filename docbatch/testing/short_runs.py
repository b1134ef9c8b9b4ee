"""Work that is done in runs that never wait, as a scheduler starts them: what one long run would settle, several short ones do.

The vendor's clock is held in hands: it moves between the runs and stands still in them.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from docbatch.testing.attempt import DONE, REFUSED, Attempt, E
from docbatch.testing.matrix import NOTHING, Fault, Matrix

GRACE = 60.0
RECOVERY = f"{{grace: {GRACE:.0f}, then: resend}}"
"""The `recovery:` that the matrix must have: its grace must be long enough for dates, which are cut to seconds."""
LOSSES = ("lost", "lost_before")
ENOUGH = 40


@dataclass
class Hand:
    """A clock that moves when it is told to."""

    now: float

    def __call__(self) -> float:
        return self.now


def unsettled(
    matrix: Matrix[E],
    numbers: Iterable[int],
    faults: Iterable[str] = LOSSES,
    *,
    gap: float = 20.0,
    after: float = 0.0,
) -> list[Fault]:
    """Lose each of the answers in runs that are `gap` seconds apart; say where that is not settled in its time.

    The gap after the first run is longer by `after` seconds.
    """
    names = list(faults)
    usual = _runs(matrix, NOTHING, gap)
    assert not isinstance(usual, Fault), usual
    return [
        f"{name} at request {number}: {found}"
        for number in numbers
        for name in names
        if (found := _late(matrix, {number: name}, gap, after, usual)) is not None
    ]


def requests(matrix: Matrix[E], gap: float = 20.0) -> range:
    """Return the numbers of the requests that undisturbed short runs make."""
    with _attempt(matrix, NOTHING) as (attempt, clock):
        _finish(attempt, clock, gap, 0.0)
        return range(1, len(attempt.emulator.requests) + 1)


def _late(matrix: Matrix[E], faults: Mapping[int, str], gap: float, after: float, usual: int) -> Fault | None:
    runs = _runs(matrix, faults, gap, after)
    if isinstance(runs, Fault):
        return runs
    # Looks count when they are a quarter of the grace apart; who comes more seldom needs no more than five.
    most = usual + (math.ceil(GRACE / gap) + 2 if gap < GRACE / 4 else 5)
    return f"settled in the run {runs}, and {most} are enough" if runs > most else None


def _runs(matrix: Matrix[E], faults: Mapping[int, str], gap: float, after: float = 0.0) -> int | Fault:
    """Return how many runs it took, or what is wrong with what came of them."""
    with _attempt(matrix, faults) as (attempt, clock):
        runs = _finish(attempt, clock, gap, after)
        return matrix.wrong(attempt.ending()) or runs


@contextmanager
def _attempt(matrix: Matrix[E], faults: Mapping[int, str]) -> Iterator[tuple[Attempt[E], Hand]]:
    with matrix.attempt(faults) as attempt:
        clock = Hand(attempt.emulator.clock())
        attempt.emulator.clock, attempt.emulator.haste = clock, 0.0
        yield attempt, clock


def _finish(attempt: Attempt[E], clock: Hand, gap: float, after: float) -> int:
    """Run until all is done, or a person is asked."""
    for number in count(1):
        code = attempt.run("apply", "--yes", "--no-wait").code
        if code in DONE | REFUSED or number == ENOUGH:
            return number
        if attempt.held():
            attempt.settle()
        clock.now += gap + (after if number == 1 else 0.0)
    raise AssertionError
