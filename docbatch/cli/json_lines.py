"""What `--json` makes of a command: typed lines on stdout, errors among them, and the summary last, with the exit code.

A command says what it has to say by `tell`, as a sentence or as a line; what it says by `say` alone is a line of type message.
"""

from collections.abc import Mapping
from typing import Any

import click

SUMMARIES = ("summary", "outcome")
_lines: "JsonLinesOfCommand | None" = None


class JsonLinesOfCommand:
    """The lines of one command. The summary is kept until the end, since nothing may follow it."""

    def __init__(self, command: str) -> None:
        self.version = f"docbatch/{command.replace(' ', '-')}/v1"
        self._summary: dict[str, Any] | None = None

    def line(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {"version": self.version, "type": kind, **values}

    def keep(self, value: Any) -> bool:
        """Keep a summary for the end, and say whether it is one."""
        if isinstance(value, dict) and value.get("type") in SUMMARIES:
            self._summary = value
            return True
        return False

    def last(self, code: int) -> dict[str, Any]:
        kept = self._summary or self.line("summary", {})
        return {**kept, "exit_code": code}


def current() -> JsonLinesOfCommand | None:
    """Return the lines of the command that is under way; None where it speaks to people."""
    return _lines


def begin(command: str) -> None:
    global _lines  # noqa: PLW0603 - a process has one standard output
    if _lines is None:
        _lines = JsonLinesOfCommand(command)


def end() -> None:
    global _lines  # noqa: PLW0603 - as above
    _lines = None


def command_name(context: click.Context) -> str:
    """Return what a command is called after the program, such as `state check`."""
    names: list[str] = []
    while context.parent is not None:
        names.insert(0, context.info_name or "")
        context = context.parent
    return " ".join(names) or "docbatch"


def _begin(context: click.Context, _option: click.Parameter, value: bool) -> bool:
    if value:
        begin(command_name(context))
    return value


def take_json(command: click.Command) -> None:
    """Let a command print JSON lines, its own or what is made of its sentences."""
    own = next((each for each in command.params if "--json" in each.opts), None)
    if own is None:
        command.params.append(
            click.Option(
                ["--json"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_begin,
                help="Print JSON lines instead of text.",
            )
        )
    elif own.callback is None:
        own.callback, own.is_eager = _begin, True
