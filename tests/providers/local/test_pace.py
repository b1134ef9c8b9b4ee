"""How much waits at a worker by the pace at which it answered."""

import pytest

from docbatch.providers.local.pace import AnswerPace


class Stopwatch:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now = 100.0
        monkeypatch.setattr("docbatch.providers.local.pace.time.monotonic", lambda: self._now)
        self.pace = AnswerPace()

    def answered(self, count: int, each: float, *, size: int = 500, was_idle: bool = False) -> AnswerPace:
        self._now += count * each
        self.pace.note(count, count * size, was_idle=was_idle)
        return self.pace

    def passes(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    return Stopwatch(monkeypatch)


def test_nothing_more_waits_at_a_worker_that_is_not_known_yet(watch: Stopwatch) -> None:
    assert watch.pace.ahead == 0
    assert watch.pace.may_gather(1000) == 0


@pytest.mark.parametrize(("each", "ahead"), [(0.0001, 128), (0.001, 40), (0.005, 8), (0.5, 0)])
def test_a_faster_worker_holds_more_but_never_too_much(watch: Stopwatch, each: float, ahead: int) -> None:
    assert watch.answered(4, each).ahead == pytest.approx(ahead, abs=1)


def test_one_slow_document_is_enough_to_have_little_wait_behind_the_next(watch: Stopwatch) -> None:
    watch.answered(50, 0.0002)
    assert watch.answered(1, 2.0).ahead == 0


def test_a_worker_that_turns_fast_holds_more_before_long(watch: Stopwatch) -> None:
    watch.answered(1, 0.5)
    for _ in range(12):
        watch.answered(4, 0.0002)
    assert watch.pace.ahead > 100


def test_a_worker_that_had_to_wait_is_not_taken_for_slow(watch: Stopwatch) -> None:
    before = watch.answered(50, 0.0002).ahead
    assert watch.answered(50, 0.002, was_idle=True).ahead == before
    watch.passes(60)
    watch.pace.begin()
    assert watch.answered(50, 0.0002).ahead == before


def test_answers_gather_for_no_longer_than_there_is_work_and_room(watch: Stopwatch) -> None:
    pace = watch.answered(50, 0.0002)
    assert pace.may_gather(100) == pytest.approx(0.01, rel=0.01)
    assert pace.may_gather(10) == pytest.approx(0.001, rel=0.01)
    for _ in range(20):
        watch.answered(10, 0.0002, size=16_384)
    assert pace.may_gather(100) == pytest.approx(0.0004, rel=0.01)
