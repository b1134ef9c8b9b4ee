"""Preparing a submission: directories, uploads, saved configurations. All of it may be done again, so it never costs money."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from queue import SimpleQueue

from docbatch.core.errors import (
    BudgetStop,
    CredentialsError,
    Gone,
    NotSent,
    ProviderError,
    Refused,
    Stale,
    Unavailable,
)
from docbatch.core.models import Failure, FailureClass, RemoteObject
from docbatch.engine.running.run_context import Run
from docbatch.providers.base import Batch, ContentChanged, Provider, Step

MOST_RENEWALS = 3

Trouble = ProviderError | CredentialsError
Outcome = RemoteObject | Trouble | ContentChanged


def prepare(run: Run, provider: Provider, connection: str, batch: Batch) -> dict[str, RemoteObject] | None:
    """Do what the create needs and is not there yet. Returns None when the batch has to be planned anew."""
    steps = provider.steps(batch)
    prepared = run.store.objects.alive(provider.account, [step.name for step in steps], run.clock.wall())
    missing = [step for step in steps if step.name not in prepared]
    try:
        is_whole = _Preparation(run, provider, connection, batch, prepared).perform(missing)
    except (Stale, Gone) as error:
        if isinstance(error, Stale):
            run.store.objects.forget(provider.account, error.stale)
        else:
            _forget(run, provider, steps)
        renew(run, connection, error)
        return None
    except Refused as error:
        _fail_unsent(run, [item.key for item in batch.items], error)
        return None
    except NotSent as error:
        if error.stop:
            run.connections.block(connection, BudgetStop(error.message, hint=error.hint))
        run.connections.rest(connection, run.pause(connection, error.retry_after))
        return None
    except Unavailable as error:
        run.connections.rest(connection, run.pause(connection, error.retry_after))
        return None
    if not is_whole:
        _forget(run, provider, steps)
        run.requeue()
        return None
    return prepared


def renew(run: Run, connection: str, error: ProviderError) -> None:
    """Let the batch be prepared anew in this run, unless that has not helped before."""
    run.requeue()
    run.losses[connection] += 1
    if run.losses[connection] > MOST_RENEWALS:
        run.connections.block(connection, error)


@dataclass(frozen=True, slots=True)
class _Preparation:
    """One batch on its way to its create. What is made is added to `prepared`."""

    run: Run
    provider: Provider
    connection: str
    batch: Batch
    prepared: dict[str, RemoteObject]

    def perform(self, steps: Sequence[Step]) -> bool:
        """Do steps in their order, those that send items' bytes side by side with their neighbours.

        Returns False when some items fell out, because they were refused or changed: the rest is planned anew.
        """
        stages = [list(stage) for _, stage in groupby(steps, key=lambda step: step.item is None)]
        return all(self._stage(stage) for stage in stages)

    def _stage(self, steps: Sequence[Step]) -> bool:
        return all(map(self._one, steps)) if steps[0].item is None else self._send(steps)

    def _one(self, step: Step) -> bool:
        try:
            made = self.provider.perform(step, self.batch, self.prepared, self.run.content)
        except ContentChanged as changed:
            self._replan(changed)
            return False
        self._record([made])
        return True

    def _send(self, steps: Sequence[Step]) -> bool:
        """Send items' bytes; the calling thread alone records, all that is there at a time in one transaction.

        What was sent but not recorded before a kill is sent again, at no charge. Returns False when some items fell out.
        Raises what stopped the vendor from taking one, after all that was sent is recorded.
        """
        is_whole = True
        trouble: Trouble | None = None
        for outcomes in self._outcomes(steps, dict(self.prepared)):
            self._record([outcome for _, outcome in outcomes if isinstance(outcome, RemoteObject)])
            for step, outcome in outcomes:
                match outcome:
                    case Stale():
                        trouble = outcome
                    case Refused():
                        _fail_unsent(self.run, [step.item or ""], outcome)
                        is_whole = False
                    case ContentChanged():
                        self._replan(outcome)
                        is_whole = False
                    case ProviderError() | CredentialsError():
                        trouble = outcome
        if trouble is not None:
            raise trouble
        return is_whole

    def _outcomes(
        self, steps: Sequence[Step], before: Mapping[str, RemoteObject]
    ) -> Iterator[list[tuple[Step, Outcome]]]:
        """Yield what became of steps, all that are through at a time: the longer recording takes, the more they are."""
        if self.provider.traits.concurrency == 1:
            yield from ([(step, self._attempt(step, before))] for step in steps)
            return
        pool = self.run.connections.pool(self.connection)
        arrived: SimpleQueue[Future[Outcome]] = SimpleQueue()
        steps_of = {pool.submit(self._attempt, step, before): step for step in steps}
        for future in steps_of:
            future.add_done_callback(arrived.put)
        while steps_of:
            through = [arrived.get()]
            while not arrived.empty():
                through.append(arrived.get())
            yield [(steps_of.pop(future), future.result()) for future in through]

    def _attempt(self, step: Step, before: Mapping[str, RemoteObject]) -> Outcome:
        try:
            return self.provider.perform(step, self.batch, before, self.run.content)
        except (ProviderError, CredentialsError, ContentChanged) as error:
            return error

    def _record(self, made: Sequence[RemoteObject]) -> None:
        if made:
            self.run.store.objects.record(self.provider.account, made)
            self.run.relax(self.connection)
            self.prepared.update((each.step, each) for each in made)

    def _replan(self, changed: ContentChanged) -> None:
        item = next(item for item in self.batch.items if item.key == changed.key)
        self.run.replan(self.run, item, changed.reason)


def _forget(run: Run, provider: Provider, steps: Sequence[Step]) -> None:
    """Abandon what was made for this batch alone: its directory is gone, or may hold bytes that are no longer wanted."""
    run.store.objects.forget(provider.account, [step.name for step in steps if not step.shared])


def _fail_unsent(run: Run, keys: Sequence[str], error: Refused) -> None:
    run.store.submissions.fail_unsent(keys, Failure(FailureClass(error.kind), error.message, error.code))
    run.requeue()
