"""Standard output and error, whose reader may leave: a closed pipe is no error, and what was begun goes on to its end.

What cannot be written for another reason, such as a full disk, ends nothing either, and is told at the end.
"""

import io
import os
import select
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from docbatch.cli import json_lines
from docbatch.cli.chosen_project import command_in_environment, in_environment
from docbatch.core.outside_text import printed

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import ReadableBuffer

_STREAMS = ("stdin", "stdout", "stderr")


class _Enduring(io.FileIO):
    """Takes everything, and keeps why it could not write some of it, and whether its reader has left."""

    lost: OSError | None = None
    has_no_reader = False

    def write(self, content: "ReadableBuffer", /) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            self.has_no_reader = True
            raise
        except OSError as error:
            self.lost = self.lost or error
            return memoryview(content).nbytes


def say(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Write; once the reader has gone, to nowhere. What others' text in it could do to a terminal or a CI runner is escaped.

    Where the command prints JSON, what is for standard output is the text of a line.
    """
    lines = None if err else json_lines.current()
    if lines is None:
        _write(printed(in_environment(text)), nl=nl, err=err)
    elif text.strip():
        _write_json(lines.line("message", {"text": text.strip("\n")}))


def say_wait(sentence: str) -> None:
    """Say what is waited for, beside what a command prints."""
    say(sentence, err=True)


def tell(kind: str, text: str | None, /, **values: Any) -> None:
    """Say a sentence, none where that is None; where the command prints JSON, a line of that type with these values."""
    lines = json_lines.current()
    if lines is not None:
        if "undo" in values:
            values["undo"] = command_in_environment(values["undo"])
        say_json(lines.line(kind, values))
    elif text is not None:
        say(text)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Write a value as JSON, on one line unless indented. The summary of JSON lines waits for the end."""
    lines = json_lines.current()
    if lines is None or not lines.keep(value):
        _write_json(value, indent=None if lines is not None else indent)


def say_last(code: int) -> None:
    """Write the summary of JSON lines, with the exit code."""
    lines = json_lines.current()
    if lines is not None:
        _write_json(lines.last(code))
        json_lines.end()


def _write_json(value: Any, *, indent: int | None = None) -> None:
    from docbatch.jsontext import written

    _write(written(value, indent=indent), nl=True, err=False)


def say_report(folder: "Path") -> None:
    """Say where a report was written."""
    say(f"report: {folder / 'report.html'}, and beside it report.md, report.xml and report.json", err=True)


def _write(text: str, *, nl: bool, err: bool) -> None:
    try:
        click.echo(text, nl=nl, err=err)
    except BrokenPipeError:
        silence(err=err)


def has_no_reader() -> bool:
    """Say whether standard output is a pipe, or a connection, whose reader has left: nothing that is written will be read."""
    raw = _raw()
    if raw is not None and raw.has_no_reader:
        return True
    try:
        asked = select.poll()
        asked.register(sys.stdout.fileno(), 0)
        return any(events & (select.POLLERR | select.POLLHUP) for _, events in asked.poll(0))
    except (OSError, ValueError, AttributeError):
        return False


def silence(*, err: bool = False) -> None:
    """Let what is still written go nowhere, so that the interpreter does not complain about it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())
    os.close(nowhere)


def endure() -> None:
    """Make the standard streams take everything: also where none was handed over, or the terminal's encoding lacks it."""
    for number, name in enumerate(_STREAMS):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _nowhere(number))
        elif number and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _enduring(stream))


def unwritten() -> str | None:
    """Say why results could not be written to standard output; None where they were."""
    raw = _raw()
    lost = None if raw is None else raw.lost
    return None if lost is None else (lost.strerror or str(lost)).lower()


def _raw() -> _Enduring | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Enduring) else None


def _enduring(stream: TextIO) -> TextIO:
    raw = _Enduring(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.isatty(),
    )


def _nowhere(number: int) -> TextIO:
    """Return a stream to nowhere, which keeps its number from files opened later: what is printed would go into them."""
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number and _is_free(number):
        os.dup2(opened, number)
        os.close(opened)
        opened = number
    return open(opened, "w" if number else "r", encoding="utf-8", closefd=False)


def _is_free(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False
