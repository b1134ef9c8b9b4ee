"""Waiting for another run to end before anything is looked at: what is done then is what specs and documents say by then."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from docbatch.api.state_settling import settle_state
from docbatch.core.errors import StateError
from docbatch.specs.load import load_project
from docbatch.specs.values import DeclaredProject

if TYPE_CHECKING:
    from docbatch.engine.running.rounds.interruption import Interruption
    from docbatch.state.lock import LockAwaited, LockPatience

P = ParamSpec("P")
R = TypeVar("R")


class Reopened(Protocol):
    """What can be opened again as its files are by now."""

    _declared: DeclaredProject

    def __init__(self, declared: DeclaredProject) -> None: ...


S = TypeVar("S", bound=Reopened)


def once_free(method: Callable[Concatenate[S, P], R], project: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a method of a project once no other run has its state, for as long as that is waited for, with docbatch.yaml read anew.

    What it is given as `on_event` is told of the wait, and `stop` ends that.
    """
    from docbatch.state.lock import begun_anew, patiently

    declared, patience = project._declared, _patience(dict(kwargs))  # noqa: SLF001 - the projects are ours

    def call() -> R:
        now = load_project(declared.here, untrusted=declared.untrusted, choice=declared.environment.choice)
        settle_state(now)
        return method(type(project)(now), *args, **kwargs)

    with patiently(patience), _kept_ready(declared.state_folder):
        return begun_anew(patience, call)


def _patience(options: dict[str, Any]) -> "LockPatience":
    """Return what waits: what does so already, or what is asked for."""
    from docbatch.state.lock import LockPatience, current_patience

    seconds = cast("float", options.get("lock_timeout", 0.0))
    if (found := current_patience()) is not None:
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
    from docbatch.state.home import Home

    home = Home.at(folder)
    with contextlib.ExitStack() as stack:
        # Where nothing was ever run nobody is waited for, and wrong specs leave no state behind.
        if home.was_held():
            with contextlib.suppress(StateError):
                home.prepare()
                stack.enter_context(home.kept_ready())
        yield
