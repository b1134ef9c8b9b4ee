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

from docbatch.core import scheduler
from docbatch.core.errors import Uncertain
from docbatch.core.lifecycle import Event
from docbatch.core.models import Draft, Recovery
from docbatch.core.scheduler import Looks
from docbatch.engine import clock
from docbatch.engine.administration import cancel_work, recover_work
from docbatch.engine.running import (
    fetch_results,
    follow_submission,
    look_for_unknown_work,
    loop,
    prepare_submission,
    replan_changed_document,
    send_submission,
    settle_unanswered_creates,
)
from docbatch.engine.running.open_item_content import ItemContent
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
        patch.setattr(send_submission, "knows_all_work", lambda _run, _connection: True)
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
    "accepted: the work is not named": _mutant(_create, "accepted.remote_id, accepted.runs", "None, accepted.runs", "accepted"),
    "accepted: what the provider notes is not told": _mutant(_create, "run.remark(identity, accepted.note)", "pass", "accepted, with a note"),
    "accepted: pauses go on growing": _mutant(
        _create, "run.relax(connection)", "pass", "not sent, twice, with an accepted one between"
    ),
    "accepted: what was lost before is held against the connection": _mutant(
        _create, "run.losses.pop(connection, None)", "pass", "stale again and again, with an accepted one between"
    ),
    "accepted: counts for nothing": _mutant(send_submission.submit, "-= len(batch.items)", "-= 0", "accepted"),
    "accepted: stays in the queue": _mutant(send_submission.submit, "_take_from_queue(run, action)", "pass", "accepted"),
    "stale: ends its documents": _mutant(
        _create, "_renew(run, provider, connection, identity, error)", "record.refuse(identity, Failure(FailureClass(error.kind), error.message))", "stale"
    ),
    "stale: is a question": _mutant(_renew, "Event.NOT_SENT", "Event.UNANSWERED", "stale"),
    "stale: what is no longer good is used again": _mutant(_renew, "run.store.objects.forget(provider.account, error.stale)", "pass", "stale"),
    "stale: is not told": _mutant(_renew, 'run.observe(Answered(identity, "not_sent", error.message))', "pass", "stale"),
    "stale: is not queued again": _mutant(prepare_submission.renew, "run.requeue()", "pass", "stale"),
    "stale: is prepared anew for ever": _mutant(prepare_submission.renew, "> MOST_RENEWALS", "> 1000", "stale again and again"),
    "refused: is sent again": _mutant(
        _create,
        "record.refuse(identity, Failure(FailureClass(error.kind), error.message, error.code))",
        "record.record(identity, Event.NOT_SENT), run.requeue()",
        "refused",
    ),
    "refused: the vendor's reason is lost": _mutant(_create, "FailureClass(error.kind), error.message", "FailureClass.UNKNOWN, error.message", "refused"),
    "out of credits: ends its documents": _mutant(_create, "error.kind == FailureClass.OUT_OF_CREDITS", "False", "out of credits"),
    "nothing more is to be: is a question": _mutant(
        _stop, "Event.NOT_SENT", "Event.UNANSWERED", "out of credits", "not sent, and nothing more is to be"
    ),
    "nothing more is to be: more is sent": _mutant(
        _stop, "run.connections.block(connection, BudgetStop(error.message, hint=error.hint))", "pass",
        "out of credits", "not sent, and nothing more is to be",
    ),
    "nothing more is to be: nothing is followed either": _mutant(_stop, "connections.block", "connections.cut", "out of credits"),
    "nothing more is to be: is not queued again": _mutant(_stop, "run.requeue()", "pass", "out of credits"),
    "nothing more is to be: counts as sent": _mutant(_stop, "return False", "return True", "out of credits"),
    "not sent: that nothing more is to be is not heeded": _mutant(_create, "if error.stop:", "if False:", "not sent, and nothing more is to be"),
    "not sent: is a question": _mutant(
        _create,
        "Event.NOT_SENT, reason=error.message)\n        run.connections.rest",
        "Event.UNANSWERED, reason=error.message)\n        run.connections.rest",
        "not sent",
    ),
    "not sent: the connection does not rest": _mutant(
        _create, "run.connections.rest(connection, run.pause(connection, error.retry_after))", "pass",
        "not sent", "not sent, twice", "not sent, and the vendor names a wait",
    ),
    "not sent: the vendor's own wait is not heeded": _mutant(_create, "error.retry_after", "None", "not sent, and the vendor names a wait"),
    "not sent: what was scheduled beside it is sent": _mutant(
        send_submission.submit, "keeps_from_creating(view, run.clock.monotonic())", "False", "not sent, and the vendor names a wait"
    ),
    "not sent: is not queued again": _mutant(_create, "run.requeue()", "pass", "not sent"),
    "credentials: are a question": _mutant(
        _create,
        "Event.NOT_SENT, reason=error.message)\n        run.connections.cut",
        "Event.UNANSWERED, reason=error.message)\n        run.connections.cut",
        "credentials",
    ),
    "credentials: the connection is used on": _mutant(_create, "run.connections.cut(connection, error)", "pass", "credentials"),
    "uncertain: counts as not sent": _mutant(
        _create,
        "except Uncertain as error:\n        record.record(identity, Event.UNANSWERED",
        "except Uncertain as error:\n        record.record(identity, Event.NOT_SENT",
        "uncertain, keyed", "uncertain, findable", "uncertain, none",
        *(f"uncertain after the work was taken, {kind}" for kind in Recovery),
    ),
    "uncertain: counts for nothing": _mutant(
        _create, '"unanswered", error.message))', '"unanswered", error.message)); return False', "uncertain, findable"
    ),
    "unexpected: counts as not sent": _mutant(
        _create, "Event.UNANSWERED, reason=type(error).__name__", "Event.NOT_SENT, reason=type(error).__name__",
        "unexpected, keyed", "unexpected, findable", "unexpected, none",
        *(f"unexpected after the work was taken, {kind}" for kind in Recovery),
    ),
    "unexpected: counts as not sent where the contract names it": _mutant(
        _create,
        "except Uncertain as error:\n        record.record(identity, Event.UNANSWERED",
        "except ProviderError as error:\n        record.record(identity, Event.NOT_SENT",
        "what only repeatable calls raise", "what only other calls raise",
    ),
    "unexpected: is not noted": _mutant(
        _create, "record.record(identity, Event.UNANSWERED, reason=type(error).__name__)", "pass", "unexpected, none"
    ),
}  # fmt: skip

