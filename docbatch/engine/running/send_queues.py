"""What waits to be sent, as far as a run keeps it in memory: by recipe, in windows that are filled when they run low."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from docbatch.core.models import WorkItem
from docbatch.core.scheduler import Queue
from docbatch.engine.connections.failing_uploads import FailingUploads
from docbatch.engine.spending.closed_windows import SendingJobs
from docbatch.state.store import Store

WINDOW = 4096


@dataclass
class SendQueues:
    """By recipes' rows. `turns` says when a recipe was served last, by a number that grows.

    `sending` is for which jobs what waits was read.
    """

    turns: dict[str, int] = field(default_factory=dict)
    _windows: dict[int, list[WorkItem]] = field(default_factory=dict)
    _drained: set[int] = field(default_factory=set)
    _begun: set[str] = field(default_factory=set)
    _aside: set[str] = field(default_factory=set)
    sending: SendingJobs = field(default_factory=SendingJobs)

    def waiting(
        self, store: Store, recipe: int, connection: str, sending: SendingJobs, batch: int
    ) -> Iterator[Queue]:
        """Yield what waits of a recipe, if anything does: more than a batch where there is more."""
        if sending.waiting_for != self.sending.waiting_for:
            self.forget()
        self.sending = sending
        window = max(WINDOW, batch)
        if len(self._windows.get(recipe, [])) < batch and recipe not in self._drained:
            limit = window + len(self._begun)
            found = store.waiting.pending(recipe, sending.open, sending.late, limit, under=sending.under)
            self._windows[recipe] = [item for item in found if item.key not in self._begun]
            if len(found) < limit:
                self._drained.add(recipe)
        if self._windows.get(recipe):
            yield Queue(
                str(recipe), connection, tuple(self._windows[recipe]), more=recipe not in self._drained
            )

    def serve(self, recipe: str) -> None:
        """Note that it is a recipe's turn; the others come before it the next time."""
        self.turns[recipe] = max(self.turns.values(), default=0) + 1

    def take(self, recipe: int, keys: Collection[str]) -> None:
        """Let go of what was sent."""
        self._windows[recipe] = [item for item in self._windows.get(recipe, []) if item.key not in keys]

    def begin(self, recipe: int, keys: Collection[str]) -> None:
        """Let go of what is worked on in this process, although the state has it as waiting until it is done."""
        self._begun.update(keys)
        self.take(recipe, keys)

    def set_aside(self, keys: Collection[str]) -> None:
        """Let go of what is not sent for now, although it waits, and read anew what else does."""
        self._aside.update(keys)
        self._begun.update(keys)
        self.forget()

    @property
    def aside(self) -> int:
        """How many items are not sent for now."""
        return len(self._aside)

    def take_back(self) -> None:
        """Look again at all that was set aside."""
        self.end(self._aside)
        self._aside.clear()
        self.forget()

    def end(self, keys: Collection[str]) -> None:
        """Note that what was begun is worked on no longer: what the state has as waiting waits."""
        self._begun.difference_update(keys)

    def forget(self) -> None:
        """Read what waits from the state again: items came back to it."""
        self._windows.clear()
        self._drained.clear()


def apart(queue: Queue, uploads: FailingUploads, now: float) -> Iterator[Queue]:
    """Yield a queue without the documents whose uploads fail, and these by themselves, once they are tried again."""
    if not uploads:
        yield queue
        return
    aside = {item.key: at for item in queue.items if (at := uploads.aside(item.key)) is not None}
    well = tuple(item for item in queue.items if item.key not in aside)
    due = tuple(item for item in queue.items if aside.get(item.key, float("inf")) <= now)
    later = tuple(item for item in queue.items if aside.get(item.key, float("-inf")) > now)
    if well:
        yield replace(queue, items=well)
    if due:
        yield replace(queue, items=due, more=False)
    if later:
        yield replace(queue, items=later, more=False, ready_at=min(aside[item.key] for item in later))
