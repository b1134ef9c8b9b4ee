"""What we leave at extract.page to find our work again: names of uploads, and the metadata of a batch."""

import json

from docbatch.core.models import WorkItem
from docbatch.providers.base import Batch, Intent
from docbatch.providers.extractpage.replies import RemoteBatch


def upload_name(item: WorkItem) -> str:
    """Name the upload of these bytes as this type, so that other submissions reuse it."""
    return step_name(item.digest, item.media_type)


def step_name(digest: str, media_type: str) -> str:
    return f"file {digest} {media_type}"


def opening_name(batch: Batch) -> str:
    """Name the note of the vendor's time before the create, from which the age of the key is counted."""
    return f"opened {batch.marker}"


def is_of(batch: RemoteBatch, intent: Intent) -> bool:
    """Tell whether a batch at the vendor was made by this very request."""
    sent = json.loads(intent.body)
    marks = sent["metadata"]
    same = all(batch.metadata.get(name) == marks[name] for name in ("marker", "digest"))
    return same and batch.total == len(sent["source"]["file_ids"])


def marker(batch: RemoteBatch) -> str:
    """Return the marker a batch carries; empty for work of others."""
    found = batch.metadata.get("marker")
    return found if isinstance(found, str) else ""
