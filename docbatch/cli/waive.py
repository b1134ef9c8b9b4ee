"""The command `docbatch waive`."""

import time
from typing import Any

import click

from docbatch.cli.acceptance import acceptance_options, run
from docbatch.cli.options import duration


@click.command(name="waive")
@acceptance_options
@click.option("--until", metavar="DATE", help="The last day (UTC) on which it may stand, such as 2026-12-31.")
@click.option("--for", "span", metavar="DURATION", help="How long it may stand, such as 30d.")
def command(*, until: str | None, span: str | None, **given: Any) -> None:
    """Let failed and partial documents stand for a while: then apply ends with 3 for them again.

    It is said of this failure of these bytes: a changed document, another class or another config counts at once.
    """
    if until is not None and span is not None:
        raise click.UsageError("this says twice how long; once is enough")
    if not (given["withdraw"] or given["undo"]) and until is None and span is None:
        raise click.UsageError("say how long, by --until DATE or --for DURATION")
    end = until if span is None else time.time() + duration("--for", span)
    run(verb="waived", until=end, **given)
