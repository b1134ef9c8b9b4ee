"""What paid work came to, and how limits stand, read from the state as values to show."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date

from docbatch.core.costs import CostLine, CostReport, LimitStanding, checked_facets, standing, summed
from docbatch.core.errors import UsageError
from docbatch.core.limits import Limit, Period
from docbatch.engine.administration.edit_state import named_jobs
from docbatch.state.costs import CostScope, Stretch
from docbatch.state.store import Store


def read_costs(
    store: Store, by: Collection[str], *, since: date | None, until: date | None, job: str | None
) -> CostReport:
    """Read what was counted. Raises UsageError for what nothing can be told by, for bounds in the wrong order, for an unknown job."""
    facets = checked_facets(by)
    if since is not None and until is not None and since > until:
        raise UsageError(
            f"there is no day from {since} to {until}", hint="the first day comes before the last"
        )
    if job is not None and job not in store.costs.jobs():
        named_jobs(store, job)
    scope = CostScope(since, until, job)
    per: Stretch | None = "day" if "day" in facets else "month" if "month" in facets else None
    report = summed(store.costs.rows(scope, per), facets)
    return replace(report, since=since, until=until, job=job)


def read_limits(store: Store, limits: Iterable[Limit], now: float) -> Iterator[LimitStanding]:
    """Read how limits stand; `now` is wall time. What several of them ask is read once."""
    day = store.charges.day(now)
    known: dict[CostScope, CostLine] = {}
    for limit in limits:
        if limit.per is Period.RUN:
            yield LimitStanding(limit)
            continue
        scope = CostScope(limit.per.begins(day), None, limit.job, limit.connection)
        if scope not in known:
            known[scope] = summed(store.costs.rows(scope), ()).total
        yield standing(limit, known[scope], day)
