"""Preparing a submission: directories, uploads, saved configurations. All of it may be done again, so it never costs money."""

import threading
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from queue import SimpleQueue

from docbatch.core.consequences import CallError, ErrorKind, ProviderCall, kind_of
from docbatch.core.errors import CredentialsError, ProviderError, Refused
from docbatch.core.hindrance import ANSWERED
from docbatch.core.models import FOUND, FailureClass, RemoteObject
from docbatch.engine.connections.contract import kept, listed
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.failing_uploads import MOST_TRIES, UploadVerdict
from docbatch.engine.connections.hindrances import cause_of
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Uploaded
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.take_consequences import failure, take_consequences
from docbatch.providers.base import Batch, ContentChanged, Intent, Provider, Step, left_by

SLOWEST = 16_384
"""Bytes a second that an upload may take no longer than, beside the time that any call has."""

TOGETHER = 16
"""How many uploads are recorded together where each takes little time."""
SOON = 0.2
"""Seconds after which what is through is recorded as soon as something is. A kill has it sent again, at no charge."""

UPLOAD = "upload"
"""What people are told of the step that sends a document."""

Outcome = RemoteObject | ProviderError | CredentialsError | ContentChanged


def prepare(run: Run, connection: ProviderConnection, batch: Batch) -> Talk[Intent | None]:
    """Do what the create needs and is not there yet, and render it. Returns None when the batch has to be planned anew."""
    preparation = _Preparation(run, connection, batch, {})
    try:
        body = yield from preparation.perform()
    except (ProviderError, CredentialsError) as error:
        preparation.keep(error)
        match kind_of(error):
            case ErrorKind.REFUSED:
                _fail_unsent(run, [item.key for item in batch.items], error)
            case ErrorKind.GONE:
                preparation.forget()
        take_consequences(run, connection, ProviderCall.PREPARE, error)
        body = None
        if not preparation.has_changed:
            return None
    if body is None:
        preparation.forget()
        run.queues.forget()
        return None
    return Intent(batch.submission, batch.marker, body, batch, preparation.prepared)


