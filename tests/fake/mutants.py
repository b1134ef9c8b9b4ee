"""docbatch with one rule broken, to show that the crash matrix would notice."""

import contextlib
import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from docbatch.core.errors import Uncertain
from docbatch.core.lifecycle import Event
from docbatch.core.models import Draft
from docbatch.engine.running import follow_submission, send_submission
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
