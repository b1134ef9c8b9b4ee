"""Which documents wait at which worker."""

from collections import deque
from collections.abc import Iterable
from types import SimpleNamespace
from typing import cast

from docbatch.providers.local.messages import Task
from docbatch.providers.local.process import WorkerProcess
from docbatch.providers.local.shares import take_shares

PDF = "application/pdf"
LARGE = 1 << 20


def task(name: object, *, size: int = 10, media_type: str = "text/plain") -> Task:
    return Task(str(name), b"a", "0", size, media_type, b"b", 30.0, 10**9)


def tasks(count: int) -> deque[Task]:
    return deque(task(number) for number in range(count))


def worker(ahead: int = 0, asked: Iterable[Task] = ()) -> WorkerProcess:
    """Stand for a worker of so much pace that holds what it was asked."""
    return cast("WorkerProcess", SimpleNamespace(asked=deque(asked), pace=SimpleNamespace(ahead=ahead)))


def counts(queue: deque[Task], *workers: WorkerProcess) -> list[int]:
    return [len(share) for share in take_shares(queue, workers, len(workers))]


def test_a_few_wait_at_every_worker_whatever_they_are() -> None:
    queue = deque(task(number, size=LARGE) for number in range(20))
    assert counts(queue, worker(100), worker(), worker(100, tasks(3))) == [4, 4, 1]
    assert [each.id for each in queue] == [str(number) for number in range(9, 20)]


def test_near_the_end_documents_are_left_for_the_next_free_worker() -> None:
    assert counts(tasks(3), worker(100), worker(100)) == [1, 1]
    assert counts(tasks(1), worker(100), worker(100)) == [1, 0]


def test_a_fast_worker_holds_many_small_ones_while_many_are_left() -> None:
    queue = tasks(2000)
    fast, slow = take_shares(queue, [worker(100), worker(2)], 2)
    assert (len(fast), len(slow)) == (100, 4)
    assert [each.id for each in (*fast[4:], *queue)] == [str(number) for number in range(8, 2000)]


def test_the_fewer_are_left_the_fewer_wait_behind_others() -> None:
    assert counts(tasks(400), worker(100), worker(100))[0] == 400 // 8 - 1
    assert counts(tasks(40), worker(100), worker(100)) == [4, 4]


def test_what_may_be_slow_is_never_one_of_many() -> None:
    for slow in (
        task("slow", size=LARGE),
        task("slow", media_type=PDF),
        task("slow", media_type="image/png"),
    ):
        queue = tasks(1000)
        queue.insert(10, slow)
        assert counts(queue, worker(100)) == [10]
        assert queue[0] is slow


def test_nothing_more_waits_behind_what_may_be_slow() -> None:
    assert counts(tasks(1000), worker(100, [task("slow", media_type=PDF)])) == [3]


def test_a_worker_is_given_more_when_half_of_it_is_done() -> None:
    assert counts(tasks(1000), worker(100, tasks(51))) == [0]
    assert counts(tasks(1000), worker(100, tasks(50))) == [50]
