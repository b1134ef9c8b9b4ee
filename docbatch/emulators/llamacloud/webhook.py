"""Deliveries as LlamaCloud signs and sends them. Made from the vendor's pages, without a look at the code that verifies them."""

import hmac
import json
import time
from collections.abc import Mapping

from docbatch.emulators.webhooks import Delivery


def delivery(
    kind: str,
    data: Mapping[str, object],
    secret: str,
    *,
    event: str = "5a1a0a3e-0000-4000-8000-000000000001",
    at: float | None = None,
    output_format: str = "string",
) -> Delivery:
    """Return a delivery; in the vendor's default format its body is JSON inside a JSON string."""
    sent = time.time() if at is None else at
    text = json.dumps({"event_id": event, "event_type": kind, "timestamp": sent, "data": data})
    body = (json.dumps(text) if output_format == "string" else text).encode()
    return Delivery(
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": "llamaindex-webhook-service/1.0",
            "X-Webhook-Event-ID": event,
            "X-Webhook-Event-Type": kind,
            "LC-Signature": "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex(),
        },
    )
