"""The name that was meant: for hints alone, and so at little cost however many names there are, and however long."""

from collections.abc import Iterable
from itertools import islice

MOST_NAMES = 100
"""So many names are compared, and shown."""
_LONGEST = 100
_LIKE = 0.7
"""How like a name has to be that begins with another letter: `failures` is no slip for `pictures`."""


def closest(word: str, names: Iterable[str]) -> str | None:
    """Return the one of the names that is most like a word, where one is."""
    from difflib import SequenceMatcher, get_close_matches  # noqa: PLC0415 - for messages only

    if len(word) > _LONGEST:
        return None
    some = [name for name in islice(names, MOST_NAMES) if len(name) <= _LONGEST]
    for name in get_close_matches(word, some):
        if name[:1] == word[:1] or SequenceMatcher(None, name, word).ratio() >= _LIKE:
            return name
    return None


def listed(names: Iterable[str]) -> str:
    """Return names in one line, the first of them where there are many."""
    known = list(names)
    shown = list(map(short, known[:MOST_NAMES]))
    rest = len(known) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def short(name: str) -> str:
    """Return a name as messages show it: of one that is very long its beginning."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
