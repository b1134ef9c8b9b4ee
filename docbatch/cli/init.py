"""The command `docbatch init`."""

from pathlib import Path

import click

from docbatch.cli.output import say, tell


@click.command(name="init")
def command() -> None:
    """Write a starter project into the current folder. Nothing that exists is overwritten."""
    from docbatch.specs.starter import EXAMPLE, init

    written = init(Path.cwd())
    for path in written:
        shown = str(path.relative_to(Path.cwd()))
        tell("file", f"wrote {shown}", path=shown)
    if not written:
        say("nothing to do: the project is there already")
    elif Path.cwd() / EXAMPLE in written:
        say("\nNext: put documents into inbox/, then run 'docbatch plan' and 'docbatch apply'.")
    else:
        say("\nNext: 'docbatch plan' shows what the jobs of this project would do.")
