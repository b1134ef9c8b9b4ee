"""What came of many points, as a table."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from tests.runners.scenarios import Trial

HEAD = ("scenario", "store", "vendor", "points", "reached", "paid twice", "lost", "held", "by hand", "wrong")


def row(trials: Sequence[Trial]) -> tuple[object, ...]:
    """Return what one scenario came to at one store and vendor, or at all."""
    return (
        len(trials),
        sum(bool(each.struck) for each in trials),
        sum(each.paid_twice for each in trials),
        sum(each.lost for each in trials),
        sum(each.was_held for each in trials),
        sum(each.by_hand for each in trials),
        sum(bool(each.faults) for each in trials),
    )


def table(trials: Iterable[Trial]) -> str:
    """Return a row for each scenario, store and vendor, and one for all, in Markdown."""
    known = sorted(trials, key=lambda each: each[:3])
    rows: list[tuple[object, ...]] = [HEAD, ("---",) * len(HEAD)]
    rows += [(*names, *row(list(group))) for names, group in groupby(known, key=lambda each: tuple(each[:3]))]
    rows.append(("all", "", "", *row(known)))
    return "\n".join("| " + " | ".join(str(each) for each in line) + " |" for line in rows)


def told(trial: Trial) -> str:
    """Return one trial for people: what was struck, how the runs ended, and what is wrong."""
    where = f"{trial.scenario}, {trial.store}, {trial.service}, {trial.point}"
    return "\n  ".join([f"{where} ({trial.struck or 'not reached'}): {trial.codes}", *trial.faults])
