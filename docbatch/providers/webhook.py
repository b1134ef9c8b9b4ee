"""The contract between `docbatch listen` and a service: how its deliveries are signed, and what of one is looked at."""

import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORD = re.compile(r"[A-Za-z0-9_.:-]{1,200}")

OLDEST = 300.0
AHEAD = 60.0
"""Seconds by which a delivery may be older than now, and by which the vendor's clock may be ahead of ours."""

Headers = Mapping[str, str]


class Malformed(ValueError):
    """An authentic delivery that is not of the shape its vendor documents."""


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery, read: its event's id and kind, when it was sent (vendor time), and what it names."""

    event: str
    kind: str
    sent: float
    ids: tuple[str, ...]
    marker: str | None = None

    def is_fresh(self, now: float) -> bool:
        return -AHEAD <= now - self.sent <= OLDEST


@dataclass(frozen=True, slots=True)
class Webhook:
    """`variable` holds the secret where a project names none. `given` is the signature a request carries, `due` the right one.

    Names of headers are in lower case. `read` is for authentic bodies and raises Malformed.
    """

    variable: str
    given: Callable[[Headers], str]
    due: Callable[[Headers, bytes, str], str]
    read: Callable[[Headers, bytes], Message]

    def is_authentic(self, headers: Headers, body: bytes, secrets: Sequence[str]) -> bool:
        """Compare with every secret in constant time, so that the time taken tells nothing about any of them."""
        given = self.given(headers).encode()
        matches = [hmac.compare_digest(self.due(headers, body, secret).encode(), given) for secret in secrets]
        return any(matches)


def parsed(text: str | bytes) -> Any:
    """Return what a body holds. Raises Malformed."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("the body is no JSON") from None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is a mapping. Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("a mapping is missing")
    return value


def needed_word(found: Mapping[str, Any], name: str) -> str:
    """Return a value that can be an id. Raises Malformed."""
    value = word(found.get(name))
    if value is None:
        raise Malformed(f"{name} is missing or not usable")
    return value


def word(value: Any) -> str | None:
    """Return a value that can be an id; None for anything else, a URL above all."""
    return value if isinstance(value, str) and WORD.fullmatch(value) else None


def words(values: Any) -> tuple[str, ...]:
    """Return those of a list's values that can be ids, each once."""
    found = (word(value) for value in values) if isinstance(values, list) else ()
    return tuple(dict.fromkeys(each for each in found if each is not None))
