"""Serial numbers of spreadsheets as dates and times, the way a format code shows them."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from docbatch.providers.local.office.sheets import calendar_names
from docbatch.providers.local.office.sheets.calendar_names import CalendarNames
from docbatch.providers.local.office.sheets.format_code import CodeToken, FormatSection

_DAY = 86_400
_LAST = 2_958_465
"""The serial number of 31 December 9999."""
_LEAP = 60
"""The 29 February 1900, which there was none of: serial numbers count it nevertheless."""
_FROM_1904 = 1462


@dataclass(frozen=True, slots=True)
class _Moment:
    year: int
    month: int
    day: int
    weekday: int
    seconds: float
    """Since midnight."""
    total: float
    """Seconds since the first day of all."""


def shown(value: float, section: FormatSection, *, is_1904: bool) -> str | None:
    """Return a serial number as a date or time, None where it is none."""
    tokens, names = section.tokens, calendar_names.named(section.language)
    moment = _moment(value, _precision(tokens), is_1904=is_1904)
    if moment is None:
        return None
    half = any(token.text in {"AM/PM", "A/P"} for token in tokens)
    return "".join(
        token.text
        if token.kind == "literal"
        else _part(token, moment, names, is_minute=_is_minute(tokens, at), half=half)
        for at, token in enumerate(tokens)
    ).strip()


def iso(value: float, *, is_1904: bool = False) -> str:
    """Return a serial number as a date, with its time where it has one."""
    moment = _moment(value, 0, is_1904=is_1904)
    if moment is None:
        return ""
    date = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    minutes, second = divmod(int(moment.seconds), 60)
    return date if not moment.seconds else f"{date} {minutes // 60:02}:{minutes % 60:02}:{second:02}"


def _precision(tokens: Sequence[CodeToken]) -> int:
    return max(
        (len(token.text) - 1 for token in tokens if token.kind == "date" and token.text[0] == "."), default=0
    )


def _moment(value: float, precision: int, *, is_1904: bool) -> _Moment | None:
    if not math.isfinite(value):
        return None
    total = round(value * _DAY, min(precision, 6))
    days, seconds = divmod(total, _DAY)
    serial = int(days) + (_FROM_1904 if is_1904 else 0)
    if not 0 <= serial <= _LAST or value < 0:
        return None
    year, month, day = _date(serial)
    return _Moment(year, month, day, (serial - 2) % 7, seconds, total)


def _date(serial: int) -> tuple[int, int, int]:
    if serial == 0:
        return 1900, 1, 0
    if serial == _LEAP:
        return 1900, 2, 29
    base = dt.date(1899, 12, 31) if serial < _LEAP else dt.date(1899, 12, 30)
    date = base + dt.timedelta(serial)
    return date.year, date.month, date.day


def _is_minute(tokens: Sequence[CodeToken], at: int) -> bool:
    """Whether a run of `m` is of minutes: it follows an hour or is followed by seconds."""
    if tokens[at].text not in {"m", "mm"}:
        return False
    before = next((each for each in reversed(tokens[:at]) if each.kind != "literal"), None)
    after = next((each for each in tokens[at + 1 :] if each.kind != "literal"), None)
    follows = before is not None and before.text[0] == "h"
    return follows or (after is not None and after.text[0] == "s")


def _part(token: CodeToken, moment: _Moment, names: CalendarNames, *, is_minute: bool, half: bool) -> str:
    text = token.text
    if token.kind == "elapsed":
        unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
        return f"{int(moment.total // unit):0{len(text)}}"
    if text in {"AM/PM", "A/P"}:
        return text.split("/")[moment.seconds >= _DAY / 2]
    if text[0] in "hs." or is_minute:
        return _time(text, moment.seconds, half=half)
    return _calendar(text, moment, names)


def _time(text: str, seconds: float, *, half: bool) -> str:
    whole = int(seconds)
    if text[0] == ".":
        return f"{seconds - whole:.{len(text) - 1}f}"[1:]
    if text[0] == "h":
        hour = whole // 3600
        number = (hour % 12 or 12) if half else hour
    else:
        number = whole // 60 % 60 if text[0] == "m" else whole % 60
    return f"{number:0{min(len(text), 2)}}"


def _calendar(text: str, moment: _Moment, names: CalendarNames) -> str:
    letter, length = text[0], len(text)
    if letter in "ye":
        return f"{moment.year % 100:02}" if letter == "y" and length < 3 else f"{moment.year:04}"
    if letter == "b":
        return f"{(moment.year + 543) % 100:02}" if length < 3 else f"{moment.year + 543:04}"
    if letter == "g":
        return ""
    number = moment.month if letter == "m" else moment.day
    if length < 3 and letter != "a":
        return f"{number:0{length}}"
    if letter == "m":
        return names.month(moment.month, length)
    return names.weekday(moment.weekday, length)
