"""At which of its effects a run is killed: at all of them, or in the short form at one of some kinds."""

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
    """Return all of them, or one of each kind of create and of half of the other kinds, which the names themselves draw."""
    if every:
        return range(1, len(names) + 1)
    drawn = of_each_kind(names)
    creates = {at for at in drawn if names[at - 1].endswith(" create")}
    others = sorted(set(drawn) - creates)
    return sorted({*creates, *random.Random(" ".join(names)).sample(others, (len(others) + 1) // 2)})
