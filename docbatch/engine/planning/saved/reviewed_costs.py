"""What each document of a saved plan comes to at most, so that applying it later, or elsewhere, costs no more."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import NamedTuple

from docbatch.core.amounts import plain
from docbatch.core.report import named_versions, plural, visible
from docbatch.engine.planning.plan import Plan
from docbatch.naming.pathtext import escape

MOST_NAMED = 10
_UNKNOWN = "?"


class MostCost(NamedTuple):
    """What a document comes to at most, in millionths of credits and of US dollars; None where nothing says how much."""

    credits: int | None
    money: int | None

    @classmethod
    def read(cls, text: str) -> "MostCost":
        """Return what `str` wrote. Raises ValueError."""
        credits_, money = (None if part == _UNKNOWN else int(part) for part in text.split("/"))
        return cls(credits_, money)

    def __str__(self) -> str:
        return "/".join(_UNKNOWN if part is None else str(part) for part in self)

    def exceeds(self, other: "MostCost") -> bool:
        """Say whether it may come to more; what had no bound is not exceeded."""
        return any(
            then is not None and (now is None or now > then) for now, then in zip(self, other, strict=True)
        )

    @property
    def shown(self) -> str:
        """Say it, in the money if that is known."""
        if self.money is not None:
            return f"{plain(self.money)} USD"
        return "nobody knows how much" if self.credits is None else f"{plain(self.credits)} credits"


Reviewed = Mapping[tuple[str, str], MostCost]
"""By a document's job, and its path as it is shown."""


def costs_by_key(plan: Plan) -> dict[str, MostCost]:
    """Return what items to be sent come to, of jobs that cost anything and whose documents were looked into."""
    charged = {target.name for target in plan.targets if not target.traits.free} & plan.counted
    return {key: MostCost(*most) for key, most in plan.costs.most(charged)} if charged else {}


def raised(reviewed: Reviewed, plan: Plan, left: AbstractSet[str]) -> str:
    """Say which documents to be sent may come to more than was reviewed, but for those that are `left`."""
    if not reviewed:
        return ""
    costs = costs_by_key(plan)
    dearer = [
        (job, path, costs[key], then)
        for job, raw, key, _ in plan.differences.sent()
        if key in costs and key not in left
        for path in (escape(raw),)
        if (then := reviewed.get((job, path))) is not None and costs[key].exceeds(then)
    ]
    if not dearer:
        return ""
    lines = [
        f"  job '{job}': {visible(path)}: {now.shown} at most, {then.shown} as reviewed"
        for job, path, now, then in islice(dearer, MOST_NAMED)
    ]
    if len(dearer) > MOST_NAMED:
        lines.append(f"  and {plural(len(dearer) - MOST_NAMED, 'more document')}")
    lines.extend(_versions(plan, {job for job, *_ in dearer}))
    may = "comes" if len(dearer) == 1 else "come"
    return f"{plural(len(dearer), 'document')} {may} to more here than was reviewed:\n" + "\n".join(lines)


def _versions(plan: Plan, jobs: AbstractSet[str]) -> list[str]:
    return [
        f"  job '{target.name}' keeps to {visible(named_versions(target.recipe.pins))}"
        for target in plan.targets
        if target.name in jobs and target.recipe.pins
    ]
