"""Extend's deliveries: signed over a time in a header, with runs and batches by their ids."""

import hmac

from docbatch.providers.webhook import (
    Headers,
    Malformed,
    Message,
    Webhook,
    mapping,
    needed_word,
    parsed,
    word,
    words,
)

SIGNATURE = "x-extend-request-signature"
TIMESTAMP = "x-extend-request-timestamp"


def _due(headers: Headers, body: bytes, secret: str) -> str:
    signed = b"v0:" + headers.get(TIMESTAMP, "").encode() + b":" + body
    return hmac.new(secret.encode(), signed, "sha256").hexdigest()


def _read(headers: Headers, body: bytes) -> Message:
    found = mapping(parsed(body))
    payload = mapping(found.get("payload"))
    metadata = payload.get("metadata")
    marker = metadata.get("submission") if isinstance(metadata, dict) else None
    stamp = headers.get(TIMESTAMP, "")
    if not stamp.isdecimal() or len(stamp) > 12:
        raise Malformed("the timestamp is no number of seconds")
    ids = words([payload.get("id"), payload.get("batchId")])
    event, kind = needed_word(found, "eventId"), needed_word(found, "eventType")
    return Message(event, kind, float(stamp), ids, word(marker))


WEBHOOK = Webhook(
    variable="EXTEND_WEBHOOK_SECRET",
    given=lambda headers: headers.get(SIGNATURE, ""),
    due=_due,
    read=_read,
)
