"""How documents that wait are shared out among workers, so that none of them waits for the parent or holds what another could read."""

from collections import deque
from collections.abc import Sequence

from docbatch.providers.local.engines import shows_pages
from docbatch.providers.local.messages import Task
from docbatch.providers.local.process import WorkerProcess

# Documents that wait at each worker, whatever they are.
_HELD = 4
# More wait there while they are of no more bytes than this, the worker is fast, and so many times as many are left for each.
_SMALL = 1 << 14
_LEFT = 4


def take_shares(queue: deque[Task], workers: Sequence[WorkerProcess], width: int) -> list[list[Task]]:
    """Take from the queue what each of the workers is to be given now; there are or will be `width` of them."""
    shares: list[list[Task]] = [[] for _ in workers]
    for held in range(_HELD):
        # Near the end a waiting document is better off with the next free worker than behind a slow one.
        enough = width if held else 0
        for worker, share in zip(workers, shares, strict=True):
            if len(worker.asked) + len(share) == held and len(queue) > enough:
                share.append(queue.popleft())
    for worker, share in zip(workers, shares, strict=True):
        _add_small(queue, share, worker, width)
    return shares


def _add_small(queue: deque[Task], share: list[Task], worker: WorkerProcess, width: int) -> None:
    most = min(worker.pace.ahead, len(queue) // (_LEFT * width))
    held = len(worker.asked) + len(share)
    # What is slow should have nothing behind it, and what is given should be worth a message.
    if held > most // 2 or not all(map(_is_small, (*worker.asked, *share))):
        return
    while held < most and _is_small(queue[0]):
        share.append(queue.popleft())
        held += 1


def _is_small(task: Task) -> bool:
    return task.size <= _SMALL and not shows_pages(task.media_type)
