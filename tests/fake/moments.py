"""At which of its effects a run is killed: at all of them, or in the short form at one of each kind."""

import random
from collections.abc import Sequence


def of_each_kind(names: Sequence[str], seed: int = 7) -> list[int]:
    """Return the number of one effect of each name, drawn by a seed; `names` are those of an undisturbed run, in order."""
    dice = random.Random(seed)
    numbers: dict[str, list[int]] = {}
    for number, name in enumerate(names, start=1):
        numbers.setdefault(name, []).append(number)
    return [dice.choice(those) for those in numbers.values()]


def moments(names: Sequence[str], *, every: bool) -> Sequence[int]:
    return range(1, len(names) + 1) if every else of_each_kind(names)
