"""Which states are at home elsewhere than in their folder, as the projects say that were opened in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docbatch.state.home import Home

COPY_NOTE = "position"
"""The file in a state folder that says how far the copy there has come of a state that is at home elsewhere."""
_elsewhere: "dict[Path, Home]" = {}
_listener: Callable[[str], object] | None = None


def tell_waits_to(listener: Callable[[str], object] | None) -> None:
    """Have somebody be told what a state in a store is waited for, in a sentence, and for how long."""
    global _listener  # noqa: PLW0603 - a process has one screen
    _listener = listener


def tell_wait(sentence: str) -> None:
    if _listener is not None:
        _listener(sentence)


def keep_elsewhere(folder: Path, home: "Home | None") -> None:
    """Let the state of a folder be at home there from now on; with None, in its folder. One that is in use stays as long as that."""
    former = _elsewhere.get(folder)
    if former is not None and former.is_in_use:
        return
    if home is None:
        _elsewhere.pop(folder, None)
    else:
        _elsewhere[folder] = home


def home_elsewhere(folder: Path) -> "Home | None":
    """Return where the state of a folder is at home, None where that is the folder."""
    return _elsewhere.get(folder)
