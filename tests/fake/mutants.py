"""docbatch with one rule broken, to show that the crash matrix and the tables of errors would notice."""

import contextlib
import gzip
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pytest

from docbatch.core.errors import Uncertain
from docbatch.core.lifecycle import Event
from docbatch.core.models import Draft
from docbatch.engine.running import follow_submission, prepare_submission, send_submission
from docbatch.engine.running.run_context import Run
from docbatch.providers.base import Intent, Provider
from docbatch.spool import Spool
from docbatch.state.submissions import Submissions


@contextlib.contextmanager
def without_intent() -> Iterator[None]:
    """Create first and record afterwards, as vendors' clients do."""
    intend = Submissions.intend
    postponed: list[tuple[Any, ...]] = []

    def postpone(_self: Submissions, *arguments: Any, now: float) -> None:
        postponed.append((*arguments, now))

    def create(run: Run, provider: Provider, _connection: str, intent: Intent) -> None:
        with contextlib.suppress(Uncertain):
            accepted = provider.create(intent)
            *arguments, now = postponed.pop()
            intend(run.store.submissions, *arguments, now=now)
            run.store.submissions.accept(intent.submission, Event.ACCEPTED, accepted.remote_id, {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Submissions, "intend", postpone)
        patch.setattr(send_submission, "_create", create)
        patch.setattr(send_submission, "passes_preflight", lambda _run, _connection: True)
        yield


@contextlib.contextmanager
def record_before_spool() -> Iterator[None]:
    """Record a result as collected before it lies in the spool."""
    drafted: list[bytes] = []
    admit, flush, collect = Spool.admit, Spool.flush, follow_submission.collect

    def note(_self: Spool, draft: Draft) -> str:
        drafted.append(gzip.decompress(draft.path.read_bytes()))
        return draft.digest

    def late(run: Run, submission: Any) -> None:
        collect(run, submission)
        for payload in drafted:
            admit(run.spool, run.spool.draft(payload))
        drafted.clear()
        flush(run.spool)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "admit", note)
        patch.setattr(Spool, "flush", lambda _self: None)
        patch.setattr(follow_submission, "collect", late)
        yield


