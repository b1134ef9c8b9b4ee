"""Bad days of a service, as a rehearsal asks for them: named faults at chosen requests, or seeded ones at any."""

import random
from collections.abc import Iterable

from docbatch.emulators.exchange import ENDLESS, FAULTS, Request

SHARE = 0.06
KNOWN = (*FAULTS, *ENDLESS)


class Chaos:
    """Lets a share of all requests go wrong, soon; the same seed gives the same faults to the same numbers."""

    def __init__(self, seed: int, share: float = SHARE) -> None:
        self._seed = seed
        self._share = share

    def __call__(self, request: Request) -> str:
        dice = random.Random(f"{self._seed} {request.number}")
        return dice.choice(FAULTS) if dice.random() < self._share else ""


def parse_faults(written: Iterable[str]) -> dict[int, str]:
    """Read faults written as NAME:NUMBER. Raises ValueError, saying what is wrong."""
    faults = {}
    for each in written:
        name, _, number = each.rpartition(":")
        if name not in KNOWN:
            raise ValueError(
                f"'{each}' names no fault; known are {', '.join(KNOWN)}, each written as NAME:NUMBER"
            )
        if not (number.isascii() and number.isdigit() and int(number)):
            raise ValueError(f"'{each}' names no request; write NAME:NUMBER, counting requests from 1")
        faults[int(number)] = name
    return faults