_prepare, _Preparation = prepare_submission.prepare, prepare_submission._Preparation
_CUT = "run.connections.cut(connection, error)"
_TOLD = "run.observe(Trouble(f\"connection '{connection}'\", error.message, error.hint))"

PREPARE: Mapping[str, Mutant] = {
    "what is there is made again": _mutant(_prepare, " if step.name not in prepared]", "]", "nothing"),
    "stale: ends its document": _mutant(_Preparation._send, "case Stale():", "case None:", "stale", "stale again and again"),
    "stale: what is no longer good is used again": _mutant(_prepare, "run.store.objects.forget(provider.account, error.stale)", "pass", "stale"),
    "stale, gone: for ever": _mutant(prepare_submission.renew, "> MOST_RENEWALS", "> 1000", "stale again and again", "gone again and again"),
    "stale, gone: what waits is not read again": _mutant(prepare_submission.renew, "run.requeue()", "pass", "stale", "gone"),
    "gone: is used again": _mutant(_prepare, "else:\n            _forget(run, provider, steps)", "else:\n            pass", "gone"),
    "gone: what all may use is made again": _mutant(prepare_submission._forget, " if not step.shared]", "]", "gone"),
    "refused: its documents are tried again": _mutant(
        _prepare, "_fail_unsent(run, [item.key for item in batch.items], error)", "pass", "refused, what all need"
    ),
    "refused: what waits is not read again": _mutant(
        prepare_submission._fail_unsent, "run.requeue()", "pass", "refused, what all need", "refused, and the next is unavailable"
    ),
    "refused: the vendor's reason is lost": _mutant(
        prepare_submission._fail_unsent, "FailureClass(error.kind)", "FailureClass.UNKNOWN", "refused, what all need", "refused, an upload"
    ),
    "refused: ends the others too": _mutant(
        _Preparation._send, '[step.item or ""]', "[each.key for each in self.batch.items]", "refused, an upload"
    ),
    "refused: hides that the next could not be asked": _mutant(
        _Preparation._send, "if trouble is not None:", "if trouble is not None and is_whole:", "refused, and the next is unavailable"
    ),
    "not sent: the connection does not rest": _mutant(
        _prepare,
        "hint=error.hint))\n        run.connections.rest(connection, run.pause(connection, error.retry_after))",
        "hint=error.hint))",
        "not sent", "not sent, and the vendor names a wait",
    ),
    "not sent: that nothing more is to be is not heeded": _mutant(_prepare, "if error.stop:", "if False:", "not sent, and nothing more is to be"),
    "not sent: ends as a failure": _mutant(
        _prepare, "except NotSent as error:\n        if error.stop:", "except NotSent as error:\n        if True:", "not sent"
    ),
    "unavailable: the connection does not rest": _mutant(
        _prepare,
        "except Unavailable as error:\n        run.connections.rest(connection, run.pause(connection, error.retry_after))",
        "except Unavailable as error:\n        pass",
        "unavailable", "unavailable, what all need",
    ),
    "unavailable: the vendor's own wait is not heeded": _mutant(
        _prepare,
        "except Unavailable as error:\n        run.connections.rest(connection, run.pause(connection, error.retry_after))",
        "except Unavailable as error:\n        run.connections.rest(connection, run.pause(connection))",
        "unavailable, and the vendor names a wait",
    ),
    "unavailable: pauses do not grow": _mutant(Run.pause, "* 2", "* 1", "unavailable, twice"),
    "unavailable: pauses grow though something went well": _mutant(
        _Preparation._record, "self.run.relax(self.connection)", "pass", "unavailable, twice, with an upload between"
    ),
    "credentials: what is sent beside is given up": _mutant(
        _Preparation._send, "case ProviderError() | CredentialsError():\n                    trouble = outcome",
        "case ProviderError() | CredentialsError():\n                    raise outcome", "credentials",
    ),
    "credentials: the connection is used on": _mutant(loop._perform, _CUT, "pass", "credentials", "what steps never raise"),
    "credentials: are not told": _mutant(loop._perform, _TOLD, "pass", "credentials", "what steps never raise"),
    "unexpected: the others go on": _mutant(
        _Preparation._attempt, "except (ProviderError, CredentialsError, ContentChanged) as error", "except Exception as error", "unexpected"
    ),
    "changed: is sent as it was planned": _mutant(
        ItemContent.__call__, "if size != item.size or digest.hexdigest() != item.digest:", "if False:", "changed", "changed, and back at once"
    ),
    "changed: is not planned anew": _mutant(_Preparation._replan, "self.run.replan(self.run, item, changed.reason)", "pass", "changed"),
    "changed: what waits is not read again": _mutant(_prepare, "run.requeue()", "pass", "changed"),
    "changed: what may hold the other bytes is used": _mutant(
        _prepare, "if not is_whole:\n        _forget(run, provider, steps)", "if not is_whole:", "changed, and back at once"
    ),
    "changed: a step for all passes over it": _mutant(_Preparation._one, "return False", "return True", "changed, what was read for all"),
    "gone from its folder: the reason is lost": _mutant(
        replan_changed_document._retake, "None, error.failure)", "None, None)", "gone from its folder"
    ),
}  # fmt: skip

