"""Texts of which the expressions below one name are filled in now; every other one stays as it is, for later.

What else stands in such a text may be of any language: paths have templates of their own, and a vendor's options may hold prompts.
"""

import re
from collections.abc import Collection, Iterator

from docbatch.naming.expressions import NameScope, Part, TemplateError, parse

_OPEN = "{{"
_NEXT = re.compile(r"\{\{|\}\}|'[^']*'|\"[^\"]*\"")
"""What matters inside of an expression: another one, its end, and texts in quotes, in which neither counts."""


def parse_below(text: str, root: str, fields: Collection[str]) -> tuple[Part, ...]:
    """Return what stays of a text, and the look-ups below `root`, which has these fields. Raises TemplateError."""
    scope = NameScope(free={root: fields})
    begins = re.compile(rf"\{{\{{-?\s*{re.escape(root)}\b")
    return tuple(_parts(text, begins, scope))


def _parts(text: str, begins: re.Pattern[str], scope: NameScope) -> Iterator[Part]:
    said, unclosed = 0, None
    for start, end in _expressions(text):
        unclosed = start if end is None else None
        if not begins.match(text, start):
            continue
        if end is None:
            break
        if start > said:
            yield text[said:start]
        yield from (part for part in parse(text[start:end], scope) if part != "")
        said = end
    if unclosed is not None and begins.search(text, unclosed):
        raise TemplateError(
            "an expression is opened and never closed", hint="close it with }}, or remove the {{"
        )
    if said < len(text):
        yield text[said:]


def _expressions(text: str) -> Iterator[tuple[int, int | None]]:
    """Yield where expressions begin and end. One that is never closed, or in which another begins, has no end."""
    start = text.find(_OPEN)
    while start >= 0:
        end, following = _end(text, start)
        yield start, end
        start = following


def _end(text: str, start: int) -> tuple[int | None, int]:
    """Return the end of an expression, and where the next one begins, below 0 where there is none."""
    position = start + len(_OPEN)
    while found := _NEXT.search(text, position):
        position = found.end()
        if found[0] == _OPEN:
            return None, found.start()
        if found[0] == "}}":
            return position, text.find(_OPEN, position)
    return None, -1
