"""Cancelling work: vendors are asked to stop what they work on. What ended before is collected as ever."""

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.accounts import told_apart
from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import (
    CredentialsError,
    DocbatchError,
    Gone,
    NotAnswering,
    ProviderError,
    UsageError,
    gravest,
)
from docbatch.core.lifecycle import DOUBTFUL, Event
from docbatch.core.models import FailureClass, Stops, Submission, SubmissionStatus
from docbatch.engine.administration.edit_state import locked, named_jobs, named_submission
from docbatch.engine.clock import Clock, SystemClock, patiently
from docbatch.engine.connections.accesses import accesses
from docbatch.engine.connections.conversations import complete
from docbatch.engine.connections.provider_connections import Connections
from docbatch.engine.progress_notices import Observer
from docbatch.engine.running.follow_submission import poll
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.settle_unanswered_creates import intent
from docbatch.naming.state_folders import project_root
from docbatch.providers import REGISTRY
from docbatch.providers.base import Provider
from docbatch.specs.values import Connection
from docbatch.spool import Spool
from docbatch.state.home import Publication
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class Order:
    """What to stop: one submission, or all that a job has with vendors."""

    folder: Path
    connections: Collection[Connection]
    submission: str | None = None
    job: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class CancellableWork:
    """A submission that a vendor works on. `jobs` are all that want its documents, `stops` what the vendor can stop."""

    submission: Submission
    jobs: tuple[str, ...]
    stops: Stops


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """How the documents that were running stand after asking; `left` still run."""

    work: CancellableWork
    stopped: int = 0
    ended: int = 0
    left: int = 0
    trouble: DocbatchError | None = None

    @property
    def exit_code(self) -> int:
        return gravest({4 if self.left else 0, self.trouble.exit_code if self.trouble else 0})


def cancel(
    order: Order,
    observe: Observer,
    announce: Callable[[Sequence[CancellableWork]], bool],
    clock: Clock | None = None,
) -> list[CancelOutcome]:
    """Ask vendors to stop. `announce` is shown what would be stopped, before a key is read, and may decline.

    Raises NoState, StateLocked, StateError, UsageError, CredentialsError: nothing was asked then.
    """
    with locked(order.folder) as store, _run(order, store, clock or SystemClock(), observe) as run:
        found = [_work(run, submission) for submission in _chosen(order, store)]
        if not announce(found) or order.dry_run:
            return []
        answers = [_stop(run, work) for work in found]
        store.runs.note(gravest({answer.exit_code for answer in answers}), {})
        return answers


@contextlib.contextmanager
def _run(order: Order, store: Store, clock: Clock, observe: Observer) -> Iterator[Run]:
    """Set up what polling needs. A document whose bytes changed is planned again by the next apply."""
    spool = Spool(store.home.spool, store.results, packs=store.home.packs)
    used = {submission.connection for submission in store.submissions.open()}
    known = [each for each in order.connections if each.name in used and each.type in REGISTRY]
    found = accesses(known, project_root(order.folder), spool.incoming, clock.wake, order.allowed_hosts)
    connections = Connections(found)
    with contextlib.closing(spool), contextlib.closing(connections):
        yield Run(store, spool, connections, {}, clock, observe, "", replan=lambda _run, _item, _reason: None)


def _chosen(order: Order, store: Store) -> Iterable[Submission]:
    if order.submission is not None:
        return [_one(store, order.submission)]
    assert order.job is not None
    (job,) = named_jobs(store, order.job)
    return [
        submission
        for submission in store.submissions.open()
        if submission.status is SubmissionStatus.SUBMITTED
        and submission.running
        and job in store.submissions.wanted_by(submission.id)
    ]


def _one(store: Store, identity: str) -> Submission:
    found = named_submission(store, identity)
    if found.status in DOUBTFUL:
        raise UsageError(
            f"submission {identity} is {found.status}: whether the vendor has it is not known",
            hint=f"'docbatch apply' looks for it; 'docbatch resolve {identity} --absent' or '--remote-id ID' settles it by hand",
        )
    if found.status is not SubmissionStatus.SUBMITTED or not found.running:
        raise UsageError(f"submission {identity} is {found.status}: there is nothing left to stop")
    return found


def _work(run: Run, submission: Submission) -> CancellableWork:
    view = run.connections.views().get(submission.connection)
    if view is None:
        raise UsageError(
            f"submission {submission.id} belongs to connection '{submission.connection}', which docbatch.yaml lacks",
            hint="put the connection back; nothing was asked",
        )
    if view.traits.in_process:
        raise UsageError(
            f"submission {submission.id} is work of this machine: it runs inside 'docbatch apply' and ends with it"
        )
    if view.account != submission.account:
        theirs, ours = told_apart(submission.account, view.account)
        raise CredentialsError(
            f"submission {submission.id} belongs to account {theirs}, connection '{view.name}' now speaks for {ours}",
            hint="set the connection as it was; nothing was asked",
        )
    return CancellableWork(submission, run.store.submissions.wanted_by(submission.id), view.traits.stops)


def _stop(run: Run, work: CancellableWork) -> CancelOutcome:
    """Ask, then look once how it stands. Asking again does no harm."""
    submission = work.submission
    if work.stops is Stops.NOTHING:
        return CancelOutcome(work, left=submission.running)
    keys = [item.key for item in run.store.submissions.unended(submission.id)]
    connection = run.connections[submission.connection]
    if isinstance(connection.trouble, NotAnswering):
        return CancelOutcome(work, left=submission.running, trouble=connection.trouble)
    wanted = intent(run, submission.id)

    def cancel(provider: Provider) -> None:
        provider.cancel(wanted, submission.remote_id)

    run.store.publish(Publication.REMOVAL, submission.id)
    try:
        with contextlib.suppress(Gone):
            patiently(
                run.clock,
                lambda: complete(run.clock, connection.ask(ProviderCall.CANCEL, cancel), run.observe),
            )
    except NotAnswering as error:
        connection.cut(error)
        return CancelOutcome(work, left=submission.running, trouble=error)
    except (CredentialsError, ProviderError) as error:
        return CancelOutcome(work, left=submission.running, trouble=error)
    run.store.submissions.record(submission.id, Event.CANCEL_ASKED)
    complete(run.clock, poll(run, connection, submission), run.observe)
    if connection.view.unreachable is not None:
        return CancelOutcome(work, left=submission.running, trouble=connection.trouble)
    return _answer(run, work, keys)


def _answer(run: Run, work: CancellableWork, keys: Sequence[str]) -> CancelOutcome:
    after = run.store.submissions.get(work.submission.id)
    left = after.running if after is not None and after.status is SubmissionStatus.SUBMITTED else 0
    items = run.store.items.many(keys)
    stopped = sum(item.failure is not None and item.failure.kind is FailureClass.CANCELLED for item in items)
    return CancelOutcome(work, stopped, work.submission.running - stopped - left, left)
