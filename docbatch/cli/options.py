"""Options that several commands share."""

import os

import click

from docbatch.cli import completion


def _start_in(_context: click.Context, _option: click.Parameter, folders: tuple[str, ...]) -> None:
    for folder in folders:
        try:
            os.chdir(folder)
        except OSError as error:
            raise click.BadParameter(f"docbatch cannot start in '{folder}': {error.strerror}") from error


# Comes first, so that what the other options and arguments name is looked for in that folder.
start_in = click.Option(
    ["-C", "folders"],
    multiple=True,
    metavar="DIR",
    is_eager=True,
    expose_value=False,
    callback=_start_in,
    shell_complete=completion.folders,
    help="Act as if started in this folder: the project is looked for there, and paths are relative to it.",
)


def take_folder(command: click.Command) -> None:
    """Let a command, and all below it, take -C."""
    if start_in not in command.params:
        command.params.append(start_in)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            take_folder(each)


def duration(option: str, text: str) -> float:
    """Return the seconds that an option says. Raises BadParameter."""
    import re

    from docbatch.fields import DURATION, seconds

    if not re.match(DURATION, text):
        raise click.BadParameter(f"'{text}' is no duration; write 90s, 30m, 6h or 2d", param_hint=option)
    return seconds(text)


allow_host = click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="CONNECTION",
    envvar="DOCBATCH_ALLOW_HOSTS",
    help="Let this connection send its key to a host that is not the vendor's own.",
)


def _words(_context: click.Context, _option: click.Parameter, written: tuple[str, ...]) -> tuple[str, ...]:
    from docbatch.core.guard import Allowance

    words = [word.strip() for text in written for word in text.split(",")]
    for word in words:
        if word not in set(Allowance):
            raise click.BadParameter(
                f"'{word}' is nothing that can be allowed; there is {', '.join(Allowance)}"
            )
    return tuple(words)


allow = click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="WORDS",
    callback=_words,
    help="Let guards pass this once: overwritten (files that docbatch did not write), shared (folders of other projects).",
)