_settle, _replay, _look_later = (
    settle_unanswered_creates.settle,
    settle_unanswered_creates._replay,
    settle_unanswered_creates._look_later,
)
_REFUSALS = ("replay refused", "replay refused, findable", "replay out of credits", "replay stale")
_NOT_SENT = (
    "replay not sent", "replay not sent, twice", "replay not sent, and the vendor names a wait", "replay not sent, and nothing more is to be",
)  # fmt: skip
_ABSENT = "run.store.submissions.record(identity, Event.ABSENT); run.requeue()"

SETTLE: Mapping[str, Mutant] = {
    "replay accepted: counts as found": _mutant(
        _replay, "Event.ACCEPTED", "Event.FOUND", "replay accepted", "replay accepted, though nothing was taken"
    ),
    "replay refused: proves that nothing was taken": _mutant(
        _replay,
        "run.store.submissions.record(identity, Event.REPLAY_REFUSED, code=error.code, message=error.message)",
        _ABSENT,
        *_REFUSALS, "replay refused, though nothing was taken", "replay refused, findable, though nothing was taken",
    ),
    "replay not sent: proves that nothing was taken": _mutant(
        _replay, "except NotSent as error:\n        _look_later(run, identity, error.retry_after)", f"except NotSent:\n        {_ABSENT}", *_NOT_SENT
    ),
    "replay not sent: the vendor's own wait is not heeded": _mutant(
        _replay, "error.retry_after", "None", "replay not sent, and the vendor names a wait"
    ),
    "replay: is sent again without a pause": _mutant(
        _look_later, "run.pause(identity, asked)", "0.0", "replay not sent", "replay uncertain", "look, unavailable"
    ),
    "replay uncertain: ends the question": _mutant(
        _replay, "except Uncertain:\n        _look_later(run, identity, None)", f"except Uncertain:\n        {_ABSENT}", "replay uncertain"
    ),
    "replay unexpected: is tried again for ever": _mutant(_replay, "except Uncertain:", "except (Uncertain, KeyError):", "replay unexpected"),
    "credentials: the connection is used on": _mutant(
        loop._perform, _CUT, "pass",
        "replay, credentials", "replay, what creates never raise", "look, credentials", "look, what looks never raise",
    ),
    "look: counts as accepted": _mutant(_settle, "Event.FOUND", "Event.ACCEPTED", "look, found"),
    "look: what the provider notes is not told": _mutant(
        settle_unanswered_creates._accept, "run.remark(identity, accepted.note)", "pass", "look, found, with a note"
    ),
    "look: the first is believed": _mutant(Looks.are_enough, "count >= traits.looks", "count >= 1", "look, unavailable for long"),
    "look: looks come one upon the other": _mutant(
        settle_unanswered_creates._count, "run.connections.traits(connection).look_spacing", "1.0", "look, absent", "look, found late"
    ),
    "look: what sees no witness counts": _mutant(settle_unanswered_creates._count, " if witness else", " if True else", "look, blind"),
    "look: one that failed counts": _mutant(
        _settle, "_look_later(run, action.submission, error.retry_after)", "_count(run, action.submission, connection, witness=True)",
        "look, unavailable", "look, unavailable, and the vendor names a wait",
    ),
    "look: is sent again where it never is to be": _mutant(
        scheduler._look, "if traits.resend:", "if True:",
        "look, absent, and never sent again", "look, absent though it was taken, and never sent again",
    ),
    "look: held work is not looked for again": _mutant(
        scheduler._look_again, "looks.empty + looks.blind == 0", "False",
        "look, absent though it was taken, and never sent again", "look, absent, and never sent again", "look, blind",
    ),
    "look unexpected: is tried again for ever": _mutant(
        _settle, "except Unavailable as error:\n        _look_later(run, action.submission, error.retry_after)",
        "except (Unavailable, KeyError):\n        _look_later(run, action.submission, None)", "look, unexpected",
    ),
    "close: what is not known counts as absent": _mutant(
        settle_unanswered_creates.close, " if action.absent else Event.UNKNOWABLE", "", "replay refused", "look, blind",
        "look, absent though it was taken, and never sent again",
    ),
    "close: is not queued again": _mutant(settle_unanswered_creates.close, "run.requeue()", "pass", "look, absent"),
    "close: is not told": _mutant(
        settle_unanswered_creates.close,
        'run.observe(Answered(action.submission, "absent" if action.absent else "held", action.reason))', "pass",
        "look, absent", "replay refused",
    ),
}  # fmt: skip

