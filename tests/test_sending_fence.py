"""A request leaves soon after its record, or not at all."""

import pytest

from docbatch import sending_fence
from docbatch.core.errors import NotSent
from docbatch.sending_fence import (
    LEAVES_WITHIN,
    FenceTime,
    check_fence,
    fence_time,
    may_leave,
    record_began,
    recorded_at,
    seconds_left,
)

DAY = 86400.0


@pytest.mark.parametrize(
    ("running", "wall", "leaves"),
    [
        (0, 0, True),
        (LEAVES_WITHIN, LEAVES_WITHIN, True),
        (31, 5, False),
        (5, 31, False),
        (5, -1, False),
        (5, DAY, False),
    ],
)
def test_a_request_leaves_soon_after_its_record_by_both_clocks(
    running: float, wall: float, *, leaves: bool
) -> None:
    assert may_leave(FenceTime(100, 100), FenceTime(100 + running, 100 + wall)) is leaves


def test_both_clocks_of_this_machine_run() -> None:
    began = fence_time()

    assert may_leave(began, fence_time())


def test_what_is_recorded_on_this_disk_may_leave_at_any_time() -> None:
    with recorded_at(None):
        check_fence()
        assert seconds_left(record_began()) == float("inf")


def test_a_thread_is_held_to_the_record_of_what_it_creates_and_to_no_other() -> None:
    now = fence_time()
    with recorded_at(FenceTime(now.running - DAY, now.wall - DAY)):
        with pytest.raises(NotSent, match="older than 30 s: this process was stopped, or the store") as late:
            check_fence()
        with recorded_at(now):
            check_fence()
        with pytest.raises(NotSent):
            check_fence()
    check_fence()

    assert late.value.general


@pytest.mark.parametrize(
    ("running", "wall", "left"), [(0, 0, 30), (10, 12, 18), (12, 10, 18), (30, 30, 0), (DAY, 1, 0)]
)
def test_what_is_left_is_what_both_clocks_leave(
    running: float, wall: float, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_fence, "fence_time", lambda: FenceTime(100 + running, 100 + wall))

    assert seconds_left(FenceTime(100, 100)) == left
