"""What documents to be sent come to: from what was counted of them, what their job is charged for, and what that costs."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property

from docbatch.core.amounts import Amount
from docbatch.core.estimate import estimate, worth
from docbatch.core.experience import Expected, Experience, expected
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.limits import Cost
from docbatch.core.models import WorkItem
from docbatch.core.prices import PriceList, Prices
from docbatch.core.tariffs import UNKNOWN_TARIFF, Tariff
from docbatch.core.windows import DAY
from docbatch.engine.planning.amounts.items_to_send import SizedItem
from docbatch.engine.planning.amounts.sending_hours import hour_notes, hours_of
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.resolved_job import ResolvedJob


class ItemCosts:
    """Prices are read when the first of them is asked for: most runs send nothing that costs any."""

    def __init__(
        self,
        targets: Iterable[ResolvedJob],
        differences: Differences,
        read_prices: Callable[[], PriceList] | None,
    ) -> None:
        self._targets = {target.name: target for target in targets}
        self._differences = differences
        self._read_prices = read_prices
        self._list: PriceList | None = None
        self._prices: dict[str, Prices] = {}
        self._tariffs: dict[str, Tariff] = {}
        self._day = int(time.time() // DAY)

    def cost(self, job: str, item: WorkItem, pages: int | None) -> Cost:
        """Return what an item comes to at most that a job pays for; `pages` is what is assumed where nothing is counted."""
        target = self._targets.get(job)
        if target is None:
            return Cost(pages=pages)
        extent = self._differences.extent_of(item.key)
        amount = self._amount(target, item.media_type, extent, item.size, pages, reserved=True)
        return Cost(1, amount.pages.high, amount.credits.high, amount.money.high)

    @cached_property
    def by_job(self) -> Mapping[str, Amount]:
        """What is to be sent comes to, by job; identical documents are those of the job that pays."""
        totals: dict[str, Amount] = {}
        for item, one in self._to_send(self._targets):
            totals[item.job] = totals.get(item.job, Amount()) + one
        return totals

    def most(self, jobs: Collection[str]) -> Iterator[tuple[str, tuple[int | None, int | None]]]:
        """Yield the key of each item that these jobs send, with the credits and the money it comes to at most."""
        for item, one in self._to_send(jobs):
            yield item.key, (one.credits.high, one.money.high)

    def expected(self, job: str, before: Experience) -> Expected | None:
        """Return what a job's documents come to if it is as `before`, None where too little is known of that."""
        target, due = self._targets[job], self.by_job[job]
        ways = self._tariff(target).in_batches, hours_of(target, self._day)
        return expected(
            before, due.documents.low, due.pages, lambda spent: worth(self._of(target), spent, ways)
        )

    def notes(self, job: str) -> tuple[str, ...]:
        """Say what makes it a range what a job's documents come to."""
        target = self._targets[job]
        tariff = self._tariff(target)
        return *tariff.notes, *hour_notes(target, tariff, self._of(target), self._day)

    def _to_send(self, jobs: Collection[str]) -> Iterator[tuple[SizedItem, Amount]]:
        """Yield each item that these jobs send, with what it comes to."""
        for window in self._differences.sized():
            for item in window:
                if item.job in jobs:
                    target = self._targets[item.job]
                    yield item, self._amount(target, item.media_type, item.extent, item.size, None)

    def _amount(
        self,
        target: ResolvedJob,
        media_type: str,
        extent: Extent | None,
        size: int,
        pages: int | None,
        *,
        reserved: bool = False,
    ) -> Amount:
        known = UNCOUNTED if extent is None else extent
        hours = hours_of(target, self._day, reserved=reserved)
        return estimate(
            self._tariff(target), self._of(target), media_type, known, size, assumed=pages, hours=hours
        )

    def _tariff(self, target: ResolvedJob) -> Tariff:
        if target.name not in self._tariffs:
            self._tariffs[target.name] = UNKNOWN_TARIFF if target.tariff is None else target.tariff()
        return self._tariffs[target.name]

    def _of(self, target: ResolvedJob) -> Prices:
        if target.connection not in self._prices:
            if self._list is None:
                self._list = PriceList("", ()) if self._read_prices is None else self._read_prices()
            self._prices[target.connection] = self._list.of(target.recipe.provider, target.connection)
        return self._prices[target.connection]
