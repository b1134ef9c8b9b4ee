"""What we leave at Extend to find our work again: names of uploads and metadata of runs.

A name holds the project's id and a token of the document, never one of the submission, so that an upload serves every
submission of its document. Both are small letters and digits only: how the vendor's substring filter treats anything
else is not documented.
"""

import hashlib
import re
from collections.abc import Mapping

from docbatch.core.models import WorkItem

LONGEST_NAME = 80
_AWKWARD = re.compile(r"[^\w. -]+")


def project_of(marker: str) -> str:
    """Return the project's id, which a submission's marker begins with."""
    return marker.rpartition("-")[0]


def token(project: str, item: WorkItem) -> str:
    """Return the document's token: the same for the same bytes sent as the same type, in this project only."""
    material = f"{project} {item.digest} {item.media_type}"
    return hashlib.sha256(material.encode()).hexdigest()[:20]


def upload_step(project: str, item: WorkItem) -> str:
    return f"file {token(project, item)}"


def file_name(project: str, item: WorkItem) -> str:
    """Return the name of an upload; the end of it is the document's own, since the vendor tells types by it."""
    own = _AWKWARD.sub("_", item.name).strip() or "document"
    if item.media_type == "text/plain" and not own.lower().endswith(".txt"):
        own += ".txt"
    return f"{project}-{token(project, item)}-{own[-LONGEST_NAME:]}"


def metadata(marker: str, item: WorkItem) -> dict[str, str]:
    """Return what a run is to carry: short texts only, since nothing says how numbers and order are kept."""
    return {"submission": marker, "attempt": str(item.attempt), "item": item.key}


def item_of(found: object, marker: str) -> str | None:
    """Return the key of the item a run belongs to, None when the run is no part of this submission."""
    if not isinstance(found, Mapping) or found.get("submission") != marker:
        return None
    key = found.get("item")
    return key if isinstance(key, str) else None
