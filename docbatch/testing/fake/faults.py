"""What a call at the fake vendor can be told to raise, by name: one for each row of the engine's tables of errors."""

from collections.abc import Callable, Mapping, Sequence

from docbatch.core.errors import (
    CredentialsError,
    Gone,
    NotSent,
    Refused,
    Stale,
    Unavailable,
    Uncertain,
)

WAIT = 9.0
"""Seconds of the vendor's own wait, where it names one; none of our own pauses is as long."""

Raised = Callable[[Sequence[str]], Exception]

FAULTS: Mapping[str, Raised] = {
    "refused": lambda _: Refused("scripted", code="E7", kind="unsupported"),
    "out_of_credits": lambda _: Refused("no credits", kind="out_of_credits", hint="add some"),
    "stale": lambda steps: Stale("no longer good", code="E8", stale=steps),
    "not_sent": lambda _: NotSent("scripted"),
    "not_sent_wait": lambda _: NotSent("slow down", retry_after=WAIT),
    "stop": lambda _: NotSent("no credits", stop=True, hint="add some"),
    "credentials": lambda _: CredentialsError("the key is refused"),
    "uncertain": lambda _: Uncertain("scripted"),
    "down": lambda _: Unavailable("scripted"),
    "down_wait": lambda _: Unavailable("slow down", retry_after=WAIT),
    "gone": lambda _: Gone("scripted"),
    "unexpected": lambda _: KeyError("id"),
}
AFTER = "after "
"""Begins the name of a fault that comes once the vendor has done what it was asked to."""


def check(fault: str) -> None:
    """Refuse a name that stands for nothing, before a provider trips over it in the place of its fault."""
    assert fault.removeprefix(AFTER) in FAULTS, fault


def scripted(fault: str, steps: Sequence[str] = ()) -> Exception:
    """Return what a call raises that is given this fault; `steps` are the prepare steps that are no longer good."""
    return FAULTS[fault.removeprefix(AFTER)](steps)
