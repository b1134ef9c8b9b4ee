"""The command `docbatch apply`."""

import sys
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli import completion, options
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.options import allow, allow_host, duration, metrics, report
from docbatch.cli.output import say, say_json, say_report

if TYPE_CHECKING:
    from docbatch import ApplyOutcome, CheckedJob, PlanReport, Project, Selectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The options, as they were given."""

    timeout: str | None
    plan_file: Path | None
    max_new: int | None
    upgrade: tuple[str, ...]
    allowed: tuple[str, ...]
    approved: str | None
    allowed_hosts: tuple[str, ...]
    report_folder: Path | None
    metrics_file: Path | None
    trace: bool
    no_wait: bool
    yes: bool
    as_json: bool
    quiet: bool
    selected: "Selectors | None"


@click.command(name="apply")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--no-wait", is_flag=True, help="Submit, deliver what is there, and leave the rest running.")
@click.option(
    "--timeout", metavar="DURATION", help="End the run after this long, such as 30m; run again to go on."
)
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    help="Run a saved plan, or refuse when it is stale.",
)
@options.of_documents
@options.changed
@click.option(
    "--max-new",
    type=click.IntRange(min=0),
    metavar="N",
    help="Send at most N documents that were not sent before.",
)
@click.option(
    "--upgrade",
    multiple=True,
    metavar="JOB",
    shell_complete=completion.jobs,
    help="Take the current versions of engines, processors and what cuts chunks for a job.",
)
@allow
@click.option(
    "--approve",
    "approved",
    metavar="DIGEST",
    help="Agree to what the plan with this digest would send, and to nothing else.",
)
@allow_host
@report
@metrics
@click.option(
    "--trace", is_flag=True, help="Send traces to OTEL_EXPORTER_OTLP_ENDPOINT, or refuse where it is not set."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors; as JSON, the last line alone.")
def command(paths: tuple[Path, ...], **given: Any) -> int:
    """Send, follow, collect and deliver until nothing is due. Safe to interrupt and to run again."""
    selected = {name: given.pop(name) for name in options.SELECTED}
    asked = Given(**given, selected=options.chosen(**selected))
    if asked.metrics_file is None:
        return _apply(open_chosen(), paths, asked).exit_code
    return _measured(paths, asked, asked.metrics_file)


def _measured(paths: tuple[Path, ...], given: Given, file: Path) -> int:
    """Apply, and write metrics of it, whatever ends it; where no project could be opened, of the exit code alone."""
    from docbatch.cli.metrics import require_metrics, write_metrics

    require_metrics(file, paths)
    project = None
    try:
        project = open_chosen()
        outcome = _apply(project, paths, given)
    except click.ClickException:
        # The command line is not understood, and nothing was begun.
        raise
    except BaseException as error:
        write_metrics(file, project, None, _code(error))
        raise
    write_metrics(file, project, outcome, outcome.exit_code)
    return outcome.exit_code


def _code(error: BaseException) -> int:
    from docbatch import DocbatchError

    match error:
        case DocbatchError():
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            return 130
    return 1


def _apply(project: "Project", paths: tuple[Path, ...], given: Given) -> "ApplyOutcome":
    from docbatch.cli.interruption import interruptible
    from docbatch.cli.job_progress import ExpectedDocuments, expected_documents
    from docbatch.cli.progress import watcher
    from docbatch.cli.traces import traces

    seconds = None if given.timeout is None else duration("--timeout", given.timeout)
    if given.no_wait and not given.quiet:
        _warn_of_no_wait(project.validate(paths or None, plan=given.plan_file))
    _rest_the_collector()
    # Traces are sent when the run is over: it is not ended for them, as one is that was asked to end and does not.
    with (
        watcher(as_json=given.as_json, quiet=given.quiet) as watch,
        traces(watch, asked=given.trace) as traced,
        interruptible() as stop,
    ):

        def announce(report: "PlanReport") -> bool:
            traced.planned(report, lambda: project.validate(paths or None, plan=given.plan_file))
            agreed = _announce(report, given)
            watch.expect(expected_documents(report, given.max_new) if agreed else ExpectedDocuments())
            return agreed

        outcome = project.apply(
            paths or None,
            on_event=traced.observe,
            agree=announce,
            wait=not given.no_wait,
            timeout=seconds,
            select=given.selected,
            max_new=given.max_new,
            upgrade=given.upgrade,
            allow=given.allowed,
            approve=given.approved,
            allow_hosts=given.allowed_hosts,
            plan=given.plan_file,
            report=given.report_folder,
            stop=stop,
        )
        traced.ended(outcome.exit_code)
    _conclude(outcome, frozenset(watch.told), given)
    if given.report_folder is not None and not given.quiet:
        _say_report(outcome, given.report_folder)
    return outcome


def _say_report(outcome: "ApplyOutcome", folder: Path) -> None:
    from docbatch import ReportUnwritten

    if not any(isinstance(error, ReportUnwritten) for error in outcome.errors):
        say_report(folder)


def _warn_of_no_wait(jobs: "Iterable[CheckedJob]") -> None:
    if all(job.in_process for job in jobs):
        say("--no-wait has no meaning here: all work is done in this process and ends with it", err=True)


def _rest_the_collector() -> None:
    """Answers of vendors are large trees without cycles: `main` looks seldom for any, and never through what is here by now."""
    import gc

    gc.freeze()


def _announce(report: "PlanReport", given: Given) -> bool:
    from docbatch.core.plan_formats.as_json import plan_json
    from docbatch.core.plan_formats.as_text import plan_text

    is_agreed = report.free or not report.send_items or given.yes or not sys.stdin.isatty()
    if given.quiet and is_agreed:
        return True
    if given.as_json:
        say_json(plan_json(report))
    else:
        say(plan_text(report, most_new=given.max_new), nl=False)
    if is_agreed:
        return True
    return click.confirm("Send them?", err=True)


def outcome_line(outcome: "ApplyOutcome") -> dict[str, Any]:
    """Return how a run ended as a JSON line."""
    from docbatch.cli.words import job_json

    return {
        "version": "docbatch/apply/v1",
        "type": "outcome",
        "jobs": [job_json(job) for job in outcome.jobs],
        "errors": [{"message": error.message, "hint": error.hint} for error in outcome.errors],
        "stuck": [asdict(each) for each in outcome.stuck],
        "looking": [{"subject": each.subject, **each.values()} for each in outcome.looking],
        "hindrances": [each.values() for each in outcome.hindrances],
        "held": [
            {"submission": each.id, "connection": each.connection, "documents": each.running}
            for each in outcome.held
        ],
        "held_back": [each.values() for each in outcome.held_back],
        "interrupted": outcome.interrupted,
        "remaining": dict(outcome.remaining),
        "spent": [{"connection": each.by["connection"], **each.all.values()} for each in outcome.spent],
        "exit_code": outcome.exit_code,
    }


def _conclude(outcome: "ApplyOutcome", told: Collection[str], given: Given) -> None:
    from docbatch.cli.words import errors_text, outcome_text

    if given.as_json:
        say_json(outcome_line(outcome))
    elif not given.quiet:
        say(outcome_text(outcome), nl=False)
    say(errors_text(outcome, told), nl=False, err=True)
    if outcome.interrupted:
        from docbatch.cli.interruption import interrupted_text

        say(interrupted_text(outcome.remaining), err=True)
