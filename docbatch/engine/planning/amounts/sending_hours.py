"""Saying until when documents of a job wait that sends at some hours only."""

from collections.abc import Iterator

from docbatch.core.report import by_deadline, clock_time, span
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.store import Store


def waits_for(target: ResolvedJob, store: Store | None, now: float, key: str | None = None) -> Iterator[str]:
    """Say when a job sends again whose window is closed, and what its deadline does: of all its documents, or of one item.

    `now` is wall time. Nothing was recorded yet of what is new: a plan is not what the deadline counts from.
    """
    opens = None if target.window is None else target.window.opens_at(now)
    if opens is None or target.window is None:
        return
    hours = f"job '{target.name}' sends between {target.window.shown}, in {span(opens - now)} again"
    yield hours + _latest(target, store, now, key)


def _latest(target: ResolvedJob, store: Store | None, now: float, key: str | None) -> str:
    if target.deadline is None:
        return ""
    since = None
    if store is not None:
        since = store.waiting.first(target.name) if key is None else store.waiting.since(key, target.name)
    if since is None:
        told = f"{span(target.deadline)} after the first apply that has "
        return f"; outside the window {told}{'them' if key is None else 'it'}, at the latest"
    until = min(since, now) + target.deadline
    if until <= now:
        return f"; outside the window now: the deadline passed at {clock_time(until)}"
    return f"; sent {by_deadline(until)}"
