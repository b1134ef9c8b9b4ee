"""Bringing back results that were recorded and are missing or damaged in the spool.

Work that costs nothing is done again. What was paid is fetched once more, at no charge, for as long as the vendor has it;
beyond that its document counts as expired, and only `docbatch retry` has it sent, and paid, again.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import ResultsLost, Trouble
from docbatch.engine.running.replan_changed_document import take_as_it_is
from docbatch.engine.running.run_context import MOST_LOSSES, Run
from docbatch.state.deliveries import DueDelivery

WINDOW = 500
GONE = (
    "what lies in it is had again at no charge, as far as its provider has it; no rule of the store may remove objects under"
    " the prefix of the state"
)


def bring_back_all(run: Run) -> None:
    """Bring back what jobs have results of, where the spool holds nothing any more, or a whole pack is gone."""
    tell_gone_packs(run)
    if run.spool.lacks_packs():
        for target in run.targets.values():
            after = 0
            while rows := run.store.items.with_result(target.name, after, WINDOW):
                _bring_back(run, target, [row for row in rows if not _is_there(run, row)])
                after = rows[-1]
        run.spool.forget_gone_packs()


def tell_gone_packs(run: Run) -> None:
    """Say which packs turned out to be gone from the store of the state, and have them known as gone: each once."""
    for message in run.spool.forget_gone_stored():
        run.observe(Trouble("results", message, GONE))


def _is_there(run: Run, row: int) -> bool:
    result = run.store.items.by_row(row).result
    return result is not None and run.spool.has(result)


def missing(run: Run, holdings: Iterable[DueDelivery]) -> Iterator[DueDelivery]:
    """Yield those whose results are not there at all. Nothing is read."""
    return (each for each in holdings if not run.spool.has(each.result))


def may_come_back(run: Run, lost: DueDelivery) -> bool:
    """Say whether a result was not brought back too often: a disk that keeps nothing would have it read for ever."""
    return run.losses[lost.result] < MOST_LOSSES


def bring_back(run: Run, target: ResolvedJob, lost: Iterable[DueDelivery]) -> list[DueDelivery]:
    """Bring back what could not be read when it was to be written; return what was lost too often to go on with."""
    tell_gone_packs(run)
    hopeless = []
    wanted = iter(lost)
    while window := list(islice(wanted, WINDOW)):
        again = {
            each.item: each.result for each in window if each.item is not None and may_come_back(run, each)
        }
        hopeless += [each for each in window if each.item not in again]
        run.losses.update(again.values())
        _bring_back(run, target, sorted(again))
    return hopeless


def _bring_back(run: Run, target: ResolvedJob, rows: Sequence[int]) -> None:
    if not rows:
        return
    read = fetched = 0
    if run.connections[target.connection].traits.free:
        run.store.submissions.do_again(rows)
        _under_present_recipes(run, rows)
        read = len(rows)
    else:
        fetched = len(run.store.submissions.fetch_again(rows))
    run.queues.forget()
    run.observe(ResultsLost(target.name, len(rows), read_again=read, fetched_again=fetched))


def _under_present_recipes(run: Run, rows: Sequence[int]) -> None:
    """Let documents that versions of before had read be read by what is there now: nothing else can."""
    from docbatch.engine.running.parts.sent_recipes import present_recipes  # noqa: PLC0415 - hardly any result is lost

    for row in rows:
        recipe = run.store.items.by_row(row).recipe
        for job, path in run.store.documents.places(row):
            target = run.targets.get(job)
            if target is not None and recipe not in present_recipes(run.store, target):
                with run.store.write():
                    take_as_it_is(run, target, path)
