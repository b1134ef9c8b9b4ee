"""Which documents a cluster's readers hold, and what becomes of those whose reader is lost."""

from docbatch.core.models import FailureClass
from docbatch.providers.local.messages import Task
from docbatch.providers.local.on_ray.document_queue import (
    MOST_BYTES,
    MOST_BYTES_EACH,
    MOST_LOSSES,
    DocumentQueue,
    Holding,
)

MANY = 1000


def task(name: object, size: int = 10) -> Task:
    return Task(str(name), b"a", "0", size, "text/plain", b"b", 30.0, 10**9)


def queue_of(count: int, size: int = 10) -> DocumentQueue:
    queue = DocumentQueue()
    queue.add(task(number, size) for number in range(count))
    return queue


def names(tasks: list[Task]) -> list[str]:
    return [each.id for each in tasks]


def read(queue: DocumentQueue, holding: Holding, seconds: float) -> None:
    for id_ in list(holding.tasks):
        queue.end(holding, id_, seconds)


def test_at_first_one_document_is_read_and_another_waits_at_each_reader() -> None:
    queue = queue_of(MANY)
    assert names(queue.take(Holding(), readers=2)) == ["0", "1"]
    assert names(queue.take(Holding(), readers=2)) == ["2", "3"]


def test_a_reader_holds_work_for_about_a_second() -> None:
    queue, holding = queue_of(MANY), Holding()
    queue.take(holding, readers=2)
    read(queue, holding, 0.1)
    assert len(queue.take(holding, readers=2)) == 11
    read(queue, holding, 100.0)
    assert len(queue.take(holding, readers=2)) == 2


def test_near_the_end_no_document_waits_behind_another() -> None:
    queue, first, second = queue_of(4), Holding(), Holding()
    queue.take(first, readers=2)
    read(queue, first, 0.001)
    assert (len(queue.take(first, readers=2)), len(queue.take(second, readers=2))) == (1, 1)


def test_no_more_bytes_are_under_way_than_can_be_held() -> None:
    queue, holding = queue_of(MANY, MOST_BYTES_EACH // 2 + 1), Holding()
    assert len(queue.take(holding, readers=100)) == 1
    held = 0
    while queue.take(Holding(), readers=100):
        held += 1
    assert held < MOST_BYTES // (MOST_BYTES_EACH // 2)
    read(queue, holding, 1.0)
    assert len(queue.take(holding, readers=100)) == 1


def test_a_document_larger_than_that_goes_alone() -> None:
    queue, holding = DocumentQueue(), Holding()
    queue.add([task("huge", 2 * MOST_BYTES), task("small")])
    assert names(queue.take(holding, readers=1)) == ["huge"]
    assert queue.take(Holding(), readers=1) == []
    read(queue, holding, 1.0)
    assert names(queue.take(holding, readers=1)) == ["small"]


def test_what_a_lost_reader_held_is_read_again_and_each_of_it_alone() -> None:
    queue, holding = queue_of(4), Holding()
    queue.take(holding, readers=1)
    assert queue.lose(holding, "n1") == []
    assert (holding.tasks, holding.size) == ({}, 0)
    other, third = Holding(), Holding()
    assert names(queue.take(other, readers=1)) == ["0"]
    assert queue.take(other, readers=1) == []
    assert names(queue.take(third, readers=1)) == ["1"]


def test_what_a_reader_gives_back_is_not_suspected() -> None:
    queue, holding = queue_of(4), Holding()
    assert names(queue.take(holding, readers=1)) == ["0", "1"]
    queue.give_back(holding)
    assert (holding.tasks, holding.size) == ({}, 0)
    assert names(queue.take(Holding(), readers=1)) == ["0", "1"]


def test_a_document_whose_readers_are_lost_again_and_again_fails_at_last() -> None:
    queue = queue_of(1)
    for _ in range(MOST_LOSSES - 1):
        holding = Holding()
        assert names(queue.take(holding, readers=1)) == ["0"]
        assert queue.lose(holding, "n1") == []
    holding = Holding()
    queue.take(holding, readers=1)
    [(lost, failure)] = queue.lose(holding, "n2")
    assert lost.id == "0"
    assert failure.kind is FailureClass.CRASHED
    assert (
        failure.message == "4 processes or nodes of the cluster ended while they had it, the last on node n2"
    )
    assert len(queue) == 0


def test_a_document_that_was_read_is_not_suspected_any_more() -> None:
    queue, holding = queue_of(1), Holding()
    queue.take(holding, readers=1)
    queue.lose(holding, "n1")
    queue.take(holding, readers=1)
    read(queue, holding, 1.0)
    queue.add([task("0"), task("1"), task("2"), task("3")])
    assert names(queue.take(holding, readers=1)) == ["0", "1"]


def test_an_answer_of_a_reader_that_does_not_hold_the_document_counts_for_nothing() -> None:
    queue, holding = queue_of(2), Holding()
    queue.take(holding, readers=1)
    assert queue.end(Holding(), "0", 1.0) is None
    assert holding.tasks.keys() == {"0", "1"}


def test_only_what_waits_is_dropped_when_it_is_cancelled() -> None:
    queue, holding = queue_of(4), Holding()
    assert names(queue.take(holding, readers=1)) == ["0", "1"]
    assert names(queue.cancel({"0", "2"})) == ["2"]
    assert len(queue) == 1
