"""Whose turn it is to be sent: the lowest priority number first, and among equals who has waited longest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from docbatch.core.models import Traits, WorkItem
from docbatch.core.packing import pack


@dataclass(slots=True)
class RecipeQueue:
    """The items of one recipe, lowest priority number first. `more` means that others follow which are not shown.

    `turn` says when the queue was served last, 0 for never; a higher number is later.
    """

    recipe: str
    connection: str
    traits: Traits
    items: Sequence[WorkItem]
    more: bool = False
    turn: int = 0
    start: int = 0

    @property
    def rank(self) -> tuple[int, int, str]:
        return self.items[self.start].priority, self.turn, self.recipe

    def chunk(self, limit: float) -> tuple[WorkItem, ...]:
        """Return the items of the next submission, none of a priority number above the limit."""
        left = islice(self.items, self.start, None)
        return next(pack(takewhile(lambda item: item.priority <= limit, left), self.traits))

    def is_cut_short(self, chunk: Sequence[WorkItem]) -> bool:
        """Say whether a chunk ends where the view ends, so that its neighbours are not in it."""
        return self.more and 0 < self.start == len(self.items) - len(chunk)

    def serve(self, items: int, turn: int) -> bool:
        """Take items off the queue; say whether others are left."""
        self.start += items
        self.turn = turn
        return self.start < len(self.items)


class FairQueues:
    def __init__(self, queues: Iterable[RecipeQueue], turn: int = 0) -> None:
        self._queues = list(queues)
        self._turn = turn

    def __iter__(self) -> Iterator[tuple[RecipeQueue, tuple[WorkItem, ...]]]:
        """Yield whose turn it is and what it sends, until every queue is closed. Each is served or closed in between."""
        while self._queues:
            queue = min(self._queues, key=lambda each: each.rank)
            rivals = [
                each.rank[0]
                for each in self._queues
                if each is not queue and each.connection == queue.connection
            ]
            chunk = queue.chunk(min(rivals, default=float("inf")))
            if queue.is_cut_short(chunk):
                self.close(queue)
            else:
                yield queue, chunk

    def serve(self, queue: RecipeQueue, items: int) -> None:
        """Note that items of a queue are sent; others of its kind come first then."""
        self._turn += 1
        if not queue.serve(items, self._turn):
            self.close(queue)

    def close(self, queue: RecipeQueue) -> None:
        """Send nothing more of a queue."""
        self._queues.remove(queue)
