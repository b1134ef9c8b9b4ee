"""The vendors whose deliveries are understood: how they sign, and what of a delivery's body is looked at."""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from docbatch.webhooks.hints import word, words

Headers = Mapping[str, str]

OLDEST = 300.0
AHEAD = 60.0
"""Seconds by which a delivery may be older than now, and by which the vendor's clock may be ahead of ours."""


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
class Vendor:
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


_EXTEND_SIGNATURE = "x-extend-request-signature"
_EXTEND_TIMESTAMP = "x-extend-request-timestamp"


def _extend_due(headers: Headers, body: bytes, secret: str) -> str:
    signed = b"v0:" + headers.get(_EXTEND_TIMESTAMP, "").encode() + b":" + body
    return hmac.new(secret.encode(), signed, "sha256").hexdigest()


def _extend_read(headers: Headers, body: bytes) -> Message:
    found = _mapping(_parsed(body))
    payload = _mapping(found.get("payload"))
    metadata = payload.get("metadata")
    marker = metadata.get("submission") if isinstance(metadata, dict) else None
    stamp = headers.get(_EXTEND_TIMESTAMP, "")
    if not stamp.isdecimal() or len(stamp) > 12:
        raise Malformed("the timestamp is no number of seconds")
    ids = words([payload.get("id"), payload.get("batchId")])
    return Message(_word(found, "eventId"), _word(found, "eventType"), float(stamp), ids, word(marker))


def _llamacloud_due(_: Headers, body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def _llamacloud_read(_: Headers, body: bytes) -> Message:
    found = _parsed(body)
    # By default the vendor wraps its JSON into a JSON string.
    found = _mapping(_parsed(found) if isinstance(found, str) else found)
    inside = _mapping(found.get("data"))
    ids = words([inside.get(name) for name in ("id", "job_id", "batch_id")])
    return Message(
        _word(found, "event_id"), _word(found, "event_type"), _seconds(found.get("timestamp")), ids
    )


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("the body is no JSON") from None


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("a mapping is missing")
    return value


def _word(found: Mapping[str, Any], name: str) -> str:
    value = word(found.get(name))
    if value is None:
        raise Malformed(f"{name} is missing or not usable")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise Malformed("the timestamp is no number of seconds")
    return float(value)


VENDORS: Final[Mapping[str, Vendor]] = {
    "extend": Vendor(
        variable="EXTEND_WEBHOOK_SECRET",
        given=lambda headers: headers.get(_EXTEND_SIGNATURE, ""),
        due=_extend_due,
        read=_extend_read,
    ),
    "llamacloud": Vendor(
        variable="LLAMA_CLOUD_WEBHOOK_SECRET",
        given=lambda headers: headers.get("lc-signature", ""),
        due=_llamacloud_due,
        read=_llamacloud_read,
    ),
}
"""By type of connection."""
