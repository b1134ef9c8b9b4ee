"""Editing the state as a person asks: retry, resolve, forget, back up, each with a dry run where it changes anything."""

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from docbatch.core.errors import UsageError
from docbatch.core.lifecycle import Event
from docbatch.core.models import (
    RETRY_CLASS,
    Failure,
    FailureClass,
    ItemStatus,
    RetryClass,
    Submission,
    SubmissionStatus,
)
from docbatch.core.result_warnings import WarningKind
from docbatch.naming.pathtext import escape, unescape
from docbatch.providers import REGISTRY
from docbatch.providers.kind import Settings
from docbatch.state import files, lock
from docbatch.state.standing import Unwell
from docbatch.state.store import Store


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[Store]:
    """Open an existing state for writing. Raises NoState, StateLocked, StateError."""
    files.inspect(folder / "state.db")
    with lock.hold(folder / "lock"), Store.writable(folder) as store:
        yield store


def named_jobs(store: Store, job: str | None = None) -> list[str]:
    """Return the one job that is asked for, else all that the state knows. Raises UsageError where it lacks that one."""
    names = [each.name for each in store.documents.jobs()]
    if job is None:
        return names
    if job not in names:
        raise UsageError(f"the state knows no job '{job}'", hint=f"it knows {', '.join(names) or 'none'}")
    return [job]


def named_submission(store: Store, identity: str) -> Submission:
    """Return a submission that a person names. Raises UsageError where the state does not know it."""
    found = store.submissions.get(identity)
    if found is None:
        raise UsageError(
            f"the state knows no submission '{identity}'", hint="'docbatch status' lists those open"
        )
    return found


@dataclass(frozen=True, slots=True)
class QueuedDocument:
    """A failed or partial document that is sent again by the next apply, and why it had failed. `path` is as outputs say it."""

    job: str
    path: str
    reason: str


class QueuedDocuments(tuple[QueuedDocument, ...]):  # noqa: SLOT001 - a tuple of any length has no room for slots
    """The documents that were queued. `left_out` are those that would only be charged and end the same way, by class."""

    left_out: Mapping[str, int]

    def __new__(cls, queued: Iterable[QueuedDocument], left_out: Mapping[str, int]) -> Self:
        made = super().__new__(cls, queued)
        made.left_out = left_out
        return made


@dataclass(frozen=True, slots=True)
class Wish:
    """Which failures are meant: of one job or of all, of some classes, or `every` one of them.

    `opening` names the jobs that have passwords now, and is asked when documents are locked.
    """

    job: str | None = None
    classes: Collection[str] = ()
    every: bool = False
    opening: Callable[[], Collection[str]] = frozenset


def retry(folder: Path, wish: Wish, *, dry_run: bool) -> QueuedDocuments:
    """Queue failed and partial items again; return their documents.

    Where it costs money, what would end in the same way is left out unless it is named. Raises UsageError for an unknown
    job or class.
    """
    known = (*FailureClass, WarningKind.LOST, ItemStatus.HELD)
    unknown = set(wish.classes) - set(known)
    if unknown:
        raise UsageError(f"there is no failure class '{unknown.pop()}'", hint=f"there are {', '.join(known)}")
    with locked(folder) as store:
        found, left_out = _chosen(store, wish)
        if found and not dry_run:
            rows = {store.documents.item_row(name, path) for name, path, _ in found}
            store.items.queue(sorted(row for row in rows if row is not None))
    queued = [QueuedDocument(name, escape(path), f"{why.kind}: {why.message}") for name, path, why in found]
    return QueuedDocuments(queued, left_out)


def _chosen(store: Store, wish: Wish) -> tuple[list[tuple[str, bytes, Unwell]], Mapping[str, int]]:
    named = bool(wish.every or wish.classes)
    found, left_out = [], Counter[str]()
    for name in named_jobs(store, wish.job):
        charges = not named and _charges(store, name)
        for path, status, why in store.documents.failures(name):
            if not _is_retried(status, why, wish.classes):
                continue
            if charges and _stays_as_it_is(name, why, wish):
                left_out[why.kind] += 1
            else:
                found.append((name, path, why))
    return found, left_out


