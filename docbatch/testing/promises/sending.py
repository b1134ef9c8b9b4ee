"""What a provider promises about itself, about preparing work, and about the one request that costs money."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from docbatch.core.errors import NotSent, Unavailable, Uncertain
from docbatch.providers.base import Accepted, Intent, Provider
from docbatch.testing.bench import Bench
from docbatch.testing.promises.promise import HEARD, UNHEARD, is_findable, is_keyed, promise, told, troubled

OTHER_GRACE = 123.0
FEWEST_LOOKS = 4


@promise()
def it_is_what_its_kind_declares(subject: Bench[Any]) -> Iterator[str]:
    """A provider is what its kind declares: its type, its account and its traits."""
    kind, settings, provider = subject.kind, subject.settings, subject.provider()
    declared = {
        "type": kind.name,
        "account": kind.account(settings),
        "traits": kind.traits(settings),
    }
    for name, value in declared.items():
        if getattr(provider, name) != value:
            yield f"the kind declares the {name} {value!r}, and the provider says {getattr(provider, name)!r}"


@promise(is_findable)
def it_looks_as_long_as_it_is_told(subject: Bench[Any]) -> Iterator[str]:
    """Work counts as absent only after at least four looks over the connection's own grace."""
    traits = subject.kind.traits(replace(subject.settings, grace=OTHER_GRACE))
    if traits.looks < FEWEST_LOOKS:
        yield f"its traits believe in absence after {traits.looks} look(s); the fewest are {FEWEST_LOOKS}"
    if traits.grace != OTHER_GRACE:
        yield f"a connection says recovery: {{grace: {OTHER_GRACE:.0f}}}, and its traits look for {traits.grace:.0f} s"


@promise()
def opening_and_closing_ask_for_nothing(subject: Bench[Any]) -> Iterator[str]:
    """Opening a connection sends nothing, and closing it twice is harmless."""
    provider = subject.provider()
    for _ in range(2):
        outcome = subject.tried(provider.close)
        if isinstance(outcome, Exception):
            yield f"closing it {told(outcome)}"
    if subject.emulator.count:
        yield f"{subject.emulator.count} requests were sent before anything was asked for"


@promise()
def steps_are_pure(subject: Bench[Any]) -> Iterator[str]:
    """The same batch gives the same steps, without a request, each with a name of its own."""
    batch, provider = subject.batch(), subject.provider()
    count = subject.emulator.count
    steps = list(provider.steps(batch))
    if steps != list(provider.steps(batch)) or steps != list(subject.provider().steps(batch)):
        yield "the same batch gave other steps when they were asked for again"
    if subject.emulator.count != count:
        yield "listing the steps sent a request"
    twice = [name for name, times in Counter(step.name for step in steps).items() if times > 1]
    if twice:
        yield f"several steps have the name {twice[0]!r}, so that one is taken for the other"
    strange = {step.item for step in steps if step.item} - {item.key for item in batch.items}
    if strange:
        yield f"steps send items that are not in the batch: {sorted(strange)}"


@promise()
def render_is_pure(subject: Bench[Any]) -> Iterator[str]:
    """The same batch, prepared in the same way, gives the same bytes, without a request."""
    provider = subject.provider()
    intent = subject.intent(provider, subject.batch())
    count = subject.emulator.count
    again = [each.render(intent.batch, intent.prepared) for each in (provider, subject.provider())]
    if any(body != intent.body for body in again):
        yield "the request was rendered twice and has other bytes the second time"
    if subject.emulator.count != count:
        yield "rendering sent a request"


@promise()
def perform_may_be_repeated(subject: Bench[Any]) -> Iterator[str]:
    """Doing a prepare step again wastes an upload at most, never money, and what comes of it is as good."""
    provider, batch = subject.provider(), subject.batch()
    first = subject.intent(provider, batch)
    again = subject.intent(provider, batch)
    if subject.emulator.ledger:
        yield f"preparing a batch was paid for: {subject.emulator.ledger}"
    if first.prepared.keys() != again.prepared.keys():
        yield "the second time other steps were done than the first time"
    outcome = subject.tried(provider.create, again)
    if not isinstance(outcome, Accepted):
        yield f"create {told(outcome)} after its steps were done twice"


@promise()
def preparing_in_trouble_is_tried_later(subject: Bench[Any]) -> Iterator[str]:
    """A prepare step that meets trouble raises Unavailable, so that it is done again and no document fails."""
    batch = subject.batch()
    for where, _, outcome in troubled(subject, lambda provider: subject.intent(provider, batch)):
        if not isinstance(outcome, Intent | Unavailable | NotSent):
            yield f"a step {told(outcome)} {where}"
    if subject.emulator.ledger:
        yield f"preparing a batch was paid for: {subject.emulator.ledger}"


@promise()
def a_lost_answer_is_uncertain(subject: Bench[Any]) -> Iterator[str]:
    """A lost or unreadable answer to create is Uncertain: the request is sent once, and never again for that reason."""
    for attempt, fault in enumerate(HEARD):
        count, outcome = _created(subject, attempt, fault)
        sent = subject.creates_since(count)
        if sent == 0:
            yield "create sent no request that the Vendor's `creates` knows"
            return
        if sent > 1:
            yield f"create sent its request {sent} times where the answer was '{fault}': documents were paid twice"
        if not isinstance(outcome, Uncertain):
            yield f"create {told(outcome)} where the answer was '{fault}', although the work was taken on"


@promise()
def what_was_not_taken_on_is_said_to_be_unknown_or_not_sent(subject: Bench[Any]) -> Iterator[str]:
    """A create that the vendor did not hear is NotSent or Uncertain, and is sent once as well."""
    for attempt, fault in enumerate(UNHEARD):
        count, outcome = _created(subject, attempt, fault)
        if (sent := subject.creates_since(count)) > 1:
            yield f"create sent its request {sent} times where it was answered with '{fault}'"
        if not isinstance(outcome, NotSent | Uncertain):
            yield f"create {told(outcome)} where it was answered with '{fault}'"


def _created(subject: Bench[Any], attempt: int, fault: str) -> tuple[int, Accepted | Exception]:
    """Create a batch of its own; return the number of requests before it, and what came of it."""
    provider = subject.provider()
    intent = subject.intent(provider, subject.batch(attempt))
    count = subject.emulator.count
    with subject.creates_answered(fault):
        return count, subject.tried(provider.create, intent)


@promise(is_keyed)
def the_same_key_gives_the_same_work(subject: Bench[Any]) -> Iterator[str]:
    """The same request, sent again under its key, gives the work that is there, and is not paid again."""
    intent = subject.intent(subject.provider(), subject.batch())

    def created(provider: Provider) -> str | None:
        return provider.create(intent).remote_id

    first, second = created(subject.provider()), created(subject.provider())
    if first != second:
        yield f"the same key gave {first} and then {second}"
    twice = [entry for entry, times in Counter(subject.emulator.ledger).items() if times > 1]
    if twice:
        yield f"the same key was paid twice, for {twice}"
