"""The command `docbatch failures`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.options import of_standing, selectors
from docbatch.cli.output import say, say_json

if TYPE_CHECKING:
    from docbatch import FailedDocument, FailureList

VERSION = "docbatch/failures/v1"
LISTED = 20


@click.command(name="failures")
@selectors
@of_standing
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=LISTED,
    show_default=True,
    metavar="N",
    help="Name at most N documents of each class of a job; 0 names all. JSON always has all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(*, globs: tuple[str, ...], limit: int, as_json: bool, **chosen: Any) -> None:
    """List documents that failed, are partial or held, with why, what was tried when, and what to do next. No network."""
    found = open_chosen().failures(paths=globs, **chosen)
    if as_json:
        for line in found.lines():
            say_json({"version": VERSION, **line})
    else:
        for text in _lines(found, limit):
            say(text)


def _lines(found: "FailureList", limit: int) -> Iterator[str]:
    from docbatch.core.acceptances import over_text
    from docbatch.core.report import plural, visible

    if not found.documents:
        yield visible(found.remark or "no document is failed, partial or held")
        return
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.counts.items())
    accepted = f"; {found.accepted:,} of them accepted" if found.accepted else ""
    yield f"{plural(len(found.documents), 'document')}: {counts}{accepted}"
    if found.over:
        yield over_text(found.over)
    groups: dict[tuple[str, str, str], list[FailedDocument]] = {}
    for each in found.documents:
        groups.setdefault((each.job, each.status, each.kind), []).append(each)
    for key, documents in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]))):
        yield ""
        yield from _group(found, key, documents, limit)


def _group(
    found: "FailureList", key: tuple[str, str, str], documents: "list[FailedDocument]", limit: int
) -> Iterator[str]:
    from docbatch.cli.words import standing_text
    from docbatch.core.report import visible

    job, status, kind = key
    open_ones = [each for each in documents if not each.is_accepted]
    accepted = [each for each in documents if each.is_accepted]
    yield visible(f"{job}: {len(documents):,} {standing_text(status)}: {kind}")
    if open_ones:
        step = found.steps[key]
        yield f"  {step.advice} '{step.command}'"
    yield from _some(open_ones, found.now, limit)
    if accepted:
        yield f"  accepted: {len(accepted):,}"
        yield from _some(accepted, found.now, limit)


def _some(documents: "list[FailedDocument]", now: float, limit: int) -> Iterator[str]:
    from docbatch.core.report import visible

    for each in documents[: limit or None]:
        yield from (visible(line) for line in _document(each, now))
    if limit and len(documents) > limit:
        yield f"    and {len(documents) - limit:,} more; --limit 0 names all"


def _document(each: "FailedDocument", now: float) -> Iterator[str]:
    from docbatch.core.moments import moment_text

    code = f" ({each.code})" if each.code else ""
    yield f"    {each.path}: {each.message}{code}"
    yield f"      {_times(each)}"
    for attempt in each.tried[:-1]:
        travelled = f" in submission {attempt.submission}" if attempt.submission else ""
        yield f"      attempt {attempt.attempt + 1}{travelled}: {attempt.kind}: {attempt.message}"
    if each.again is not None and not each.is_accepted:
        yield f"      tried again by apply from {moment_text(each.again)} on"
    if each.acceptance is not None:
        yield f"      {each.acceptance.text(now)}"
    elif each.by_job:
        yield "      accepted by the job, which says on_partial: accept"


def _times(each: "FailedDocument") -> str:
    from docbatch.core.moments import moment_text
    from docbatch.core.report import plural

    if each.first is None or each.last is None:
        when = "when it failed was not recorded"
    elif each.attempts == 0:
        when = f"cannot be sent since {moment_text(each.first)}"
    elif each.first == each.last:
        when = f"failed {moment_text(each.first)}"
    else:
        when = f"failed first {moment_text(each.first)}, last {moment_text(each.last)}"
    tries = f"{plural(each.attempts, 'attempt')}, " if each.attempts else ""
    travelled = (
        f", submission {each.tried[-1].submission}" if each.tried and each.tried[-1].submission else ""
    )
    return f"{tries}{when}{travelled}"
