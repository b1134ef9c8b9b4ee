"""Time left: nothing while too little is known, smoothed afterwards, and never a jump."""

from itertools import pairwise

import pytest

from docbatch.core.time_left import TimeLeft, left_text, rate_text


def test_nothing_is_said_before_enough_ended_at_two_moments_some_seconds_in() -> None:
    left = TimeLeft(0.0)
    assert left.seconds(60.0, 100) is None
    assert left.rate(60.0) is None
    left.note(61.0, 50)
    assert left.seconds(62.0, 50) is None
    left.note(63.0, 1)
    assert left.seconds(64.0, 49) is not None

    early = TimeLeft(0.0)
    early.note(1.0, 10)
    early.note(2.0, 10)
    assert early.seconds(5.0, 100) is None
    assert early.seconds(10.0, 100) is not None


def test_an_even_run_is_told_as_it_is() -> None:
    left = TimeLeft(0.0)
    for second in range(1, 101):
        left.note(float(second), 2)

    assert left.rate(100.0) == pytest.approx(2.0)
    assert left.seconds(100.0, 600) == pytest.approx(300.0)


def test_documents_that_end_many_at_a_time_do_not_make_it_jump() -> None:
    left = TimeLeft(0.0)
    rest, told = 20_000, []
    for second in range(1, 3601):
        if second % 120 == 0:
            left.note(float(second), 500)
            rest -= 500
        found = left.seconds(float(second), rest)
        if found is not None:
            told.append(found)

    steps = [after - before for before, after in pairwise(told)]
    assert max(map(abs, steps)) < 0.05 * max(told)
    assert told[-1] == pytest.approx(5_000 * 120 / 500, rel=0.25)


def test_it_counts_down_while_nothing_is_told_and_follows_what_has_changed() -> None:
    left = TimeLeft(0.0)
    for second in range(1, 61):
        left.note(float(second), 1)
    first = left.seconds(60.0, 600)
    assert first is not None
    soon = left.seconds(61.0, 600)
    assert soon is not None
    assert soon < first + 5
    later = left.seconds(600.0, 600)
    assert later is not None
    assert later > first, "nothing has ended for nine minutes"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than a minute left"),
        (60, "less than a minute left"),
        (61, "about 2 min left"),
        (600, "about 10 min left"),
        (601, "about 15 min left"),
        (7200, "about 120 min left"),
        (7201, "about 3 h left"),
        (48 * 3600, "about 48 h left"),
        (49 * 3600, "about 3 d left"),
    ],
)
def test_it_is_said_in_steps_as_coarse_as_it_is(seconds: float, text: str) -> None:
    assert left_text(seconds) == text


def test_a_rate_is_said_in_the_unit_that_gives_a_number_to_read() -> None:
    assert [rate_text(rate) for rate in (1234.5, 1, 0.5, 0.01)] == [
        "1,234.5/s",
        "1.0/s",
        "30.0/min",
        "36.0/h",
    ]
