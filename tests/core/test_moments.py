"""Moments as they are said: to programs, and to people."""

import pytest

from docbatch.core.hindrance import Hindrance, recorded_text
from docbatch.core.moments import day_text, iso_moment, iso_moment_or_none, iso_of_text, moment_text

NEW_YEAR = 1_767_225_600.0


def test_a_moment_is_said_in_utc_to_the_second() -> None:
    assert iso_moment(NEW_YEAR + 0.9) == "2026-01-01T00:00:00Z"
    assert iso_of_text("2026-01-01T01:00:00.250+01:00") == "2026-01-01T00:00:00Z"
    assert (iso_moment_or_none(NEW_YEAR), iso_moment_or_none(None)) == ("2026-01-01T00:00:00Z", None)
    assert (moment_text(NEW_YEAR), day_text(NEW_YEAR)) == ("2026-01-01 00:00:00 UTC", "2026-01-01")


@pytest.mark.parametrize("beyond", [1e12, float("inf")])
def test_what_calendars_do_not_reach_is_the_last_that_they_do(beyond: float) -> None:
    assert iso_moment(beyond).startswith("9999-12-31T23:59:5")
    assert day_text(beyond) == "9999-12-31"


def test_a_hindrance_is_said_with_its_moments() -> None:
    met = Hindrance("extend", "create", "answered 429", "slow down", NEW_YEAR, NEW_YEAR + 60, None, 2)

    values = met.values()

    assert (values["since"], values["last"], values["next"]) == (
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:01:00Z",
        None,
    )
    assert "since 2026-01-01 00:00:00 UTC, last 2026-01-01 00:01:00 UTC" in recorded_text(met)
