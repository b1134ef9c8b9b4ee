"""Deliveries as Extend and LlamaCloud sign and send them, for a receiver to be tried with.

Made from the vendors' pages, without a look at the code that verifies them.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from docbatch.emulators.extend.objects import batch_json
from docbatch.emulators.extend.service import ExtendEmulator


@dataclass(frozen=True, slots=True)
class Delivery:
    body: bytes
    headers: Mapping[str, str]

    def send(self, url: str, timeout: float = 10.0) -> int:
        """Deliver, and return the status of the answer."""
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        try:
            connection.request("POST", parts.path, self.body, dict(self.headers))
            return connection.getresponse().status
        finally:
            connection.close()


def from_extend(
    kind: str,
    payload: Mapping[str, object],
    secret: str,
    *,
    event: str = "event_1",
    at: float | None = None,
) -> Delivery:
    """Return a delivery signed at a time (wall time; now when left out)."""
    body = json.dumps({"eventId": event, "eventType": kind, "payload": payload}).encode()
    stamp = str(int(time.time() if at is None else at))
    signer = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    for part in (b"v0", b":", stamp.encode(), b":", body):
        signer.update(part)
    return Delivery(
        body,
        {
            "Content-Type": "application/json",
            "X-Extend-Request-Timestamp": stamp,
            "X-Extend-Request-Signature": signer.hexdigest(),
        },
    )


def from_llamacloud(
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


def about_batches(vendor: ExtendEmulator, secret: str) -> list[Delivery]:
    """Return what Extend sends about the batches that are over."""
    now = vendor.clock()
    shown = [batch_json(batch, now) for batch in vendor.batches.values()]
    return [
        from_extend(f"batch_parse_run.{each['status'].lower()}", each, secret, event=f"event_{each['id']}")
        for each in shown
        if each["status"] in {"PROCESSED", "FAILED"}
    ]
