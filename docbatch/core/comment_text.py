"""Building a comment on a pull request: its length as forges count it, lists cut to their room, long ones folded. Pure."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from docbatch.core.outside_text import markdown

T = TypeVar("T")

COMMENT_LIMIT = 65_536
"""Characters of a comment that GitHub takes, those beyond U+FFFF counted as two."""
ROOM = 60_000
"""What a comment of ours has at most."""
LONGEST = 300
"""Characters of a name that are shown."""
_ESCAPE = re.compile(r"\\([\W_])")


def clipped(text: str, longest: int = LONGEST) -> str:
    """Return text of others' making, escaped, and not longer than anybody reads."""
    return markdown(text if len(text) <= longest else text[: longest - 1] + "…")


def fitting(rows: Sequence[str], room: int) -> tuple[list[str], int]:
    """Return the rows that there is room for, and how many are left."""
    return rendered(rows, str, room)


def rendered(values: Sequence[T], form: Callable[[T], str], room: int) -> tuple[list[str], int]:
    """Return the rows of values that there is room for, and how many are left; of those no row is made."""
    shown: list[str] = []
    for value in values:
        row = form(value)
        room -= comment_length(row) + 1
        if room < 0:
            break
        shown.append(row)
    return shown, len(values) - len(shown)


def folded(title: str, listed: Sequence[str]) -> list[str]:
    """Return lines that a reader unfolds."""
    # Within a line of HTML a backslash is one that is shown.
    plain = _ESCAPE.sub(r"\1", title)
    return [f"<details><summary>{plain}</summary>", "", *listed, "", "</details>"]


def shares(needs: Sequence[int], room: int) -> list[int]:
    """Share room out: what one needs less than its even share is left to the others."""
    shared = [0] * len(needs)
    for number, position in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        shared[position] = min(needs[position], room // (len(needs) - number))
        room -= shared[position]
    return shared


def comment_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
