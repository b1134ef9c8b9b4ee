"""What is told of outputs while they are written: faults of documents, and what sinks remark."""

from collections.abc import Sequence

from docbatch.core.errors import SinkError
from docbatch.core.report import plural
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Fault, Receipt


def report_faults(run: Run, target: ResolvedJob, faults: Sequence[Fault]) -> None:
    for fault in faults:
        text = f"{target.name}: {escape(fault.path)}: {fault.message}"
        run.errors.append(SinkError(text))
        run.observe(
            Trouble(
                escape(fault.path), fault.message, "its result is safe in the spool; mend it and apply again"
            )
        )


def tell_remarks(run: Run, target: ResolvedJob, receipts: Sequence[Receipt]) -> None:
    """Tell what sinks remark, each once for all outputs of a window."""
    remarked: dict[str, list[Receipt]] = {}
    for each in receipts:
        if each.remark is not None:
            remarked.setdefault(each.remark, []).append(each)
    for remark, about in remarked.items():
        others = f" and {plural(len(about) - 1, 'more document')}" if about[1:] else ""
        run.observe(Trouble(f"{target.name}: {escape(about[0].path)}{others}", remark))
