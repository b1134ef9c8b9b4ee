"""JSON: reading it, the large answers of vendors above all, and writing it for whoever reads our output."""

import json
import math
import re
from typing import Any

from pydantic_core import from_json

from docbatch.core.outside_text import printed_json, whole

MOST_WEIGHT = 40_000_000
"""What a text may weigh that is read: some gigabytes of values, which the results of thousands of pages stay far below.

A comma weighs one, a bracket four: an empty list takes 20 times the memory of its text, words take hardly more than theirs.
"""
MOST_NESTED = 200
"""How deep lists and objects may lie in each other: as deep as what looks through a value, calling itself, can go."""
_BRACKET = 4
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*+"?', re.DOTALL)


class TooHeavy(ValueError):
    """The text is small beside what it would take to hold what it says."""


def parse(content: bytes | str, *, finite: bool = False, most: int = MOST_WEIGHT) -> Any:
    """Return the value that JSON text says, as `json.loads` does, in a fraction of the time.

    Half a character is read as a replacement character. Raises ValueError for what is not JSON, which with `finite` NaN and
    infinity are not, TooHeavy for what weighs more than `most`, and RecursionError for what is nested too deeply.
    """
    if _weighs_more(content, most):
        raise TooHeavy("it has too many values to be read")
    try:
        return from_json(content, allow_inf_nan=False)
    except ValueError:
        # The fast reader is stricter: about halves of characters, encodings and what is no number.
        found = json.loads(content, parse_constant=_refuse_constant if finite else None)
    return mended(found)


def mended(value: Any) -> Any:
    """Return a value as JSON gives it whose texts every encoding takes. Lists and objects are changed in place.

    Raises RecursionError for what is nested more deeply than `MOST_NESTED`.
    """
    if isinstance(value, str):
        return whole(value)
    left = [(value, 1)]
    while left:
        inner, depth = left.pop()
        if depth > MOST_NESTED and isinstance(inner, list | dict):
            raise RecursionError("it is nested too deeply")
        if isinstance(inner, list):
            inner[:] = (whole(each) if isinstance(each, str) else each for each in inner)
            left.extend((each, depth + 1) for each in inner if isinstance(each, list | dict))
        elif isinstance(inner, dict):
            pairs = [
                (whole(name), whole(each) if isinstance(each, str) else each) for name, each in inner.items()
            ]
            inner.clear()
            inner.update(pairs)
            left.extend((each, depth + 1) for each in inner.values() if isinstance(each, list | dict))
    return value


def written(value: Any, *, indent: int | None = None) -> str:
    """Return a value as JSON for a terminal or a program: no half of a character, no number that is none, nothing unseen."""
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(finite_value(value), indent=indent, ensure_ascii=False)
    return printed_json(text)


def finite_value(value: Any) -> Any:
    """Return a value without numbers that JSON cannot say. Raises RecursionError for what is nested too deeply."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: finite_value(each) for name, each in value.items()}
    return [finite_value(each) for each in value] if isinstance(value, list | tuple) else value


def _weighs_more(content: bytes | str, most: int) -> bool:
    if len(content) * _BRACKET <= most or _weight(content) <= most:
        return False
    # Words have commas, too, which count for nothing.
    encoded = content.encode(errors="replace") if isinstance(content, str) else content
    if encoded.count(b'"') - encoded.count(b'\\"') > 2 * most:
        return True
    weight = start = 0
    for words in _STRING.finditer(encoded):
        weight += 1 + _weight(encoded[start : words.start()])
        start = words.end()
        if weight > most:
            return True
    return weight + _weight(encoded[start:]) > most


def _weight(content: bytes | str) -> int:
    if isinstance(content, str):
        return content.count(",") + _BRACKET * (content.count("[") + content.count("{"))
    return content.count(b",") + _BRACKET * (content.count(b"[") + content.count(b"{"))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
