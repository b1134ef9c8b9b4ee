"""The command `docbatch accept`."""

from typing import Any

import click

from docbatch.cli.acceptance import acceptance_options, run


@click.command(name="accept")
@acceptance_options
def command(**given: Any) -> None:
    """Let failed and partial documents stand, for good: apply does not end with 3 for them any more.

    It is said of this failure of these bytes: a changed document, another class or another config counts again.
    """
    run(verb="accepted", until=None, **given)
