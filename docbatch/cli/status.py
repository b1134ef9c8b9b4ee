"""The command `docbatch status`."""

import json
import time

import click

from docbatch.cli import completion
from docbatch.cli.workspace import existing, state_folder


@click.command(name="status")
@click.argument("job", required=False, shell_complete=completion.jobs)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(job: str | None, *, as_json: bool) -> None:
    """Show what is recorded: documents, failures, open submissions, the spool's size. No network."""
    from docbatch.engine.stock import take_stock

    with existing(state_folder()) as store:
        stock = take_stock(store, job, now=time.time())
    if as_json:
        for line in stock.lines():
            click.echo(json.dumps({"version": "docbatch/status/v1", **line}))
    else:
        from docbatch.cli.words import stock_text

        click.echo(stock_text(stock), nl=False)
