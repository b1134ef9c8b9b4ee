"""Values as columns keep them. What cannot be cast is an error of its document, and never another value."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from reprlib import Repr
from typing import Any

from docbatch.sinks.formats import clean, json_value

Value = str | int | float | bool | date | datetime | None
"""What a cell of a row may be. JSON is text."""


class JsonText(str):
    """Text that is JSON already."""

    __slots__ = ()


_LARGEST = 1 << 63
_SHOWN = 40
_BOOLEANS = ("false", "true")


def cast(value: Any, to: str) -> Value:
    """Return a value as a column of this type keeps it; null stays null. Raises ValueError, which says what the value is not."""
    if value is None:
        return None
    try:
        return _CASTS[to](value)
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"{_shown(value)} is no {_CALLED.get(to, to)}") from error


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)
    return json_value(value).decode()


def _as_integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    number = (
        int(value)
        if isinstance(value, int)
        else _whole(Decimal(_plain(value) if isinstance(value, str) else value))
    )
    if not -_LARGEST <= number < _LARGEST:
        raise OverflowError
    return number


def _whole(value: Decimal) -> int:
    # A few characters may name a number that no memory holds.
    if not value.is_finite() or abs(value) > _LARGEST or value != value.to_integral_value():
        raise ValueError
    return int(value)


def _as_number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(_plain(value) if isinstance(value, str) else value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _plain(text: str) -> str:
    """Return the digits of a number without space around it; Python would take other digits and underscores, too."""
    text = text.strip()
    if "_" in text or not text.isascii():
        raise ValueError
    return text


def _as_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return _BOOLEANS.index(value.strip().lower()) == 1


def _as_date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value.strip())


def _as_timestamp(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value.strip())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _as_json(value: Any) -> str:
    return str(value) if isinstance(value, JsonText) else json_value(value).decode()


_CASTS: Mapping[str, Callable[[Any], Value]] = {
    "text": _as_text,
    "integer": _as_integer,
    "number": _as_number,
    "boolean": _as_boolean,
    "date": _as_date,
    "timestamp": _as_timestamp,
    "json": _as_json,
}
_CALLED = {
    "integer": "whole number of 64 bits",
    "boolean": "true or false",
    "date": "date such as 2026-01-31",
    "timestamp": "time such as 2026-01-31T12:00:00Z",
    "json": "value that JSON has",
    "text": "text",
}


def _shown(value: object) -> str:
    """Return a value as a person may recognise it, however large or deep it is."""
    shown = Repr()
    shown.maxlevel, shown.maxlist, shown.maxdict = 2, 3, 3
    shown.maxstring = shown.maxother = _SHOWN
    try:
        text = shown.repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 2 * _SHOWN else f"{text[: 2 * _SHOWN]}…"
