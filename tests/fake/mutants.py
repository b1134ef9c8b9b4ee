"""docbatch with one rule broken, to show that the crash matrix and the tables of errors would notice."""

import contextlib
import inspect
import os
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

import pytest

from docbatch.core import consequences, scheduler
from docbatch.core.consequences import ErrorKind, Fate, ProviderCall, Told
from docbatch.core.errors import Uncertain
from docbatch.core.lifecycle import Event
from docbatch.core.looks import SpacedLooks
from docbatch.core.models import Recovery, Submission
from docbatch.engine import clock
from docbatch.engine.administration import cancel_work, recover_work
from docbatch.engine.connections import contract, open_item_content
from docbatch.engine.connections.backoff import Backoff
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.running import (
    fetch_results,
    follow_submission,
    look_for_unknown_work,
    prepare_submission,
    replan_changed_document,
    send_submission,
    settle_unanswered_creates,
    take_consequences,
)
from docbatch.engine.running.in_process import do_unrecorded_work
from docbatch.engine.running.rounds import perform_actions
from docbatch.engine.running.run_context import Run
from docbatch.providers.base import Accepted, Intent
from docbatch.sending_fence import FenceTime
from docbatch.spool import pack
from docbatch.spool.pack import PackWriter
from docbatch.state.submissions import Submissions


@contextlib.contextmanager
def without_intent() -> Iterator[None]:
    """Create first and record afterwards, as vendors' clients do."""
    intend = Submissions.intend
    postponed: list[tuple[Any, ...]] = []

    def postpone(_self: Submissions, *arguments: Any, now: float) -> None:
        postponed.append((*arguments, now))

    def create(
        run: Run, connection: ProviderConnection, intent: Intent, _began: FenceTime | None
    ) -> Talk[bool]:
        with contextlib.suppress(Uncertain):
            accepted = yield from connection.ask(
                ProviderCall.CREATE, lambda provider: provider.create(intent), gives=Accepted
            )
            *arguments, now = postponed.pop()
            intend(run.store.submissions, *arguments, now=now)
            run.store.submissions.accept(intent.submission, Event.ACCEPTED, accepted.remote_id, {})
        return True

    def know(_run: Run, _connection: ProviderConnection) -> Talk[bool]:
        yield from ()
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Submissions, "intend", postpone)
        patch.setattr(send_submission, "_create", create)
        patch.setattr(send_submission, "knows_all_work", know)
        yield


@contextlib.contextmanager
def record_before_spool() -> Iterator[None]:
    """Record a result as collected before it lies in the spool. What a run that ends held back is never written."""
    held_back: list[tuple[int, bytes, int]] = []
    write, collect, close = pack._write, follow_submission.collect, PackWriter.close

    def hold_back(descriptor: int, data: bytes, at: int) -> None:
        held_back.append((os.dup(descriptor), bytes(data), at))

    def let_go(*, written: bool) -> None:
        while held_back:
            descriptor, data, at = held_back.pop(0)
            try:
                if written:
                    write(descriptor, data, at)
            finally:
                os.close(descriptor)

    def late(run: Run, connection: ProviderConnection, submission: Submission) -> Talk[None]:
        yield from collect(run, connection, submission)
        let_go(written=True)

    def end(writer: PackWriter) -> None:
        let_go(written=False)
        close(writer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pack, "_write", hold_back)
        patch.setattr(PackWriter, "flush", lambda _self: None)
        patch.setattr(PackWriter, "close", end)
        patch.setattr(follow_submission, "collect", late)
        yield


@dataclass(frozen=True)
class TextMutant:
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


