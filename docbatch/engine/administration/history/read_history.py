"""The history of a project, read from the state as values to show."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import islice

from docbatch.core.costs import summed
from docbatch.core.errors import UsageError
from docbatch.core.moments import iso_moment
from docbatch.core.run_history import (
    RunCost,
    RunHistory,
    RunLine,
    RunState,
    run_cost,
    run_jobs,
)
from docbatch.engine.administration.edit_state import named_jobs
from docbatch.state.costs import CostScope
from docbatch.state.runs import RecordedRun
from docbatch.state.store import Store


def read_history(
    store: Store, *, since: date | None = None, job: str | None = None, limit: int = 20
) -> RunHistory:
    """Return runs, the newest first: those since a day (UTC), and those that dealt with a job or may have.

    Raises UsageError for a job the state does not know.
    """
    if job is not None:
        named_jobs(store, job)
    start = 0.0 if since is None else datetime.combine(since, time.min, UTC).timestamp()
    goes_on = _under_way(store)
    wanted = (run for run in store.runs.latest(start) if _concerns(run, job))
    found = list(islice(wanted, limit + 1))
    return RunHistory(tuple(_line(store, run, goes_on) for run in found[:limit]), len(found) > limit)


def read_run(store: Store, identity: int) -> RunLine:
    """Return one run. Raises UsageError where there is none of that number."""
    run = store.runs.get(identity)
    if run is None:
        raise UsageError(f"there is no run {identity}", hint="'docbatch history' lists those that are kept")
    return _line(store, run, _under_way(store))


def _under_way(store: Store) -> int | None:
    """Return the run that goes on at this moment."""
    newest = next(store.runs.latest(), None)
    since = store.home.held_since()
    # Who holds the state may have written nothing so far: then the newest that is recorded is one before it.
    is_its = newest is not None and since is not None and newest.began >= since
    return newest.id if newest is not None and newest.ended is None and is_its else None


def _concerns(run: RecordedRun, job: str | None) -> bool:
    jobs = {each.job for each in run_jobs(run.figures)}
    return job is None or job in jobs or run.ended is None or (not jobs and job in run.command.split())


def _line(store: Store, run: RecordedRun, goes_on: int | None) -> RunLine:
    state: RunState = "ended" if run.ended is not None else "running" if run.id == goes_on else "interrupted"
    last = store.runs.last_event(run)
    return RunLine(
        id=run.id,
        state=state,
        command=run.command,
        who=run.who,
        docbatch=run.version,
        commit=run.commit,
        changed=run.changed,
        began=iso_moment(run.began),
        ended=None if run.ended is None else iso_moment(run.ended),
        seconds=None if run.ended is None else round(max(0.0, run.ended - run.began), 3),
        exit_code=run.exit_code,
        serial=run.serial,
        jobs=run_jobs(run.figures),
        sent=run.figures.get("sent") or store.runs.sent(run.serial, last),
        spent=tuple(_spent(store, run, last)),
        events=store.runs.events(run.serial, last),
    )


def _spent(store: Store, run: RecordedRun, last: int | None) -> Iterator[RunCost]:
    """Yield what a run came to: as it was told at its end, of one that has none as it is known by now."""
    if run.ended is not None:
        yield from map(run_cost, run.figures.get("spent", ()))
        return
    known = summed(store.costs.rows(CostScope(after=run.serial, through=last)), ("connection",))
    for line in known.lines:
        yield run_cost({"connection": line.by["connection"], **line.all.values()})
