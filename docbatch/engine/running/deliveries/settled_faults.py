"""What becomes of documents that a sink could not write."""

from collections.abc import Iterable, Sequence

from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.running.bring_back_results import bring_back
from docbatch.engine.running.figures.told_outputs import report_faults
from docbatch.engine.running.run_context import Run
from docbatch.sinks.base import Fault
from docbatch.state.deliveries import DueDelivery, RecordedSink


def settle_faults(
    run: Run,
    target: ResolvedJob,
    recorded: RecordedSink,
    wanted: ResolvedSink,
    *,
    faults: Iterable[Fault],
    lost: Sequence[DueDelivery],
) -> None:
    """Set aside and tell what cannot be written in this run, but for results that were `lost` and are on their way back."""
    coming = {each.path for each in lost} - {each.path for each in bring_back(run, target, lost)}
    staying = [each for each in faults if each.path not in coming]
    if staying:
        run.store.deliveries.fault(recorded.row, [each.path for each in staying])
        report_faults(run, target, wanted, staying)
