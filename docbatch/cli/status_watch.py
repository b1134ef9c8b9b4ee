"""Showing the status again and again: drawn anew on a terminal, told when it changed elsewhere."""

import sys
import time
from collections.abc import Callable

from docbatch import StateStatus
from docbatch.cli.output import has_no_reader, say, say_json
from docbatch.cli.words import status_text

SHORTEST = 0.2
UNDER_WAY = ("pending", "live")
Reading = Callable[[], StateStatus]


def keep_watching(read: Reading, seconds: float, *, as_json: bool) -> int:
    """Show what is read every so many seconds, until all is done; return the exit code, that of an interrupted command after Ctrl-C."""
    seconds = max(SHORTEST, seconds)
    try:
        if as_json:
            _tell(read, seconds, _say_lines)
        elif sys.stdout.isatty():
            _draw(read, seconds)
        else:
            _tell(read, seconds, lambda found: say(status_text(found)))
    except KeyboardInterrupt:
        return 130
    return 0


def is_done(found: StateStatus) -> bool:
    """Say whether nothing is under way, and nothing waits to be sent."""
    waits = any(job.tally.get(status) for job in found.jobs for status in UNDER_WAY)
    return not waits and not found.open and found.owner is None


def pause(seconds: float) -> None:
    time.sleep(seconds)


def _say_lines(found: StateStatus) -> None:
    for line in found.lines():
        say_json({"version": "docbatch/status/v1", **line})


def _tell(read: Reading, seconds: float, tell: Callable[[StateStatus], None]) -> None:
    """Tell what is read whenever it is not as it was."""
    before = None
    while True:
        found = read()
        shown = status_text(found)
        if shown != before:
            tell(found)
            before = shown
        if is_done(found) or has_no_reader():
            return
        pause(seconds)


def _draw(read: Reading, seconds: float) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    found = read()
    try:
        with Live(console=Console(), transient=True, auto_refresh=False) as live:
            while True:
                shown = status_text(found) + f"every {seconds:g} s; Ctrl-C ends it"
                live.update(Text(shown), refresh=True)
                if is_done(found):
                    break
                pause(seconds)
                found = read()
    finally:
        say(status_text(found), nl=False)
