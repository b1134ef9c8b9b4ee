import json
import math
from datetime import UTC, date, datetime
from typing import Any

import pytest

from docbatch.sinks.rows.casts import JsonText, cast


@pytest.mark.parametrize(
    ("to", "value", "kept"),
    [
        ("text", "a\ud800b", "a?b"),
        ("text", "nul \0", "nul \0"),
        ("text", "", ""),
        ("text", 1.5, "1.5"),
        ("text", True, "true"),
        ("text", {"a": [1, None]}, '{"a":[1,null]}'),
        ("text", 10**30, str(10**30)),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("integer", " +7 ", 7),
        ("integer", "-7.000", -7),
        ("integer", "1e3", 1000),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", "9223372036854775807", 2**63 - 1),
        ("integer", "9007199254740993.0", 9007199254740993),
        ("integer", -(2**63), -(2**63)),
        ("number", 7, 7.0),
        ("number", "1.25e-3", 0.00125),
        ("number", " -0 ", 0.0),
        ("boolean", True, True),
        ("boolean", " FALSE", False),
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("date", " 2024-02-29 ", date(2024, 2, 29)),
        ("timestamp", "2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("timestamp", "2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("timestamp", "2026-01-31T12:00:00.25+02:00", datetime(2026, 1, 31, 10, 0, 0, 250_000, tzinfo=UTC)),
        ("timestamp", "2026-01-31 12:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("json", {"a": (1, "ä")}, '{"a":[1,"ä"]}'),
        ("json", "text", '"text"'),
        ("json", JsonText('{"is": "json"}'), '{"is": "json"}'),
        ("json", math.nan, "null"),
        ("json", 10**30, str(10**30)),
    ],
)
def test_what_can_be_cast_is(to: str, value: object, kept: object) -> None:
    found = cast(value, to)

    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize("to", ["text", "integer", "number", "boolean", "date", "timestamp", "json"])
def test_nothing_stays_nothing(to: str) -> None:
    assert cast(None, to) is None


NO_VALUES: dict[str, tuple[Any, ...]] = {
    "integer": (
        *(True, 7.5, "7.5", "", "seven", "1_000", "٣", math.nan, math.inf, [7], {}),
        *(2**63, -(2**63) - 1, "9223372036854775808", 1e19, "9" * 6000, "1e400000000"),
        *("NaN", "sNaN", "Infinity", "0x10", "--5", "5-"),
    ),
    "number": (True, "", "1,5", "1_0", "½", "nan", "-inf", math.nan, 10**400, "1e999", []),
    "boolean": (1, 0, "yes", "", "1", [True], 1.0),
    "date": ("31.01.2026", "2026-02-30", "", "2026-01-31T12:00:00Z", 20260131, []),
    "timestamp": ("noon", "", "12:00", 1769860800, "0001-01-01T00:00:00+23:00", "2026-01-31T25:00:00"),
}


@pytest.mark.parametrize(
    ("to", "value"), [(to, value) for to, values in NO_VALUES.items() for value in values]
)
def test_what_cannot_be_cast_is_refused_and_said(to: str, value: Any) -> None:
    with pytest.raises(ValueError, match=" is no ") as refused:
        cast(value, to)

    assert len(str(refused.value)) < 150


@pytest.mark.parametrize(
    ("to", "value", "said"),
    [
        ("integer", "a lot", "'a lot' is no whole number of 64 bits"),
        ("number", "1,5", "'1,5' is no number"),
        ("boolean", "yes", "'yes' is no true or false"),
        ("date", "31.01.2026", "'31.01.2026' is no date such as 2026-01-31"),
        ("timestamp", "noon", "'noon' is no time such as 2026-01-31T12:00:00Z"),
        ("number", "x" * 99, f"'{'x' * 17}...{'x' * 18}' is no number"),
    ],
)
def test_messages(to: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=" is no ") as refused:
        cast(value, to)

    assert str(refused.value) == said


def test_a_number_too_long_to_be_shown_is_refused() -> None:
    with pytest.raises(ValueError, match="a number of thousands of digits is no whole number of 64 bits"):
        cast(10**6000, "integer")


def test_deep_structures_are_refused_and_end_nothing() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    for to in ("json", "text", "integer"):
        with pytest.raises(ValueError, match=" is no "):
            cast(deep, to)


def test_json_is_read_back_as_it_was() -> None:
    value = {"a": [1, 2.5, None, True, "\u2028"], "b": {"c": "x" * 1000}}

    assert json.loads(str(cast(value, "json"))) == value
