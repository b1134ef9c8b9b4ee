"""The command `docbatch status`."""

from pathlib import Path

import click

from docbatch import open_project
from docbatch.cli import completion, options
from docbatch.cli.output import say, say_json, say_report


@click.command(name="status")
@options.untrusted
@click.argument("job", required=False, shell_complete=completion.jobs)
@options.report
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(job: str | None, *, report_folder: Path | None, as_json: bool, untrusted: bool) -> None:
    """Show what is recorded: documents, failures, open submissions, the spool's size. No network."""
    project = open_project(untrusted=untrusted)
    if report_folder is not None:
        project.report(report_folder, job)
    found = project.status(job)
    if as_json:
        for line in found.lines():
            say_json({"version": "docbatch/status/v1", **line})
    else:
        from docbatch.cli.words import status_text

        say(status_text(found), nl=False)
    if report_folder is not None:
        say_report(report_folder)