_poll, _collect, _discard = follow_submission.poll, follow_submission.collect, follow_submission.discard

FOLLOW: Mapping[str, Mutant] = {
    "ended: what was made for it is removed again and again": _mutant(_discard, "run.store.submissions.clear(submission.id)", "pass", "ended"),
    "ended: the first look comes late": _mutant(follow_submission._schedule, "traits.poll_initial / 1.5", "traits.poll_initial", "ended"),
    "ended: what failed is passed over": _mutant(
        follow_submission._record, "if isinstance(each, Failed)", "if False", "ended, one of them failed and one in part"
    ),
    "ended: what is there in part counts as whole": _mutant(
        follow_submission._record, "each.remote_id, each.partial", "each.remote_id, False", "ended, one of them failed and one in part"
    ),
    "poll unavailable: is asked again at once": _mutant(
        _poll, "run.pause(submission.id, error.retry_after)", "0.0", "poll unavailable", "poll unavailable, and the vendor names a wait"
    ),
    "poll unavailable: the vendor's own wait is not heeded": _mutant(
        _poll, "error.retry_after", "None", "poll unavailable, and the vendor names a wait"
    ),
    "poll, gone: is sent again": _mutant(_poll, "again=_again(run, submission, keys)", "again=keys", "poll, gone"),
    "poll, gone: is not queued again": _mutant(_poll, "run.requeue()", "pass", "poll, gone", "poll, gone, free"),
    "gone, free: is not sent again": _mutant(
        follow_submission._again, "if not run.connections.traits(submission.connection).free:", "if True:", "poll, gone, free", "fetch, gone, free"
    ),
    "gone, free: is sent again for ever": _mutant(
        follow_submission._again, "<= MOST_LOSSES", "<= 9", "poll, gone, free, again and again"
    ),
    "gone: is sent again though it costs money": _mutant(
        follow_submission._again, "if not run.connections.traits(submission.connection).free:", "if False:", "poll, gone", "fetch, gone"
    ),
    "credentials: the connection is used on": _mutant(
        loop._perform, _CUT, "pass",
        "poll, credentials", "poll, what polls never raise", "fetch, credentials", "fetch, what fetches never raise",
    ),
    "poll, unexpected: is asked again for ever": _mutant(
        _poll, "except Unavailable as error:\n        run.next_poll[submission.id] = run.pause(submission.id, error.retry_after)",
        "except (Unavailable, KeyError):\n        run.next_poll[submission.id] = run.pause(submission.id)", "poll, unexpected",
    ),
    "other bytes: the document is waited for": _mutant(
        follow_submission._release, "run.store.submissions.release(identity, [each.key for each in changed])", "pass", "poll, other bytes were read"
    ),
    "other bytes: the document is not planned anew": _mutant(
        follow_submission._release, "run.replan(run, items[each.key], each.reason)", "pass", "poll, other bytes were read"
    ),
    "other bytes: what waits is not read again": _mutant(follow_submission._release, "run.requeue()", "pass", "poll, other bytes were read"),
    "out of credits: more is sent": _mutant(
        follow_submission._stop_without_credits, "if live:", "if False:", "poll, out of credits"
    ),
    "out of credits: an old answer stops a later run": _mutant(
        follow_submission._stop_without_credits, " if item.status is ItemStatus.LIVE]", "]", "poll, out of credits, told again by a later run"
    ),
    "poll: the vendor's own wait is not heeded": _mutant(
        follow_submission._schedule, "(progress.next_poll or length)", "length", "poll, the vendor names a wait"
    ),
    "poll: what the provider notes is not told": _mutant(
        follow_submission._record, "run.remark(submission.id, progress.note)", "pass", "poll, the vendor names a wait"
    ),
    "poll: more and more seldom without end": _mutant(
        follow_submission._schedule, "min(before * 1.5, traits.poll_max)", "before * 1.5",
        "poll, a document of work that was answered is not to be seen",
    ),
    "not to be seen: is held though the vendor has it": _mutant(
        follow_submission._question, "if not is_certain and", "if", "poll, a document of work that was answered is not to be seen"
    ),
    "not to be seen: is waited for for ever": _mutant(
        follow_submission._question, "if not is_certain and", "if False and", "poll, a document of work that was found is not to be seen"
    ),
    "not to be seen: is held at once": _mutant(
        follow_submission._question, ">= grace", ">= 0", "poll, a document of work that was found is not to be seen"
    ),
    "fetch unavailable: is fetched again at once": _mutant(
        _collect, "pause = max(pause or 0.0, outcome.retry_after or 0.0)", "pass",
        "fetch unavailable", "fetch unavailable, twice", "fetch unavailable, and the vendor names a wait",
    ),
    "fetch unavailable: the vendor's own wait is not heeded": _mutant(
        _collect, "outcome.retry_after or 0.0", "0.0", "fetch unavailable, and the vendor names a wait"
    ),
    "fetch unavailable: pauses grow though something came": _mutant(
        _collect, 'run.relax(f"fetch {submission.id}")', "pass", "fetch unavailable, twice, with a result between"
    ),
    "fetch, gone: counts as collected": _mutant(
        _collect, "lost[each.key] = Failure(FailureClass.EXPIRED, outcome.message)", "pass", "fetch, gone", "fetch, gone, free"
    ),
    "fetch, gone: is not queued again": _mutant(follow_submission._lose, "run.requeue()", "pass", "fetch, gone, free"),
    "fetch, refused: is fetched again": _mutant(_collect, "run.store.submissions.fail(submission.id, unusable)", "pass", "fetch, refused"),
    "fetch, refused: the vendor's code is lost": _mutant(_collect, "outcome.message, outcome.code)", "outcome.message)", "fetch, refused"),
    "fetch: whatever goes wrong is tried again": _mutant(
        fetch_results.Fetcher.fetch, "except (Unavailable, Gone, Refused) as error", "except Exception as error",
        "fetch, unexpected", "fetch, credentials", "fetch, what fetches never raise",
    ),
    "fetch, spoilt: is given up at once": _mutant(
        fetch_results.Fetcher._unreadable, "self.flaws[each.key] += 1", "self.flaws[each.key] += 2", "fetch, spoilt"
    ),
    "fetch, spoilt: is fetched for ever": _mutant(
        fetch_results.Fetcher._unreadable, "< PATIENCE", "< 9", "fetch, spoilt again and again"
    ),
    "discard: a failure cuts the connection": _mutant(
        _discard, "except (ProviderError, CredentialsError) as error", "except KeyError as error",
        "discard unavailable", "discard, credentials", "discard, what it never raises",
    ),
    "discard: is tried again in the same run": _mutant(_discard, "run.left.add(submission.id)", "pass", "discard unavailable"),
    "discard: counts as done": _mutant(
        _discard, "\n        return\n", "\n", "discard unavailable", "discard, credentials"
    ),
    "discard unexpected: is passed over": _mutant(
        _discard, "except (ProviderError, CredentialsError) as error:",
        "except KeyError:\n        return\n    except (ProviderError, CredentialsError) as error:", "discard unexpected",
    ),
}  # fmt: skip

