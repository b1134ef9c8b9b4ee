"""What is told of outputs while they are written: faults of documents, and what sinks remark."""

import os
from collections.abc import Sequence

from docbatch.core.errors import SinkError
from docbatch.core.report import plural
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.naming.state_folders import project_root
from docbatch.sinks.base import Fault, Receipt


def report_faults(run: Run, target: ResolvedJob, wanted: ResolvedSink, faults: Sequence[Fault]) -> None:
    """Tell which documents a sink does not have, and why: what another sink of the job told already is said once for all of them."""
    name = _named(run, wanted)
    again = 0
    for fault in faults:
        said = target.name, fault.path, fault.message
        if said in run.sinks.told:
            again += 1
            continue
        run.sinks.told.add(said)
        told = f"{name}: {fault.message}"
        run.errors.append(SinkError(f"{target.name}: {escape(fault.path)}: {told}"))
        run.observe(
            Trouble(escape(fault.path), told, "its result is safe in the spool; mend it and apply again")
        )
    if again:
        told = f"{name}: {plural(again, 'document')} not written either, for the same reasons"
        run.errors.append(SinkError(f"{target.name}: {told}"))
        run.observe(Trouble(f"job {target.name}", told))


def _named(run: Run, wanted: ResolvedSink) -> str:
    if wanted.root is None or not wanted.output:
        return f"sink {wanted.kind.name}"
    project = os.fsencode(project_root(run.store.folder)) + b"/"
    return f"sink {wanted.kind.name} {escape((wanted.root + b'/' + wanted.output).removeprefix(project))}"


def tell_remarks(run: Run, target: ResolvedJob, receipts: Sequence[Receipt]) -> None:
    """Tell what sinks remark, each once for all outputs of a window."""
    remarked: dict[str, list[Receipt]] = {}
    for each in receipts:
        if each.remark is not None:
            remarked.setdefault(each.remark, []).append(each)
    for remark, about in remarked.items():
        others = f" and {plural(len(about) - 1, 'more document')}" if about[1:] else ""
        run.observe(Trouble(f"{target.name}: {escape(about[0].path)}{others}", remark))
