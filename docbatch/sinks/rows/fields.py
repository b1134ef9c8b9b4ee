"""What rows have: the fields that expressions name, the columns of the key, and those that there are when none are declared."""

from collections.abc import Mapping
from typing import Literal

RowKind = Literal["document", "page", "block", "table", "chunk"]

Standard = tuple[tuple[str, str], ...]

_OF_ALL = (
    "outcome",
    "sha256",
    "size",
    "media_type",
    "provider",
    "usage",
    "metadata",
    "value",
    "warnings",
    "page_count",
)
"""Fields of the document that every row has. `value` is what was extracted."""

_OWN: Mapping[RowKind, tuple[str, ...]] = {
    "document": ("markdown", "text", "failure"),
    "page": ("page", "text", "markdown", "width", "height", "confidence"),
    "block": ("page", "attachment", "kind", "text", "level", "role", "bbox", "cells", "confidence"),
    "table": ("page", "attachment", "table", "text", "markdown", "bbox", "cells"),
    "chunk": ("chunk", "text", "headings", "first_page", "last_page", "attachment", "boxes"),
}

FIELDS: Mapping[RowKind, tuple[str, ...]] = {kind: (*own, *_OF_ALL) for kind, own in _OWN.items()}
"""What `row` has in an expression."""

ANY_FIELDS = tuple(dict.fromkeys(name for names in FIELDS.values() for name in names))

KEYS: Mapping[RowKind, tuple[str, ...]] = {
    "document": ("job", "path"),
    "page": ("job", "path", "row"),
    "block": ("job", "path", "row"),
    "table": ("job", "path", "row"),
    "chunk": ("job", "path", "row", "chunk"),
}
"""Columns that tell rows apart. `row` counts those of a document from 1; `chunk` is a chunk's own id, and alone tells it from all others."""

RESERVED = frozenset({"result_digest", "checksum", "docbatch_part"})

_SAID: Standard = (("labels", "json"), ("columns", "json"))

STANDARD: Mapping[RowKind, Standard] = {
    "document": (
        *_SAID,
        ("sha256", "text"),
        ("media_type", "text"),
        ("outcome", "text"),
        ("markdown", "text"),
        ("text", "text"),
        ("pages", "integer"),
        ("metadata", "json"),
        ("result", "json"),
        ("failure_class", "text"),
        ("failure_code", "text"),
        ("failure_message", "text"),
    ),
    "page": (
        *_SAID,
        ("page", "integer"),
        ("text", "text"),
        ("markdown", "text"),
        ("width", "number"),
        ("height", "number"),
        ("confidence", "number"),
    ),
    "block": (
        *_SAID,
        ("page", "integer"),
        ("attachment", "text"),
        ("kind", "text"),
        ("level", "integer"),
        ("role", "text"),
        ("text", "text"),
        ("cells", "json"),
        ("bbox", "json"),
        ("confidence", "number"),
    ),
    "table": (
        *_SAID,
        ("page", "integer"),
        ("attachment", "text"),
        ("table", "integer"),
        ("text", "text"),
        ("markdown", "text"),
        ("cells", "json"),
        ("bbox", "json"),
    ),
    "chunk": (
        *_SAID,
        ("text", "text"),
        ("headings", "json"),
        ("first_page", "integer"),
        ("last_page", "integer"),
        ("attachment", "text"),
        ("boxes", "json"),
    ),
}
"""Name and type of the columns there are when a job declares none, beside those of the key."""
