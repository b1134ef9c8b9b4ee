"""What a command says that waits for another run by `--lock-timeout`."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch.state.lock import LockAwaited


def wait_for(seconds: float, callback: Callable[[], Any], *, quiet: bool) -> Any:
    """Call a command that waits so long for another run."""
    from docbatch.state.lock import LockPatience, begun_anew, patiently

    patience = LockPatience(seconds, _silent if quiet else tell_of_wait)
    with patiently(patience):
        return begun_anew(patience, callback)


def _silent(_awaited: "LockAwaited") -> None:
    """Nobody is told."""


def tell_of_wait(awaited: "LockAwaited") -> None:
    """Say who is waited for, and until when at most."""
    say(waiting_text(awaited.owner, awaited.seconds), err=True)
    tell("awaitinglock", None, owner=awaited.owner, seconds=awaited.seconds)


def waiting_text(owner: str, seconds: float) -> str:
    """Return the line that says who is waited for."""
    from docbatch.core.report import clock_time, span, visible

    until = clock_time(time.time() + seconds)
    return f"the state is locked by {visible(owner)}; waiting for it to end, until {until} at the most ({span(seconds)})"
