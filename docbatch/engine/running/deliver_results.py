"""Bringing results from the spool to the sinks, as often as it takes. Nothing here ever calls a vendor."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from heapq import merge
from operator import attrgetter

from docbatch.core.errors import Interrupted, ResultLost, SinkError
from docbatch.core.models import Submission
from docbatch.core.scheduler import Deliver, Due
from docbatch.engine.code_of_others import blamed
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Delivered, Trouble
from docbatch.engine.running.bring_back_results import bring_back, may_come_back, missing
from docbatch.engine.running.deliveries.documents_at_once import for_a_while
from docbatch.engine.running.deliveries.due_outputs import due_outputs, witness_of
from docbatch.engine.running.deliveries.settled_faults import settle_faults
from docbatch.engine.running.failure_rows.failed_deliveries import (
    failed_deliveries,
    mark,
    outdate_changed,
    taking,
)
from docbatch.engine.running.figures.told_outputs import report_faults, tell_remarks
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.sinks.accounts import Account
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.faults import reason
from docbatch.sinks.kind import SinkKind
from docbatch.state.companions import WrittenCompanion
from docbatch.state.deliveries import DueDelivery, RecordedSink


def deliver(run: Run, action: Deliver) -> None:
    """Write one window of a sink's outputs, or all of a whole sink's, and record them once they are durable."""
    target = run.targets[action.job]
    recorded = next(sink for sink in run.store.deliveries.sinks(action.job) if sink.row == action.sink)
    wanted = next(sink for sink in target.sinks if sink.identity == recorded.identity)
    try:
        with _writing_to(target.name):
            sink = _opened(run, recorded, wanted)
            if wanted.kind.whole:
                _publish(run, target, recorded, wanted, sink)
            elif wanted.kind.together:
                from docbatch.engine.running.deliveries.deliver_together import write_together  # noqa: PLC0415 - few do

                write_together(run, target, recorded, wanted, sink)
            elif wanted.kind.is_served and wanted.kind.per_document:
                from docbatch.engine.running.deliveries.deliver_served import write_served  # noqa: PLC0415 - few do

                write_served(run, target, recorded, wanted, sink)
            else:
                _write(run, target, recorded, wanted, sink)
    except Interrupted:
        # What was there stays as it is, and counts as behind.
        return
    except SinkError as error:
        _give_up(run, recorded, wanted, error)


def _give_up(run: Run, recorded: RecordedSink, wanted: ResolvedSink, error: SinkError) -> None:
    """Leave a sink as it is in this run, and say why."""
    run.leave_out(recorded, wanted)
    run.errors.append(error)
    run.observe(Trouble(f"job {recorded.job}", error.message, error.hint))


@contextmanager
def _writing_to(job: str) -> Iterator[None]:
    """Let whatever a sink raises be a SinkError."""
    try:
        with blamed(partial(_code_failed, job)):
            yield
    except OSError as error:
        raise SinkError(
            f"job '{job}': its outputs could not be made: {reason(error)}",
            hint="the results are safe in the spool; restore access and apply again",
        ) from error


def _code_failed(job: str, what: str) -> SinkError:
    return SinkError(
        f"job '{job}': its outputs could not be made: the code of its sink or its provider raised {what}",
        hint="the results are safe in the spool; mend it and apply again",
    )


def _opened(run: Run, recorded: RecordedSink, wanted: ResolvedSink) -> Sink:
    if recorded.row not in run.sinks.opened:
        run.sinks.opened[recorded.row] = wanted.open_to_write()
    return run.sinks.opened[recorded.row]


def _write(run: Run, target: ResolvedJob, recorded: RecordedSink, wanted: ResolvedSink, sink: Sink) -> None:
    due = due_outputs(run, recorded, wanted)
    if not due:
        # A mark that is another on disk: without a result it would be tried for ever.
        run.store.deliveries.let_wait(recorded.row)
        return
    from docbatch.engine.running.deliveries.due_deliveries import deliveries  # noqa: PLC0415 - most runs deliver nothing

    sink.take_over(run.store.renamed_rows.jobs(recorded.row))
    witness = witness_of(run, recorded, wanted, sink, due)
    account = Account(wanted.kind, target.name)
    lost: list[DueDelivery] = []
    if not wanted.kind.per_document:
        due = [each._replace(expected=recorded.stamp) for each in due]
    handed = account.handing(for_a_while(run, deliveries(run, target, due, wanted, lost)))
    outcomes = list(account.answering(sink.deliver(handed)))
    one_output = None if wanted.kind.per_document else sink.stamp(b"")
    account.close(one_output)
    if witness is not None:
        account.require_held(sink, witness)
    receipts = [each for each in outcomes if isinstance(each, Receipt)]
    _record(run, recorded, wanted, receipts, due, one_output=one_output)
    for path in run.store.renamed_rows.settled(recorded.row) if receipts else ():
        sink.remove(path)
    faults = [each for each in outcomes if isinstance(each, Fault)]
    settle_faults(run, target, recorded, wanted, faults=faults, lost=lost)
    tell_remarks(run, target, receipts)
    run.observe(Delivered(target.name, len(receipts)))


def _record(
    run: Run,
    recorded: RecordedSink,
    wanted: ResolvedSink,
    receipts: Sequence[Receipt],
    due: Sequence[DueDelivery],
    *,
    one_output: str | None,
) -> None:
    """Record outputs that are durable, and what lies beside them."""
    results = {each.path: each.result for each in due}
    companions = [
        WrittenCompanion(receipt.path, each.output, key, each.stamp, each.size, each.sha256)
        for receipt in receipts
        for each in receipt.companions
        if (key := wanted.collision_key(each.output)) is not None
    ]
    run.store.deliveries.delivered(
        recorded.row,
        [(each.path, each.stamp, results[each.path]) for each in receipts],
        one_output,
        [(each.path, each.size, each.sha256) for each in receipts],
        companions=companions,
    )


def _publish(run: Run, target: ResolvedJob, recorded: RecordedSink, wanted: ResolvedSink, sink: Sink) -> None:
    """Write a sink that holds its whole job.

    It stays as it is while results that were lost may come back: what holds them is not replaced by what lacks them.
    """
    lost: list[DueDelivery] = []
    try:
        _replace(run, target, recorded, wanted, sink, lost=lost)
    except ResultLost:
        there = {each.path for each in lost}
        gone = missing(run, run.store.deliveries.holdings(recorded))
        every = [*lost, *(each for each in gone if each.path not in there)]
        bring_back(run, target, [each for each in every if each.item is not None])
        _let_lines_go(run, recorded, [each.path for each in every if each.item is None])


def _let_lines_go(run: Run, recorded: RecordedSink, paths: Sequence[bytes]) -> None:
    """Say once what can stay in a job's file no longer, since its result is gone as its document is."""
    if paths:
        run.store.deliveries.let_lines_go(recorded.row, paths)
    for path in paths:
        text = f"it leaves the file of job '{recorded.job}': its document is no longer found, and its stored result is gone"
        run.observe(Trouble(escape(path), text, "the file as it was is kept in .docbatch/trash"))


