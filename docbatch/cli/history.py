"""The command `docbatch history`."""

from dataclasses import asdict

import click

from docbatch.cli import completion
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.output import say, say_json


@click.command(name="history")
@click.argument("run", required=False, type=click.IntRange(min=1), metavar="[ID]")
@click.option("--since", metavar="DAY", help="Runs of this day (UTC) and later, or of a month, as 2026-01.")
@click.option(
    "--job",
    metavar="JOB",
    shell_complete=completion.jobs,
    help="Leave out runs that certainly did nothing for this job.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="At most so many."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(run: int | None, *, since: str | None, job: str | None, limit: int, as_json: bool) -> None:
    """Show who changed the state by which command, from which commit, with what result and cost: the newest first.

    ID is the number of one run, to be shown with all that is recorded of it. What changed nothing is not recorded.
    """
    from docbatch.cli.history_words import history_text, run_text
    from docbatch.core.run_history import VERSION

    project = open_chosen()
    if run is not None:
        if since is not None or job is not None:
            raise click.UsageError("one run is named: leave out --since and --job")
        found = project.run(run)
        if as_json:
            say_json({"version": VERSION, "type": "run", **asdict(found)})
        else:
            say(run_text(found), nl=False)
        return
    history = project.history(since=since, job=job, limit=limit)
    if as_json:
        for line in history.lines():
            say_json(line)
    else:
        say(history_text(history), nl=False)
