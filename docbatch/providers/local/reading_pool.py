"""What reads the local engine's documents: worker processes of this machine, or a cluster."""

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

from docbatch.providers.local.messages import Answer, Task


class TaskOutcome(NamedTuple):
    task: Task
    answer: Answer


class ReadingPool(Protocol):
    """Reads tasks, and calls whoever it was told to `wake` when there is something to take.

    `width` is how many documents it reads at a time, as far as that is known.
    """

    @property
    def width(self) -> int: ...

    def submit(self, tasks: Iterable[Task]) -> None:
        """Take tasks. Each ends once, with an answer."""

    def drain(self) -> list[TaskOutcome]:
        """Return what ended since the last call.

        Raises Unavailable while nothing is read for a reason that may pass, and RuntimeError or another ProviderError once
        nothing more will be.
        """

    def remark(self) -> str:
        """Return what a person should know since the last call, empty when there is nothing."""

    def cancel(self, ids: Collection[str]) -> None:
        """Give up these tasks; those that have not ended end as cancelled."""

    def close(self) -> None:
        """Stop reading. What has not ended is dropped."""
