"""Deliveries as Extend signs and sends them. Made from the vendor's pages, without a look at the code that verifies them."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping

from docbatch.emulators.extend.objects import batch_json
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Emulator
from docbatch.emulators.webhooks import Delivery


def delivery(
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


def about_batches(vendor: ExtendEmulator, secret: str) -> list[Delivery]:
    """Return what Extend sends about the batches that are over."""
    now = vendor.clock()
    shown = [batch_json(batch, now) for batch in vendor.batches.values()]
    return [
        delivery(f"batch_parse_run.{each['status'].lower()}", each, secret, event=f"event_{each['id']}")
        for each in shown
        if each["status"] in {"PROCESSED", "FAILED"}
    ]


def announcements(vendor: Emulator, secret: str) -> dict[str, Delivery]:
    """Return by its id each delivery about a batch that is over, of every operation."""
    assert isinstance(vendor, ExtendEmulator)
    now = vendor.clock()
    found = {}
    for batch in vendor.batches.values():
        shown = batch_json(batch, now)
        if shown["status"] in {"PROCESSED", "FAILED"}:
            about = "batch_parse_run" if batch.operation == "parse" else "batch_processor_run"
            kind, event = f"{about}.{shown['status'].lower()}", f"event_{batch.id}"
            found[event] = delivery(kind, shown, secret, event=event)
    return found
