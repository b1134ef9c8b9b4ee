"""What history says of runs."""

from collections.abc import Iterator
from typing import Final

from docbatch.cli.words import standing_text
from docbatch.core.outside_text import escaped
from docbatch.core.report import plural, span
from docbatch.core.run_history import RunAmount, RunCost, RunHistory, RunJob, RunLine

MOST_JOBS: Final = 5
SHORT: Final = 10
"""Digits of a commit that are shown; one run by itself has all of them."""


def history_text(history: RunHistory) -> str:
    """Return what `docbatch history` shows, ending in a line break."""
    if not history.runs:
        return "No run is recorded: what changes nothing leaves no trace.\n"
    lines = [line for run in history.runs for line in _run(run, MOST_JOBS)]
    if history.more:
        lines.append("There are older ones; --limit N shows more.")
    return "\n".join(lines) + "\n"


def run_text(run: RunLine) -> str:
    """Return what is shown of one run, ending in a line break."""
    return "\n".join([*_run(run, None), *_detail(run)]) + "\n"


def _run(run: RunLine, most: int | None) -> Iterator[str]:
    yield f"{run.id}  {run.began}  {escaped(run.who)}  docbatch {escaped(run.command)}"
    yield f"    {_ended(run)}{_commit(run, None if most is None else SHORT)}"
    for job in run.jobs[:most]:
        yield f"    {_job(job)}"
    if most is not None and len(run.jobs) > most:
        yield f"    and {plural(len(run.jobs) - most, 'more job')}"
    for connection, documents in sorted(run.sent.items()):
        yield f"    sent to '{connection}': {plural(documents, 'document')}"
    for cost in run.spent:
        yield f"    cost on '{cost.connection}': {_cost(cost)}"


def _ended(run: RunLine) -> str:
    if run.state == "running":
        return "goes on"
    if run.exit_code is None or run.seconds is None:
        return "was interrupted"
    return f"exit code {run.exit_code}, took {span(run.seconds)}"


def _commit(run: RunLine, digits: int | None) -> str:
    if run.commit is None:
        return ""
    files = {True: ", with changed files", False: "", None: ", whether files were changed is not known"}
    return f", commit {run.commit[:digits]}{files[run.changed]}"


def _job(job: RunJob) -> str:
    rest = "".join(f", {count:,} {standing_text(name)}" for name, count in sorted(job.standing.items()))
    written = f"; {plural(job.written, 'output')} written" if job.written else ""
    return f"{job.job}: {job.done:,} of {plural(job.documents, 'document')} done{rest}{written}"


def _cost(cost: RunCost) -> str:
    told = [plural(cost.documents, "document")]
    if cost.pages.total:
        told.append(plural(int(cost.pages.total), "page"))
    for name, amount in (("credits", cost.credits), ("USD", cost.usd)):
        if amount.total:
            told.append(_amount(name, amount, cost.documents))
    if len(told) == 1 and cost.credits.unknown:
        told.append("what they cost is not known")
    return ", ".join(told)


def _amount(name: str, amount: RunAmount, documents: int) -> str:
    most = "at most " if amount.estimated else ""
    some = f" for {documents - amount.unknown:,} of them" if amount.unknown else ""
    return f"{most}{amount.total:,.10g} {name}{some}"


def _detail(run: RunLine) -> Iterator[str]:
    yield f"    docbatch {run.docbatch}; event {run.serial:,} was the last before it"
    for event, count in sorted(run.events.items()):
        yield f"    {event}: {count:,}"
