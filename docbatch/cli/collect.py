"""The command `docbatch collect`."""

from typing import Any

import click

from docbatch.cli import apply
from docbatch.cli.output import say

TAKEN = frozenset(
    {
        "paths",
        "timeout",
        "allowed_hosts",
        "report_folder",
        "metrics_file",
        "trace",
        "as_json",
        "quiet",
    }
)
"""What it takes of the options of apply; each is as it is there."""
NO_WAIT = click.Option(["--no-wait"], is_flag=True, help="Deliver what is there, and leave the rest running.")


def _collect(**given: Any) -> int:
    """Follow what was sent, collect and deliver it, and send nothing.

    As apply with --max-new 0: guards and a missing approval do not hold it up, since nothing is spent. Ends with 4 while
    something is not through.
    """
    if not given["quiet"]:
        say("nothing is sent: what is due to be sent waits for 'docbatch apply'", err=True)
    code: int = click.get_current_context().invoke(apply.command, **given, max_new=0, yes=True)
    return code


command = click.Command(
    "collect",
    callback=_collect,
    params=[NO_WAIT, *(each for each in apply.command.params if each.name in TAKEN)],
    help=_collect.__doc__,
)
