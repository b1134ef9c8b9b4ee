"""Hours in which something may be sent."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from docbatch.core.report import by_deadline
from docbatch.core.windows import Overlap, SendingHours, SendingWindow

NIGHT = SendingWindow(time(22), time(6), UTC)
DAY = SendingWindow(time(9), time(17, 30), UTC)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        (NIGHT, "2026-11-29T21:59+00:00", "2026-11-29T22:00+00:00"),
        (NIGHT, "2026-11-29T22:00+00:00", None),
        (NIGHT, "2026-11-29T00:00+00:00", None),
        (NIGHT, "2026-11-29T05:59+00:00", None),
        (NIGHT, "2026-11-29T06:00+00:00", "2026-11-29T22:00+00:00"),
        (DAY, "2026-11-29T08:59+00:00", "2026-11-29T09:00+00:00"),
        (DAY, "2026-11-29T09:00+00:00", None),
        (DAY, "2026-11-29T17:29+00:00", None),
        (DAY, "2026-12-31T17:30+00:00", "2027-01-01T09:00+00:00"),
    ],
)
def test_when_a_window_opens(window: SendingWindow, now: str, opens: str | None) -> None:
    assert window.opens_at(at(now)) == (None if opens is None else at(opens))


def test_the_clocks_of_its_zone_are_meant_in_summer_and_in_winter() -> None:
    berlin = SendingWindow(time(22), time(6), ZoneInfo("Europe/Berlin"))

    assert berlin.opens_at(at("2026-07-01T12:00+00:00")) == at("2026-07-01T20:00+00:00")
    assert berlin.opens_at(at("2026-11-01T12:00+00:00")) == at("2026-11-01T21:00+00:00")


def test_an_hour_that_is_left_out_does_not_keep_it_closed() -> None:
    berlin = SendingWindow(time(2, 30), time(4), ZoneInfo("Europe/Berlin"))

    opens = berlin.opens_at(at("2026-03-29T00:30+00:00"))

    assert opens is not None
    assert at("2026-03-29T00:30+00:00") < opens <= at("2026-03-29T01:30+00:00")


def test_a_window_says_when_it_is_open() -> None:
    assert NIGHT.shown == "22:00-06:00 UTC"


def test_when_what_waits_is_sent_at_the_latest_is_said_with_its_day() -> None:
    assert by_deadline(at("2001-02-03T12:00+00:00")).startswith("by 2001-02-0")
    assert by_deadline(at("2001-02-03T12:00+00:00")).endswith(" at the latest, outside the window")


QUIET = SendingWindow(time(21), time(6), UTC)


@pytest.mark.parametrize(
    ("begin", "end", "lies"),
    [
        (time(21), time(6), Overlap.WHOLE),
        (time(22), time(5), Overlap.WHOLE),
        (time(0), time(6), Overlap.WHOLE),
        (time(21), time(6, 1), Overlap.PART),
        (time(20, 59), time(6), Overlap.PART),
        (time(5, 59), time(9), Overlap.PART),
        (time(3), time(2), Overlap.PART),
        (time(20), time(7), Overlap.PART),
        (time(6), time(21), Overlap.NONE),
        (time(9), time(17), Overlap.NONE),
    ],
)
def test_how_a_window_lies_to_hours(begin: time, end: time, lies: Overlap) -> None:
    assert SendingHours(SendingWindow(begin, end, UTC)).within(QUIET) is lies


@pytest.mark.parametrize(
    ("window", "lies"),
    [
        # From 21:00 to 05:00 in winter, and from 20:00 to 04:00 in summer.
        (SendingWindow(time(22), time(6), ZoneInfo("Europe/Berlin")), Overlap.PART),
        (SendingWindow(time(23), time(6), ZoneInfo("Europe/Berlin")), Overlap.WHOLE),
        (SendingWindow(time(8), time(22), ZoneInfo("Europe/Berlin")), Overlap.NONE),
        (SendingWindow(time(6), time(15), ZoneInfo("Asia/Tokyo")), Overlap.WHOLE),
    ],
)
def test_the_clocks_of_all_the_coming_year_count(window: SendingWindow, lies: Overlap) -> None:
    assert SendingHours(window, day=20_786).within(QUIET) is lies


def test_what_need_not_keep_to_a_window_may_be_sent_at_any_hour() -> None:
    assert SendingHours(QUIET).within(QUIET) is Overlap.WHOLE
    assert SendingHours(QUIET, may_leave=True).within(QUIET) is Overlap.PART
    assert SendingHours().within(QUIET) is Overlap.PART
    assert SendingHours(QUIET).within(None) is Overlap.PART
