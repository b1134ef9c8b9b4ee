"""What a plan says of limits: what was counted before, what it would add, and whether apply stops there."""

from collections.abc import Iterator, Mapping, Sequence

from docbatch.core.amounts import Amount, Bounds
from docbatch.core.limits import Limit, Measure
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.store import Store


def limit_notes(
    targets: Sequence[ResolvedJob], due: Mapping[str, Amount], store: Store | None, now: float
) -> Iterator[str]:
    """Yield a sentence for each limit of what is due; `due` is that by job, `now` in seconds since the epoch."""
    limits = dict.fromkeys(limit for target in targets if target.name in due for limit in target.limits)
    for limit in limits:
        before = 0 if store is None else store.charges.counted(limit, store.charges.day(now))
        yield _sentence(limit, before, _planned(limit, targets, due))


def _planned(limit: Limit, targets: Sequence[ResolvedJob], due: Mapping[str, Amount]) -> Bounds:
    concerned = [each for each in targets if each.name in due and limit.concerns(each.name, each.connection)]
    return sum((_of(due[each.name], limit.measure) for each in concerned), Bounds())


def _of(amount: Amount, measure: Measure) -> Bounds:
    found: Bounds = getattr(amount, measure.value)
    return found


def _sentence(limit: Limit, before: int, planned: Bounds) -> str:
    shown = limit.measure.shown
    if planned.high is None:
        more = f"{shown(planned.low)} or more"
    elif planned.is_exact:
        more = shown(planned.low)
    else:
        more = f"{shown(planned.low)} to {shown(planned.high)}"
    known = f"the limit of {limit.shown}: {shown(before)} counted, {more} due"
    return f"{known}; {_outlook(limit, before, planned)}"


def _outlook(limit: Limit, before: int, planned: Bounds) -> str:
    if planned.high is not None and before + planned.high <= limit.most:
        return "that fits"
    if not limit.enforce:
        return "apply sends all of it and says how much it was"
    if planned.high is None and limit.assume_pages is None:
        return "apply sends nothing of which is unknown how much it is, and nothing beyond the limit"
    return "apply sends what fits and stops there with exit code 5"
