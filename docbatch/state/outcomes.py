"""What became of items of which nothing was recorded while they were worked on, because that costs nothing."""

from collections.abc import Mapping, Sequence

from docbatch.core.models import Failure, ItemStatus
from docbatch.state.database import Database
from docbatch.state.deliveries import Deliveries
from docbatch.state.documents import Documents
from docbatch.state.items import Items
from docbatch.state.records import Collected
from docbatch.state.results import Results


class Outcomes:
    def __init__(
        self,
        database: Database,
        items: Items,
        documents: Documents,
        deliveries: Deliveries,
        results: Results,
    ) -> None:
        self._database = database
        self._items = items
        self._documents = documents
        self._deliveries = deliveries
        self._results = results

    def record(self, collected: Sequence[Collected], failed: Mapping[str, Failure]) -> tuple[str, ...]:
        """Record results that are durable in the spool, and failures, in one transaction; return the jobs that want them, by name.

        What does not wait any more is left as it is.
        """
        with self._database.write():
            keys = [*(each.key for each in collected), *failed]
            waiting = {item.key: item for item in self._items.many(keys) if item.status is ItemStatus.PENDING}
            taken = [(waiting[each.key], each) for each in collected if each.key in waiting]
            self._items.succeed(taken)
            self._results.put((each.result, each.place) for _, each in taken if each.place is not None)
            self._deliveries.make_due(item.row for item, _ in taken)
            for key, failure in failed.items():
                if key in waiting:
                    self._items.set(waiting[key], ItemStatus.FAILED, failure=failure)
            return tuple(sorted(self._documents.wanting(item.row for item in waiting.values())))
