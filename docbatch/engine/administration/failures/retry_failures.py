"""Queueing failed and partial documents again, as a person asks."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Self

from docbatch.core.models import RETRY_CLASS, FailureClass, ItemStatus, RetryClass
from docbatch.core.next_steps import taking_back
from docbatch.engine.administration.edit_state import locked
from docbatch.engine.administration.failures.select_failures import FailureSelectors, nothing_selected, select
from docbatch.naming.pathtext import escape
from docbatch.providers import REGISTRY
from docbatch.providers.kind import Settings
from docbatch.state.store import Store
from docbatch.state.unwell_documents import UnwellDocument


@dataclass(frozen=True, slots=True)
class QueuedDocument:
    """A failed or partial document that is sent again by the next apply, and why it had failed. `path` is as outputs say it."""

    job: str
    path: str
    reason: str


class QueuedDocuments(tuple[QueuedDocument, ...]):  # noqa: SLOT001 - a tuple of any length has no room for slots
    """The documents that were queued. `left_out` are those that would only be charged and end the same way, by class.

    `accepted` counts those that were left out because they are accepted, and `waiting` what was queued already. `remark` says
    what would match where nothing does, `options` is what selected, but classes, as it is typed, and `undoing` the command that
    takes it back.
    """

    left_out: Mapping[str, int]
    options: str
    undoing: str
    accepted: int
    waiting: int
    remark: str | None

    def __new__(
        cls,
        queued: Iterable[QueuedDocument],
        left_out: Mapping[str, int],
        *,
        options: str = "",
        undoing: str = "",
        accepted: int = 0,
        waiting: int = 0,
        remark: str | None = None,
    ) -> Self:
        made = super().__new__(cls, queued)
        made.left_out, made.options, made.undoing = left_out, options, undoing
        made.accepted, made.waiting, made.remark = accepted, waiting, remark
        return made


@dataclass(frozen=True, slots=True)
class Wish:
    """Which failures are meant, or `every` one of them, also what would end the same way, or is accepted.

    `opening` names the jobs that have passwords now, and is asked when documents are locked.
    """

    selectors: FailureSelectors = field(default_factory=FailureSelectors)
    every: bool = False
    opening: Callable[[], Collection[str]] = frozenset


def retry(folder: Path, wish: Wish, now: float, *, dry_run: bool) -> QueuedDocuments:
    """Queue failed and partial items again; return their documents. `now` is wall time.

    Where it costs money, what would end in the same way is left out unless it is named. Raises UsageError for an unknown
    job or class.
    """
    with locked(folder) as store:
        meant = [each for each in select(store, wish.selectors, now) if _is_retried(each, wish)]
        open_ones = [each for each in meant if wish.every or not each.is_accepted(now)]
        left_out = _left_out(store, open_ones, wish)
        found = [each for each in open_ones if each not in left_out]
        remark = None if meant else nothing_selected(store, wish.selectors, _can_be_retried)
        if found and not dry_run:
            store.queued_again.queue(sorted({each.item for each in found if each.item is not None}))
        waiting = 0 if found else store.unwell.queued(wish.selectors.jobs)
    queued = [
        QueuedDocument(each.job, escape(each.path), f"{each.why.kind}: {each.why.message}") for each in found
    ]
    counts = Counter(str(each.why.kind) for each in left_out)
    accepted = len(meant) - len(open_ones)
    options = replace(wish.selectors, classes=()).options
    return QueuedDocuments(
        queued,
        counts,
        options=options,
        undoing=taking_back(wish.selectors.options),
        accepted=accepted,
        waiting=waiting,
        remark=remark,
    )


def _left_out(store: Store, documents: Iterable[UnwellDocument], wish: Wish) -> set[UnwellDocument]:
    """Return those of which another try would be charged and end in the same way, where nobody named them."""
    if wish.every or wish.selectors.classes:
        return set()
    costs = cache(lambda job: charges(store, job))
    return {each for each in documents if costs(each.job) and _stays_as_it_is(each, wish)}


def charges(store: Store, job: str) -> bool:
    """Say whether a job's provider asks money for another try; one that is not installed here may."""
    recorded = store.documents.job(job)
    if recorded is None:
        return True
    provider = store.documents.recipe(recorded.recipe).provider
    return not (provider in REGISTRY and REGISTRY.kind(provider).traits(Settings(job, provider)).free)


def _stays_as_it_is(document: UnwellDocument, wish: Wish) -> bool:
    """Say whether the same bytes would end in the same way."""
    kind = document.why.kind
    if kind == FailureClass.ENCRYPTED:
        return document.job not in wish.opening()
    return kind in {each for each, way in RETRY_CLASS.items() if way is RetryClass.NEVER}


def _is_retried(document: UnwellDocument, wish: Wish) -> bool:
    """What has a full result is left alone, and what is held, and may have been sent, unless it is named."""
    if document.status == ItemStatus.HELD:
        return document.why.kind in wish.selectors.classes
    return _can_be_retried(document)


def _can_be_retried(document: UnwellDocument) -> bool:
    return not document.why.has_result and document.status in {ItemStatus.FAILED, ItemStatus.PARTIAL}
