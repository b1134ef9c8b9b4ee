"""The items that documents are, as judging sees them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from docbatch.core.changes import KnownItem
from docbatch.core.demands import Demands
from docbatch.core.models import RETRY_CLASS, Failure, ItemStatus, RetryClass
from docbatch.core.moments import moment_text
from docbatch.core.retry_policy import RetryPolicy
from docbatch.state.document_parts import PartStanding
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store

WHOLE = PartStanding()


def known_items(store: Store | None, keys: Sequence[str], demands: Demands) -> dict[str, RecordedItem]:
    """Return the items that are known among some keys, as a job takes them; of what is read in parts, how these stand."""
    found = [] if store is None else list(store.items.many(keys))
    waiting = [item.row for item in found if item.status is ItemStatus.PENDING]
    parts = {} if store is None or not waiting else store.parts.standing(waiting)
    standing = (
        replace(item, status=each) if (each := parts.get(item.row, WHOLE).status) else item for item in found
    )
    return {item.key: item.taken(demands) for item in standing}


def known_item(item: RecordedItem, due: float | None = None) -> KnownItem:
    """Return an item as judging sees it; `due` is when it is tried again by itself (wall time)."""
    passing = item.failure is not None and RETRY_CLASS[item.failure.kind] is RetryClass.AUTO
    return KnownItem(item.status, item.is_read, passing or (due is not None and due <= time.time()))


def next_try(store: Store | None, policy: RetryPolicy, item: RecordedItem | None) -> float | None:
    """Return when an item that failed is tried again by itself (wall time), if it is; None where that is not decided yet."""
    if store is None or item is None or item.failure is None:
        return None
    rule = policy.get(item.failure.kind)
    return (
        None
        if rule is None or not rule.allows(item.attempt)
        else store.later_tries.due(item.row, item.attempt)
    )


def told_failure(item: RecordedItem, due: float | None) -> Failure | None:
    """Return why an item failed, and when it is tried again where that is known."""
    if item.failure is None or due is None:
        return item.failure
    return replace(item.failure, message=f"{item.failure.message}; retry due {moment_text(due)}")


def settled_key(keys: Sequence[str], items: Mapping[str, RecordedItem]) -> str:
    """Return the first of a document's keys that has a result, else the first: what was read before is not read again."""
    read = (key for key in keys if key in items and items[key].is_read)
    return next(read, keys[0] if keys else "")
