"""Numbers for machines that watch: a file that Prometheus' node exporter reads, written whole or not at all.

Labels are names of jobs and connections, which specs declare, and statuses: their number does not grow with documents.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docbatch import ApplyOutcome, DocbatchError, StateStatus, UsageError
from docbatch.cli.output import say

if TYPE_CHECKING:
    from docbatch import Project

Samples = tuple[str, str, tuple[str, ...], list[tuple[tuple[str, ...], float]]]
"""A name, what it means, the names of its labels, and its values by their labels."""


_BEGINNING = re.compile(rb"# HELP docbatch_")


def require_metrics(path: Path, specs: Iterable[Path] = (), *, untrusted: bool = False) -> None:
    """Raise UsageError where what writes metrics is not installed, something else stands in the file's place, or a source reads it."""
    from importlib.util import find_spec

    from docbatch.cli.own_file import require_own, require_unread

    if find_spec("prometheus_client") is None:
        raise UsageError(
            "writing metrics needs prometheus-client, which is not installed",
            hint="run pip install 'docbatch[metrics]'",
        )
    require_own(path, _BEGINNING, "a file of metrics")
    require_unread(path, specs=specs, untrusted=untrusted)


def write_metrics(
    path: Path, project: "Project | None", outcome: ApplyOutcome | None, code: int | None
) -> None:
    """Write how the jobs stand, and of a run that ended what it came to. What cannot be written is told, and no more."""
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    registry = CollectorRegistry()
    try:
        samples = [] if project is None else [*of_state(project.status())]
    except DocbatchError:
        # There is none yet, or it is damaged, which the command itself tells.
        samples = []
    for name, meaning, labels, values in (*samples, *of_run(outcome, code)):
        gauge = Gauge(name, meaning, labels, registry=registry)
        for chosen, value in values:
            (gauge.labels(*chosen) if labels else gauge).set(value)
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        say(f"warning: {path}: the metrics cannot be written: {error.strerror}", err=True)


def of_state(found: StateStatus) -> Iterator[Samples]:
    """Yield what is recorded."""
    yield from _of_jobs(found)
    yield from _of_submissions(found)
    yield "docbatch_stored_results", "Results in the spool.", (), [((), found.spool_entries)]
    yield "docbatch_stored_bytes", "What the results in the spool take.", (), [((), found.spool_bytes)]


def _of_jobs(found: StateStatus) -> Iterator[Samples]:
    yield (
        "docbatch_documents",
        "Documents of a job, by how they stand.",
        ("job", "connection", "status"),
        [
            ((job.job, job.connection, status), number)
            for job in found.jobs
            for status, number in sorted(job.tally.items())
        ],
    )
    yield (
        "docbatch_credits_charged",
        "Credits that vendors charged for the documents of a job, as far as they told.",
        ("job", "connection"),
        [((job.job, job.connection), job.credits) for job in found.jobs if job.credits is not None],
    )
    paces = [(job.job, job.pace) for job in found.jobs if job.pace is not None and job.pace.documents]
    yield (
        "docbatch_document_mean_seconds",
        "Seconds that a document of a job took on average.",
        ("job",),
        [((job,), pace.seconds / pace.documents) for job, pace in paces],
    )
    yield (
        "docbatch_document_longest_seconds",
        "Seconds that the slowest document of a job took.",
        ("job",),
        [((job,), pace.longest) for job, pace in paces],
    )


def _of_submissions(found: StateStatus) -> Iterator[Samples]:
    counts: dict[tuple[str, ...], float] = {}
    for each in found.open:
        key = (each.connection, str(each.status))
        counts[key] = counts.get(key, 0) + 1
    yield (
        "docbatch_open_submissions",
        "Submissions that are not through.",
        ("connection", "status"),
        sorted(counts.items()),
    )
    yield (
        "docbatch_stuck_submissions",
        "Submissions that are with a vendor for longer than their jobs allow.",
        (),
        [((), len(found.stuck))],
    )
    yield (
        "docbatch_hindrances",
        "What stopped or slowed connections when they were last asked.",
        (),
        [((), len(found.hindrances))],
    )


def of_run(outcome: ApplyOutcome | None, code: int | None) -> Iterator[Samples]:
    """Yield what a run came to that ended with an exit code; nothing where none did."""
    if code is None:
        return
    yield "docbatch_run_exit_code", "The exit code of the last run.", (), [((), code)]
    now = time.time()
    yield "docbatch_run_end_timestamp_seconds", "When the last run ended.", (), [((), now)]
    if outcome is None:
        return
    spent = {line.by["connection"] or "": line.all.values() for line in outcome.spent}
    yield (
        "docbatch_run_spent_usd",
        "What the last run came to, at most where a vendor did not tell; without what is not known.",
        ("connection",),
        list(_known(spent, "usd")),
    )
    yield (
        "docbatch_run_spent_credits",
        "The same in the vendor's credits.",
        ("connection",),
        list(_known(spent, "credits")),
    )
    yield (
        "docbatch_run_unpriced_documents",
        "Documents that the last run sent and of which nobody knows what they come to in US dollars.",
        ("connection",),
        [((name,), each["usd"]["unknown"]) for name, each in spent.items()],
    )
    yield (
        "docbatch_run_failed_documents",
        "Documents of a job that had failed when the last run ended and count for its exit code.",
        ("job",),
        [((job.job,), sum(job.accepted.counted(job.standing).values())) for job in outcome.jobs],
    )


def _known(spent: Mapping[str, Mapping[str, Any]], measure: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield what is known of an amount, by connection: nothing where it is not known of any document."""
    for name, each in spent.items():
        if each[measure]["unknown"] < each["documents"]:
            yield (name,), each[measure]["exact"] + each[measure]["estimated"]
