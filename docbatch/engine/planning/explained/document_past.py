"""What a document was and how often it was sent: from the state alone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from docbatch.core.accounts import told_apart
from docbatch.core.amounts import MILLION
from docbatch.core.declarations import GONE
from docbatch.core.errors import StateError
from docbatch.core.explanation import (
    DocumentPlace,
    ExplainedAttempt,
    ExplainedChange,
    ExplainedEvent,
    ExplainedKey,
)
from docbatch.core.lifecycle import Event
from docbatch.core.models import Failure, Recipe
from docbatch.core.moments import iso_moment, iso_of_text
from docbatch.core.results import DocumentInfo
from docbatch.naming.pathtext import escape
from docbatch.providers import REGISTRY
from docbatch.spool import Spool
from docbatch.spool.readers import reading
from docbatch.state.items import RecordedItem
from docbatch.state.past import ItemCharge, RecordedAttempt
from docbatch.state.standing import Unwell
from docbatch.state.store import Store

BYTES = "sha256"
GONE_FROM_THERE = "gone"


def key_of(recipe: Recipe, *, key: str, media_type: str, digest: str, size: int) -> ExplainedKey:
    host, _ = told_apart(recipe.account, recipe.account)
    return ExplainedKey(
        key=key,
        provider=recipe.provider,
        account=host,
        operation=str(recipe.operation),
        config=dict(recipe.config),
        versions=dict(recipe.pins),
        media_type=media_type,
        sha256=digest,
        bytes=size,
    )


def recorded_key(store: Store, item: RecordedItem) -> ExplainedKey:
    recipe = store.documents.recipe(item.recipe)
    return key_of(recipe, key=item.key, media_type=item.media_type, digest=item.digest, size=item.size)


def changes(store: Store, job: str, path: bytes) -> tuple[ExplainedChange, ...]:
    """Return what is recorded to have changed, the oldest first: in the bytes of a document, and in its job."""
    found = [
        (each.at, each.difference.what, each.difference.old, each.difference.new)
        for each in store.past.changes(job)
    ]
    found += _bytes(store, job, path)
    return tuple(ExplainedChange(iso_moment(at), *rest) for at, *rest in sorted(found))


def _bytes(store: Store, job: str, path: bytes) -> Iterator[tuple[float, str, str, str]]:
    """Yield when the bytes of a document became others, or went; what came after they went is not told."""
    former = store.past.bytes_of(job, path)
    row = store.documents.remembered(job, path)
    now = "unreadable" if row is None else store.items.by_row(row).digest
    digests = [store.items.by_row(each.item).digest for each in former]
    for place, each in enumerate(former):
        after = digests[place + 1] if place + 1 < len(former) else now
        # What went has its own bytes as the next: it came back as it was, or did not come back.
        yield each.until, BYTES, digests[place], GONE_FROM_THERE if after == digests[place] else after


def gone_at(store: Store, job: str, path: bytes) -> str | None:
    """Return when a document that is no longer wanted went, where that is recorded."""
    moments = [each.until for each in store.past.bytes_of(job, path)]
    moments += [each.at for each in store.past.changes(job) if each.difference.new == GONE]
    return iso_moment(max(moments)) if moments else None


def now_at(store: Store, job: str, path: bytes, digest: str) -> tuple[DocumentPlace, ...]:
    """Return where the bytes of a document were when that was recorded last, beside the place where it was."""
    found = store.past.alike(digest)
    return tuple(DocumentPlace(name, escape(other)) for name, other in found if (name, other) != (job, path))


def attempts(store: Store, items: Sequence[RecordedItem]) -> tuple[ExplainedAttempt, ...]:
    """Return every time that these items were sent, the oldest first."""
    known = {item.row: item for item in items}
    charges = {(each.submission): each for each in store.past.charges(list(known))}
    found = list(store.past.attempts(list(known)))
    last = {each.item: each.submission for each in found}
    return tuple(
        _attempt(
            each, known[each.item], charges.get(each.submission), is_last=last[each.item] == each.submission
        )
        for each in found
    )


def _attempt(
    made: RecordedAttempt, item: RecordedItem, charge: ItemCharge | None, *, is_last: bool
) -> ExplainedAttempt:
    failure = made.failure or (item.failure if is_last else None)
    kind, code, message = (None, None, None) if failure is None else _told(failure)
    return ExplainedAttempt(
        submission=made.submission,
        connection=made.connection,
        sha256=item.digest,
        sent_at=iso_moment(made.intended_at),
        status=made.status,
        batch_id=made.batch_id,
        remote_id=made.remote_id,
        seconds=_seconds(made.events),
        failure=kind,
        code=code,
        message=message,
        pages=None if charge is None else charge.pages,
        credits=None if charge is None else _whole(charge.credits),
        usd=None if charge is None else _whole(charge.money),
        is_told=charge is not None and charge.is_told,
        charged_to=None if charge is None else charge.job or None,
        events=tuple(ExplainedEvent(name, iso_of_text(at)) for name, at in made.events),
    )


def _told(failure: Failure | Unwell) -> tuple[str, str | None, str]:
    return str(failure.kind), failure.code, failure.message


def _whole(amount: int | None) -> float | None:
    return None if amount is None else amount / MILLION


def _seconds(events: Sequence[tuple[str, str]]) -> float | None:
    """Return how long it took from the first try until all of it had ended."""
    first: Mapping[str, str] = dict(reversed(events))
    begin, end = first.get(Event.INTENDED), first.get(Event.COLLECTED)
    if begin is None or end is None:
        return None
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds(), 3)


def pages_and_seconds(store: Store, item: RecordedItem) -> tuple[int | None, float | None]:
    """Return how many pages a document has, and how long reading it took, as its result tells; None where it tells nothing."""
    provider = store.documents.recipe(item.recipe).provider
    if item.result is None or provider not in REGISTRY:
        return None, None
    spool = Spool(store.home.spool, store.results, packs=store.home.packs)
    if not spool.is_here(item.result):
        # Nothing is fetched from a store to tell of it.
        return None, None
    info = DocumentInfo(path="", sha256=item.digest, size=item.size, media_type=item.media_type)
    try:
        with reading(spool.root):
            result = REGISTRY.kind(provider).read(spool.read(item.result)).result(info)
    except (StateError, OSError, ValueError, RecursionError):
        # That it is lost or damaged is told by 'state check' and by whoever needs it.
        return None, None
    return len(result.pages) or result.usage.pages, result.timing.seconds
