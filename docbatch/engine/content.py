"""Opening an item's bytes for a provider: what is handed over is what was planned, or nothing."""

import hashlib
from io import BytesIO
from typing import BinaryIO

from docbatch.models import WorkItem
from docbatch.providers.base import ContentChanged
from docbatch.sources.content import ContentError, open_content

CHUNK = 1 << 20


def open_item(item: WorkItem) -> BinaryIO:
    """Open the item's file after making sure of its bytes. Raises ContentChanged."""
    try:
        stream = open_content(item.path, item.size)
    except ContentError as error:
        raise ContentChanged(item.key, error.failure.message) from error
    if item.size < CHUNK:
        with stream:
            stream = BytesIO(stream.read(CHUNK))
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    if digest.hexdigest() != item.digest:
        stream.close()
        raise ContentChanged(item.key, "its bytes changed after it was planned")
    stream.seek(0)
    return stream
