"""Editing the state as a person asks: retry, resolve, forget, back up, each with a dry run where it changes anything."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.core.lifecycle import Event
from docbatch.core.models import (
    Failure,
    FailureClass,
    Submission,
    SubmissionStatus,
)
from docbatch.naming.pathtext import unescape
from docbatch.state.home import Home, Publication
from docbatch.state.store import Store


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[Store]:
    """Open an existing state for writing. What was changed is published before anybody can say so. Raises NoState, StateLocked, StateError."""
    home = Home.at(folder)
    home.inspect()
    with home.hold(), home.writable() as store:
        before = store.database.connection.total_changes
        yield store
        if store.database.connection.total_changes != before:
            store.publish(Publication.DECISION)


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
