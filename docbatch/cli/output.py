"""Standard output and error, whose reader may leave: a closed pipe is no error, and what was begun goes on to its end."""

import os
import sys
from typing import Any

import click

from docbatch.core.outside_text import printed


def say(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Write; once the reader has gone, to nowhere. What others' text in it could do to a terminal or a CI runner is escaped."""
    _write(printed(text), nl=nl, err=err)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Write a value as JSON, on one line unless indented."""
    from docbatch.jsontext import written

    _write(written(value, indent=indent), nl=True, err=False)


def _write(text: str, *, nl: bool, err: bool) -> None:
    try:
        click.echo(text, nl=nl, err=err)
    except BrokenPipeError:
        silence(err=err)


def silence(*, err: bool = False) -> None:
    """Let what is still written go nowhere, so that the interpreter does not complain about it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())
    os.close(nowhere)


def endure() -> None:
    """Write characters that the terminal's encoding lacks as escapes instead of failing on them."""
    if sys.stdout is sys.__stdout__ and sys.__stdout__ is not None:
        sys.__stdout__.reconfigure(errors="backslashreplace")
