"""The loop of a run: see what is recorded, schedule what is due, do it, again until nothing is due.

Each connection that has something to do holds one conversation at a time, in which its actions come in their order. Only
this thread records and delivers, and it never waits for one connection while another goes on.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from docbatch.core.errors import NotAnswering, Uncertain
from docbatch.core.models import Submission
from docbatch.core.scheduler import (
    Action,
    Deliver,
    Note,
    Schedule,
    Settle,
    Submit,
    schedule,
)
from docbatch.engine.connections.conversations import SLOW, Conversations, RunOver, Wait
from docbatch.engine.connections.slow_answers import SlowAnswers
from docbatch.engine.progress_notices import Stopping, Trouble, Waiting
from docbatch.engine.running import (
    bring_back_results,
    deliver_results,
)
from docbatch.engine.running.read_webhook_hints import HintInbox
from docbatch.engine.running.rounds import stop_work, try_again
from docbatch.engine.running.rounds.interruption import GRACE
from docbatch.engine.running.rounds.snapshot import is_left, snapshot
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.take_consequences import leave_hindrances, take_up_hindrances, tell_hindrances
from docbatch.state.home import Publication
from docbatch.webhooks.hints import Hint

LAST = 1.0
"""Seconds that calls under way have to come back once the time of a run is up."""


def reconcile(run: Run, *, wait: bool = True, deadline: float = float("inf")) -> None:
    """Work until nothing is due; with `wait` also until nothing will be, or `deadline` (monotonic) has passed.

    May be killed at any instant and called again on the same state. Asked to stop, it sends and writes nothing more.
    """
    run.store.submissions.question()
    run.store.deliveries.forgive()
    bring_back_results.bring_back_all(run)
    take_up_hindrances(run)
    rounds = _Rounds(run, HintInbox(run.store.home.inbox), Conversations(run.clock), wait, deadline)
    try:
        while rounds.go_on():
            pass
    except Exception:
        # What others are being answered at this moment is still recorded; the first error is the one to tell.
        with suppress(Exception):
            rounds.end()
        raise
    rounds.end()
    if run.spool.store_left():
        run.store.publish(Publication.PACK)
    run.store.waiting.let_go()
    leave_hindrances(run)
    if not run.stop.is_asked:
        deliver_results.deliver_the_rest(run, max(deadline, run.clock.monotonic()) + LAST)


@dataclass
class _Rounds:
    """The rounds of one run. `hints` wait until their connections are free."""

    run: Run
    inbox: HintInbox
    talks: Conversations
    wait: bool
    deadline: float
    hints: list[Hint] = field(default_factory=list)
    slow: SlowAnswers = field(init=False)

    def __post_init__(self) -> None:
        self.slow = SlowAnswers(self.run.connections, self.talks, self.run.clock)

    def go_on(self) -> bool:
        """Do what is due now and wait for what comes next; say whether there may be more."""
        run = self.run
        self._give_up()
        tell_hindrances(run, waits=self.wait)
        if self._is_late():
            return False
        self._stitch()
        open_ = {each.id: each for each in run.store.submissions.open()} | run.unrecorded_submissions()
        looks = self._heed(open_)
        self._wake(open_)
        spent = {each.id: each for each in run.store.submissions.spent() if not is_left(run, each)}
        known = {**open_, **spent}
        run.forget_all_but(known)
        run.has_results = False
        current = schedule(snapshot(run, open_, spent, self.talks.names), run.clock.monotonic())
        stops = stop_work.cancels(
            run, {each: open_[each] for each in open_ if open_[each].connection not in self.talks.names}
        )
        if self._do([*looks, *stops, *current.actions], known):
            return True
        if self.talks.names:
            self._listen(current)
            return True
        if self._takes_back():
            return True
        current = replace(current, notes=(*current.notes, *try_again.notes(run)))
        if not self.wait or not _awaits(run, current) or self._may_leave():
            return False
        self._sleep(current)
        return True

    def _stitch(self) -> None:
        if any(target.split for target in self.run.targets.values()):
            from docbatch.engine.running.parts.stitch_parts import stitch  # noqa: PLC0415 - few jobs split documents

            stitch(self.run)

    def _takes_back(self) -> bool:
        """Look again at what was set aside, and at what is to be tried again; say whether there is any."""
        if self.run.budget.reconsider():
            self.run.queues.take_back()
            return True
        return try_again.queue_due(self.run)

    def end(self) -> None:
        """Give calls under way a last moment; then leave them. A create among them may exist: it is looked for later."""
        run = self.run
        until = run.clock.monotonic() + (GRACE if run.stop.is_asked else LAST)
        run.connections.end()
        if run.stop.is_asked:
            run.observe(Stopping(GRACE))
        while self.talks.names and run.clock.monotonic() < until:
            run.clock.listen(until, self.talks.has_news)
            self.talks.go_on()
        self.slow.note()
        if not run.stop.is_asked:
            self._stitch()
        for name, (wait, _) in self.talks.unanswered(0.0).items():
            text = f"{wait.subject}, and the time of this run is up"
            error = NotAnswering(text, hint="run the same command again to go on")
            if wait.matters:
                run.connections[name].cut(error)
            else:
                run.observe(Trouble(f"connection '{name}'", error.message, error.hint))
        self.talks.end(_given_up)

    def _give_up(self) -> None:
        """Use connections no more that gave no good answer for too long. The others go on, and nothing has failed by it."""
        now = self.run.clock.monotonic()
        for name, each in self.run.connections.items():
            if name not in self.talks.names and now >= each.given_up_at:
                each.give_up()

    def _given_up_at(self) -> float:
        """Return when (monotonic) the next connection is given up, unless it answers before."""
        free = [each for name, each in self.run.connections.items() if name not in self.talks.names]
        return min((each.given_up_at for each in free), default=float("inf"))

    def _is_late(self) -> bool:
        return self.run.stop.is_asked or self.run.clock.monotonic() >= self.deadline

    def _heed(self, submissions: Mapping[str, Submission]) -> list[Settle]:
        """Take up what webhooks left for connections that are free, and return the looks they ask for.

        What is said of work that is being asked about would be overtaken by an answer that is older.
        """
        self.hints += self.inbox.take(self.run)
        ready = [hint for hint in self.hints if hint.connection not in self.talks.names]
        self.hints = [hint for hint in self.hints if hint.connection in self.talks.names]
        return self.inbox.heed(self.run, ready, submissions)

    def _woken(self) -> set[str]:
        """Return the free connections whose providers, in this process, have something to tell."""
        return {
            name
            for name, each in self.run.connections.items()
            if each.access.woken.is_set() and name not in self.talks.names
        }

    def _wake(self, submissions: Mapping[str, Submission]) -> None:
        """Ask providers in this process at once that have something to tell: that costs nothing."""
        woken = self._woken()
        for name in woken:
            self.run.connections[name].access.woken.clear()
        for submission in submissions.values():
            if submission.connection in woken:
                self.run.follow(submission.id).next_poll = 0.0

    def _do(self, actions: Sequence[Action], known: Mapping[str, Submission]) -> bool:
        """Begin what connections have to do, and deliver meanwhile; say whether there was anything."""
        run = self.run
        agendas: dict[str, list[Action]] = {}
        for action in actions:
            if not isinstance(action, Deliver):
                agendas.setdefault(_connection(action, known), []).append(action)
        if agendas:
            from docbatch.engine.running.rounds.perform_actions import hold  # noqa: PLC0415 - most runs find nothing to do

        for name, agenda in agendas.items():
            self.talks.begin(name, hold(run, run.connections[name], agenda, known))
        outputs = [action for action in actions if isinstance(action, Deliver)]
        for action in outputs:
            if run.stop.is_asked:
                break
            deliver_results.deliver(run, action)
        return bool(agendas or outputs)

    def _listen(self, current: Schedule) -> None:
        """Wait until a conversation is through, or something else is due or may be."""
        clock, ended = self.run.clock, False
        due = float("inf") if current.wake_at is None else current.wake_at
        while not ended:
            until = min(due, self.deadline, self._given_up_at())
            clock.listen(min(until, self.talks.until, self.talks.unanswered_at(SLOW)), self._has_news)
            ended = self.talks.go_on()
            self.slow.note()
            tell_hindrances(self.run, waits=self.wait)
            if clock.monotonic() >= until or self._is_called() or self.run.has_results:
                return

    def _has_news(self) -> bool:
        return self.talks.has_news() or self._is_called()

    def _is_called(self) -> bool:
        return self.run.stop.is_asked or self.inbox.has_news() or bool(self._woken())

    def _sleep(self, current: Schedule) -> None:
        """Sleep until something is due, or until a webhook or a provider in this process wakes us."""
        run = self.run
        first = min((note for note in current.notes if note.until is not None), key=_until)
        until = min(_until(first), self.deadline, self._given_up_at())
        jobs = _jobs(run, first.subject)
        seconds = max(0.0, until - run.clock.monotonic())
        run.observe(Waiting(seconds, first.text, jobs, _cause(run, first.subject)))
        while run.clock.monotonic() < until and not self._is_awake():
            run.clock.wait(until, self._is_awake)

    def _is_awake(self) -> bool:
        return self._is_called() or self._may_leave()

    def _may_leave(self) -> bool:
        """Say whether the run is wanted for something else, and nothing of it would be lost: work in this process ends with it."""
        if not self.run.stop.calls_away():
            return False
        return not any(
            self.run.connections[each.connection].traits.in_process
            for each in (*self.run.store.submissions.open(), *self.run.unrecorded_submissions().values())
            if each.connection in self.run.connections
        )


def _jobs(run: Run, subject: str) -> tuple[str, ...]:
    if subject in run.unrecorded:
        return ()
    return (subject,) if subject in run.targets else run.store.submissions.wanted_by(subject)


def _cause(run: Run, subject: str) -> str:
    """Return what stops or slows the connection that a note is about, itself or by a submission of its."""
    submission = run.unrecorded_submissions().get(subject) or run.store.submissions.get(subject)
    name = subject if submission is None else submission.connection
    connection = run.connections.get(name)
    if connection is None:
        return ""
    return "; ".join(filter(None, (*(each.what for each in connection.hindrances.current), connection.users)))


def _given_up(wait: Wait) -> Exception:
    if wait.costs:
        return Uncertain(f"{wait.subject} when the run ended")
    return RunOver()


def _until(note: Note) -> float:
    return note.until or 0.0


def _awaits(run: Run, current: Schedule) -> bool:
    """Say whether something will be due by itself; work beyond its jobs' timeout is followed, but not waited for."""
    later = {note.subject for note in current.notes if note.until is not None}
    return bool(later) and not later <= {
        each.submission for each in run.store.deadlines.passed(run.clock.wall())
    }


def _connection(action: Action, known: Mapping[str, Submission]) -> str:
    if isinstance(action, Submit):
        return action.connection
    assert not isinstance(action, Deliver)
    return known[action.submission].connection
