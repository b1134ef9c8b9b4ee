"""The create request: its bytes, and the key they travel under."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from docbatch import __version__
from docbatch.providers.base import Batch, Intent, Prepared
from docbatch.providers.extractpage.marks import upload_name

_OPTIONS = ("engine", "extract_text", "extract_images")


def render(batch: Batch, prepared: Prepared, recipe: str) -> bytes:
    """Return the bytes of the create request; the digest among its metadata covers everything else.

    `recipe` is the key of how the documents are processed, by which their own keys are told later.
    """
    options = {name: batch.config[name] for name in _OPTIONS if batch.config.get(name) is not None}
    # Two items may be one file to the service: uploaded, and listed by its id.
    files = [*dict.fromkeys(prepared[upload_name(item)].remote_id for item in batch.items)]
    body: dict[str, Any] = {"source": {"type": "files", "file_ids": files}, **options}
    marks = {"tool": f"docbatch/{__version__}", "marker": batch.marker, "recipe": recipe}
    digest = hashlib.sha256(_encoded({**body, "metadata": marks})).hexdigest()
    return _encoded({**body, "metadata": {**marks, "digest": digest}})


def keys_by_file(intent: Intent) -> dict[str, tuple[str, ...]]:
    """Return the keys of the items that each file stands for: one, or two when one of them lists the other's upload."""
    keys: dict[str, tuple[str, ...]] = {}
    for item in intent.batch.items:
        file = intent.prepared[upload_name(item)].remote_id
        keys[file] = (*keys.get(file, ()), item.key)
    return keys


def idempotency_key(body: bytes) -> str:
    """Return the key of a request: other bytes, another key. The marker among them changes with every submission."""
    return "docbatch-" + hashlib.sha256(body).hexdigest()[:40]


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
