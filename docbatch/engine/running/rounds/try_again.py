"""Trying documents again by themselves that failed, as their jobs' `retry:` says: when, and how many are left for later."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.core.report import plural
from docbatch.core.scheduler import Note
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.running.run_context import Run
from docbatch.state.later_tries import LaterTry
from docbatch.state.selected_items import is_selected


@dataclass(frozen=True, slots=True)
class ComingTries:
    """How many documents of a job are tried again later, by class, and when (wall time) the first of them is."""

    kinds: Counter[str]
    at: float

    @property
    def documents(self) -> int:
        return self.kinds.total()


def queue_due(run: Run) -> bool:
    """Queue what is to be tried again by now; say whether anything was. It is counted by limits as whatever is sent."""
    now = run.clock.wall()
    due = {each.row: each for target in _sending(run) for each, at in decided(run, target) if at <= now}
    if not due:
        return False
    run.store.later_tries.take(due)
    run.queues.forget()
    return True


def coming(run: Run, target: ResolvedJob) -> ComingTries | None:
    """Return what of a job is tried again later, None where nothing is."""
    tries = list(decided(run, target))
    if not tries:
        return None
    return ComingTries(Counter(each.kind for each, _ in tries), min(at for _, at in tries))


def notes(run: Run) -> Iterator[Note]:
    """Yield until when jobs wait for their documents' next tries."""
    offset = run.clock.monotonic() - run.clock.wall()
    for target in _sending(run):
        found = coming(run, target)
        if found is not None:
            kinds = ", ".join(sorted(found.kinds))
            text = f"another try of {plural(found.documents, 'document')} that failed ({kinds})"
            yield Note(target.name, text, found.at + offset)


def _sending(run: Run) -> Iterator[ResolvedJob]:
    """Yield the jobs that try again and of which something may be sent in this run."""
    if run.allowance == 0:
        return
    for target in run.targets.values():
        view = run.connections[target.connection].view
        if target.retry and run.tries_again and view.blocked is None and view.unreachable is None:
            yield target


def decided(run: Run, target: ResolvedJob) -> Iterator[tuple[LaterTry, float]]:
    """Yield what of a job is tried again, and when, of what is selected where not all is.

    What failed since it was looked at last is decided now, for good.
    """
    now = run.clock.wall()
    found = run.store.later_tries.failed(target.name, target.retry) if target.retry else ()
    allowed = [
        each for each in found if target.retry[each.kind].allows(each.attempt) and _may_be_sent(run, each.row)
    ]
    new = [
        (each, now + target.retry[each.kind].pause(each.attempt, each.key))
        for each in allowed
        if each.due is None
    ]
    if new:
        run.store.later_tries.note(new)
    yield from new
    yield from ((each, each.due) for each in allowed if each.due is not None)


def _may_be_sent(run: Run, item: int) -> bool:
    return not run.under or is_selected(run.store.database, run.under, item)
