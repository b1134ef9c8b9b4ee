"""What is recorded of a document's item, in sentences."""

import time
from collections import Counter
from collections.abc import Iterator

from docbatch.core.changes import ChangeKind
from docbatch.core.hindrance import recorded_text
from docbatch.core.models import ItemStatus
from docbatch.core.moments import iso_moment
from docbatch.core.report import looking, named_versions, plural
from docbatch.engine.planning.differences_database import Change
from docbatch.engine.planning.plan import Plan
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store
from docbatch.state.unwell_documents import UnwellDocument

MOST_PARTS = 20
"""Of a document that is read in parts so many are named that did not end well."""


def item_before(plan: Plan, target: ResolvedJob, path: bytes) -> RecordedItem | None:
    """Return the item that a document is recorded to be."""
    row = None if plan.store is None else plan.store.documents.item_row(target.name, path)
    return None if plan.store is None or row is None else plan.store.items.by_row(row)


def item_now(plan: Plan, target: ResolvedJob, path: bytes, change: Change | None) -> RecordedItem | None:
    """Return the item that a document is now, where it is recorded."""
    if change is None or change.kind is ChangeKind.REMOVE:
        return item_before(plan, target, path)
    if plan.store is None or not change.key:
        return None
    return plan.store.items.get(change.key)


def key_facts(plan: Plan, target: ResolvedJob, path: bytes, change: Change | None) -> Iterator[str]:
    if change is not None and not change.key and change.kind is not ChangeKind.REMOVE:
        return
    item = item_now(plan, target, path, change)
    key = change.key if change is not None and change.key else "" if item is None else item.key
    if key:
        yield f"item {key}"
    if item is not None:
        yield from item_facts(item)
        yield from _look_facts(plan, item)
        yield from _version_facts(plan, target, item)
        yield from part_facts(plan.store, item)
    elif plan.store is not None and key:
        yield "these bytes were never sent under this job's provider, operation and config"


def part_facts(store: Store | None, item: RecordedItem) -> Iterator[str]:
    """Say of a document that is read in parts how these stand, and name those that did not end well."""
    parts = [] if store is None else store.parts.of(item.row)
    if not parts:
        return
    standing = Counter(str(each.item.status) for each in parts)
    counted = ", ".join(f"{number} {status}" for status, number in sorted(standing.items()))
    yield f"read in {plural(len(parts), 'part')}: {counted}"
    unwell = [part for part in parts if part.item.status is not ItemStatus.SUCCEEDED]
    for part in unwell[:MOST_PARTS] if len(standing) > 1 else ():
        failure = part.item.failure
        why = "" if failure is None else f": {failure.kind}: {failure.message}"
        yield f"pages {part.first} to {part.last}: {part.item.status}{why}"


def failure_facts(store: Store, document: UnwellDocument) -> Iterator[str]:
    """Say when a document failed that was sent nowhere, as attempts tell of those that were, and what somebody said of it."""
    for each in () if document.item is None else store.failed_attempts.of(document.item):
        if each.submission is None:
            yield f"attempt {each.attempt + 1} failed {iso_moment(each.at)}: {each.kind}: {each.message}"
    if document.acceptance is not None:
        yield document.acceptance.text(time.time())
    for former in store.acceptances.former(document.job, document.path):
        yield former.text()


def hindrance_facts(store: Store, target: ResolvedJob, key: str) -> Iterator[str]:
    """Say what kept the document from going on when the run before ended."""
    for name, tries, proofs in store.failed_uploads.of(target.connection):
        if name == key:
            doubt = (
                ""
                if proofs
                else ", and no other went well since that would show whether it is this document's fault"
            )
            yield f"its upload failed {plural(tries, 'time')}{doubt}; apply tries it again"
    yield from map(recorded_text, store.hindrances.of(target.connection))


def _version_facts(plan: Plan, target: ResolvedJob, item: RecordedItem) -> Iterator[str]:
    """Say of a document that another version read than the one that would today, which it was."""
    assert plan.store is not None
    if item.result is not None and plan.store.documents.recipe_key(item.recipe) in target.standing:
        pins = plan.store.documents.recipe(item.recipe).pins
        yield f"read by {named_versions(pins)}; 'docbatch apply --upgrade {target.name}' reads it again with what is installed"


def item_facts(item: RecordedItem) -> Iterator[str]:
    yield f"recorded as {item.status}" + (f", attempt {item.attempt + 1}" if item.attempt else "")
    if item.failure is not None:
        code = f" ({item.failure.code})" if item.failure.code else ""
        yield f"{item.failure.kind}: {item.failure.message}{code}"
    if item.result is not None:
        earlier = "" if item.is_read else ", of an earlier try"
        yield f"result {item.result} in the spool{earlier}"
    yield from item.warnings
    if item.status is ItemStatus.LIVE:
        yield "'docbatch status' shows the submission it travels in"


def _look_facts(plan: Plan, item: RecordedItem) -> Iterator[str]:
    """Say of a document that may or may not be with the provider until when that is looked for."""
    assert plan.store is not None
    submission = plan.store.submissions.of_item(item.row)
    looks = plan.store.looks.open().get(submission or "")
    if looks is not None:
        yield f"submission {submission}: {looking(looks.looks.count, looks.needed, looks.until)}"
