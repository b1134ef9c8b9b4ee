"""Asking the guards about a plan: what it would pay for, counted, and what keeps it from that."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from docbatch.core.amounts import Bounds
from docbatch.core.approvals import WayOfSending, approval_digest
from docbatch.core.changes import Reason
from docbatch.core.report import PlanReport
from docbatch.core.spending_guards import (
    CHANGED,
    RESENT,
    Counted,
    Guards,
    Objection,
    PlannedSpending,
    objections,
    refusal,
    remedy,
)
from docbatch.engine.planning.plan import CountedJobs, Plan, Selection
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.pathtext import escape

EXAMPLES = 5
_WINDOW = 500


@dataclass(frozen=True, slots=True)
class GuardsVerdict:
    """What guards say of a plan. `digest` names what it would pay for, None where nothing is paid."""

    objections: tuple[Objection, ...] = ()
    digest: str | None = None


def judge_spending(
    plan: Plan,
    guards: Guards,
    allowed: Collection[str] = (),
    *,
    approved: str | None = None,
) -> GuardsVerdict:
    """Ask about what a plan pays for; `approved` is the digest of what a person agreed to."""
    paid = [target for target in plan.targets if not target.traits.free]
    if not paid or not plan.differences.sends_anything():
        return GuardsVerdict()
    names = [target.name for target in paid]
    sent = _counted(plan, names, Reason)
    if not sent.documents:
        return GuardsVerdict()
    spending = PlannedSpending(
        sent,
        _counted(plan, names, (Reason.NEW,)),
        _counted(plan, names, CHANGED),
        _counted(plan, names, RESENT, again=True),
        0 if plan.store is None else plan.store.documents.count_items(names),
        _money(plan, names) if guards.max_money or guards.approval else None,
    )
    digest = _digest(plan, [target for target in paid if target.name in sent.jobs])
    return GuardsVerdict(objections(guards, spending, allowed, digest=digest, approved=approved), digest)


def refuse_spending(plan: Plan, selection: Selection, approved: str | None = None) -> None:
    """Raise GuardRefused where guards do not let a plan be applied."""
    found = judge_spending(plan, selection.guards, selection.allowed, approved=approved)
    if found.objections:
        raise refusal(found.objections)


def judged(report: PlanReport, plan: Plan, selection: Selection) -> PlanReport:
    """Return a plan's report with what guards say of it.

    They say nothing where it is not known what was paid before, and nothing of money where nobody counted pages: apply does.
    """
    if selection.stateless:
        return report
    guards = selection.guards
    if selection.counted is CountedJobs.NONE:
        guards = replace(guards, max_money=None, approval=None)
    found = judge_spending(plan, guards, selection.allowed)
    return replace(
        report,
        objections=found.objections,
        remedy=remedy(found.objections) if found.objections else "",
        approval=None if selection.guards.approval is None else found.digest,
    )


def _money(plan: Plan, jobs: Collection[str]) -> Bounds:
    """Return what all comes to that these jobs pay for."""
    return sum((amount.money for job, amount in plan.costs.by_job.items() if job in jobs), Bounds())


def _counted(plan: Plan, jobs: Sequence[str], reasons: Iterable[Reason], *, again: bool = False) -> Counted:
    number, first = plan.differences.sent_for(jobs, reasons, shown=EXAMPLES, again=again)
    names = tuple(dict.fromkeys(job for job, _, _ in first))
    paths: dict[str, bytes] = {}
    for _, path, key in first:
        paths.setdefault(key, path)
    return Counted(number, names, tuple(map(escape, list(paths.values())[:EXAMPLES])))


def _digest(plan: Plan, targets: Sequence[ResolvedJob]) -> str:
    ways = (
        WayOfSending(target.connection, target.recipe_key, target.config, target.recipe.pins)
        for target in targets
    )
    return approval_digest(ways, _items(plan, {target.name for target in targets}))


def _items(plan: Plan, jobs: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield the keys of what is paid, in order, each with how often it was tried."""
    keys = plan.differences.keys_to_send(jobs)
    while window := list(islice(keys, _WINDOW)):
        items = () if plan.store is None else plan.store.items.many(window)
        tried = {item.key: item.attempt for item in items}
        yield from ((key, tried.get(key, 0)) for key in window)
