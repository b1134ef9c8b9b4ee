"""The command `docbatch costs`."""

import click

from docbatch.cli import completion
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.output import say, say_json

VERSION = "docbatch/costs/v1"


@click.command(name="costs")
@click.option(
    "--by",
    multiple=True,
    default=("job",),
    show_default=True,
    metavar="WHAT",
    shell_complete=completion.facets,
    help="Tell apart by job, month, day, connection or label.NAME; several nest.",
)
@click.option(
    "--since", metavar="DAY", help="From this day on (UTC), or from the first of a month, as 2026-01."
)
@click.option("--until", metavar="DAY", help="Up to this day, or the last of a month.")
@click.option(
    "--job", metavar="JOB", shell_complete=completion.jobs, help="Only what is charged to this job."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(
    by: tuple[str, ...], *, since: str | None, until: str | None, job: str | None, as_json: bool
) -> None:
    """Show what paid work came to: documents, pages, credits and US dollars. No network."""
    report = open_chosen().costs(by, since=since, until=until, job=job)
    if as_json:
        for line in report.values():
            say_json({"version": VERSION, **line})
    else:
        from docbatch.cli.cost_words import costs_text

        say(costs_text(report), nl=False)