_knows_all_work = look_for_unknown_work.knows_all_work
_WATCH = "if not traits.free and run.store.is_moved() and not _is_watched(run, connection, traits):"

UNKNOWN_WORK: Mapping[str, Mutant] = {
    "the vendor is searched before every create": _mutant(_knows_all_work, "run.surveyed.add(connection)", "pass", "nothing unknown"),
    "unavailable: the connection does not rest": _mutant(
        _knows_all_work, "run.connections.rest(connection, run.pause(connection, error.retry_after))", "pass", "unavailable"
    ),
    "unavailable: something is sent": _mutant(
        _knows_all_work, "error.retry_after))\n        return False", "error.retry_after))\n        return True",
        "unavailable", "unavailable, and the vendor names a wait",
    ),
    "unavailable: the vendor's own wait is not heeded": _mutant(
        _knows_all_work, "error.retry_after", "None", "unavailable, and the vendor names a wait"
    ),
    "credentials: the connection is used on": _mutant(loop._perform, _CUT, "pass", "credentials", "what searches never raise"),
    "unexpected: is tried again": _mutant(
        _knows_all_work, "except Unavailable as error:\n        run.connections.rest(connection, run.pause(connection, error.retry_after))",
        "except (Unavailable, KeyError):\n        run.connections.rest(connection, run.pause(connection))", "unexpected",
    ),
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
        look_for_unknown_work._is_watched, "seen.are_enough(seen.empty, traits, now)", "True", "a copied state"
    ),
    "a copied state: is watched where nothing is charged": _mutant(
        _knows_all_work, "if not traits.free and run.store.is_moved()", "if run.store.is_moved()", "a copied state, free"
    ),
    "a copied state: is not told": _mutant(look_for_unknown_work._is_watched, "if looks is None:\n        run.observe(", "if looks is None:\n        (", "a copied state"),
}  # fmt: skip

