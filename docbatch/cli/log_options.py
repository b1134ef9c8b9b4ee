"""The options of logs, which every command has. Logging itself is imported where there is something to log."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import click

from docbatch.cli import completion

VERBOSITY = "docbatch.verbosity"
LEVELS = (30, 20, 10)
"""Warnings, what is done, and each request, as logging counts them."""
_HOME = "docbatch.cli.logs"


def end() -> None:
    """Log nothing any more, where anything was logged."""
    if _HOME in sys.modules:
        _logs().end()


def is_shown() -> bool:
    """Say whether lines of the log come to stderr at any moment, so that nothing can be drawn there."""
    return _HOME in sys.modules and bool(_logs().is_shown())


def log_error(error: BaseException) -> None:
    """Log what nobody expected, where anything is logged."""
    if _HOME in sys.modules:
        _logs().log_error(error)


def _logs() -> ModuleType:
    return importlib.import_module(_HOME)


def _verbosity(context: click.Context, _option: click.Parameter, count: int) -> None:
    context.meta[VERBOSITY] = count
    if count:
        _logs().begin(LEVELS[min(count, 2)])


def _file(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    level = LEVELS[2 if context.meta.get(VERBOSITY, 0) > 1 else 1]
    from docbatch.cli.options import untrusted_by_variable
    from docbatch.core.errors import UsageError

    try:
        untrusted = bool(context.params.get("untrusted")) or untrusted_by_variable(context)
        _logs().begin_file(path, level, untrusted=untrusted)
    except UsageError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", context, option) from None
    except OSError as error:
        raise click.BadParameter(f"'{path}' cannot be written: {error.strerror}", context, option) from None


# The first is processed before the second, which depends on it.
_OPTIONS = (
    click.Option(
        ["-v", "verbosity"],
        count=True,
        is_eager=True,
        expose_value=False,
        callback=_verbosity,
        help="Log to stderr what is done; -vv also each request.",
    ),
    click.Option(
        ["--log-file"],
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        expose_value=False,
        callback=_file,
        shell_complete=completion.folders,
        help="Log into this file, up to 10 MB, with five of before beside it.",
    ),
)


def take_logs(command: click.Command) -> None:
    """Let a command, and all below it, take the options of logs."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            take_logs(each)
    elif _OPTIONS[0] not in command.params:
        command.params.extend(_OPTIONS)
