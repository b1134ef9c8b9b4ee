"""Accepting failures as a person asks, for good or until a moment, and taking that back."""

from dataclasses import dataclass, replace
from pathlib import Path

from docbatch.core.acceptances import WRONG, Acceptance
from docbatch.core.errors import UsageError
from docbatch.engine.administration.edit_state import locked
from docbatch.engine.administration.failures.select_failures import FailureSelectors, nothing_selected, select
from docbatch.naming.pathtext import escape
from docbatch.state.store import Store
from docbatch.state.unwell_documents import UnwellDocument

MOST_WORDS = 1000


@dataclass(frozen=True, slots=True)
class AcceptedDocument:
    """A document whose failure may stand from now on, or counts again. `path` is as outputs say it.

    `before` is what was said of this failure earlier, None where nothing was, and `after` what of that holds again, where
    something was taken back.
    """

    job: str
    path: str
    kind: str
    message: str
    before: Acceptance | None = None
    after: Acceptance | None = None


def accept(
    folder: Path, selectors: FailureSelectors, acceptance: Acceptance, *, dry_run: bool
) -> tuple[AcceptedDocument, ...]:
    """Let failures stand: they make the exit code 3 no more. What is held is decided otherwise.

    Raises UsageError where nothing is selected, a reason is missing, or a waiver would be over already.
    """
    if not acceptance.reason.strip() or len(acceptance.reason) > MOST_WORDS:
        raise UsageError(
            f"a reason is needed, of {MOST_WORDS:,} characters at most",
            hint="it is what others will read who find the failure accepted",
        )
    if acceptance.is_over(acceptance.at):
        raise UsageError("that moment has passed already", hint="name a later one; nothing was changed")
    with locked(folder) as store:
        chosen = [each for each in select(store, selectors, acceptance.at) if each.status in WRONG]
        _refuse_none(store, selectors, chosen)
        if not dry_run:
            store.acceptances.accept(chosen, acceptance)
    return tuple(map(_told, chosen))


def withdraw(
    folder: Path, selectors: FailureSelectors, now: float, *, who: str, dry_run: bool
) -> tuple[AcceptedDocument, ...]:
    """Let failures count again that were accepted or waived, whatever was said of them before.

    Raises UsageError where nothing is selected.
    """
    with locked(folder) as store:
        chosen = _accepted(store, selectors, now)
        if not dry_run:
            store.acceptances.withdraw(chosen, now, who)
    return tuple(map(_told, chosen))


def undo(
    folder: Path, selectors: FailureSelectors, now: float, *, dry_run: bool
) -> tuple[AcceptedDocument, ...]:
    """Take back what was said last of failures: what was said before holds again, and where nothing was, they count.

    Raises UsageError where nothing is selected.
    """
    with locked(folder) as store:
        chosen = _accepted(store, selectors, now)
        told = tuple(replace(_told(each), after=store.acceptances.replaced(each)) for each in chosen)
        if not dry_run:
            store.acceptances.undo(chosen)
    return told


def _accepted(store: Store, selectors: FailureSelectors, now: float) -> list[UnwellDocument]:
    found = select(store, selectors, now)
    _refuse_none(store, selectors, found)
    return [each for each in found if each.acceptance is not None]


def _refuse_none(store: Store, selectors: FailureSelectors, chosen: list[UnwellDocument]) -> None:
    if not chosen:
        raise UsageError(
            nothing_selected(store, selectors, lambda each: each.status in WRONG)
            or "no document is failed or partial",
            hint="nothing was changed; documents that are held are settled by 'docbatch resolve' or 'docbatch retry --class held'",
        )


def _told(document: UnwellDocument) -> AcceptedDocument:
    why = document.why
    return AcceptedDocument(
        document.job, escape(document.path), str(why.kind), why.message, document.acceptance
    )
