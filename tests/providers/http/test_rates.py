"""How fast a connection talks: never above its rate, and close to what a vendor allows that answers 429."""

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from docbatch.core.errors import Unavailable
from docbatch.providers.http.rates import LONGEST_SLEEP, SLEEPS, Limiter, TokenBucket
from docbatch.testing.patience import until

LATENCY = 0.05


@dataclass
class World:
    """Time that passes while somebody sleeps, and answers that arrive meanwhile."""

    now: float = 0.0
    arriving: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        until = self.now + seconds
        while self.arriving and self.arriving[0][0] <= until:
            self.now, _, arrive = heapq.heappop(self.arriving)
            arrive()
        self.now = until

    def after(self, seconds: float, arrive: Callable[[], None]) -> None:
        heapq.heappush(
            self.arriving, (self.now + seconds, len(self.sleeps) * 1000 + len(self.arriving), arrive)
        )


class Shared(World):
    """Time in which threads sleep side by side."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            until = self.now + seconds
        with self._lock:
            self.now = max(self.now, until)


def limited(per_second: float, burst: int = 1) -> tuple[Limiter, World]:
    world = World()
    return Limiter(per_second, burst, clock=world.clock, sleep=world.sleep), world


@dataclass
class Vendor:
    """Allows so many requests in each window of so many seconds."""

    world: World
    allowed: int
    window: float
    storm: tuple[float, float] = (0.0, 0.0)
    seen: dict[int, int] = field(default_factory=dict)
    refused: int = 0

    def take(self) -> bool:
        number = int(self.world.now / self.window)
        self.seen[number] = self.seen.get(number, 0) + 1
        stormy = self.storm[0] <= self.world.now < self.storm[1]
        good = not stormy and self.seen[number] <= self.allowed
        self.refused += not good
        return good


def finish(limiter: Limiter, world: World, vendor: Vendor, wanted: int, told: float | None) -> float:
    """Make requests until so many were taken; return the seconds that took."""
    taken = 0
    while taken < wanted:
        limiter.wait()
        if vendor.take():
            taken += 1
        else:
            world.after(LATENCY, lambda: limiter.slow_down(told))
    return world.now


def test_requests_are_spaced_by_the_rate() -> None:
    limiter, world = limited(4)
    times = []
    for _ in range(5):
        limiter.wait()
        times.append(world.now)

    assert times == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_after_a_rest_a_burst_goes_at_once_and_no_more() -> None:
    limiter, world = limited(2, burst=3)
    world.now = 1000.0
    for _ in range(3):
        limiter.wait()
    assert world.now == 1000.0

    limiter.wait()
    assert world.now == pytest.approx(1000.5)


def test_a_429_silences_for_as_long_as_the_vendor_says() -> None:
    limiter, world = limited(10)
    limiter.wait()
    limiter.slow_down(30)
    limiter.wait()

    assert 30 <= world.now <= 30.3


def test_there_is_no_burst_after_a_429() -> None:
    limiter, world = limited(10, burst=5)
    limiter.slow_down(30)
    for _ in range(5):
        limiter.wait()

    assert world.now > 30.7


def test_a_429_halves_the_rate_which_recovers_in_time() -> None:
    limiter, world = limited(10)
    limiter.slow_down(0)
    assert limiter.rate == pytest.approx(5)

    world.now += 2
    assert limiter.rate == pytest.approx(7)
    for _ in range(60):
        world.now += 1
        limiter.wait()
    assert limiter.rate == pytest.approx(10)


def test_what_was_learnt_is_forgotten_slowly_while_nobody_asks() -> None:
    limiter, world = limited(10)
    limiter.slow_down(0)
    world.now += 300
    assert limiter.rate < 9.6

    world.now += 3600
    assert limiter.rate == pytest.approx(10)


def test_who_waits_goes_in_the_order_of_asking() -> None:
    bucket = TokenBucket.begin(2, 1, 0.0)
    delays = []
    for _ in range(4):
        delays.append(bucket.delay)
        bucket.book()

    assert delays == pytest.approx([0, 0.5, 1.0, 1.5])


def test_who_comes_late_to_their_turns_do_not_crowd() -> None:
    bucket = TokenBucket.begin(10, 1, 0.0)
    turns = [bucket.book() for _ in range(4)]
    bucket.advance(5.0)

    assert bucket.grant(turns[0]) == 0
    assert bucket.grant(turns[1]) == pytest.approx(0.1)


def test_turns_of_who_never_comes_pass() -> None:
    bucket = TokenBucket.begin(10, 1, 0.0)
    for _ in range(100):
        bucket.book()
    assert bucket.delay == pytest.approx(10)

    bucket.advance(11.0)
    assert bucket.delay == 0


def test_a_429_ends_the_turns_of_all_who_wait() -> None:
    bucket = TokenBucket.begin(10, 1, 0.0)
    turns = [bucket.book() for _ in range(3)]
    assert bucket.grant(turns[0]) == 0
    bucket.refuse(5.0)

    assert [bucket.grant(turn) for turn in turns] == [None] * 3
    assert bucket.delay == pytest.approx(5.2)


def test_the_429_of_requests_that_were_under_way_together_count_once() -> None:
    limiter, world = limited(8)
    for _ in range(20):
        world.now += 0.01
        limiter.slow_down(None)

    assert limiter.rate == pytest.approx(4)


def test_the_longest_of_several_waits_holds() -> None:
    limiter, world = limited(10)
    for wait in (1, 20, 2):
        limiter.slow_down(wait)
    limiter.wait()

    assert world.now >= 20


def test_a_door_that_stays_closed_is_tried_ever_more_seldom_and_not_given_up() -> None:
    limiter, world = limited(10)
    limiter.wait()
    times = []
    for _ in range(20):
        limiter.slow_down(None)
        limiter.wait()
        times.append(world.now)

    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[0] < 3
    assert all(4 <= gap < 5 for gap in gaps[5:])
    assert limiter.rate > 5


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Limiter(rate)


SHAPES = {
    "a second, told how long": (10, 1.0, 10, 1.0, 1.1),
    "a second, not told": (10, 1.0, 10, None, 1.1),
    "a second, four times too fast": (10, 1.0, 40, 1.0, 1.3),
    "a second, four times too fast, not told": (10, 1.0, 40, None, 1.3),
    "a second, forty times too fast": (10, 1.0, 400, 1.0, 1.5),
    "a second, forty times too fast, not told": (10, 1.0, 400, None, 2.5),
    "a minute, seven times too fast": (80, 60.0, 10, 10.0, 1.05),
    "a minute, seven times too fast, not told": (80, 60.0, 10, None, 1.05),
}


@pytest.mark.parametrize(("allowed", "window", "rate", "told", "ratio"), SHAPES.values(), ids=SHAPES.keys())
def test_a_vendor_s_limit_is_nearly_used_up(
    allowed: int, window: float, rate: float, told: float | None, ratio: float
) -> None:
    limiter, world = limited(rate)
    vendor = Vendor(world, allowed, window)

    taken = finish(limiter, world, vendor, 600, told)

    assert taken <= ratio * 600 * window / allowed
    assert vendor.refused < 600 / 5


@pytest.mark.parametrize("told", [1.0, None])
@pytest.mark.parametrize("began", [0.0, 10.0])
def test_a_storm_of_429_ends_close_to_the_theoretical_time(told: float | None, began: float) -> None:
    limiter, world = limited(10)
    vendor = Vendor(world, 10, 1.0, storm=(began, began + 20))

    taken = finish(limiter, world, vendor, 600, told)

    assert taken <= 1.1 * (60 + 20)
    assert vendor.refused <= 30


@pytest.mark.parametrize(("asked", "told"), [(35, "35"), (3000, "3,000")])
def test_a_wait_that_is_long_is_the_caller_s_to_plan(asked: float, told: str) -> None:
    limiter, world = limited(10)
    limiter.slow_down(asked)
    with pytest.raises(Unavailable, match=f"the service asked to wait {told} seconds") as caught:
        limiter.wait()
    assert caught.value.retry_after == asked
    assert world.sleeps == []

    world.now += asked
    limiter.wait()
    assert sum(world.sleeps) < 1


def test_a_rate_that_is_slow_is_said_as_such() -> None:
    limiter, world = limited(1 / 100)
    limiter.wait()
    with pytest.raises(
        Unavailable, match="the connection's rate allows the next request in 100 seconds"
    ) as caught:
        limiter.wait()
    assert caught.value.retry_after == 100

    world.now += 100
    limiter.wait()
    assert world.sleeps == []


def test_whose_turn_is_put_off_again_and_again_sleeps_for_a_minute_at_most() -> None:
    world = World()

    def sleep(seconds: float) -> None:
        world.sleep(seconds)
        assert len(world.sleeps) < 9, "it sleeps without end"
        limiter.slow_down(19.9)

    limiter = Limiter(10, clock=world.clock, sleep=sleep)
    limiter.slow_down(19.9)
    with pytest.raises(Unavailable):
        limiter.wait()

    assert SLEEPS * LONGEST_SLEEP - 20.2 < world.now <= SLEEPS * LONGEST_SLEEP


def test_closing_wakes_who_waits_and_lets_nobody_pass() -> None:
    waits, ended = threading.Event(), list[str]()

    def sleep(seconds: float) -> None:
        waits.set()
        limiter._closed.wait(seconds)

    limiter = Limiter(10, sleep=sleep)
    limiter.slow_down(20)

    def wait() -> None:
        with pytest.raises(Unavailable, match="the connection was closed"):
            limiter.wait()
        ended.append("ended")

    threading.Thread(target=wait, daemon=True).start()
    until(waits.is_set, "nobody waits")
    limiter.close()
    until(lambda: ended, "the wait did not end")
    with pytest.raises(Unavailable):
        Limiter.wait(limiter)


def test_many_threads_share_one_rate() -> None:
    world = Shared()
    limiter = Limiter(1000, burst=1, clock=world.clock, sleep=world.sleep)

    def talk() -> None:
        for _ in range(25):
            limiter.wait()

    threads = [threading.Thread(target=talk) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.now >= 199 / 1000 - 1e-6


def test_a_pace_that_went_well_for_a_while_loses_little_and_then_half() -> None:
    bucket = TokenBucket.begin(10, 1, 0.0)
    for second in range(60):
        bucket.advance(second / 10)
        bucket.grant(bucket.book())
    bucket.refuse(0.0)
    assert bucket.rate == pytest.approx(9)

    for second in range(60, 90):
        bucket.advance(second / 10)
        bucket.grant(bucket.book())
    bucket.refuse(0.0)
    assert bucket.rate < 5


def test_a_part_of_the_rate_is_taken_while_others_have_the_rest() -> None:
    limiter, world = limited(10, 4)
    limiter.take_part(0.5)
    assert limiter.full == limiter.rate == 5
    for _ in range(2):
        limiter.wait()
    assert world.now == 0
    for _ in range(10):
        limiter.wait()
    assert world.now == pytest.approx(2)

    limiter.take_part(1)
    assert limiter.rate == 10


def test_a_part_keeps_what_a_429_taught() -> None:
    limiter, _ = limited(10)
    limiter.slow_down(None)
    assert limiter.rate == 5
    limiter.take_part(0.8)

    assert (limiter.rate, limiter.full) == (5, 8)


def test_a_wait_that_another_was_told_is_kept_and_teaches_nothing() -> None:
    limiter, world = limited(10)
    limiter.be_silent(5)
    limiter.be_silent(3)
    limiter.be_silent(0)
    limiter.wait()
    assert world.now == pytest.approx(5.1)
    assert limiter.rate == 10


def test_no_wait_of_another_takes_nothing() -> None:
    limiter, world = limited(10, 4)
    world.sleep(1)
    limiter.be_silent(0)
    for _ in range(4):
        limiter.wait()

    assert world.now == pytest.approx(1)


def test_requests_that_are_refused_in_a_wait_of_another_are_echoes() -> None:
    limiter, _ = limited(10)
    limiter.be_silent(5)
    limiter.slow_down(None)

    assert limiter.rate == 10


def test_waits_that_the_vendor_names_are_told() -> None:
    told: list[float] = []
    limiter = Limiter(10, told=told.append)
    limiter.slow_down(None)
    limiter.slow_down(7)

    assert told == [7]