RECOVER: Mapping[str, Mutant] = {
    "taken: is not recorded": _mutant(
        recover_work._settle,
        "record_unknown_work(session, judgement, found.marker.removeprefix(_prefix(search)), now)", "pass",
        "taken", "taken, keyed",
    ),
    "taken: before the vendor's lists show everything": _mutant(
        recover_work.recover_with, "_let_lists_settle(session, asked, clock, observe)", "pass", "taken"
    ),
    "declined: is done": _mutant(recover_work.recover_with, "if agreed:", "if True:", "declined"),
    "known: is not noted": _mutant(
        recover_work._settle, "session.store.submissions.abandon(found.marker, found.connection, found.account)", "pass",
        "known, since no document is as it was",
    ),
    "left: is taken for known": _mutant(
        recover_work._settle, "case UnknownWorkVerdict.LEFT:\n            pass",
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
        recover_work._search, "session.connections.cut(name, error)", "pass",
        "search unavailable for long", "search, credentials", "search, what it never raises",
        "read back, unavailable for long", "read back, credentials",
    ),
    "what was not searched is trusted": _mutant(
        recover_work.recover_with, "if outcome.is_trusted:", "if True:", "no way to search"
    ),
    "what is free has to be searched": _mutant(
        recover_work._paid, "if not view.traits.free}", "}", "no way to search, and nothing is charged"
    ),
    "what cannot be searched counts as searched": _mutant(
        recover_work._barrier, "if view.traits.recovery is Recovery.NONE:", "if False:", "no way to search"
    ),
}  # fmt: skip