@dataclass(frozen=True)
class EntryMutant:
    """What an error of a call leads to, other than the table of consequences has it in some fields, or has it at all."""

    call: ProviderCall
    kind: ErrorKind
    fields: Mapping[str, Any]
    rows: tuple[str, ...]

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Let the table have the entry. Fails where it is the one that it has."""
        table = consequences.CONSEQUENCES
        plain = table.get((self.call, self.kind), consequences.CUT)
        other = replace(plain, **self.fields)
        assert other != plain, f"{self.call}, {self.kind} is so already: {plain}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(consequences, "CONSEQUENCES", {**table, (self.call, self.kind): other})
            yield


Mutant = TextMutant | EntryMutant


def _mutant(function: Callable[..., Any], old: str, new: str, *rows: str) -> Mutant:
    return TextMutant(function, old, new, rows)


def _entry(call: ProviderCall, kind: ErrorKind, fields: Mapping[str, Any], *rows: str) -> Mutant:
    return EntryMutant(call, kind, fields, rows)


_C, _K = ProviderCall, ErrorKind
_ANOTHER_TRY = {"fate": Fate.GOES_ON, "told": Told.NOTHING, "later": True}
_QUESTION = {"event": Event.UNANSWERED}
_PROOF = {"event": Event.NOT_SENT}
_GOES_ON = {"fate": Fate.GOES_ON}
_SECRET = {"told": Told.NOTHING}
_NOT_QUEUED = {"requeue": False}

_meet, _notices = take_consequences._meet, take_consequences._notices
_FORGET_STALE = "run.store.objects.forget(connection.account, error.stale)"
_WHATEVER = "except (Exception, SystemExit) as error:"
_OWN_WAIT = 'getattr(error, "retry_after", None)'
_BLOCK = "connection.block(BudgetStop(error.message, hint=error.hint))"
_CUT = "connection.cut(error)"
_TROUBLE = "yield Trouble(f\"connection '{connection.name}'\", error.message, error.hint)"

_submit, _create = send_submission.submit, send_submission._create
_was_sent = send_submission._was_sent
_UNCERTAIN = (
    "uncertain, keyed", "uncertain, findable", "uncertain, none",
    *(f"uncertain after the work was taken, {kind}" for kind in Recovery),
)  # fmt: skip
_UNEXPECTED = (
    "unexpected, keyed", "unexpected, findable", "unexpected, none",
    *(f"unexpected after the work was taken, {kind}" for kind in Recovery),
)  # fmt: skip

CREATE: Mapping[str, Mutant] = {
    "accepted: the work is not named": _mutant(_create, "accepted.remote_id, accepted.runs", "None, accepted.runs", "accepted"),
    "accepted: what the provider notes is not told": _mutant(_create, "run.remark(identity, accepted.note)", "pass", "accepted, with a note"),
    "accepted: pauses go on growing": _mutant(
        _create, "connection.backoff.relax()", "pass", "not sent, twice, with an accepted one between"
    ),
    "accepted: what was lost before is held against the connection": _mutant(
        _create, "connection.renewals = 0", "pass", "stale again and again, with an accepted one between"
    ),
    "accepted: counts for nothing": _mutant(perform_actions.hold, "_allow(run, planned - sent)", "_allow(run, planned)", "accepted"),
    "accepted: stays in the queue": _mutant(
        send_submission._intend, "run.queues.take(recipe, {item.key for item in batch.items})", "pass", "accepted"
    ),
    "stale: ends its documents": _entry(_C.CREATE, _K.STALE, {"event": Event.REFUSED}, "stale"),
    "stale: is a question": _entry(_C.CREATE, _K.STALE, _QUESTION, "stale"),
    "stale: what is no longer good is used again": _mutant(take_consequences.take_consequences, _FORGET_STALE, "pass", "stale"),
    "stale: is not told": _entry(_C.CREATE, _K.STALE, _SECRET, "stale"),
    "stale: is not queued again": _entry(_C.CREATE, _K.STALE, _NOT_QUEUED, "stale"),
    "stale: is prepared anew for ever": _mutant(_meet, "> MOST_RENEWALS", "> 1000", "stale again and again"),
    "stale: how often is not counted": _entry(_C.CREATE, _K.STALE, _GOES_ON, "stale again and again"),
    "refused: is sent again": _entry(_C.CREATE, _K.REFUSED, {"event": Event.NOT_SENT, "requeue": True}, "refused"),
    "refused: is a question": _entry(_C.CREATE, _K.REFUSED, _QUESTION, "refused"),
    "refused: nothing more is sent": _entry(_C.CREATE, _K.REFUSED, {"fate": Fate.BLOCKED}, "refused"),
    "refused: is not told": _entry(_C.CREATE, _K.REFUSED, _SECRET, "refused"),
    "refused: the vendor's reason is lost": _mutant(take_consequences.failure, "Failure(kind, ", "Failure(FailureClass.UNKNOWN, ", "refused"),
    "out of credits: is a refusal like others": _mutant(
        consequences.kind_of, "error.kind == FailureClass.OUT_OF_CREDITS", "False", "out of credits"
    ),
    "out of credits: ends its documents": _entry(_C.CREATE, _K.OUT_OF_CREDITS, {"event": Event.REFUSED}, "out of credits"),
    "out of credits: is a question": _entry(_C.CREATE, _K.OUT_OF_CREDITS, _QUESTION, "out of credits"),
    "out of credits: more is sent": _entry(_C.CREATE, _K.OUT_OF_CREDITS, _GOES_ON, "out of credits"),
    "out of credits: is not queued again": _entry(_C.CREATE, _K.OUT_OF_CREDITS, _NOT_QUEUED, "out of credits"),
    "out of credits: is not told": _entry(_C.CREATE, _K.OUT_OF_CREDITS, _SECRET, "out of credits"),
    "nothing more is to be: is a question": _entry(_C.CREATE, _K.STOPPED, _QUESTION, "not sent, and nothing more is to be"),
    "nothing more is to be: more is sent": _entry(_C.CREATE, _K.STOPPED, _GOES_ON, "not sent, and nothing more is to be"),
    "nothing more is to be: is tried again": _entry(_C.CREATE, _K.STOPPED, {"fate": Fate.RESTS}, "not sent, and nothing more is to be"),
    "nothing more is to be: is not queued again": _entry(_C.CREATE, _K.STOPPED, _NOT_QUEUED, "not sent, and nothing more is to be"),
    "nothing more is to be: is not told": _entry(_C.CREATE, _K.STOPPED, _SECRET, "not sent, and nothing more is to be"),
    "nothing more is to be: more is sent, whatever the table says": _mutant(
        _meet, _BLOCK, "pass", "out of credits", "not sent, and nothing more is to be"
    ),
    "nothing more is to be: nothing is followed either": _mutant(
        _meet, _BLOCK, _BLOCK.replace("block", "cut"), "out of credits", "not sent, and nothing more is to be"
    ),
    "nothing was sent: counts as sent": _mutant(
        _was_sent, "return leads_to.event is not Event.NOT_SENT", "return True",
        "stale", "out of credits", "not sent", "not sent, and nothing more is to be", "credentials",
    ),
    "not sent: that nothing more is to be is not heeded": _mutant(
        consequences.kind_of, "isinstance(error, NotSent) and error.stop", "False", "not sent, and nothing more is to be"
    ),
    "not sent: is a question": _entry(_C.CREATE, _K.NOT_SENT, _QUESTION, "not sent"),
    "not sent: the connection does not rest": _entry(
        _C.CREATE, _K.NOT_SENT, _GOES_ON, "not sent", "not sent, twice", "not sent, and the vendor names a wait"
    ),
    "not sent: nothing more is sent": _entry(_C.CREATE, _K.NOT_SENT, {"fate": Fate.BLOCKED}, "not sent"),
    "not sent: the vendor's own wait is not heeded": _mutant(_meet, _OWN_WAIT, "None", "not sent, and the vendor names a wait"),
    "not sent: what was scheduled beside it is sent": _mutant(
        _submit, "keeps_from_creating(connection.view, run.clock.monotonic())", "False", "not sent, and the vendor names a wait"
    ),
    "not sent: is not queued again": _entry(_C.CREATE, _K.NOT_SENT, _NOT_QUEUED, "not sent"),
    "not sent: is not told": _entry(_C.CREATE, _K.NOT_SENT, _SECRET, "not sent"),
    "credentials: are a question": _entry(_C.CREATE, _K.CREDENTIALS, _QUESTION, "credentials"),
    "credentials: the connection is used on": _entry(_C.CREATE, _K.CREDENTIALS, _GOES_ON, "credentials"),
    "credentials: what was sent is not told": _entry(_C.CREATE, _K.CREDENTIALS, _SECRET, "credentials"),
    "uncertain: counts as not sent": _entry(_C.CREATE, _K.UNCERTAIN, _PROOF, *_UNCERTAIN),
    "uncertain: the connection is left": _entry(_C.CREATE, _K.UNCERTAIN, {"fate": Fate.CUT}, *_UNCERTAIN),
    "uncertain: is not told": _entry(_C.CREATE, _K.UNCERTAIN, _SECRET, *_UNCERTAIN),
    "uncertain: counts for nothing": _mutant(
        _was_sent, "return leads_to.event is not Event.NOT_SENT", "return False", "uncertain, findable", "unexpected, none"
    ),
    "unexpected: counts as not sent": _entry(_C.CREATE, _K.UNEXPECTED, _PROOF, *_UNEXPECTED),
    "unexpected: counts as not sent, where repeatable calls raise it": _entry(
        _C.CREATE, _K.UNAVAILABLE, _PROOF, "what only repeatable calls raise"
    ),
    "unexpected: counts as not sent, where other calls raise it": _entry(_C.CREATE, _K.GONE, _PROOF, "what only other calls raise"),
    "unexpected: is not noted": _entry(_C.CREATE, _K.UNEXPECTED, {"event": None}, "unexpected, none"),
    "unexpected: the connection is used on": _entry(_C.CREATE, _K.UNEXPECTED, _GOES_ON, *_UNEXPECTED),
    "unexpected: the connection is used on, where repeatable calls raise it": _entry(
        _C.CREATE, _K.UNAVAILABLE, _GOES_ON, "what only repeatable calls raise"
    ),
    "unexpected: the connection is used on, where other calls raise it": _entry(
        _C.CREATE, _K.GONE, _GOES_ON, "what only other calls raise"
    ),
    "unexpected: what was sent is not told": _entry(_C.CREATE, _K.UNEXPECTED, {"told": Told.TROUBLE}, "unexpected, none"),
    "unexpected: ends the run": _mutant(contract.kept, _WHATEVER, "except AssertionError as error:", *_UNEXPECTED),
}  # fmt: skip

_prepare, _Preparation = prepare_submission.prepare, prepare_submission._Preparation
_GIVEN_UP = "case ProviderError() | CredentialsError():\n                    trouble = outcome"

PREPARE: Mapping[str, Mutant] = {
    "what is there is made again": _mutant(_Preparation.perform, " if step.name not in self.prepared]", "]", "nothing"),
    "stale: ends its document": _mutant(
        _Preparation._send, "is ErrorKind.REFUSED", "in {ErrorKind.REFUSED, ErrorKind.STALE}", "stale", "stale again and again"
    ),
    "stale: what is no longer good is used again": _mutant(take_consequences.take_consequences, _FORGET_STALE, "pass", "stale"),
    "stale: is not counted": _entry(_C.PREPARE, _K.STALE, _GOES_ON, "stale again and again"),
    "stale: what waits is not read again": _entry(_C.PREPARE, _K.STALE, _NOT_QUEUED, "stale"),
    "stale, gone: for ever": _mutant(_meet, "> MOST_RENEWALS", "> 1000", "stale again and again", "gone again and again"),
    "gone: is not counted": _entry(_C.PREPARE, _K.GONE, _GOES_ON, "gone again and again"),
    "gone: what waits is not read again": _entry(_C.PREPARE, _K.GONE, _NOT_QUEUED, "gone"),
    "gone: is used again": _mutant(_prepare, "preparation.forget()\n        take", "pass\n        take", "gone"),
    "gone: what all may use is made again": _mutant(_Preparation.forget, " if not step.shared]", "]", "gone"),
    "refused: its documents are tried again": _mutant(
        _prepare, "_fail_unsent(run, [item.key for item in batch.items], error)", "pass", "refused, what all need"
    ),
    "refused: what waits is not read again": _entry(
        _C.PREPARE, _K.REFUSED, _NOT_QUEUED, "refused, what all need", "refused, and the next is unavailable"
    ),
    "refused: nothing more is sent": _entry(
        _C.PREPARE, _K.REFUSED, {"fate": Fate.BLOCKED}, "refused, what all need", "refused, an upload"
    ),
    "refused: the vendor's reason is lost": _mutant(
        take_consequences.failure, "Failure(kind, ", "Failure(FailureClass.UNKNOWN, ", "refused, what all need", "refused, an upload"
    ),
    "refused: ends the others too": _mutant(
        _Preparation._send, '[step.item or ""]', "[each.key for each in self.batch.items]", "refused, an upload"
    ),
    "refused: hides that the next could not be asked": _mutant(
        _Preparation._send, "if trouble is not None:", "if trouble is not None and is_whole:", "refused, and the next is unavailable"
    ),
    "not sent: the connection does not rest": _entry(
        _C.PREPARE, _K.NOT_SENT, _GOES_ON, "not sent", "not sent, and the vendor names a wait"
    ),
    "not sent: that nothing more is to be is not heeded": _mutant(
        consequences.kind_of, "isinstance(error, NotSent) and error.stop", "False", "not sent, and nothing more is to be"
    ),
    "not sent: ends as a failure": _entry(_C.PREPARE, _K.NOT_SENT, {"fate": Fate.BLOCKED}, "not sent"),
    "out of credits: more is sent": _entry(_C.PREPARE, _K.OUT_OF_CREDITS, _GOES_ON, "out of credits"),
    "nothing more is to be: more is sent": _entry(_C.PREPARE, _K.STOPPED, _GOES_ON, "not sent, and nothing more is to be"),
    "nothing more is to be: is tried again": _entry(_C.PREPARE, _K.STOPPED, {"fate": Fate.RESTS}, "not sent, and nothing more is to be"),
    "unavailable: the connection does not rest": _entry(
        _C.PREPARE, _K.UNAVAILABLE, _GOES_ON, "unavailable", "unavailable, what all need"
    ),
    "unavailable: the connection is left": _entry(
        _C.PREPARE, _K.UNAVAILABLE, {"fate": Fate.CUT}, "unavailable", "unavailable, what all need"
    ),
    "unavailable: the vendor's own wait is not heeded": _mutant(
        _meet, _OWN_WAIT, "None", "unavailable, and the vendor names a wait", "not sent, and the vendor names a wait"
    ),
    "unavailable: pauses do not grow": _mutant(Backoff.next, "* 2", "* 1", "unavailable, what all need, twice"),
    "unavailable: an upload that fails again holds the others": _mutant(
        _Preparation._failed, "return None if verdict is UploadVerdict.ASIDE else error", "return error",
        "unavailable, twice", "unavailable, twice, with an upload between",
    ),
    "unavailable: pauses grow though something went well": _mutant(
        _Preparation._record, "self.connection.backoff.relax()", "pass", "unavailable, what all need, with something made between"
    ),
    "credentials: what is sent beside is given up": _mutant(
        _Preparation._send, _GIVEN_UP, _GIVEN_UP.replace("trouble =", "raise"), "credentials", "unexpected"
    ),
    "credentials: the connection is used on": _mutant(_meet, _CUT, "pass", "credentials", "what steps never raise", "unexpected"),
    "credentials: are not told": _mutant(
        _notices, _TROUBLE, "yield from ()", "credentials", "what steps never raise", "unexpected"
    ),
    "unexpected: is tried again": _entry(_C.PREPARE, _K.UNEXPECTED, {"fate": Fate.RESTS}, "unexpected"),
    "unexpected: ends the run": _mutant(contract.kept, _WHATEVER, "except AssertionError as error:", "unexpected"),
    "what is not in the table: goes on": _mutant(
        consequences.consequence, "CUT)", "Consequence())", "credentials", "what steps never raise", "unexpected"
    ),
    "changed: is sent as it was planned": _mutant(
        open_item_content._checked, "if size > most or digest.hexdigest() != item.digest:", "if False:", "changed", "changed, and back at once"
    ),
    "changed: is not planned anew": _mutant(_Preparation._replan, "self.run.replan(self.run, item, changed.reason)", "pass", "changed"),
    "changed: what waits is not read again": _mutant(_prepare, "run.queues.forget()", "pass", "changed"),
    "changed: what may hold the other bytes is used": _mutant(
        _prepare, "preparation.forget()\n        run", "run", "changed, and back at once"
    ),
    "changed: a step for all passes over it": _mutant(_Preparation._one, "return False", "return True", "changed, what was read for all"),
    "gone from its folder: the reason is lost": _mutant(
        replan_changed_document.take_as_it_is, "None, error.failure)", "None, None)", "gone from its folder"
    ),
}  # fmt: skip

_settle = settle_unanswered_creates.settle
_REFUSALS = ("replay refused", "replay refused, findable", "replay out of credits", "replay stale")
_NOT_SENT = (
    "replay not sent", "replay not sent, twice", "replay not sent, and the vendor names a wait", "replay not sent, and nothing more is to be",
)  # fmt: skip
_LATER = f"_look_later(run, followed, {_OWN_WAIT})"
_ABSENT = "run.store.submissions.record(action.submission, Event.ABSENT); run.queues.forget()"

SETTLE: Mapping[str, Mutant] = {
    "replay accepted: counts as found": _mutant(
        _settle, "Event.ACCEPTED", "Event.FOUND", "replay accepted", "replay accepted, though nothing was taken"
    ),
    "replay refused: proves that nothing was taken": _mutant(
        take_consequences._record,
        "record.record(submission, event, code=code, message=error.message)",
        "record.record(submission, Event.ABSENT); run.queues.forget()",
        *_REFUSALS, "replay refused, though nothing was taken", "replay refused, findable, though nothing was taken",
    ),
    "replay refused: is sent again": _entry(
        _C.REPLAY, _K.REFUSED, {"event": None, "later": True},
        "replay refused", "replay refused, findable", "replay refused, though nothing was taken",
        "replay refused, findable, though nothing was taken",
    ),
    "replay out of credits: is sent again": _entry(
        _C.REPLAY, _K.OUT_OF_CREDITS, {"event": None, "later": True}, "replay out of credits"
    ),
    "replay out of credits: nothing more is sent": _entry(_C.REPLAY, _K.OUT_OF_CREDITS, {"fate": Fate.BLOCKED}, "replay out of credits"),
    "replay stale: is sent again": _entry(_C.REPLAY, _K.STALE, {"event": None, "later": True}, "replay stale"),
    "replay not sent: proves that nothing was taken": _mutant(_settle, _LATER, _ABSENT, *_NOT_SENT, "replay uncertain", "look, unavailable"),
    "replay not sent: is a refusal": _entry(
        _C.REPLAY, _K.NOT_SENT, {"event": Event.REPLAY_REFUSED, "later": False},
        "replay not sent", "replay not sent, twice", "replay not sent, and the vendor names a wait",
    ),
    "replay not sent: the vendor's own wait is not heeded": _mutant(
        _settle, _OWN_WAIT, "None", "replay not sent, and the vendor names a wait"
    ),
    "replay not sent: is sent again without a pause": _entry(
        _C.REPLAY, _K.NOT_SENT, {"later": False},
        "replay not sent", "replay not sent, twice", "replay not sent, and the vendor names a wait",
    ),
    "replay not sent: nothing more is followed": _entry(
        _C.REPLAY, _K.STOPPED, {"fate": Fate.CUT}, "replay not sent, and nothing more is to be"
    ),
    "replay not sent: is sent again without a pause where nothing more is to be": _entry(
        _C.REPLAY, _K.STOPPED, {"later": False}, "replay not sent, and nothing more is to be"
    ),
    "replay: is sent again without a pause": _mutant(
        settle_unanswered_creates._look_later, "run.later(followed.backoff, asked)", "0.0",
        "replay not sent", "replay uncertain", "look, unavailable",
    ),
    "replay uncertain: is sent again without a pause": _entry(_C.REPLAY, _K.UNCERTAIN, {"later": False}, "replay uncertain"),
    "replay uncertain: is a refusal": _entry(
        _C.REPLAY, _K.UNCERTAIN, {"event": Event.REPLAY_REFUSED, "later": False}, "replay uncertain"
    ),
    "replay unexpected: is tried again for ever": _entry(_C.REPLAY, _K.UNEXPECTED, _ANOTHER_TRY, "replay unexpected"),
    "unexpected: ends the run": _mutant(
        contract.kept, _WHATEVER, "except AssertionError as error:", "replay unexpected", "look, unexpected"
    ),
    "credentials: the connection is used on": _mutant(
        _meet, _CUT, "pass",
        "replay, credentials", "replay, what creates never raise", "replay unexpected",
        "look, credentials", "look, what looks never raise", "look, unexpected",
    ),
    "credentials: are not told": _mutant(
        _notices, _TROUBLE, "yield from ()",
        "replay, credentials", "replay, what creates never raise", "replay unexpected",
        "look, credentials", "look, what looks never raise", "look, unexpected",
    ),
    "look: counts as accepted": _mutant(_settle, "Event.FOUND", "Event.ACCEPTED", "look, found"),
    "look: what the provider notes is not told": _mutant(
        settle_unanswered_creates._accept, "run.remark(identity, accepted.note)", "pass", "look, found, with a note"
    ),
    "look: the first is believed": _mutant(SpacedLooks.are_enough, "self.count >= traits.looks", "self.count >= 1", "look, far apart"),
    "look: looks come one upon the other": _mutant(
        SpacedLooks.pause, "return traits.look_spacing", "return 1.0", "look, absent", "look, found late"
    ),
    "look: what sees no witness counts": _mutant(settle_unanswered_creates._count, "sighting.witness and ", "", "look, blind"),
    "look: what the vendor dates not counts": _mutant(
        settle_unanswered_creates._count, " and sighting.date is not None", "", "look, without the vendor's time"
    ),
    "look: one that failed counts": _mutant(
        _settle, _LATER, "_count(run, connection, action.submission, Sighting(None, True, run.clock.wall()))",
        "look, unavailable", "look, unavailable, and the vendor names a wait",
    ),
    "look unavailable: the vendor's own wait is not heeded": _mutant(
        _settle, _OWN_WAIT, "None", "look, unavailable, and the vendor names a wait"
    ),
    "look unavailable: is asked again at once": _entry(
        _C.LOOK, _K.UNAVAILABLE, {"later": False}, "look, unavailable", "look, unavailable, and the vendor names a wait"
    ),
    "look unavailable: the connection is left": _entry(_C.LOOK, _K.UNAVAILABLE, {"fate": Fate.CUT}, "look, unavailable"),
    "look: is sent again where it never is to be": _mutant(
        scheduler._look, "if resend:", "if True:",
        "look, absent, and never sent again", "look, absent though it was taken, and never sent again",
    ),
    "look: held work is not looked for again": _mutant(
        scheduler._look_again, "not looks.asked", "False",
        "look, absent though it was taken, and never sent again", "look, absent, and never sent again", "look, blind",
    ),
    "look unexpected: is tried again for ever": _entry(_C.LOOK, _K.UNEXPECTED, _ANOTHER_TRY, "look, unexpected"),
    "close: what is not known counts as absent": _mutant(
        settle_unanswered_creates.close, " if action.absent else Event.UNKNOWABLE", "", "replay refused", "look, blind",
        "look, absent though it was taken, and never sent again",
    ),
    "close: is not queued again": _mutant(settle_unanswered_creates.close, "run.queues.forget()", "pass", "look, absent"),
    "close: is not told": _mutant(
        settle_unanswered_creates.close,
        'run.observe(Answered(action.submission, "absent" if action.absent else "held", action.reason))', "pass",
        "look, absent", "replay refused",
    ),
}  # fmt: skip

_poll, _collect = follow_submission.poll, follow_submission.collect
_discard, _removed = follow_submission.discard, follow_submission.removed
_meet_failures = follow_submission._meet_failures
_CALLED_OFF = (
    "poll, credentials", "poll, what polls never raise", "poll, unexpected",
    "fetch, credentials", "fetch, what fetches never raise", "fetch, unexpected", "discard unexpected",
)  # fmt: skip
_REMAINS = (
    "take_consequences(run, connection, ProviderCall.DISCARD, error, wanted.submission)\n        return False"
)

FOLLOW: Mapping[str, Mutant] = {
    "ended: what was made for it is removed again and again": _mutant(_discard, "run.store.submissions.clear(submission.id)", "pass", "ended"),
    "ended: the first look comes late": _mutant(follow_submission.schedule_poll, "traits.poll_initial / 1.5", "traits.poll_initial", "ended"),
    "ended: what failed is passed over": _mutant(
        follow_submission._record, "if isinstance(each, Failed)", "if False", "ended, one of them failed and one in part"
    ),
    "ended: what is there in part counts as whole": _mutant(
        follow_submission._ready, "each.remote_id, each.partial", "each.remote_id, False", "ended, one of them failed and one in part"
    ),
    "poll unavailable: is asked again at once": _entry(
        _C.POLL, _K.UNAVAILABLE, {"later": False}, "poll unavailable", "poll unavailable, and the vendor names a wait"
    ),
    "poll unavailable: the connection is left": _entry(_C.POLL, _K.UNAVAILABLE, {"fate": Fate.CUT}, "poll unavailable"),
    "poll unavailable: the vendor's own wait is not heeded": _mutant(
        follow_submission.poll_later, _OWN_WAIT, "None", "poll unavailable, and the vendor names a wait"
    ),
    "poll, gone: is sent again": _mutant(_poll, "again=again(run, connection, keys)", "again=keys", "poll, gone"),
    "poll, gone: is not queued again": _entry(_C.POLL, _K.GONE, _NOT_QUEUED, "poll, gone", "poll, gone, free"),
    "poll, gone: is asked about for ever": _entry(_C.POLL, _K.GONE, {"event": None, "later": True}, "poll, gone", "poll, gone, free"),
    "gone, free: is not sent again": _mutant(
        follow_submission.again, "if not connection.traits.free:", "if True:", "poll, gone, free", "fetch, gone, free"
    ),
    "gone, free: is sent again for ever": _mutant(
        follow_submission.again, "<= MOST_LOSSES", "<= 9", "poll, gone, free, again and again"
    ),
    "gone: is sent again though it costs money": _mutant(
        follow_submission.again, "if not connection.traits.free:", "if False:", "poll, gone", "fetch, gone"
    ),
    "credentials: the connection is used on": _mutant(_meet, _CUT, "pass", *_CALLED_OFF),
    "credentials: are not told": _mutant(_notices, _TROUBLE, "yield from ()", *_CALLED_OFF),
    "unexpected: ends the run": _mutant(
        contract.kept, _WHATEVER, "except AssertionError as error:", "poll, unexpected", "fetch, unexpected", "discard unexpected"
    ),
    "poll, unexpected: is asked again for ever": _entry(_C.POLL, _K.UNEXPECTED, _ANOTHER_TRY, "poll, unexpected"),
    "other bytes: the document is waited for": _mutant(
        follow_submission._release, "run.store.submissions.release(identity, [each.key for each in changed])", "pass", "poll, other bytes were read"
    ),
    "other bytes: the document is not planned anew": _mutant(
        follow_submission._release, "run.replan(run, items[each.key], each.reason)", "pass", "poll, other bytes were read"
    ),
    "other bytes: what waits is not read again": _mutant(follow_submission._release, "run.queues.forget()", "pass", "poll, other bytes were read"),
    "out of credits: more is sent": _mutant(
        follow_submission._stop_without_credits, "if live:", "if False:", "poll, out of credits"
    ),
    "out of credits: words of one document stop the run": _mutant(
        follow_submission._stop_without_credits, " and why.code}", "}", "poll, out of credits in words alone"
    ),
    "out of credits: an old answer stops a later run": _mutant(
        follow_submission._stop_without_credits, " if item.status is ItemStatus.LIVE]", "]", "poll, out of credits, told again by a later run"
    ),
    "poll: the vendor's own wait is not heeded": _mutant(
        follow_submission.schedule_poll, "(progress.next_poll or length)", "length", "poll, the vendor names a wait"
    ),
    "poll: what the provider notes is not told": _mutant(
        follow_submission._record, "run.remark(submission.id, progress.note)", "pass", "poll, the vendor names a wait"
    ),
    "poll: more and more seldom without end": _mutant(
        follow_submission.schedule_poll, "min(before * 1.5, traits.poll_max)", "before * 1.5",
        "poll, a document of work that was answered is not to be seen",
    ),
    "not to be seen: is held though the vendor has it": _mutant(
        follow_submission._question, "if is_certain:", "if False:", "poll, a document of work that was answered is not to be seen"
    ),
    "not to be seen: is waited for for ever": _mutant(
        follow_submission._question, "if is_certain:", "if True:", "poll, a document of work that was found is not to be seen"
    ),
    "not to be seen: is held at once": _mutant(
        follow_submission._question, "counted.are_enough(connection.traits)", "True", "poll, a document of work that was found is not to be seen"
    ),
    "no sign of life: is failed at once": _mutant(
        follow_submission._doubt, "counted.are_enough(connection.traits)", "True", "poll, a document seems to be dropped"
    ),
    "no sign of life: is waited for for ever": _mutant(
        follow_submission._record, "if progress.doubted:", "if False:", "poll, a document is dropped"
    ),
    "fetch unavailable: is fetched again at once": _mutant(
        _meet_failures, "if misses.waiting:", "if False:",
        "fetch unavailable", "fetch unavailable, twice", "fetch unavailable, and the vendor names a wait",
    ),
    "fetch unavailable: the vendor's own wait is not heeded": _mutant(
        follow_submission.fetch_later, 'getattr(error, "retry_after", None) or 0.0', "0.0", "fetch unavailable, and the vendor names a wait"
    ),
    "fetch unavailable: pauses grow though something came": _mutant(
        follow_submission._take_over,
        "run.follow(submission.id).fetching.relax()",
        "pass",
        "fetch unavailable, twice, with a result between",
    ),
    "fetch, gone: counts as collected": _mutant(
        fetch_results.missed, "lost[key] = Failure(FailureClass.EXPIRED, error.message)", "pass", "fetch, gone", "fetch, gone, free"
    ),
    "fetch, gone: is not queued again": _mutant(follow_submission._lose, "run.queues.forget()", "pass", "fetch, gone, free"),
    "fetch, refused: is fetched again": _mutant(_meet_failures, "run.store.submissions.fail(submission.id, misses.unusable)", "pass", "fetch, refused"),
    "fetch, refused: the vendor's code is lost": _mutant(fetch_results.missed, 'getattr(error, "code", None)', "None", "fetch, refused"),
    "fetch: whatever goes wrong is tried again": _mutant(
        fetch_results.missed, "ends.append(error)", "waiting.append((key, error))",
        "fetch, unexpected", "fetch, credentials", "fetch, what fetches never raise",
    ),
    "fetch: what came beside what went wrong is not kept": _mutant(
        _collect, "if collected:", "if len(collected) == len(outcomes):",
        "fetch, unexpected", "fetch, credentials", "fetch, what fetches never raise",
    ),
    "fetch, spoilt: is given up at once": _mutant(
        fetch_results.Fetcher._unreadable, "self.flaws[each.key] += 1", "self.flaws[each.key] += 2", "fetch, spoilt"
    ),
    "fetch, spoilt: is fetched for ever": _mutant(
        fetch_results.Fetcher._unreadable, "< PATIENCE", "< 9", "fetch, spoilt again and again"
    ),
    "discard unavailable: the connection is left": _entry(_C.DISCARD, _K.UNAVAILABLE, {"fate": Fate.CUT}, "discard unavailable"),
    "discard unavailable: is not told": _entry(_C.DISCARD, _K.UNAVAILABLE, _SECRET, "discard unavailable"),
    "discard, credentials: the connection is left": _entry(_C.DISCARD, _K.CREDENTIALS, {"fate": Fate.CUT}, "discard, credentials"),
    "discard, credentials: are told as the connection's trouble": _entry(
        _C.DISCARD, _K.CREDENTIALS, {"told": Told.TROUBLE}, "discard, credentials"
    ),
    "discard, refused: the connection is left": _entry(_C.DISCARD, _K.REFUSED, {"fate": Fate.CUT}, "discard, what it never raises"),
    "discard, refused: is not told": _entry(_C.DISCARD, _K.REFUSED, _SECRET, "discard, what it never raises"),
    "discard: is tried again in the same run": _mutant(_discard, "connection.left.add(submission.id)", "pass", "discard unavailable"),
    "discard: counts as done": _mutant(
        _removed, _REMAINS, _REMAINS.replace("return False", "own = []"),
        "discard unavailable", "discard, credentials", "discard, what it never raises",
    ),
    "discard unexpected: is passed over": _entry(
        _C.DISCARD, _K.UNEXPECTED, {"fate": Fate.GOES_ON, "told": Told.NOTHING}, "discard unexpected"
    ),
    "discard unexpected: is a failure like others": _entry(
        _C.DISCARD, _K.UNEXPECTED, {"fate": Fate.GOES_ON, "told": Told.REMAINS}, "discard unexpected"
    ),
}  # fmt: skip

_knows_all_work = look_for_unknown_work.knows_all_work
_WATCH = "if not traits.free and run.store.home.is_moved() and not _is_watched(run, connection, survey.date):"
_UNSEARCHED = "take_consequences(run, connection, ProviderCall.SURVEY, error)\n        return False"

UNKNOWN_WORK: Mapping[str, Mutant] = {
    "the vendor is searched before every create": _mutant(_knows_all_work, "connection.searched = True", "pass", "nothing unknown"),
    "unavailable: the connection does not rest": _entry(_C.SURVEY, _K.UNAVAILABLE, _GOES_ON, "unavailable"),
    "unavailable: the connection is left": _entry(
        _C.SURVEY, _K.UNAVAILABLE, {"fate": Fate.CUT}, "unavailable", "a copied state, unavailable meanwhile"
    ),
    "unavailable: something is sent": _mutant(
        _knows_all_work, _UNSEARCHED, _UNSEARCHED.replace("False", "True"), "unavailable", "unavailable, and the vendor names a wait"
    ),
    "unavailable: the vendor's own wait is not heeded": _mutant(_meet, _OWN_WAIT, "None", "unavailable, and the vendor names a wait"),
    "credentials: the connection is used on": _mutant(_meet, _CUT, "pass", "credentials", "what searches never raise", "unexpected"),
    "credentials: are not told": _mutant(
        _notices, _TROUBLE, "yield from ()", "credentials", "what searches never raise", "unexpected"
    ),
    "unexpected: is tried again": _entry(_C.SURVEY, _K.UNEXPECTED, {"fate": Fate.RESTS, "told": Told.NOTHING}, "unexpected"),
    "unexpected: ends the run": _mutant(contract.kept, _WHATEVER, "except AssertionError as error:", "unexpected"),
    "unknown work: is passed over": _mutant(_knows_all_work, "if unknown:", "if False:", "unknown work", "unknown work, much of it", "unknown work, free"),
    "unknown work: is passed over where nothing is charged": _mutant(
        _knows_all_work, "if unknown:", "if unknown and not traits.free:", "unknown work, free"
    ),
    "unknown work: not all of it is counted": _mutant(
        look_for_unknown_work._foreign, "len(unknown) - 3", "1", "unknown work, much of it"
    ),
    "an older state: is trusted": _mutant(_knows_all_work, "run.store.refuse_restored()", "pass", "an older state"),
    "an older state: stops what is free": _mutant(
        _knows_all_work, "if not traits.free:\n            run.store", "if True:\n            run.store", "an older state, free", "another account, free"
    ),
    "another account: is another world at once": _mutant(_knows_all_work, "_refuse_stranded(run, connection)", "pass", "another account"),
    "a copied state: sends at once": _mutant(_knows_all_work, _WATCH, "if False:", "a copied state", "a copied state, unavailable meanwhile"),
    "a copied state: one look is enough": _mutant(
        look_for_unknown_work._is_watched, "counted.are_enough(traits)", "True", "a copied state"
    ),
    "a copied state: is watched where nothing is charged": _mutant(
        _knows_all_work, "if not traits.free and run.store.home.is_moved()", "if run.store.home.is_moved()", "a copied state, free"
    ),
    "a copied state: is not told": _mutant(look_for_unknown_work._is_watched, "connection.is_watching = True\n        run.observe(", "connection.is_watching = True\n        (", "a copied state"),
}  # fmt: skip

RECOVER: Mapping[str, Mutant] = {
    "taken: is not recorded": _mutant(
        recover_work.settle,
        "record_unknown_work(session, judgement, found.marker.removeprefix(_prefix(search)), now)", "pass",
        "taken", "taken, keyed",
    ),
    "taken: before the vendor's lists show everything": _mutant(
        recover_work.recover_with, "_let_lists_settle(session, asked, clock, observe)", "pass", "taken"
    ),
    "declined: is done": _mutant(recover_work.recover_with, "if agreed:", "if True:", "declined"),
    "known: is not noted": _mutant(
        recover_work.settle, "session.store.submissions.abandon(found.marker, found.connection, found.account)", "pass",
        "known, since no document is as it was",
    ),
    "left: is taken for known": _mutant(
        recover_work.settle, "case UnknownWorkVerdict.LEFT:\n            pass",
        "case UnknownWorkVerdict.LEFT:\n            session.store.submissions.abandon(found.marker, found.connection, found.account)",
        "left, since the vendor shows none of its documents",
    ),
    "unavailable: is given up at once": _mutant(
        clock.patiently, "range(TRIES - 1)", "range(0)",
        "search unavailable", "search unavailable for long", "read back, unavailable", "read back, unavailable for long",
    ),
    "unavailable: the vendor's own wait is not heeded": _mutant(
        clock.patiently, "if error.retry_after is None else error.retry_after", "", "search unavailable"
    ),
    "what could not be searched counts as searched": _mutant(
        recover_work.unknown_work, "connection.cut(error)", "pass",
        "search unavailable for long", "search, credentials", "search, what it never raises",
        "read back, unavailable for long", "read back, credentials",
    ),
    "what was not searched is trusted": _mutant(
        recover_work.recover_with, "if outcome.is_trusted:", "if True:", "no way to search"
    ),
    "what is free has to be searched": _mutant(
        recover_work.charging, "if not view.traits.free}", "}", "no way to search, and nothing is charged"
    ),
    "what cannot be searched counts as searched": _mutant(
        recover_work.barrier, "if view.traits.recovery is Recovery.NONE:", "if False:", "no way to search"
    ),
}  # fmt: skip

CANCEL: Mapping[str, Mutant] = {
    "asked: is not recorded": _mutant(
        cancel_work._stop, "run.store.submissions.record(submission.id, Event.CANCEL_ASKED)", "pass", "stopped", "gone", "a look afterwards, unavailable"
    ),
    "asked: nobody looks how it stands": _mutant(
        cancel_work._stop, "complete(run.clock, poll(run, connection, submission), run.observe)", "pass",
        "stopped", "a look afterwards, gone", "a look afterwards, credentials", "ended meanwhile",
    ),
    "what stops nothing is asked": _mutant(cancel_work._stop, "if work.stops is Stops.NOTHING:", "if False:", "what stops nothing is not asked"),
    "what still runs is not told": _mutant(
        cancel_work._answer, "after.running if", "0 if", "stopped in part", "gone", "a look afterwards, unavailable"
    ),
    "what ended without being stopped is not told": _mutant(
        cancel_work._answer, "work.submission.running - stopped - left", "0", "ended meanwhile"
    ),
    "whatever failed was stopped": _mutant(
        cancel_work._answer, " and item.failure.kind is FailureClass.CANCELLED", "", "a look afterwards, gone"
    ),
    "gone: is an error": _mutant(cancel_work._stop, "contextlib.suppress(Gone)", "contextlib.suppress()", "gone"),
    "unavailable: is given up at once": _mutant(
        clock.patiently, "range(TRIES - 1)", "range(0)",
        "unavailable", "unavailable, and the vendor names a wait", "unavailable for long",
    ),
    "credentials: end the command": _mutant(
        cancel_work._stop, "except (CredentialsError, ProviderError)", "except ProviderError", "credentials"
    ),
    "credentials: are not told where looking afterwards meets them": _mutant(
        cancel_work._stop, "if connection.view.unreachable is not None:", "if False:", "a look afterwards, credentials"
    ),
    "trouble: ends the command": _mutant(
        cancel_work._stop, "except (CredentialsError, ProviderError)", "except CredentialsError", "unavailable for long", "what it never raises"
    ),
}  # fmt: skip

_hand_over, _not_accepted = do_unrecorded_work.submit, do_unrecorded_work._not_accepted
_finish, _end = do_unrecorded_work._finish, do_unrecorded_work._end

UNRECORDED: Mapping[str, Mutant] = {
    "done: is done again": _mutant(_hand_over, "_begin(run, connection, action, intent, accepted.remote_id)", "pass", "done"),
    "done: what was made for it stays": _mutant(_finish, "if work.is_through and work.intent.prepared:", "if False:", "done", "discard unavailable"),
    "refused: is done again": _mutant(_not_accepted, "if leads_to.event is Event.REFUSED:", "if False:", "create refused"),
    "not sent: counts as handed over": _mutant(
        _not_accepted, "return leads_to.event is not Event.NOT_SENT", "return True", "create not sent", "create, credentials"
    ),
    "its answer is lost: is forgotten": _mutant(_not_accepted, "run.queues.forget()", "pass", "create, its answer is lost"),
    "its answer is lost: for ever": _mutant(
        _not_accepted, "elif leads_to.event is Event.UNANSWERED:", "elif False:", "create, all answers are lost"
    ),
    "poll unavailable: the work is given up": _mutant(do_unrecorded_work.poll, "if leads_to.later:", "if False:", "poll unavailable"),
    "poll, gone: is waited for": _mutant(
        do_unrecorded_work.poll, "elif leads_to.event is Event.LOST:", "elif False:", "poll, gone", "poll, gone again and again"
    ),
    "without a trace: is waited for": _mutant(
        do_unrecorded_work._sorted, "if key in work.running}", "if False}", "poll, without a trace of some"
    ),
    "other bytes: the document is not planned anew": _mutant(_end, "if ends.changed:", "if False:", "poll, other bytes were read"),
    "fetch unavailable: is fetched again at once": _mutant(_finish, "if misses.waiting:", "if False:", "fetch unavailable"),
    "fetch, gone: is not queued again": _mutant(_end, "if ends.lost:", "if False:", "fetch, gone"),
    "fetch, refused: is waited for": _mutant(_finish, "ends.failed |= misses.unusable", "pass", "fetch, refused"),
    "credentials: the connection is used on": _mutant(
        take_consequences._meet, _CUT, "pass", "create, credentials", "poll, credentials", "poll unexpected", "fetch, credentials"
    ),
}  # fmt: skip

PAUSES: Mapping[str, Mutant] = {
    "do not grow": _mutant(Backoff.next, "* 2", "* 1", "grow"),
    "have no bound": _mutant(
        Backoff.next, "min(FIRST_PAUSE if self.length is None else self.length * 2, LONGEST_PAUSE)",
        "FIRST_PAUSE if self.length is None else self.length * 2",
        "have a bound", *(f"in an outage, {call}" for call in ("survey", "perform", "create", "look", "poll", "fetch")),
    ),
    "are never the vendor's own": _mutant(Backoff.next, "if asked:", "if False:", "are the vendor's own"),
    "are the vendor's own where it names nought": _mutant(
        Backoff.next, "if asked:", "if asked is not None:", "are ours where the vendor names nought"
    ),
    "grow with the vendor's own": _mutant(
        Backoff.next, "return asked", "self.length = asked; return asked", "do not grow with the vendor's own"
    ),
    "are remembered": _mutant(Backoff.relax, "self.length = None", "pass", "are forgotten"),
}  # fmt: skip
