"""Explaining a document: why it will or will not be sent, what it is known by, what it was, and what became of it.

What is due is what a plan of this one document says; only what is recorded is added here.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from docbatch.core.changes import ChangeKind, FoundDocument
from docbatch.core.explanation import ExplainedKey, Explanation
from docbatch.core.recipe_changes import Difference, differences
from docbatch.engine.planning.amounts.sending_hours import waits_for
from docbatch.engine.planning.differences_database import Change
from docbatch.engine.planning.explained.document_outputs import former_outputs, outputs
from docbatch.engine.planning.explained.document_past import (
    attempts,
    changes,
    gone_at,
    key_of,
    now_at,
    pages_and_seconds,
    recorded_key,
)
from docbatch.engine.planning.explained.document_verdict import VERDICTS, verdict_of
from docbatch.engine.planning.explained.explain_link import link_facts
from docbatch.engine.planning.explained.item_facts import (
    failure_facts,
    hindrance_facts,
    item_before,
    item_facts,
    item_now,
    key_facts,
)
from docbatch.engine.planning.explained.unknown_document import paths_named, unknown
from docbatch.engine.planning.items.document_keys import next_try
from docbatch.engine.planning.plan import Plan, Selection, Sight
from docbatch.engine.planning.read_plan import read_plan
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.pathtext import escape, unescape
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store

GONE = VERDICTS[ChangeKind.REMOVE]
LET_GO = "it was let go when it was no longer found; its outputs stay"


def explain(document: str, selection: Selection, here: Path) -> list[Explanation]:
    """Explain a document named by its path from `here`, from its source's root, or absolute, or by its link.

    Outputs are named from `here`, an absolute folder, too. Documents that are gone are explained as long as the state
    knows of them. Raises UsageError, StateError, GuardRefused.
    """
    with read_plan(selection, Sight(only=lambda target: paths_named(target, document, here))) as plan:
        found = [
            _explain(plan, target, path, here)
            for target in plan.targets
            for path in paths_named(target, document, here)
            if path in plan.tallies[target.name].paths or _is_wanted(target, path, plan)
        ]
        found = found or [*_let_go(document, plan, selection, here)]
        if not found:
            raise unknown(document, plan, here)
    return found


def _is_wanted(target: ResolvedJob, path: bytes, plan: Plan) -> bool:
    """Say whether the job has the document although nobody has seen it yet, or the state still wants it."""
    change = plan.differences.change_of(target.name, path)
    unseen = change is not None and change.kind is ChangeKind.LOOK
    return unseen or (plan.store is not None and plan.store.documents.knows(target.name, path))


def _let_go(document: str, plan: Plan, selection: Selection, here: Path) -> Iterator[Explanation]:
    """Explain what no job wants any more, as far as the state remembers it."""
    store = plan.store
    if store is None:
        return
    declared = {target.name for target in plan.targets}
    for job in store.documents.jobs():
        if not selection.is_all and job.name not in declared:
            continue
        inside = os.fsencode(os.path.relpath(here / document, os.fsdecode(job.source)))
        for path in dict.fromkeys((inside, os.path.normpath(unescape(document)))):
            if (row := store.documents.remembered(job.name, path)) is not None:
                reason = LET_GO
                if job.name in plan.gone:
                    reason = f"job '{job.name}' is no longer declared; its outputs stay"
                item = store.items.by_row(row)
                left = tuple(former_outputs(store, job.name, path, here))
                facts = (f"item {item.key}", *item_facts(item), *(each.text for each in left))
                known = Explanation(job.name, escape(path), GONE, reason, facts=facts, outputs=left)
                yield _with_past(_with_item(known, store, item), plan, path, item)


def _explain(plan: Plan, target: ResolvedJob, path: bytes, here: Path) -> Explanation:
    store = plan.store
    change = plan.differences.change_of(target.name, path)
    unwell = None if store is None else store.unwell.get(target.name, path)
    accepted = unwell is not None and unwell.is_accepted(time.time())
    later = next_try(store, target.retry, item_before(plan, target, path)) is not None
    verdict, reason = verdict_of(target, change, is_accepted=accepted, is_later=later)
    why = (
        target.source.why_left_out(path) if change is not None and change.kind is ChangeKind.REMOVE else None
    )
    facts = [*link_facts(target, path, plan.cache), *key_facts(plan, target, path, change)]
    facts += () if why is None else (why,)
    waits = change is not None and change.kind is ChangeKind.SEND
    late = tuple(waits_for(target, store, time.time(), change.key)) if change is not None and waits else ()
    known = Explanation(target.name, escape(path), verdict, reason, key=_key(plan, target, path, change))
    if store is None:
        return replace(known, facts=(*facts, *late))
    before, item = item_before(plan, target, path), item_now(plan, target, path, change)
    facts += () if unwell is None else failure_facts(store, unwell)
    found = tuple(outputs(plan, store, target, path, here))
    facts += (each.text for each in found)
    if change is not None and change.kind in {ChangeKind.SEND, ChangeKind.WAIT}:
        facts += hindrance_facts(store, target, change.key)
    differing = () if before is None else tuple(_changed(store, target, before, change))
    known = replace(known, differences=differing, facts=(*facts, *late), outputs=found)
    if item is not None:
        known = _with_item(known, store, item)
    return _with_past(known, plan, path, item)


def _with_item(known: Explanation, store: Store, item: RecordedItem) -> Explanation:
    pages, seconds = pages_and_seconds(store, item)
    return replace(known, key=known.key or recorded_key(store, item), pages=pages, seconds=seconds)


def _with_past(known: Explanation, plan: Plan, path: bytes, item: RecordedItem | None) -> Explanation:
    """Add what was: of a document that is gone, also when that was, and where its bytes are now."""
    job, store = known.job, plan.store
    assert store is not None
    rows = {each.item for each in store.past.bytes_of(job, path)}
    row = store.documents.remembered(job, path)
    rows |= {each for each in (row, None if item is None else item.row) if each is not None}
    every = [store.items.by_row(each) for each in sorted(rows)]
    past = replace(known, changes=changes(store, job, path), attempts=attempts(store, every))
    if known.verdict != GONE:
        return past
    alike = () if item is None else now_at(store, job, path, item.digest)
    places = tuple(each for each in alike if _is_there(plan, each.job, unescape(each.path)))
    when = None if store.documents.knows(job, path) else gone_at(store, job, path)
    return replace(past, gone_at=when, now_at=places)


def _is_there(plan: Plan, job: str, path: bytes) -> bool:
    """Say whether a document that is recorded is still where it was; of jobs that were not selected that is not asked."""
    target = next((each for each in plan.targets if each.name == job), None)
    return job not in plan.gone if target is None else target.source.is_there(path)


def _key(plan: Plan, target: ResolvedJob, path: bytes, change: Change | None) -> ExplainedKey | None:
    """Return what a document is known by, as it is now; None where it is no item, or only the state knows it."""
    if change is None or not change.key:
        return None
    item = item_now(plan, target, path, change)
    if item is not None and plan.store is not None:
        return recorded_key(plan.store, item)
    return key_of(
        target.recipe_of(change.key, change.media_type, change.digest),
        key=change.key,
        media_type=change.media_type,
        digest=change.digest,
        size=change.size,
    )


def _changed(
    store: Store, target: ResolvedJob, before: RecordedItem, change: Change | None
) -> Iterator[Difference]:
    """Say what of the document's identity is not what was recorded of it."""
    if change is not None and change.key:
        now = FoundDocument(change.path, change.digest, change.media_type, change.size)
        old, new = (
            store.documents.recipe(before.recipe),
            target.recipe_of(change.key, now.media_type, now.digest),
        )
        yield from _differences(before, now)
        yield from differences(old, new)


def _differences(before: RecordedItem, found: FoundDocument) -> Iterator[Difference]:
    if before.digest != found.digest:
        yield Difference("sha256", before.digest, found.digest)
    if before.media_type != found.media_type:
        yield Difference("media type", before.media_type, found.media_type)
