"""The command `docbatch sql`."""

import click

from docbatch.cli import json_lines
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.options import duration
from docbatch.cli.output import say, say_json, tell


@click.command(name="sql")
@click.argument("select", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with a line of names first.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    metavar="N",
    help="Print at most so many rows; 0 for all.",
)
@click.option(
    "--timeout", default="60s", show_default=True, metavar="DURATION", help="Give up after this long."
)
def command(select: str | None, *, as_csv: bool, limit: int, timeout: str) -> None:
    """Ask the state in SQL, as in SELECT job, count(*) FROM documents GROUP BY job. Changes nothing; works while a run goes on.

    Without a question the views and their columns are listed. docs/state.md says what each means; they stay as they are,
    while the tables beneath them may change with any version.
    """
    from docbatch.cli.query_words import csv_text, table_text
    from docbatch.state.views import VIEWS

    if as_csv and json_lines.current() is not None:
        raise click.UsageError("an answer is either CSV or JSON lines, so leave out one of the two")
    if select is None:
        for view in VIEWS:
            columns = [column.name for column in view.columns]
            tell("view", f"{view.name}: {', '.join(columns)}", view=view.name, columns=columns)
        return
    found = open_chosen().query(select, timeout=duration("--timeout", timeout), limit=limit or None)
    if json_lines.current() is not None:
        for row in found.values():
            say_json(row)
    else:
        say((csv_text if as_csv else table_text)(found), nl=False)
        if found.more:
            say(f"there are more than {limit:,} rows; --limit 0 prints all of them", err=True)
