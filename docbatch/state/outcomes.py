"""What became of items of which nothing was recorded while they were worked on, because that costs nothing."""

from collections.abc import Sequence

from docbatch.core.models import Failure, ItemStatus, WorkItem
from docbatch.state.database import Database
from docbatch.state.deliveries import Deliveries
from docbatch.state.documents import Documents
from docbatch.state.items import Items, RecordedItem
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

    def record(
        self, collected: Sequence[tuple[WorkItem, Collected]], failed: Sequence[tuple[WorkItem, Failure]]
    ) -> tuple[str, ...]:
        """Record results that are durable in the spool, and failures, in one transaction; return the jobs that want them, by name.

        The items are as they were read from the state while they waited. What does not wait any more is left as it is.
        """
        with self._database.write():
            self._items.succeed_waiting(collected)
            self._results.put((each.result, each.place) for _, each in collected if each.place is not None)
            self._deliveries.make_due(item.row for item, _ in collected)
            for item, failure in failed:
                recorded = self._items.get(item.key)
                if recorded is not None and recorded.status is ItemStatus.PENDING:
                    self._items.set(recorded, ItemStatus.FAILED, failure=failure)
            return self._documents.wanting([item.row for item, _ in (*collected, *failed)])

    def take_back(self, found: Sequence[tuple[RecordedItem, Collected]]) -> None:
        """Record results that were found again, durable in the spool, in one transaction.

        The items are as they are recorded: waiting, failed, or with a result that was lost.
        """
        with self._database.write():
            for item, each in found:
                if item.status is ItemStatus.FAILED:
                    self._items.requeue(item.row)
                self._items.succeed([(self._items.by_row(item.row), each)])
            self._results.put((each.result, each.place) for _, each in found if each.place is not None)
            self._deliveries.make_due(item.row for item, _ in found)
