"""The command `docbatch apply`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docbatch.cli import completion
from docbatch.cli.options import allow_host
from docbatch.cli.output import say
from docbatch.cli.workspace import Workspace

if TYPE_CHECKING:
    from docbatch.core.report import PlanReport
    from docbatch.engine.planning.plan_file import SavedPlan
    from docbatch.engine.running.apply import ApplyOutcome


@click.command(name="apply")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--no-wait", is_flag=True, help="Submit, deliver what is there, and leave the rest running.")
@click.option(
    "--timeout", metavar="DURATION", help="Stop waiting after this long, such as 30m; run again to go on."
)
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    help="Run a saved plan, or refuse when it is stale.",
)
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
    help="Take the current engine or processor versions for a job.",
)
@allow_host
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(
    paths: tuple[Path, ...],
    *,
    timeout: str | None,
    plan_file: Path | None,
    max_new: int | None,
    upgrade: tuple[str, ...],
    allowed_hosts: tuple[str, ...],
    no_wait: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Send, follow, collect and deliver until nothing is due. Safe to interrupt and to run again."""
    from docbatch.cli.progress import watcher
    from docbatch.engine.running.apply import Assignment, apply

    saved = _saved(plan_file, paths)
    workspace = Workspace.here(tuple(Path(path) for path in saved.paths) if saved and not paths else paths)
    _check_names(workspace, upgrade)
    work = Assignment(
        jobs=workspace.jobs,
        folder=workspace.folder,
        project=workspace.project.mark,
        is_all=not (paths or (saved and saved.paths)),
        connections=() if paths else tuple(workspace.project.connections.values()),
        wait=not no_wait,
        timeout=_seconds(timeout),
        max_new=max_new,
        upgrade=frozenset(upgrade),
        allowed_hosts=frozenset(allowed_hosts),
        plan=saved,
    )
    if no_wait:
        _warn_of_no_wait(workspace)
    _rest_the_collector()
    with watcher(as_json=as_json) as watch:

        def announce(report: "PlanReport") -> bool:
            agreed = _announce(report, yes=yes, as_json=as_json)
            watch.expect(report.expected(max_new) if agreed else 0)
            return agreed

        outcome = apply(work, watch, announce)
    _conclude(outcome, as_json=as_json)
    return outcome.exit_code


def _warn_of_no_wait(workspace: Workspace) -> None:
    from docbatch.engine.provider_connections import ends_with_this_process

    if all(ends_with_this_process(job.connection) for job in workspace.jobs):
        say("--no-wait has no meaning here: all work is done in this process and ends with it", err=True)


def _rest_the_collector() -> None:
    """Answers of vendors are large trees without cycles: looking through them for any takes a tenth of a run."""
    import gc

    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _saved(plan_file: Path | None, paths: tuple[Path, ...]) -> "SavedPlan | None":
    if plan_file is None:
        return None
    from docbatch.core.errors import UsageError
    from docbatch.engine.planning.plan_file import load

    saved = load(plan_file, Path.cwd())
    if paths and tuple(map(str, paths)) != saved.paths:
        raise UsageError(
            "the plan was made for other paths", hint=f"leave them out, or name {' '.join(saved.paths)}"
        )
    return saved


def _seconds(duration: str | None) -> float | None:
    from docbatch.fields import DURATION, seconds

    if duration is None:
        return None
    import re

    if not re.match(DURATION, duration):
        raise click.BadParameter(
            f"'{duration}' is no duration; write 90s, 30m, 6h or 2d", param_hint="--timeout"
        )
    return seconds(duration)


def _check_names(workspace: Workspace, names: tuple[str, ...]) -> None:
    from docbatch.core.errors import UsageError

    known = {job.name for job in workspace.jobs}
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no job '{name}' to upgrade", hint=f"known are {', '.join(sorted(known))}"
            )


def _announce(report: "PlanReport", *, yes: bool, as_json: bool) -> bool:
    from docbatch.core.report import plan_json, plan_text

    if as_json:
        say(json.dumps(plan_json(report)))
    else:
        say(plan_text(report), nl=False)
    if report.free or not report.send_items or yes or not sys.stdin.isatty():
        return True
    return click.confirm("Send them?", err=True)


def _conclude(outcome: "ApplyOutcome", *, as_json: bool) -> None:
    from docbatch.cli.words import errors_text, job_json, outcome_text

    if as_json:
        jobs = [job_json(job) for job in outcome.jobs]
        errors = [{"message": error.message, "hint": error.hint} for error in outcome.errors]
        stuck = [asdict(each) for each in outcome.stuck]
        line = {
            "version": "docbatch/apply/v1",
            "type": "outcome",
            "jobs": jobs,
            "errors": errors,
            "stuck": stuck,
        }
        say(json.dumps({**line, "exit_code": outcome.exit_code}))
    else:
        say(outcome_text(outcome), nl=False)
    say(errors_text(outcome), nl=False, err=True)