def _replace(
    run: Run,
    target: ResolvedJob,
    recorded: RecordedSink,
    wanted: ResolvedSink,
    sink: Sink,
    *,
    lost: list[DueDelivery],
) -> None:
    """Write the sink anew; while something is missing from it, it counts as behind. Raises ResultLost."""
    from docbatch.engine.running.deliveries.due_deliveries import deliveries  # noqa: PLC0415 - the same

    job = run.store.documents.job(target.name)
    assert job is not None
    failed = failed_deliveries(run, target, wanted, recorded.stamp)
    results = deliveries(run, target, run.store.deliveries.holdings(recorded), wanted, lost)
    holdings = merge(results, failed, key=attrgetter("path")) if failed else results
    account = Account(wanted.kind, target.name)
    written = 0
    faults = []
    for outcome in account.answering(
        sink.deliver(account.handing(_as_long_as_all_are_there(run, holdings, lost)))
    ):
        if isinstance(outcome, Fault):
            faults.append(outcome)
        else:
            written += 1
    stamp = sink.stamp(b"")
    account.close(stamp)
    faults = _without_removed(run, recorded, faults)
    run.store.deliveries.published(recorded.row, -1 if faults else job.revision, stamp, mark(failed))
    if faults:
        run.sinks.failed.add(recorded.row)
        run.sinks.unwritten[recorded.row] = len(faults)
        report_faults(run, target, wanted, faults)
    run.observe(Delivered(target.name, written))


def _without_removed(run: Run, recorded: RecordedSink, faults: list[Fault]) -> list[Fault]:
    """Let lines of removed documents go that cannot be made any more, and say so; return the faults of the others."""
    if not faults:
        return []
    kept = set(run.store.outputs.kept_lines(recorded.row))
    going = [each for each in faults if each.path in kept]
    if going:
        run.store.deliveries.let_lines_go(recorded.row, [each.path for each in going])
    for each in going:
        text = f"it is not kept in the file of job '{recorded.job}': its document is no longer found, and its line cannot be made: {each.message}"
        run.observe(Trouble(escape(each.path), text))
    return [each for each in faults if each.path not in kept]


