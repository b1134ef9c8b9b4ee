"""Deliveries as LlamaCloud signs and sends them. Made from the vendor's pages, without a look at the code that verifies them."""

import hmac
import json
import time
from collections.abc import Mapping
from uuid import NAMESPACE_URL, uuid5

from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.server import Emulator
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


def announcements(vendor: Emulator, secret: str) -> dict[str, Delivery]:
    """Return by its id each delivery about a batch or a job that is over."""
    assert isinstance(vendor, LlamaCloud)
    now = vendor.clock()
    told: dict[str, tuple[str, dict[str, object]]] = {}
    for batch in vendor.batches.values():
        if now >= batch.mapped:
            kind = {"COMPLETED": "success", "CANCELLED": "cancelled"}.get(batch.ending, "error")
            told[batch.id] = (f"batch.{kind}", {"id": batch.id, "batch_id": batch.id, "status": batch.ending})
    for job in vendor.jobs.values():
        ended = {"COMPLETED": "success", "FAILED": "error", "CANCELLED": "cancelled"}.get(job.status(now))
        if ended is not None:
            product = job.product.removesuffix("_v2")
            told[job.id] = (f"{product}.{ended}", {"id": job.id, "job_id": job.id})
    events = {f"{kind} {name}": (kind, data) for name, (kind, data) in told.items()}
    return {
        event: delivery(kind, data, secret, event=str(uuid5(NAMESPACE_URL, event)))
        for event, (kind, data) in events.items()
    }
