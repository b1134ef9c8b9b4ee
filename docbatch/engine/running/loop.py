"""The loop of a run: see what is recorded, schedule what is due, do it, again until nothing is due."""

from collections.abc import Iterator

from docbatch.core.errors import CredentialsError, ProviderError
from docbatch.core.models import Submission
from docbatch.core.scheduler import (
    Action,
    Close,
    Collect,
    Deliver,
    Discard,
    Due,
    Poll,
    Queue,
    Schedule,
    Settle,
    Snapshot,
    Submit,
    schedule,
)
from docbatch.engine.progress_notices import Trouble, Waiting
from docbatch.engine.running import (
    deliver_results,
    follow_submission,
    send_submission,
    settle_unanswered_creates,
)
from docbatch.engine.running.read_webhook_hints import HintInbox
from docbatch.engine.running.run_context import Run

WINDOW = 4096


def reconcile(run: Run, *, wait: bool = True, deadline: float | None = None) -> None:
    """Work until nothing is due; with `wait` also until nothing will be, or `deadline` (monotonic) has passed.

    May be killed at any instant and called again on the same state.
    """
    run.store.submissions.question()
    run.store.deliveries.forgive()
    inbox = HintInbox(run.store.folder / "inbox")
    while True:
        _heed(run, inbox)
        submissions = {each.id: each for each in run.store.submissions.open()}
        spent = {each.id: each for each in run.store.submissions.spent() if each.id not in run.left}
        known = {**submissions, **spent}
        run.forget_all_but(known)
        current = schedule(_snapshot(run, submissions, spent), run.clock.monotonic())
        for action in current.actions:
            _perform(run, action, known)
        if current.actions:
            continue
        if not wait or _passed(run, deadline) or not _awaits(run, current):
            break
        _wait(run, inbox, current, submissions, deadline)
    _write_whole_sinks(run)


def _awaits(run: Run, current: Schedule) -> bool:
    """Say whether something will be due by itself; work beyond its jobs' timeout is followed, but not waited for."""
    later = {note.subject for note in current.notes if note.until is not None}
    return bool(later) and not later <= {
        each.submission for each in run.store.deadlines.passed(run.clock.wall())
    }


def _passed(run: Run, deadline: float | None) -> bool:
    return deadline is not None and run.clock.monotonic() >= deadline


def _heed(run: Run, inbox: HintInbox) -> None:
    """Take up what webhooks left. A look that they ask for may find work, and never counts towards its absence."""
    hints = inbox.take(run)
    submissions = {each.id: each for each in run.store.submissions.open()} if hints else {}
    for look in inbox.heed(run, hints, submissions):
        before = run.looks.get(look.submission)
        _perform(run, look, submissions)
        run.looks.pop(look.submission, None)
        if before is not None:
            run.looks[look.submission] = before


def _wait(
    run: Run, inbox: HintInbox, current: Schedule, submissions: dict[str, Submission], deadline: float | None
) -> None:
    """Sleep until something is due, or until a webhook or a provider in this process wakes us.

    Asking the latter again costs nothing.
    """
    first = min(
        (note for note in current.notes if note.until is not None), key=lambda note: note.until or 0.0
    )
    until = first.until or 0.0
    if deadline is not None:
        until = min(until, deadline)
    jobs = run.store.submissions.wanted_by(first.subject)
    run.observe(Waiting(max(0.0, until - run.clock.monotonic()), first.text, jobs))
    run.clock.wait(until, inbox.has_news)
    known = run.connections.views()
    for submission in submissions.values():
        connection = known.get(submission.connection)
        if connection is not None and connection.traits.in_process:
            run.next_poll[submission.id] = 0.0


def _snapshot(run: Run, submissions: dict[str, Submission], spent: dict[str, Submission]) -> Snapshot:
    queues = tuple(_queues(run))
    return Snapshot(
        connections=run.connections.views(),
        submissions=tuple(submissions.values()),
        queues=queues,
        due=tuple(_due(run, submissions, queues)),
        looks=run.looks,
        next_poll=run.next_poll,
        next_fetch=run.next_fetch,
        turns=run.turns,
        spent=tuple(spent.values()),
        may_create=run.may_create,
        allowance=run.allowance,
    )


def _queues(run: Run) -> Iterator[Queue]:
    """Yield what waits to be sent, from a window kept in memory and filled again when it runs low."""
    jobs = list(run.targets)
    for target in {target.recipe_key: target for target in run.targets.values()}.values():
        row = run.store.documents.recipe_row(target.recipe_key)
        if row is None:
            continue
        batch = run.connections.traits(target.connection).max_items
        window = max(WINDOW, batch)
        if len(run.queues.get(row, [])) < batch and row not in run.drained:
            run.queues[row] = run.store.items.pending(row, jobs, window)
            if len(run.queues[row]) < window:
                run.drained.add(row)
        if run.queues.get(row):
            yield Queue(str(row), target.connection, tuple(run.queues[row]), more=row not in run.drained)


def _due(run: Run, submissions: dict[str, Submission], queues: tuple[Queue, ...]) -> Iterator[Due]:
    quiet = not any(each.running or each.ready for each in submissions.values()) and not queues
    for job, sink, count, whole in deliver_results.unsettled(run):
        yield Due(job, sink, count, whole, quiet)


def _perform(run: Run, action: Action, submissions: dict[str, Submission]) -> None:
    """Do one action. A connection's trouble stops that connection, not the run."""
    if isinstance(action, Deliver):
        deliver_results.deliver(run, action)
        return
    connection = (
        action.connection if isinstance(action, Submit) else submissions[action.submission].connection
    )
    if run.connections.views()[connection].unreachable is not None:
        return
    try:
        match action:
            case Settle():
                settle_unanswered_creates.settle(run, action, connection)
            case Close():
                settle_unanswered_creates.close(run, action)
            case Collect():
                follow_submission.collect(run, submissions[action.submission])
            case Poll():
                follow_submission.poll(run, submissions[action.submission])
            case Discard():
                follow_submission.discard(run, submissions[action.submission])
            case Submit():
                send_submission.submit(run, action)
    except (CredentialsError, ProviderError) as error:
        run.connections.cut(connection, error)
        run.observe(Trouble(f"connection '{connection}'", error.message, error.hint))


def _write_whole_sinks(run: Run) -> None:
    """Before a run ends with work still open, let whole sinks show what there is."""
    for job, sink, count, whole in list(deliver_results.unsettled(run)):
        if whole:
            deliver_results.deliver(run, Deliver(job, sink, f"{count} outputs are due"))
