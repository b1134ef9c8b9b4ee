"""A file is whole once it was the same for a while; nothing but what was seen of it decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.settling import LONGEST_HOLD, FileSighting, heard, judge

SETTLE = 5.0
ONE, OTHER = b"1", b"2"


def followed(*seen: tuple[float, bytes], is_open: bool = False) -> FileSighting:
    """Return what is known of a file after these looks."""
    now: FileSighting | None = None
    for at, status in seen:
        now = judge(now, status, at, SETTLE, lambda: is_open)
    assert now is not None
    return now


def test_a_file_is_not_taken_at_first_sight_whatever_its_times_say() -> None:
    first = followed((100.0, ONE))

    assert not first.settled
    assert first.look_at == 105.0


def test_a_file_that_stayed_the_same_is_whole() -> None:
    assert followed((0.0, ONE), (5.0, ONE)).settled


def test_looks_in_between_put_nothing_off() -> None:
    assert followed((0.0, ONE), (3.0, ONE), (4.9, ONE)).look_at == 5.0
    assert followed((0.0, ONE), (3.0, ONE), (5.0, ONE)).settled


def test_each_change_begins_the_wait_anew() -> None:
    now = followed((0.0, ONE), (4.0, OTHER), (8.0, OTHER))

    assert not now.settled
    assert now.look_at == 9.0
    assert now.changing_since == 0.0


def test_a_file_that_changes_after_it_was_whole_changes_since_then() -> None:
    assert followed((0.0, ONE), (5.0, ONE), (60.0, OTHER)).changing_since == 60.0


def test_what_is_open_for_writing_is_not_whole_however_long_its_writer_pauses() -> None:
    now = followed((0.0, ONE), (50.0, ONE), is_open=True)

    assert not now.settled
    assert now.look_at == 55.0


def test_what_somebody_only_keeps_open_is_whole_in_the_end() -> None:
    assert followed((0.0, ONE), (LONGEST_HOLD, ONE), is_open=True).settled


def test_nobody_is_asked_who_writes_where_that_decides_nothing() -> None:
    def refuse() -> bool:
        pytest.fail("asked")

    judge(judge(None, ONE, 0.0, SETTLE, refuse), ONE, 4.0, SETTLE, refuse)


def test_what_was_heard_of_counts_as_changed_although_its_status_is_the_same() -> None:
    settled = followed((0.0, ONE), (5.0, ONE))
    now = heard(settled, ONE, 6.0, SETTLE)

    assert now == FileSighting(ONE, 6.0, 6.0, 11.0)
    assert heard(now, ONE, 8.0, SETTLE).changing_since == 6.0
    assert heard(None, ONE, 8.0, SETTLE).changing_since == 8.0


@given(st.lists(st.tuples(st.floats(0.01, 20.0), st.sampled_from([ONE, OTHER])), min_size=1, max_size=30))
def test_whole_means_seen_alike_over_the_time(steps: list[tuple[float, bytes]]) -> None:
    at, looks = 0.0, []
    for step, status in steps:
        at += step
        looks.append((at, status))
    alike = [looks[-1][0]]
    for when, status in reversed(looks):
        if status != looks[-1][1]:
            break
        alike.append(when)

    assert followed(*looks).settled == (max(alike) - min(alike) >= SETTLE)