@dataclass(frozen=True)
class Mutant:
    """A function in whose source one text stands for another. `rows` are those of its table that notice it, all of them."""

    function: Callable[..., Any]
    old: str
    new: str
    rows: tuple[str, ...]

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Let the function be the mutant, for all who hold it. Fails where the text is not in its source, or not once."""
        assert isinstance(self.function, FunctionType)
        source = textwrap.dedent(inspect.getsource(self.function))
        assert source.count(self.old) == 1, f"{source.count(self.old)} times: {self.old}"
        made: dict[str, Any] = {}
        code = compile(source.replace(self.old, self.new), f"<mutant of {self.function.__name__}>", "exec")
        exec(code, self.function.__globals__, made)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.function, "__code__", made[self.function.__name__].__code__)
            yield


def _mutant(function: Callable[..., Any], old: str, new: str, *rows: str) -> Mutant:
    return Mutant(function, old, new, rows)


_create, _stop, _renew = send_submission._create, send_submission._stop, send_submission._renew

CREATE: Mapping[str, Mutant] = {
    "accepted: the work is not named": _mutant(
        _create, "accepted.remote_id, accepted.runs", "None, accepted.runs", "accepted"
    ),
    "accepted: what the provider notes is not told": _mutant(
        _create, "run.remark(identity, accepted.note)", "pass", "accepted, with a note"
    ),
    "accepted: pauses go on growing": _mutant(
        _create, "run.relax(connection)", "pass", "not sent, twice, with an accepted one between"
    ),
    "accepted: what was lost before is held against the connection": _mutant(
        _create,
        "run.losses.pop(connection, None)",
        "pass",
        "stale again and again, with an accepted one between",
    ),
    "accepted: counts for nothing": _mutant(
        send_submission.submit, "-= len(batch.items)", "-= 0", "accepted"
    ),
    "accepted: stays in the queue": _mutant(
        send_submission.submit, "_take_from_queue(run, action)", "pass", "accepted"
    ),
    "stale: ends its documents": _mutant(
        _create,
        "_renew(run, provider, connection, identity, error)",
        "record.refuse(identity, Failure(FailureClass(error.kind), error.message, error.code))",
        "stale",
    ),
    "stale: is a question": _mutant(_renew, "Event.NOT_SENT", "Event.UNANSWERED", "stale"),
    "stale: what is no longer good is used again": _mutant(
        _renew, "run.store.objects.forget(provider.account, error.stale)", "pass", "stale"
    ),
    "stale: is not told": _mutant(
        _renew, 'run.observe(Answered(identity, "not_sent", error.message))', "pass", "stale"
    ),
    "stale: is not queued again": _mutant(prepare_submission.renew, "run.requeue()", "pass", "stale"),
    "stale: is prepared anew for ever": _mutant(
        prepare_submission.renew, "> MOST_RENEWALS", "> 1000", "stale again and again"
    ),
    "refused: is sent again": _mutant(
        _create,
        "record.refuse(identity, Failure(FailureClass(error.kind), error.message, error.code))",
        "record.record(identity, Event.NOT_SENT), run.requeue()",
        "refused",
    ),
    "refused: the vendor's reason is lost": _mutant(
        _create, "FailureClass(error.kind), error.message", "FailureClass.UNKNOWN, error.message", "refused"
    ),
    "out of credits: ends its documents": _mutant(
        _create, "error.kind == FailureClass.OUT_OF_CREDITS", "False", "out of credits"
    ),
    "nothing more is to be: is a question": _mutant(
        _stop, "Event.NOT_SENT", "Event.UNANSWERED", "out of credits", "not sent, and nothing more is to be"
    ),
    "nothing more is to be: more is sent": _mutant(
        _stop,
        "run.connections.block(connection, BudgetStop(error.message, hint=error.hint))",
        "pass",
        "out of credits",
        "not sent, and nothing more is to be",
    ),
    "nothing more is to be: nothing is followed either": _mutant(
        _stop, "connections.block", "connections.cut", "out of credits"
    ),
    "nothing more is to be: is not queued again": _mutant(_stop, "run.requeue()", "pass", "out of credits"),
    "nothing more is to be: counts as sent": _mutant(_stop, "return False", "return True", "out of credits"),
    "not sent: that nothing more is to be is not heeded": _mutant(
        _create, "if error.stop:", "if False:", "not sent, and nothing more is to be"
    ),
    "not sent: is a question": _mutant(
        _create,
        "record.record(identity, Event.NOT_SENT, reason=error.message)\n        run.connections.rest",
        "record.record(identity, Event.UNANSWERED, reason=error.message)\n        run.connections.rest",
        "not sent",
    ),
    "not sent: the connection does not rest": _mutant(
        _create,
        "run.connections.rest(connection, run.pause(connection, error.retry_after))",
        "pass",
        "not sent",
        "not sent, twice",
        "not sent, and the vendor names a wait",
    ),
    "not sent: the vendor's own wait is not heeded": _mutant(
        _create, "error.retry_after", "None", "not sent, and the vendor names a wait"
    ),
    "not sent: what was scheduled beside it is sent": _mutant(
        send_submission.submit,
        "keeps_from_creating(view, run.clock.monotonic())",
        "False",
        "not sent, and the vendor names a wait",
    ),
    "not sent: is not queued again": _mutant(_create, "run.requeue()", "pass", "not sent"),
    "credentials: are a question": _mutant(
        _create,
        "record.record(identity, Event.NOT_SENT, reason=error.message)\n        run.connections.cut",
        "record.record(identity, Event.UNANSWERED, reason=error.message)\n        run.connections.cut",
        "credentials",
    ),
    "credentials: the connection is used on": _mutant(
        _create, "run.connections.cut(connection, error)", "pass", "credentials"
    ),
    "uncertain: counts as not sent": _mutant(
        _create,
        "except Uncertain as error:\n        record.record(identity, Event.UNANSWERED",
        "except Uncertain as error:\n        record.record(identity, Event.NOT_SENT",
        "uncertain, keyed",
        "uncertain, findable",
        "uncertain, none",
        "uncertain after the work was taken, keyed",
        "uncertain after the work was taken, findable",
        "uncertain after the work was taken, none",
    ),
    "uncertain: counts for nothing": _mutant(
        _create,
        'run.observe(Answered(identity, "unanswered", error.message))',
        'run.observe(Answered(identity, "unanswered", error.message)); return False',
        "uncertain, findable",
    ),
    "unexpected: counts as not sent": _mutant(
        _create,
        "record.record(identity, Event.UNANSWERED, reason=type(error).__name__)",
        "record.record(identity, Event.NOT_SENT, reason=type(error).__name__)",
        "unexpected, keyed",
        "unexpected, findable",
        "unexpected, none",
        "unexpected after the work was taken, keyed",
        "unexpected after the work was taken, findable",
        "unexpected after the work was taken, none",
    ),
    "unexpected: counts as not sent where the contract names it": _mutant(
        _create,
        "except Uncertain as error:\n        record.record(identity, Event.UNANSWERED",
        "except ProviderError as error:\n        record.record(identity, Event.NOT_SENT",
        "what only repeatable calls raise",
        "what only other calls raise",
    ),
    "unexpected: is not noted": _mutant(
        _create,
        "record.record(identity, Event.UNANSWERED, reason=type(error).__name__)",
        "pass",
        "unexpected, none",
    ),
}
