"""LlamaCloud's deliveries: the body is signed, and holds the time, the event and the ids of what it is about."""

import hmac
from typing import Any

from docbatch.providers.webhook import (
    Headers,
    Malformed,
    Message,
    Webhook,
    mapping,
    needed_word,
    parsed,
    words,
)


def _due(_: Headers, body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def _read(_: Headers, body: bytes) -> Message:
    found = parsed(body)
    # By default the vendor wraps its JSON into a JSON string.
    found = mapping(parsed(found) if isinstance(found, str) else found)
    inside = mapping(found.get("data"))
    ids = words([inside.get(name) for name in ("id", "job_id", "batch_id")])
    event, kind = needed_word(found, "event_id"), needed_word(found, "event_type")
    return Message(event, kind, _seconds(found.get("timestamp")), ids)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise Malformed("the timestamp is no number of seconds")
    return float(value)


WEBHOOK = Webhook(
    variable="LLAMA_CLOUD_WEBHOOK_SECRET",
    given=lambda headers: headers.get("lc-signature", ""),
    due=_due,
    read=_read,
)
