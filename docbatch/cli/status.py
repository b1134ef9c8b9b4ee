"""The command `docbatch status`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli import completion, options
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.output import say, say_json, say_report

if TYPE_CHECKING:
    from docbatch import StateStatus


@click.command(name="status")
@options.untrusted
@click.argument("job", required=False, shell_complete=completion.jobs)
@options.of_documents
@options.report
@options.metrics
@click.option("--watch", is_flag=True, help="Show it again and again, until all is done or Ctrl-C.")
@click.option(
    "--interval",
    metavar="DURATION",
    default="2s",
    help="How often it looks while it watches, such as 10s; 2s when left out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(
    job: str | None,
    *,
    report_folder: Path | None,
    metrics_file: Path | None,
    watch: bool,
    interval: str,
    as_json: bool,
    untrusted: bool,
    **selected: Any,
) -> int:
    """Show what is recorded: documents, failures, open submissions, the spool's size. No network."""
    project = open_chosen(untrusted=untrusted)
    select = options.chosen(**selected)
    if report_folder is not None and select is not None:
        raise click.UsageError(
            "a report is of one job, named as JOB, or of all: selectors have no meaning beside --report"
        )
    code = 0
    if metrics_file is not None:
        from docbatch.cli.metrics import require_metrics, write_metrics

        require_metrics(metrics_file, untrusted=untrusted)
    if report_folder is not None:
        project.report(report_folder, job)
    if watch:
        from docbatch.cli.status_watch import keep_watching

        seconds = options.duration("--interval", interval)
        code = keep_watching(lambda: project.status(job, select=select), seconds, as_json=as_json)
    else:
        show(project.status(job, select=select), as_json=as_json)
    if metrics_file is not None:
        write_metrics(metrics_file, project, None, None)
    if report_folder is not None:
        say_report(report_folder)
    return code


def show(found: "StateStatus", *, as_json: bool) -> None:
    if as_json:
        for line in found.lines():
            say_json({"version": "docbatch/status/v1", **line})
    else:
        from docbatch.cli.words import status_text

        say(status_text(found), nl=False)
