"""Moving what is recorded to another name, so that a job, a document or a connection can be renamed and keep its past."""

import re
from collections.abc import Callable
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.core.models import SubmissionStatus
from docbatch.engine.administration.edit_state import locked, named_jobs
from docbatch.naming.pathtext import escape, unescape

_NAME = re.compile("[a-z0-9][a-z0-9_-]*")
_UNSETTLED = (SubmissionStatus.INTENDED, SubmissionStatus.UNANSWERED)


def move_job(folder: Path, old: str, new: str, *, dry_run: bool) -> int:
    """Rename a job; return how many documents it has. Raises NoState, StateLocked, UsageError."""
    with locked(folder) as store:
        named_jobs(store, old)
        if not _NAME.fullmatch(new):
            raise UsageError(
                f"'{new}' cannot be the name of a job", hint="it has lower-case letters, digits, '-' and '_'"
            )
        _refuse_taken(f"job '{new}'", store.moves.job_rows(new))
        documents = store.documents.count(old)
        _unless(dry_run, lambda: store.moves.move_job(old, new))
        return documents


def move_document(folder: Path, job: str, old: str, new: str, *, dry_run: bool) -> int:
    """Give a document of a job another path; return in how many places it is named. Raises NoState, StateLocked, UsageError."""
    with locked(folder) as store:
        named_jobs(store, job)
        place, other = unescape(old), unescape(new)
        if not store.documents.knows(job, place):
            raise UsageError(
                f"job '{job}' has no document '{old}' in the state", hint="paths are as the state has them"
            )
        if other.startswith(b"/") or any(part in {b"", b".", b".."} for part in other.split(b"/")):
            raise UsageError(
                f"'{new}' cannot be the path of a document",
                hint="it is relative to the job's source, with '/' between its parts",
            )
        _refuse_taken(f"document '{escape(other)}' of job '{job}'", store.moves.document_rows(job, other))
        rows = store.moves.document_rows(job, place)
        _unless(dry_run, lambda: store.moves.move_document(job, place, other))
        return rows


def move_connection(folder: Path, old: str, new: str, *, dry_run: bool) -> int:
    """Rename a connection; return in how many places it is named. Raises NoState, StateLocked, UsageError."""
    with locked(folder) as store:
        rows = store.moves.connection_rows(old)
        if not rows:
            known = sorted(name for name, _ in store.documents.connections())
            raise UsageError(
                f"the state knows no connection '{old}'", hint=f"it knows {', '.join(known) or 'none'}"
            )
        _refuse_taken(f"connection '{new}'", store.moves.connection_rows(new))
        unsettled = store.moves.open_question(old, _UNSETTLED)
        if unsettled is not None:
            raise UsageError(
                f"whether submission {unsettled} reached the vendor is not known yet",
                hint="nothing was changed; let a run settle it under the old name first",
            )
        _unless(dry_run, lambda: store.moves.move_connection(old, new))
        return rows


def _refuse_taken(what: str, rows: int) -> None:
    if rows:
        raise UsageError(
            f"the state knows {what} already", hint="nothing was changed; two pasts cannot become one"
        )


def _unless(dry_run: bool, act: Callable[[], None]) -> None:
    if not dry_run:
        act()