def _as_long_as_all_are_there(
    run: Run, deliveries: Iterable[Delivery], lost: Sequence[DueDelivery]
) -> Iterator[Delivery]:
    """Yield what is to be written. Raises ResultLost once some of it could not be read and may come back, Interrupted."""
    for each in deliveries:
        if run.stop.is_asked:
            raise Interrupted("the run is to end")
        yield each
        if lost and (lost[-1].item is None or may_come_back(run, lost[-1])):
            raise ResultLost(f"the result of {escape(lost[-1].path)} is lost")


def due(run: Run, submissions: Mapping[str, Submission], *, is_sending: bool) -> Iterator[Due]:
    """Yield what is to be written; whole outputs are, once nothing more is to come."""
    quiet = not is_sending and not any(each.running or each.ready for each in submissions.values())
    for job, sink, count, whole in unsettled(run):
        yield Due(job, sink, count, whole, quiet)


def unsettled(run: Run) -> Iterator[tuple[str, int, int, bool]]:
    """Yield (job, sink, count, whole) of what is to be written and not set aside in this run.

    What is handed over together counts as whole: it is written once its job is quiet.
    """
    jobs = list(run.targets)
    for job, sink, count in run.store.deliveries.counts_due(jobs):
        if sink not in run.sinks.failed and (kind := _kind(run, job, sink)) is not None and not kind.whole:
            yield job, sink, count, kind.together
    for job, sink in run.store.deliveries.stale(jobs):
        if sink not in run.sinks.failed and (kind := _kind(run, job, sink)) is not None and kind.whole:
            yield job, sink, 1, True


def _kind(run: Run, job: str, sink: int) -> SinkKind | None:
    identity = next(each.identity for each in run.store.deliveries.sinks(job) if each.row == sink)
    return next((each.kind for each in run.targets[job].sinks if each.identity == identity), None)


def deliver_the_rest(run: Run, until: float) -> None:
    """Before a run ends, write what is due for as long as there is time, and let whole sinks show what there is."""
    while run.clock.monotonic() < until and (due := _due_outputs(run, whole=False)):
        deliver(run, due[0])
    settle_failures(run)
    for action in _due_outputs(run, whole=True):
        deliver(run, action)


def settle_failures(run: Run) -> None:
    """Let outputs for whole jobs hold the failures that stand now, where their sinks take them, and no others."""
    outdate_changed(run)
    for target, recorded, wanted in taking(run):
        if wanted.kind.whole:
            continue
        try:
            with _writing_to(target.name):
                _settle(run, target, recorded, wanted)
        except SinkError as error:
            _give_up(run, recorded, wanted, error)


def _settle(run: Run, target: ResolvedJob, recorded: RecordedSink, wanted: ResolvedSink) -> None:
    """Write failures whose rows are not there, and take away those that no longer stand."""
    failed = {each.path: each for each in failed_deliveries(run, target, wanted, recorded.stamp)}
    held = run.store.failure_rows.held(recorded.row) if recorded.failures is not None else []
    if not failed and not held:
        if recorded.failures is not None:
            # Results took the place of all that failed.
            run.store.failure_rows.settled(recorded.row, (), (), None, None)
        return
    sink = _opened(run, recorded, wanted)
    lacking = [path for path, _ in sink.verify((path, each.result_digest) for path, each in failed.items())]
    gone = [path for path in held if path not in failed]
    stands = mark(list(failed.values()))
    if not lacking and not gone and stands == recorded.failures:
        return
    rows = run.store.failure_rows
    # They are known before they are written, so that what a kill leaves is taken away once it no longer stands.
    rows.settled(
        recorded.row, [(path, each.result_digest) for path, each in failed.items()], (), None, stands
    )
    for path in gone:
        sink.remove(path)
    account = Account(wanted.kind, target.name)
    outcomes = list(account.answering(sink.deliver(account.handing(failed[path] for path in lacking))))
    stamp = sink.stamp(b"")
    account.close(stamp)
    faults = [each for each in outcomes if isinstance(each, Fault)]
    lost = {each.path for each in faults}
    written = [each for path, each in failed.items() if path not in lost]
    rows.settled(recorded.row, (), [*gone, *lost], stamp, mark(written))
    if faults:
        report_faults(run, target, wanted, faults)


def _due_outputs(run: Run, *, whole: bool) -> list[Deliver]:
    return [
        Deliver(job, sink, f"{count} outputs are due")
        for job, sink, count, is_whole in unsettled(run)
        if is_whole == whole
    ]
