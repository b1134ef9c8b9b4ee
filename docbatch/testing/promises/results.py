"""What a provider promises about work that runs: how documents end, and whose each result is."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.core.models import FailureClass, WorkItem
from docbatch.core.result_warnings import losses
from docbatch.core.results import Answer, DocumentInfo
from docbatch.providers.base import Changed, Failed, Intent, Progress, Provider, Ready
from docbatch.testing.bench import Bench, Ended
from docbatch.testing.promises.promise import promise, told, troubled

RUBBISH = (b"", b"null", b"[]", b"{}", b'"text"', b"{", b"<html>", b"\xff\xfe\x00", b"[" * 100_000)


def _sent(subject: Bench[Any], documents: slice = slice(None)) -> tuple[Provider, Intent, str | None]:
    """Send a batch, and return with whom, what and under which id."""
    provider = subject.provider()
    intent = subject.intent(provider, subject.batch(documents=documents))
    return provider, intent, provider.create(intent).remote_id


def _ready(ended: dict[str, Ended], intent: Intent) -> list[tuple[WorkItem, Ready]]:
    return [(item, each) for item in intent.batch.items if isinstance(each := ended.get(item.key), Ready)]


def _missing(ended: dict[str, Ended], intent: Intent) -> list[str]:
    return [item.name for item in intent.batch.items if not isinstance(ended.get(item.key), Ready)]


@promise()
def every_document_ends(subject: Bench[Any]) -> Iterator[str]:
    """Each document of a batch ends, under its own key, and is paid once."""
    provider, intent, remote_id = _sent(subject)
    ended = subject.followed(provider, intent, remote_id)
    keys = {item.key for item in intent.batch.items}
    for name in [item.name for item in intent.batch.items if item.key not in ended]:
        yield f"no poll ever said what became of {name}: it would be waited for without end"
    if strange := sorted(ended.keys() - keys):
        yield f"polls tell of items that are not in the batch: {strange}"
    for key, each in ended.items():
        if not isinstance(each, Ready):
            yield f"{subject.name(key)} did not succeed, and the kit takes documents that do: {each}"
    paid = Counter(subject.emulator.ledger)
    if len(paid) != len(keys) or set(paid.values()) != {1}:
        yield f"{len(keys)} documents were sent, and paid were {dict(paid)}"


@promise()
def polls_may_be_repeated(subject: Bench[Any]) -> Iterator[str]:
    """A poll may be repeated, also by a process that starts anew: what has ended has ended in the same way."""
    provider, intent, remote_id = _sent(subject)
    ended = subject.followed(provider, intent, remote_id)
    for who, again in (
        ("asked again, the same", provider),
        ("a process that starts anew", subject.provider()),
    ):
        later = (
            subject.followed(again, intent, remote_id)
            if again is not provider
            else _once(again, intent, remote_id)
        )
        for key, each in later.items():
            if key in ended and _how(each) != _how(ended[key]):
                yield f"{who}: {subject.name(key)} ended as {each}, and before as {ended[key]}"
        if again is not provider and (lost := [subject.name(key) for key in ended.keys() - later.keys()]):
            yield f"{who} is not told what became of {', '.join(sorted(lost))}"


def _once(provider: Provider, intent: Intent, remote_id: str | None) -> dict[str, Ended]:
    return {each.key: each for each in provider.poll(intent, remote_id).ended}


def _how(ended: Ended) -> tuple[object, ...]:
    """Return what must be equal of two reports."""
    match ended:
        case Ready(partial=partial):
            return "ready", partial
        case Failed(failure=failure):
            return "failed", failure.kind
        case Changed():
            return ("changed",)


@promise()
def polling_in_trouble_loses_nothing(subject: Bench[Any]) -> Iterator[str]:
    """A poll that meets trouble raises Unavailable; no document ends or is forgotten because of that."""
    provider, intent, remote_id = _sent(subject)
    subject.followed(provider, intent, remote_id)
    for where, again, outcome in troubled(subject, lambda provider: provider.poll(intent, remote_id)):
        if isinstance(outcome, Progress):
            if failed := [each for each in outcome.ended if not isinstance(each, Ready)]:
                yield f"a poll says that {subject.name(failed[0].key)} failed {where}"
            told_before = {each.key: each for each in outcome.ended}
        elif isinstance(outcome, Unavailable):
            told_before = {}
        else:
            yield f"a poll {told(outcome)} {where}"
            continue
        ended = told_before | _followed_further(subject, again, intent, remote_id, told_before)
        if missing := _missing(ended, intent):
            yield f"no further poll says what became of {', '.join(missing)} {where}"


def _followed_further(
    subject: Bench[Any], provider: Provider, intent: Intent, remote_id: str | None, known: dict[str, Ended]
) -> dict[str, Ended]:
    if known.keys() >= {item.key for item in intent.batch.items}:
        return known
    return subject.followed(provider, intent, remote_id)


@promise()
def each_result_is_that_of_its_document(subject: Bench[Any]) -> Iterator[str]:
    """What is fetched for a document is the result of that document, and fetched again it is the same."""
    provider, intent, remote_id = _sent(subject)
    ended = subject.followed(provider, intent, remote_id)
    for item, ready in _ready(ended, intent):
        first, second = (subject.fetched(provider, intent, ready) for _ in range(2))
        text = provider.read(first).text()
        if lacking := subject.words(item) - frozenset(text.split()):
            yield f"the result fetched for {item.name} lacks {sorted(lacking)} and says {text[:200]!r}"
        if provider.read(second).text() != text:
            yield f"fetched again, the result of {item.name} says something else"
    if missing := _missing(ended, intent):
        yield f"there is no result to fetch for {', '.join(missing)}"


@promise()
def fetching_in_trouble_is_tried_later(subject: Bench[Any]) -> Iterator[str]:
    """A fetch that meets trouble raises Unavailable, or gives what cannot be read: both are fetched again."""
    provider, intent, remote_id = _sent(subject)
    ready = _ready(subject.followed(provider, intent, remote_id), intent)
    if not ready:
        yield "there is no result to fetch"
        return
    item, first = ready[0]
    for where, again, outcome in troubled(subject, lambda provider: subject.fetched(provider, intent, first)):
        if isinstance(outcome, Exception):
            if not isinstance(outcome, Unavailable):
                yield f"a fetch {told(outcome)} {where}"
            continue
        answer = subject.tried(again.read, outcome)
        if isinstance(answer, ValueError):
            continue
        if isinstance(answer, Exception):
            yield f"read {told(answer)} {where}; what cannot be read is a ValueError"
        elif subject.words(item) - frozenset(answer.text().split()):
            yield f"a fetch gave a result that is not whole and says nothing of it {where}"


def _text(read: Callable[[bytes], Answer], payload: bytes) -> str:
    return read(payload).text()


@promise()
def read_refuses_rubbish(subject: Bench[Any]) -> Iterator[str]:
    """What has not the shape of a result is refused with ValueError, and nothing else."""
    provider, intent, remote_id = _sent(subject)
    ready = _ready(subject.followed(provider, intent, remote_id), intent)
    halves = [
        payload[: len(payload) // 2]
        for _, each in ready[:1]
        for payload in [subject.fetched(provider, intent, each)]
    ]
    for payload in (*RUBBISH, *halves):
        for read in (provider.read, subject.kind.read):
            outcome = subject.tried(_text, read, payload)
            if not isinstance(outcome, ValueError):
                yield f"read {told(outcome)} for {payload[:40]!r}, {len(payload)} bytes"
                break


@promise()
def results_can_be_written(subject: Bench[Any]) -> Iterator[str]:
    """A result that was read can be written as Markdown, text and JSON, twice with the same content."""
    provider, intent, remote_id = _sent(subject)
    for item, ready in _ready(subject.followed(provider, intent, remote_id), intent):
        payload = subject.fetched(provider, intent, ready)
        document = DocumentInfo(
            path=item.name, sha256=item.digest, size=item.size, media_type=item.media_type
        )
        first, second = (subject.kind.read(payload).result(document) for _ in range(2))
        if first != second:
            yield f"the result of {item.name} was read twice and differs"
        if first.document != document:
            yield f"the result of {item.name} says that its document is {first.document}"
        if (first.provider.type, first.provider.operation) != (subject.kind.name, intent.batch.operation):
            yield f"the result of {item.name} says that it comes from {first.provider}"
        offered = getattr(subject.kind.read(payload), "warnings", first.warnings)
        if list(offered) != list(first.warnings):
            yield f"the answer about {item.name} offers the warnings {offered}, and its result has {first.warnings}"
        if first.outcome == "partial" and not losses(first.warnings):
            yield f"the result of {item.name} is partial, and no warning of it begins with 'lost:'"
        json.loads(first.model_dump_json())


@promise()
def cancelling_may_be_repeated(subject: Bench[Any]) -> Iterator[str]:
    """Work may be cancelled twice and when it is over; every document still ends, and nothing more is paid."""
    provider, intent, remote_id = _sent(subject)
    paid = list(subject.emulator.ledger)
    for when in ("", " again"):
        yield from _cancelled(subject, provider, intent, remote_id, when)
    ended = subject.followed(provider, intent, remote_id)
    for item in intent.batch.items:
        each = ended.get(item.key)
        stopped = isinstance(each, Failed) and each.failure.kind is FailureClass.CANCELLED
        if not (stopped or isinstance(each, Ready)):
            yield f"{item.name} of cancelled work ended as {each}; it is ready, or failed as 'cancelled'"
    yield from _cancelled(subject, provider, intent, remote_id, " when it was over")
    if Counter(subject.emulator.ledger) - Counter(paid):
        yield f"cancelling was paid for: {subject.emulator.ledger}"


def _cancelled(
    subject: Bench[Any], provider: Provider, intent: Intent, remote_id: str | None, when: str
) -> Iterator[str]:
    outcome = subject.tried(provider.cancel, intent, remote_id)
    if isinstance(outcome, Exception) and not isinstance(outcome, Gone | Unavailable | Refused):
        yield f"cancelling{when} {told(outcome)}"


@promise()
def discarding_takes_nothing_else(subject: Bench[Any]) -> Iterator[str]:
    """What was made for a submission alone may be removed twice, and other submissions keep all they need."""
    provider, first, first_id = _sent(subject, slice(0, 1))
    _, second, second_id = _sent(subject, slice(1, None))
    for _, ready in _ready(subject.followed(provider, first, first_id), first):
        subject.fetched(provider, first, ready)
    for _ in range(2):
        removed = subject.tried(provider.discard, first)
        if isinstance(removed, Exception) and not isinstance(removed, Unavailable):
            yield f"discarding {told(removed)}"
    ended = subject.followed(provider, second, second_id)
    for item, ready in _ready(ended, second):
        outcome = subject.tried(subject.fetched, provider, second, ready)
        if isinstance(outcome, Exception):
            yield f"after another submission was discarded, the fetch for {item.name} {told(outcome)}"
    if missing := _missing(ended, second):
        yield f"after another submission was discarded, {', '.join(missing)} did not come"
