"""Documents that are only named: in a list, and as what is kept of links, of files at a provider and of objects in stores.

A reference is kept as a small JSON file, so that everything else treats it as any document: its bytes are its identity.
What `Last-Modified` and `ETag` said when the link was last looked at is part of it, so that a link whose document changed
is another item.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import quote

from docbatch.core.models import Input

LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Listed:
    """A document that a spec lists: `value` is its link, its id or its text, `path` what it is called.

    `value` may be a credential: it is never shown.
    """

    path: bytes
    value: str = field(repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """`value` is the link or the id; links that carry a signature never become references."""

    kind: Input
    value: str
    etag: str | None = None
    modified: str | None = None

    def encode(self) -> bytes:
        """Return the bytes a reference is kept as: the same for the same reference."""
        fields = {str(self.kind): self.value, "etag": self.etag, "modified": self.modified}
        return _encoded({name: value for name, value in fields.items() if value is not None})


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """One version of an object: all that signing a link to it takes, but for the credentials.

    `store` is the store's identity, so that the same object is the same under another name in docbatch.yaml.
    """

    store: str
    key: str
    version: str

    @property
    def shown(self) -> str:
        """A text that stands for the link wherever that is written down: nobody can fetch anything by it."""
        return f"{self.store}/{quote(self.key)}?versionId={quote(self.version, safe='')}"

    def encode(self) -> bytes:
        return _encoded({str(Input.OBJECT): asdict(self)})


def _encoded(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode(content: bytes) -> Reference:
    """Read what `encode` gave. Raises ValueError for anything else."""
    found = json.loads(content)
    for kind in (Input.URL, Input.FILE_ID):
        value = found.get(str(kind)) if isinstance(found, dict) else None
        if isinstance(value, str) and value:
            return Reference(kind, value, found.get("etag"), found.get("modified"))
    raise ValueError("this is no reference to a document")


def decode_object(content: bytes) -> ObjectReference:
    """Read what `ObjectReference.encode` gave. Raises ValueError for anything else."""
    found = json.loads(content)
    fields = found.get(str(Input.OBJECT)) if isinstance(found, dict) else None
    if isinstance(fields, dict) and fields.keys() == {"store", "key", "version"}:
        return ObjectReference(*(str(fields[name]) for name in ("store", "key", "version")))
    raise ValueError("this is no reference to an object")