CANCEL: Mapping[str, Mutant] = {
    "asked: is not recorded": _mutant(
        cancel_work._stop, "run.store.submissions.record(submission.id, Event.CANCEL_ASKED)", "pass", "stopped", "gone", "a look afterwards, unavailable"
    ),
    "asked: nobody looks how it stands": _mutant(
        cancel_work._stop, "poll(run, submission)", "pass",
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
        cancel_work._stop, "except (CredentialsError, ProviderError)", "except ProviderError", "credentials", "a look afterwards, credentials"
    ),
    "trouble: ends the command": _mutant(
        cancel_work._stop, "except (CredentialsError, ProviderError)", "except CredentialsError", "unavailable for long", "what it never raises"
    ),
}  # fmt: skip

PAUSES: Mapping[str, Mutant] = {
    "do not grow": _mutant(Run.pause, "* 2", "* 1", "grow"),
    "have no bound": _mutant(
        Run.pause, "min(self.pauses.get(subject, FIRST_PAUSE / 2) * 2, LONGEST_PAUSE)", "self.pauses.get(subject, FIRST_PAUSE / 2) * 2",
        "have a bound", *(f"in an outage, {call}" for call in ("survey", "perform", "create", "look", "poll", "fetch")),
    ),
    "are never the vendor's own": _mutant(Run.pause, "if asked:", "if False:", "are the vendor's own"),
    "are the vendor's own where it names nought": _mutant(
        Run.pause, "if asked:", "if asked is not None:", "are ours where the vendor names nought"
    ),
    "grow with the vendor's own": _mutant(
        Run.pause, "if asked:", "self.pauses[subject] = asked or self.pauses.get(subject, FIRST_PAUSE / 2)\n    if asked:",
        "do not grow with the vendor's own",
    ),
    "are remembered": _mutant(Run.relax, "self.pauses.pop(subject, None)", "pass", "are forgotten"),
}  # fmt: skip
