"""The form of small objects: a digest of all that follows, one line of canonical JSON, and a body as it is."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from docbatch.core.errors import AlteredState, ForeignState, NewerState

VERSION = 1
"""Of the form and of what heads say. A newer one is refused."""
_DIGEST_LENGTH = 64
_NEXT = "nothing was sent or changed; "


class SealedText(NamedTuple):
    head: Mapping[str, Any]
    body: bytes
    digest: str


def sealed(head: Mapping[str, object], body: bytes = b"") -> bytes:
    """Return the object that says a head and a body."""
    line = json.dumps({**head, "version": VERSION}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    content = line.encode() + b"\n" + body
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def digest_of(content: bytes) -> str:
    """Return the digest that a sealed object bears."""
    return content[:_DIGEST_LENGTH].decode(errors="replace")


def opened(content: bytes, name: str, project: str) -> SealedText:
    """Return what an object says. Raises AlteredState, ForeignState, NewerState."""
    digest, _, rest = content.partition(b"\n")
    if digest != hashlib.sha256(rest).hexdigest().encode():
        raise altered(name, "its digest does not match")
    line, _, body = rest.partition(b"\n")
    try:
        head = json.loads(line)
        version = head["version"]
        whose = str(head["project"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise altered(name, "it is not what docbatch writes") from None
    if version != VERSION:
        raise NewerState(
            f"the state in the store was written by another version of docbatch: '{name}' has form {version!r}, and this one knows {VERSION}",
            hint=_NEXT + "use a version of docbatch at least as new as the one that wrote it",
        )
    if whose != project:
        raise ForeignState(
            f"the state in the store is that of project '{whose}', and this is project '{project}'",
            hint=_NEXT + "give each project a prefix of its own, and each environment",
        )
    return SealedText(head, body, digest.decode())


def altered(name: str, why: str) -> AlteredState:
    """Return the error of an object that is not as docbatch wrote it, or not there."""
    return AlteredState(
        f"the state in the store is damaged: '{name}': {why}",
        hint=_NEXT
        + "bring the object back from a former version of it, or restore a backup into another prefix;"
        " no rule of the store may remove objects under the prefix",
    )
