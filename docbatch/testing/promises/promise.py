"""What a promise of the contract is, and how a provider is held to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docbatch.core.models import Recovery, Traits
from docbatch.emulators.exchange import FAULTS, UNCOMMITTED
from docbatch.providers.base import Provider
from docbatch.testing.attempt import Vendor
from docbatch.testing.bench import Bench, T, bench

HEARD = tuple(fault for fault in FAULTS if fault not in UNCOMMITTED and fault != "slow")
"""Ways in which the answer is lost or spoilt after the vendor did what it was asked."""
UNHEARD = tuple(fault for fault in FAULTS if fault in UNCOMMITTED)
"""Ways in which the vendor does nothing."""

Check = Callable[[Bench[Any]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise of a provider: its sentence, and what yields a sentence for each way in which it is broken."""

    name: str
    sentence: str
    check: Check
    applies: Callable[[Traits], bool]


def always(_traits: Traits) -> bool:
    return True


def is_findable(traits: Traits) -> bool:
    """Whether the vendor can be searched for work of ours."""
    return traits.findable or traits.recovery is Recovery.FINDABLE


def is_keyed(traits: Traits) -> bool:
    return traits.recovery is Recovery.KEYED


def promise(applies: Callable[[Traits], bool] = always) -> Callable[[Check], Promise]:
    """Make a promise of a function whose docstring is the sentence."""

    def made(check: Check) -> Promise:
        assert check.__doc__ is not None
        return Promise(check.__name__, check.__doc__, check, applies)

    return made


class NotPromised(Exception):
    """The provider says in its traits that it promises no such thing."""


def judge(vendor: Vendor[Any], promise: Promise, folder: Path) -> list[str]:
    """Return how a promise is broken, in sentences; nothing when it is kept. Raises NotPromised."""
    with bench(vendor, folder) as subject:
        if not promise.applies(subject.traits):
            raise NotPromised(f"its traits promise nothing of the kind: {promise.sentence}")
        return [*promise.check(subject), *_betrayals(subject)]


def _betrayals(subject: Bench[Any]) -> Iterator[str]:
    """Yield what no promise allows: keys where they do not belong, and faults of the emulator's own."""
    emulator = subject.emulator
    if emulator.errors:
        yield f"the emulator itself failed: {emulator.errors[0]}"
    if emulator.leaks:
        leak = emulator.leaks[0]
        yield f"a key was brought to the storage host, with {leak.method} {leak.path}"
    for error in subject.caught:
        if any(key and key in f"{error} {error!r}" for key in emulator._keys):
            yield f"a key is readable in an error of the type {type(error).__name__}"


def told(outcome: object) -> str:
    """Say what a call did."""
    if isinstance(outcome, Exception):
        return f"raised {type(outcome).__name__} ({outcome})"
    return f"returned {outcome!r}"


def troubled(
    subject: Bench[Any], call: Callable[[Provider], T]
) -> Iterator[tuple[str, Provider, T | Exception]]:
    """Answer each request of a call in turn in each bad way; yield which, the provider, and what the call did then."""
    emulator = subject.emulator
    count = emulator.count
    call(subject.provider())
    requests = emulator.count - count
    for number in range(1, requests + 1):
        for fault in (*UNHEARD, *HEARD):
            provider = subject.provider()
            emulator.faults[emulator.count + number] = fault
            outcome = subject.tried(call, provider)
            emulator.faults.clear()
            yield f"where request {number} of {requests} was answered with '{fault}'", provider, outcome
