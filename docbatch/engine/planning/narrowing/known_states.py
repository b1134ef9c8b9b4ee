"""The words for how documents stand, as a person types them."""

from collections.abc import Iterable

from docbatch.core.errors import UsageError
from docbatch.core.selectors import DocumentState
from docbatch.naming.closest import closest


def require_states(states: Iterable[str]) -> None:
    """Raise UsageError for a word that says of no document how it stands."""
    words = [str(each) for each in DocumentState]
    for state in states:
        if state not in words:
            meant = closest(state, words)
            start = f"did you mean '{meant}'? " if meant else ""
            raise UsageError(f"no document is ever '{state}'", hint=f"{start}There are {', '.join(words)}")
