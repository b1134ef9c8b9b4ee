"""Hours in which something may be sent."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from docbatch.core.report import by_deadline
from docbatch.core.windows import SendingWindow

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