@dataclass(slots=True)
class _Preparation:
    """One batch on its way to its create. What is made is added to `prepared`."""

    run: Run
    connection: ProviderConnection
    batch: Batch
    prepared: dict[str, RemoteObject]
    steps: Sequence[Step] = ()
    items: Mapping[str, str | None] = field(default_factory=dict)
    references: Collection[str] = ()
    has_changed: bool = False

    def perform(self) -> Talk[bytes | None]:
        """Do the steps in their order, those that send items' bytes side by side with their neighbours, and render.

        Returns None when some items fell out, because they were refused or changed: the rest is planned anew.
        """
        run, batch = self.run, self.batch
        self.steps = yield from self.connection.ask(
            ProviderCall.PREPARE,
            lambda provider: listed(provider.steps(batch), Step),
            gives=list,
            method="steps",
        )
        self.items = {step.name: step.item for step in self.steps}
        self.references = {item.key for item in batch.items if item.is_reference}
        sent_otherwise = {item.key for item in batch.items if item.attempt and batch.passwords}
        names = [step.name for step in self.steps if step.item not in sent_otherwise]
        names += [left_by(step.name) for step in self.steps if step.item is None]
        self.prepared |= run.store.objects.alive(self.connection.account, names, run.clock.wall())
        missing = [step for step in self.steps if step.name not in self.prepared]
        for _, stage in groupby(missing, key=lambda step: step.item is None):
            if not (yield from self._stage(list(stage))):
                return None
        return (
            yield from self.connection.ask(
                ProviderCall.PREPARE,
                lambda provider: provider.render(batch, self.prepared),
                gives=bytes,
                method="render",
            )
        )

    def forget(self) -> None:
        """Abandon what was made for this batch alone: its directory is gone, or may hold bytes no longer wanted."""
        own = [step.name for step in self.steps if not step.shared]
        own += [left_by(name) for name in own]
        self.run.store.objects.forget(self.connection.account, own)

    def keep(self, error: CallError) -> None:
        """Record what a step that is not through needs to know in its next try."""
        left = getattr(error, "left", None)
        if left is not None:
            self.run.store.objects.record(self.connection.account, [left])

    def _stage(self, steps: Sequence[Step]) -> Talk[bool]:
        if steps[0].item is not None:
            return (yield from self._send(steps))
        for step in steps:
            if not (yield from self._one(step)):
                return False
        return True

    def _one(self, step: Step) -> Talk[bool]:
        try:
            made = yield from self.connection.ask(
                ProviderCall.PREPARE,
                lambda provider: provider.perform(step, self.batch, self.prepared, self.run.content),
                gives=RemoteObject,
                may_raise=(ContentChanged,),
                method="perform",
            )
        except ContentChanged as changed:
            self._replan(changed)
            return False
        self._record([made])
        if self.prepared.pop(left_by(step.name), None) is not None:
            self.run.store.objects.forget(self.connection.account, [left_by(step.name)])
        return True

    def _send(self, steps: Sequence[Step]) -> Talk[bool]:
        """Send items' bytes; the calling thread alone records, all that is there at a time in one transaction.

        What was sent but not recorded before a kill is sent again, at no charge. Returns False when some items fell out.
        Raises what stopped the vendor from taking one, after all that was sent is recorded.
        """
        is_whole = True
        trouble: ProviderError | CredentialsError | None = None
        sending = _Sending(self, steps)
        while sending.is_under_way:
            outcomes = yield from sending.outcomes()
            self._record([outcome for _, outcome in outcomes if isinstance(outcome, RemoteObject)])
            for step, outcome in outcomes:
                match outcome:
                    case ContentChanged():
                        self._replan(outcome)
                        is_whole = False
                    case ProviderError() | CredentialsError() if kind_of(outcome) is ErrorKind.REFUSED:
                        _fail_unsent(self.run, [step.item or ""], outcome)
                        take_consequences(self.run, self.connection, ProviderCall.PREPARE, outcome)
                        is_whole = False
                    case ProviderError() if _may_be_its_own(outcome):
                        is_whole = False
                        trouble = self._failed(step, outcome) or trouble
                    case ProviderError() | CredentialsError():
                        trouble = outcome
        if trouble is not None:
            raise trouble
        return is_whole

    def _failed(self, step: Step, error: ProviderError) -> ProviderError | None:
        """Fail a document whose upload fails again and again, or let the others go on; return what stops them, too."""
        run, connection, key = self.run, self.connection, step.item or ""
        asked = getattr(error, "retry_after", None)
        verdict = connection.uploads.failed(key, run.clock.monotonic(), asked)
        if verdict is UploadVerdict.HOPELESS:
            _fail_unsent(run, [key], _hopeless(error))
            connection.hindrances.drop(UPLOAD, key, run.clock.monotonic())
            return None
        name = next(item.name for item in self.batch.items if item.key == key)
        connection.meet(
            UPLOAD, error, run.moment(), again=connection.uploads.aside(key), about=key, subject=name
        )
        if verdict is UploadVerdict.WAITS:
            self._call_a_witness()
        return None if verdict is UploadVerdict.ASIDE else error

    def attempt(self, provider: Provider, step: Step, before: Mapping[str, RemoteObject]) -> Outcome:
        """Do one step, in any thread; what it raises is what became of it."""
        perform = provider.perform
        try:
            return kept(
                self.connection.name,
                "perform",
                lambda: perform(step, self.batch, before, self.run.content),
                RemoteObject,
                (ContentChanged,),
            )
        except (ProviderError, CredentialsError, ContentChanged) as error:
            return error

    def patience(self, steps: Sequence[Step]) -> float:
        """Return the seconds after which no upload of these is waited for any longer."""
        sent = {step.item for step in steps}
        largest = max((item.size for item in self.batch.items if item.key in sent), default=0)
        return self.connection.traits.patience + largest / SLOWEST

    def _record(self, made: Sequence[RemoteObject]) -> None:
        if made:
            self.run.store.objects.record(self.connection.account, made)
            self.connection.backoff.relax()
            self.prepared.update((each.step, each) for each in made)
            self._note_well(made)

    def _note_well(self, made: Sequence[RemoteObject]) -> None:
        connection = self.connection
        connection.answered(ProviderCall.PREPARE)
        done = [key for each in made if (key := self.items.get(each.step)) is not None]
        sent = {self.items.get(each.step) for each in made if self._is_upload(each)}
        connection.uploads.went_well(done, len(sent))
        if sent:
            shares = self.run.store.shares.of_items(
                [each.row for each in self.batch.items if each.key in sent]
            )
            self.run.observe(Uploaded(self.batch.submission, len(sent), shares))
        for key in done:
            connection.answered(UPLOAD, key)

    def _is_upload(self, made: RemoteObject) -> bool:
        """Say whether a document's bytes were sent for this."""
        key = self.items.get(made.step)
        return (
            key is not None and key not in self.references and bool(made.remote_id) and FOUND not in made.data
        )

    def _call_a_witness(self) -> None:
        """Have another document sent once more: only if that goes well, uploads fail because of their documents."""
        sent = [name for name, each in self.prepared.items() if self._is_upload(each)]
        self.run.store.objects.forget(self.connection.account, sent[:1])

    def _replan(self, changed: ContentChanged) -> None:
        self.has_changed = True
        item = next(item for item in self.batch.items if item.key == changed.key)
        self.run.replan(self.run, item, changed.reason)


