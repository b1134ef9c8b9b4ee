"""What limits leave to one run: documents are counted before anything of them is sent, and no more than that is sent."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docbatch.core.errors import BudgetStop
from docbatch.core.limits import Budget, Cost, Limit, Measure, Period, Stop, assumed, stop_told
from docbatch.core.models import WorkItem
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.charges import NOBODY
from docbatch.state.records import Reservation
from docbatch.state.store import Store

MOST_UNKNOWN = 10_000
"""How many documents that are of unknown length, or too large, are passed over in a run for others: each is kept in mind."""
CostOf = Callable[[str, WorkItem, int | None], Cost]
"""Returns what an item comes to at most that a job pays for; the number is of pages, for one of unknown length."""
Counted = Mapping[Measure, Mapping[str, int]]
"""What a submission counts for: by measure, and by the job that pays."""


@dataclass(frozen=True, slots=True)
class Share:
    """The items of a submission that may be sent, and what they are counted for. `left` are the others' keys."""

    items: tuple[WorkItem, ...]
    reservation: Reservation
    left: frozenset[str] = frozenset()


def documents_alone(_job: str, _item: WorkItem, pages: int | None) -> Cost:
    """Count documents, of which no more is known."""
    return Cost(pages=pages)


class RunBudget:
    """The limits of a run's jobs. What was taken and not sent is given back; what was sent is in the state.

    `now` is wall time, in seconds since the epoch. A limit that was reached keeps all it concerns from being sent, also
    what is smaller, until less is counted than then.
    """

    def __init__(
        self,
        store: Store,
        targets: Iterable[ResolvedJob],
        now: Callable[[], float],
        cost: CostOf = documents_alone,
    ) -> None:
        self._store = store
        self._targets = {target.name: target for target in targets}
        self._now = now
        self._cost = cost
        self._budget = Budget(
            tuple(dict.fromkeys(limit for each in self._targets.values() for limit in each.limits))
        )
        self._is_read = False
        self._taken: dict[str, list[tuple[str, str, Cost]]] = {}
        self._reached: dict[Limit, int] = {}
        self._unknown: Counter[Limit] = Counter()
        self._too_large: dict[Limit, list[int]] = {}

    def cut(self, identity: str, connection: str, items: Sequence[WorkItem]) -> Share:
        """Return what of a submission may be sent by all limits, in order, and count it under its name."""
        self.give_back(identity)
        if self._budget.limits:
            self._read()
        payers = self._store.charges.payers([item.row for item in items], self._targets.keys())
        taken: dict[str, tuple[WorkItem, Cost]] = {}
        for item in items:
            job = payers.get(item.row, NOBODY)
            cost = self._cost(job, item, assumed(self._budget.limits, job, connection))
            if not self._is_refused(job, connection, cost):
                self._budget.take(job, connection, cost)
                self._taken.setdefault(identity, []).append((job, connection, cost))
                taken[item.key] = item, cost
        return Share(
            tuple(item for item, _ in taken.values()),
            Reservation({key: cost for key, (_, cost) in taken.items()}, self._labels()),
            frozenset(item.key for item in items) - taken.keys(),
        )

    def give_back(self, identity: str) -> None:
        """Count nothing more for a submission that was not sent."""
        for job, connection, cost in self._taken.pop(identity, []):
            self._budget.take(job, connection, cost, times=-1)

    def spend(self, identity: str) -> None:
        """Note that a submission is recorded: from now on it may have been sent."""
        self._taken.pop(identity, None)

    def counted(self, identity: str) -> Counted:
        """Return what a submission counts for by now, in measures that a vendor may tell and a limit asks for."""
        measures = {limit.measure for limit in self._budget.limits} & {Measure.CREDITS, Measure.MONEY}
        return {each: self._store.charges.of_submission(identity, each) for each in measures}

    def settle(self, identity: str, connection: str, before: Counted) -> None:
        """Count what a vendor told of a submission's cost in the place of what was counted `before`."""
        now = self.counted(identity)
        for position, limit in enumerate(self._budget.limits if now else ()):
            was, is_ = before.get(limit.measure, {}), now.get(limit.measure, {})
            jobs = [job for job in {*was, *is_} if limit.concerns(job, connection)]
            self._budget.spent[position] += sum(is_.get(job, 0) - was.get(job, 0) for job in jobs)

    def is_stopped(self, job: str, connection: str) -> bool:
        """Say whether nothing more of a job is sent for now."""
        beyond = (limit for limit, number in self._unknown.items() if number >= MOST_UNKNOWN)
        beneath = (limit for limit, found in self._too_large.items() if len(found) >= MOST_UNKNOWN)
        return any(limit.concerns(job, connection) for limit in (*self._reached, *beyond, *beneath))

    def reconsider(self) -> bool:
        """Let what was stopped go on where less is counted by now than then; say whether anything may."""
        if not self._reached:
            return False
        self._is_read = False
        self._read()
        spent = self._spent()
        freed = [limit for limit, then in self._reached.items() if spent[limit] < then]
        for limit in freed:
            del self._reached[limit]
        if freed:
            # They are looked at again, and counted again.
            self._unknown.clear()
            self._too_large.clear()
        return bool(freed)

    def errors(self) -> Iterator[BudgetStop]:
        """Yield what limits kept from being sent, and what to do about it."""
        spent, day = self._spent(), self._store.charges.day(self._now())
        stops = [Stop(limit, spent[limit], self._waiting(limit)) for limit in self._reached]
        stops += [
            Stop(limit, spent[limit], 0, number, or_more=number >= MOST_UNKNOWN)
            for limit, number in self._unknown.items()
        ]
        stops += [
            Stop(limit, spent[limit], len(found), or_more=len(found) >= MOST_UNKNOWN, alone=max(found))
            for limit, found in self._too_large.items()
        ]
        for stop in stops:
            message, hint = stop_told(stop, day)
            yield BudgetStop(message, hint=hint)

    def passed(self) -> Iterator[tuple[Limit, int]]:
        """Yield the limits of which more was counted than they allow, and how much."""
        if self._budget.limits:
            self._read()
        yield from self._budget.passed()

    def _labels(self) -> Mapping[str, Mapping[str, str]]:
        return {name: target.labels for name, target in self._targets.items()}

    def _spent(self) -> dict[Limit, int]:
        return dict(zip(self._budget.limits, self._budget.spent, strict=True))

    def _waiting(self, limit: Limit) -> int:
        jobs = [each for each in self._targets.values() if limit.concerns(each.name, each.connection)]
        return sum(self._store.documents.standing(each.name).get("pending", 0) for each in jobs)

    def _is_refused(self, job: str, connection: str, cost: Cost) -> bool:
        if self.is_stopped(job, connection):
            return True
        refusal = self._budget.refusal(job, connection, cost)
        if refusal is None:
            return False
        if refusal.is_unknown:
            self._unknown[refusal.limit] += 1
        elif refusal.alone:
            self._too_large.setdefault(refusal.limit, []).append(refusal.alone)
        else:
            self._reached[refusal.limit] = self._spent()[refusal.limit]
        return True

    def _read(self) -> None:
        """Read what is recorded, once; what was taken and is not recorded yet comes to it."""
        if self._is_read:
            return
        day = self._store.charges.day(self._now())
        recorded = Budget(
            self._budget.limits, [self._store.charges.counted(limit, day) for limit in self._budget.limits]
        )
        for taken in self._taken.values():
            for job, connection, cost in taken:
                recorded.take(job, connection, cost)
        for position, limit in enumerate(self._budget.limits):
            if limit.per is not Period.RUN:
                self._budget.spent[position] = recorded.spent[position]
        self._is_read = True
