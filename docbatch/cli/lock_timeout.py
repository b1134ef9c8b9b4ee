"""`--lock-timeout`, of all commands that change the state: they wait for another run instead of being refused."""

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from docbatch.cli.options import duration
from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch.state.lock_patience import LockAwaited

WAITING: Final = frozenset(
    {
        "accept",
        "adopt",
        "apply",
        "cancel",
        "prune",
        "recover",
        "resolve",
        "retry",
        "state check",
        "state compact",
        "state load",
        "state mv connection",
        "state mv document",
        "state mv job",
        "state restore",
        "state rm",
        "waive",
    }
)
_KEY = "docbatch.lock_timeout"


def take_lock_timeout(command: click.Command, name: str) -> None:
    """Let a command, and all below it, wait for another run."""
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            take_lock_timeout(each, f"{name} {below}")
    elif name in WAITING and command.callback is not None and not _takes(command):
        command.params.append(
            click.Option(
                ["--lock-timeout"],
                metavar="DURATION",
                expose_value=False,
                callback=_keep,
                help="Wait this long for another run to end, such as 10m, and look at specs and documents only then.",
            )
        )
        command.callback = _waiting(command.callback)


def _takes(command: click.Command) -> bool:
    return any("--lock-timeout" in each.opts for each in command.params)


def _keep(context: click.Context, option: click.Parameter, written: str | None) -> None:
    context.meta[_KEY] = 0.0 if written is None else duration(option.opts[0], written)


def _waiting(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def called(*args: Any, **given: Any) -> Any:
        seconds = click.get_current_context().meta.get(_KEY, 0.0)
        if not seconds:
            return callback(*args, **given)
        from docbatch.state.lock_patience import LockPatience, patiently

        with patiently(LockPatience(seconds, _silent if given.get("quiet") else tell_of_wait)):
            return callback(*args, **given)

    return called


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
