"""The options `--env` and `--var`, kept for one invocation, and the project in the environment that they choose."""

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from docbatch.cli import completion

if TYPE_CHECKING:
    from docbatch import Project

WITHOUT_PROJECT = frozenset({"fmt", "init", "schema"})
"""Commands that look at no project, or at its files alone."""
_COMMAND = re.compile(r"(?<=['`])docbatch (?!--env\b|fmt\b|init\b|schema\b)(?=[a-z-])")
_STATE = re.compile(r"(?<![\w/.-])\.docbatch/(?!env/)")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_environment: str | None = None
_variables: dict[str, str] = {}
_allowed_hosts: set[str] = set()


def chosen() -> tuple[str | None, Mapping[str, str]]:
    """Return the environment that the command line names, and the values that it gives variables."""
    return _environment, _variables


def allow_hosts(names: Collection[str]) -> None:
    """Let the state be reached at foreign hosts of stores that the command line names."""
    _allowed_hosts.update(names)


def allowed_hosts() -> frozenset[str]:
    return frozenset(_allowed_hosts)


def end() -> None:
    """Forget what an earlier command line of this process said."""
    global _environment  # noqa: PLW0603 - a process has one command line at a time, and threads ask as well
    _environment = None
    _variables.clear()
    _allowed_hosts.clear()


def _take_environment(context: click.Context, option: click.Parameter, names: tuple[str, ...]) -> None:
    global _environment  # noqa: PLW0603 - as above
    for name in names:
        if _environment not in {None, name}:
            told = f"two environments are named, '{_environment}' and '{name}'"
            raise click.BadParameter(told, context, option)
        _environment = name


def _take_variables(context: click.Context, option: click.Parameter, written: tuple[str, ...]) -> None:
    for text in written:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter("write it as NAME=VALUE, such as customer=acme", context, option)
        if _variables.get(name, value) != value:
            raise click.BadParameter(f"the variable '{name}' is given two values", context, option)
        _variables[name] = value


_OPTIONS = (
    click.Option(
        ["--env", "environments"],
        multiple=True,
        metavar="NAME",
        is_eager=True,
        expose_value=False,
        callback=_take_environment,
        shell_complete=completion.environments,
        help="Act in this environment of docbatch.yaml.",
    ),
    click.Option(
        ["--var", "variables"],
        multiple=True,
        metavar="NAME=VALUE",
        is_eager=True,
        expose_value=False,
        callback=_take_variables,
        help="Give a variable that docbatch.yaml declares this value; DOCBATCH_VAR_NAME does so, too.",
    ),
)


def take_choice(command: click.Command) -> None:
    """Let a command, and all below it, take the options."""
    command.params.extend(option for option in _OPTIONS if option not in command.params)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            take_choice(each)


def refuse_choice(command: str, context: click.Context) -> None:
    """Raise UsageError where something is said of the project before a command that looks at none."""
    if command in WITHOUT_PROJECT and (_environment or _variables):
        raise click.UsageError(f"'{command}' looks at no project, so leave out --env and --var", context)


def open_chosen(*, untrusted: bool = False, environment: str | None = None) -> "Project":
    """Open the project around the current folder in the environment that is chosen, or in another one."""
    from docbatch.api.opening import opened
    from docbatch.specs.chosen_environment import Choice

    choice = Choice(environment or _environment, dict(_variables))
    project = opened(".", choice, untrusted=untrusted, allowed_hosts=_allowed_hosts)
    say_waits()
    return project


def say_waits() -> None:
    """Have it be said what a state in a store is waited for. Where no state lies in a store, nothing is loaded for that."""
    homes = sys.modules.get("docbatch.state.homes")
    if homes is not None:
        from docbatch.cli.output import say_wait

        homes.tell_waits_to(say_wait)


def in_environment(text: str) -> str:
    """Return a text whose commands, and whose places in the state folder, are those of the environment that is chosen."""
    name = _environment
    if name is None or not _NAME.fullmatch(name):
        return text
    there = _COMMAND.sub(lambda found: " ".join((f"{found[0]}--env", name, "")), text)
    return _STATE.sub(f".docbatch/env/{name}/", there)


def command_in_environment(words: Sequence[str]) -> list[str]:
    """Return a command, word by word, as it is for the environment that is chosen."""
    name = _environment
    return list(words) if name is None else [words[0], "--env", name, *words[1:]]