class _Sending:
    """Uploads that are under way. Those through are told together: soon where each takes long, some at a time where not.

    A provider that takes one at a time is given the next once what became of the last is recorded.
    """

    def __init__(self, preparation: _Preparation, steps: Sequence[Step]) -> None:
        self._preparation = preparation
        self._before = dict(preparation.prepared)
        self._seconds = preparation.patience(steps)
        self._left = list(reversed(steps))
        self._under_way: dict[Future[Outcome], Step] = {}
        self._arrived: SimpleQueue[Future[Outcome]] = SimpleQueue()
        self._next: Future[None] = Future()
        self._lock = threading.Lock()
        self._clock = preparation.run.clock
        self._told_at = self._clock.monotonic()

    @property
    def is_under_way(self) -> bool:
        return bool(self._left or self._under_way)

    def outcomes(self) -> Talk[list[tuple[Step, Outcome]]]:
        """Return what became of those that are through, once one is. Raises NotAnswering."""
        connection = self._preparation.connection
        self._begin()
        with self._lock:
            self._next = Future()
            is_enough = self._has_enough()
        if not is_enough:
            yield connection.waiting(ProviderCall.PREPARE, [self._next], seconds=self._seconds)
        through = []
        while not self._arrived.empty():
            through.append(self._arrived.get())
        if not through:
            raise connection.silent(ProviderCall.PREPARE, self._seconds)
        self._told_at = self._clock.monotonic()
        return [(self._under_way.pop(future), future.result()) for future in through]

    def _begin(self) -> None:
        connection = self._preparation.connection
        one_by_one = connection.traits.concurrency == 1
        while self._left and not (one_by_one and self._under_way):
            step = self._left.pop()
            future = connection.submit(partial(self._preparation.attempt, step=step, before=self._before))
            self._under_way[future] = step
            future.add_done_callback(self._came_back)

    def _came_back(self, future: "Future[Outcome]") -> None:
        with self._lock:
            # Within the lock, so that who is woken by this one finds it, and never one that was taken before.
            self._arrived.put(future)
            if self._has_enough() and not self._next.done():
                self._next.set_result(None)

    def _has_enough(self) -> bool:
        arrived = self._arrived.qsize()
        is_time = self._clock.monotonic() >= self._told_at + SOON
        return arrived >= min(1 if is_time else TOGETHER, len(self._under_way))


def _may_be_its_own(error: ProviderError) -> bool:
    """Say whether an upload that failed like this may have failed because of its document."""
    return kind_of(error) in {ErrorKind.UNAVAILABLE, ErrorKind.NOT_SENT} and not error.general


def _hopeless(error: ProviderError) -> Refused:
    what = cause_of(error).removeprefix(ANSWERED)
    return Refused(
        f"{what} to each of {MOST_TRIES} tries to upload it, while other uploads went well: {error.message}",
        code=what.split()[0],
        kind=FailureClass.VENDOR_ERROR,
    )


def _fail_unsent(run: Run, keys: Sequence[str], error: CallError) -> None:
    run.store.submissions.fail_unsent(keys, failure(error))
