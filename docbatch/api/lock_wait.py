"""Waiting for another run to end before anything is looked at: what is done then is what specs and documents say by then."""

import contextlib
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from docbatch.core.errors import StateError
from docbatch.specs.load import load_project
from docbatch.specs.values import DeclaredProject

if TYPE_CHECKING:
    from docbatch.engine.running.rounds.interruption import Interruption
    from docbatch.state.lock_patience import LockAwaited, LockPatience

P = ParamSpec("P")
R = TypeVar("R")


class Reopened(Protocol):
    """What can be opened again as its files are by now."""

    _declared: DeclaredProject

    def __init__(self, declared: DeclaredProject) -> None: ...


S = TypeVar("S", bound=Reopened)


def waits_for_lock(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Have a method wait for `lock_timeout` seconds, or as long as whoever calls it does, and read docbatch.yaml once it need not.

    It tells of that by `on_event`, and `stop` ends the wait.
    """

    @wraps(method)
    def waiting(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        patience = _patience(dict(kwargs))
        if patience is None:
            return method(self, *args, **kwargs)
        from docbatch.state.lock_patience import patiently

        with patiently(patience), _kept_ready(self._declared.root / ".docbatch"):
            now = load_project(self._declared.here, untrusted=self._declared.untrusted)
            return method(type(self)(now), *args, **kwargs)

    return waiting


def _patience(options: dict[str, Any]) -> "LockPatience | None":
    """Return what waits: what does so already, or what is asked for."""
    from docbatch.state.lock_patience import LockPatience, current

    seconds = cast("float", options.get("lock_timeout", 0.0))
    if (found := current()) is not None or seconds <= 0:
        return found
    stop: Interruption | None = options.get("stop")
    return LockPatience(
        seconds, _telling(options.get("on_event")), lambda: stop is not None and stop.is_asked
    )


def _telling(on_event: Callable[[Any], object] | None) -> "Callable[[LockAwaited], object]":
    from docbatch.engine.progress_notices import AwaitingLock

    def tell(awaited: "LockAwaited") -> None:
        if on_event is not None:
            on_event(AwaitingLock(awaited.owner, awaited.seconds))

    return tell


@contextlib.contextmanager
def _kept_ready(folder: Path) -> Iterator[None]:
    """Hold the lock of a state for the run in the block. What keeps it from being held is told by the run."""
    from docbatch.state import files, lock

    with contextlib.ExitStack() as stack:
        # Where nothing was ever run nobody is waited for, and wrong specs leave no state behind.
        if (folder / "lock").exists():
            with contextlib.suppress(StateError):
                files.prepare(folder)
                stack.enter_context(lock.kept_ready(folder / "lock"))
        yield