def _charges(store: Store, job: str) -> bool:
    """Say whether a job's provider asks money for another try; one that is not installed here may."""
    recorded = store.documents.job(job)
    if recorded is None:
        return True
    provider = store.documents.recipe(recorded.recipe).provider
    return not (provider in REGISTRY and REGISTRY.kind(provider).traits(Settings(job, provider)).free)


def _stays_as_it_is(job: str, why: Unwell, wish: Wish) -> bool:
    """Say whether the same bytes would end in the same way."""
    if why.kind == FailureClass.ENCRYPTED:
        return job not in wish.opening()
    never = {kind for kind, way in RETRY_CLASS.items() if way is RetryClass.NEVER}
    return why.kind in {*never, WarningKind.LOST}


def _is_retried(status: str, why: Unwell, classes: Collection[str]) -> bool:
    """What has a full result is left alone, and what is held, and may have been sent, unless it is named."""
    if status == ItemStatus.HELD:
        return why.kind in classes
    is_meant = not classes or why.kind in classes
    return is_meant and not why.has_result and status in {ItemStatus.FAILED, ItemStatus.PARTIAL}


def resolve(folder: Path, submission: str, remote_id: str | None, *, dry_run: bool) -> int:
    """Settle a held submission as a person decided; return how many documents it carries. Raises UsageError."""
    with locked(folder) as store:
        known = named_submission(store, submission)
        if known.status not in {SubmissionStatus.HELD, SubmissionStatus.UNANSWERED}:
            raise UsageError(
                f"submission {submission} is {known.status}: there is nothing to settle",
                hint=f"where it hangs, 'docbatch cancel {submission}' asks the vendor to stop it, and --give-up ends it here"
                if known.status is SubmissionStatus.SUBMITTED
                else None,
            )
        if not dry_run and remote_id is not None:
            store.submissions.accept(submission, Event.RESOLVED_FOUND, remote_id, {})
        elif not dry_run:
            store.submissions.record(submission, Event.RESOLVED_ABSENT)
        return known.running


GIVEN_UP = Failure(
    FailureClass.CANCELLED,
    "given up by 'docbatch resolve' while the vendor worked on it: it may have been charged, and its result is not fetched",
    "given_up",
)


def give_up(folder: Path, submission: str, *, dry_run: bool) -> tuple[Submission, int]:
    """End what a vendor neither ends nor stops; return it, and how many of its documents count as failed now.

    Raises UsageError where it is not with a vendor, or nothing of it runs.
    """
    with locked(folder) as store:
        known = named_submission(store, submission)
        if known.status in {SubmissionStatus.HELD, SubmissionStatus.UNANSWERED}:
            raise UsageError(
                f"submission {submission} is {known.status}: whether the vendor has it is not known",
                hint="say --absent or --remote-id ID",
            )
        if known.status is not SubmissionStatus.SUBMITTED or not known.running:
            raise UsageError(f"submission {submission} is {known.status}: there is nothing to give up")
        if not dry_run:
            store.submissions.give_up(submission, GIVEN_UP)
        return known, known.running


def forget(folder: Path, job: str, path: str, *, dry_run: bool) -> str:
    """Let the state forget that a document is wanted; what was paid for it stays known. Return its status."""
    with locked(folder) as store:
        place = unescape(path)
        if not store.documents.knows(job, place):
            raise UsageError(
                f"job '{job}' has no document '{path}' in the state", hint="see 'docbatch state list'"
            )
        row = store.documents.item_row(job, place)
        status = "a problem" if row is None else str(store.items.by_row(row).status)
        if not dry_run:
            with store.write():
                store.documents.unwant(job, place)
                store.documents.revise(job)
        return status
