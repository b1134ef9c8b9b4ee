"""The command `docbatch cancel`."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from docbatch.cli import completion, json_lines
from docbatch.cli.options import allow_host
from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch import Notice
    from docbatch.engine.administration.cancel_work import CancellableWork, CancelOutcome


@click.command(name="cancel")
@click.argument("submission", required=False)
@click.option(
    "--job",
    metavar="JOB",
    shell_complete=completion.jobs,
    help="All that this job has with vendors, instead of one submission.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be stopped; asks nobody.")
@click.option("--yes", is_flag=True, help="Do not ask before work is stopped.")
@allow_host
def command(
    submission: str | None, *, job: str | None, dry_run: bool, yes: bool, allowed_hosts: tuple[str, ...]
) -> int:
    """Ask the vendor to stop work that it has. What has ended by then is paid, and collected by the next apply.

    SUBMISSION is one of those that 'docbatch status' lists. A stopped document counts as failed: it is sent again only
    after 'docbatch retry'. What a vendor charges for work it stops, the vendor says.

    Nothing undoes this: what was stopped does not go on. Look with --dry-run first.
    """
    from docbatch.cli.workspace import declared_project
    from docbatch.core.errors import gravest
    from docbatch.engine.administration.cancel_work import Order, cancel

    if (submission is None) == (job is None):
        raise click.UsageError("name a submission, or a job with --job JOB")
    project = declared_project()
    order = Order(
        project.state_folder,
        tuple(project.connections.values()),
        submission,
        job,
        frozenset(allowed_hosts),
        dry_run,
    )

    def announce(found: Sequence["CancellableWork"]) -> bool:
        return _announce(found, job, ask=not (yes or dry_run))

    answers = cancel(order, _observe, announce)
    for answer in answers:
        _tell_of(answer)
    if any(answer.stopped or answer.ended for answer in answers):
        say(
            "'docbatch apply' collects what ended; what was stopped is sent again only after 'docbatch retry'"
        )
    return gravest({answer.exit_code for answer in answers})


def _tell_of(answer: "CancelOutcome") -> None:
    if json_lines.current() is None:
        for line in _told(answer):
            say(line)
    trouble = (
        None if answer.trouble is None else {"message": answer.trouble.message, "hint": answer.trouble.hint}
    )
    tell("answer", None, submission=answer.work.submission.id, stopped=answer.stopped, ended=answer.ended,
         left=answer.left, stops=str(answer.work.stops), error=trouble, exit_code=answer.exit_code)  # fmt: skip


def _observe(notice: "Notice") -> None:
    from docbatch.cli.notice_words import trouble

    text = trouble(notice)
    if text is not None:
        say(text, err=True)


def _announce(found: Sequence["CancellableWork"], job: str | None, *, ask: bool) -> bool:
    from docbatch.core.models import Stops
    from docbatch.core.report import plural, visible

    if not found:
        say(f"job '{job}' has nothing with a vendor")
    for work in found:
        one = work.submission
        remote = visible(one.remote_id or "no remote id")
        tell(
            "work",
            f"submission {one.id} on {one.connection}: {plural(one.running, 'document')} running, {remote}",
            submission=one.id,
            connection=one.connection,
            documents=one.running,
            remote_id=one.remote_id,
            jobs=list(work.jobs),
            stops=str(work.stops),
        )
        others = [each for each in work.jobs if each != job]
        if job is not None and others and json_lines.current() is None:
            say(f"  its documents are also wanted by {', '.join(others)}")
    if not any(work.stops is not Stops.NOTHING for work in found) or not (ask and sys.stdin.isatty()):
        return True
    return click.confirm("Stop them?", err=True)


def _told(answer: "CancelOutcome") -> Iterator[str]:
    from docbatch.core.models import Stops
    from docbatch.core.report import plural, visible

    name = f"submission {answer.work.submission.id}"
    if answer.trouble is not None:
        yield visible(f"{name}: could not be stopped: {answer.trouble.message}")
        yield f"  {answer.trouble.hint or 'run the same command again'}"
        return
    if answer.stopped or answer.ended:
        yield f"{name}: {plural(answer.stopped, 'document')} stopped, {answer.ended:,} ended otherwise"
    if answer.left:
        yield f"{name}: {plural(answer.left, 'document')} still with the vendor, which {LIMITS[answer.work.stops]}"
        if answer.work.stops is not Stops.ALL:
            identity = answer.work.submission.id
            yield f"  'docbatch resolve {identity} --give-up' waits for it no longer; it may be charged all the same"


LIMITS = {
    "all": "was asked to stop them; 'docbatch apply' follows them to their end",
    "begun": "stops only what it has begun, not what still waits there: ask again later,"
    " or let 'docbatch apply' collect it",
    "nothing": "cannot stop work: 'docbatch apply' collects it, or raise the job's timeout",
}
