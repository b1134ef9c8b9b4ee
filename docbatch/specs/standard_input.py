"""A list that comes by standard input: read once in a process, whichever jobs ask for it."""

import sys
from functools import cache
from typing import TextIO

from docbatch.core.errors import GuardRefused, Problem, SpecError
from docbatch.specs.lists import MOST_BYTES, ListEntry, parse_list

STANDARD_INPUT = "-"
SHOWN = "standard input"
_AGAIN = (
    "pipe a list into 'docbatch apply', and the same one again where work goes on;"
    " name the specs of other jobs to go on without it"
)


@cache
def _content(stream: TextIO) -> bytes:
    return stream.buffer.read(MOST_BYTES + 1)


def read_standard_input() -> list[ListEntry]:
    """Return what is piped in. Raises SpecError where nothing is or it is no list, GuardRefused where it is empty.

    An empty list is what a command leaves that failed in front of the pipe: it never means that all documents are gone.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise SpecError([Problem(SHOWN, None, None, "", "no list is piped in", _AGAIN)])
    content = _content(sys.stdin)
    if len(content) > MOST_BYTES:
        told = f"the list is larger than {MOST_BYTES:,} bytes"
        raise SpecError([Problem(SHOWN, None, None, "", told, "name it as a file, or divide it")])
    entries = parse_list(content, SHOWN)
    if not entries:
        raise GuardRefused(
            "the list on standard input names no document; nothing was changed",
            hint=f"did the command in front of it fail? {_AGAIN}",
        )
    return entries
