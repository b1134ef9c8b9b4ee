"""What a document is called at the service: its key comes first, and its job keeps the name when the directory is gone."""

import re

from docbatch.core.models import WorkItem

LONGEST = 512
_NAMED = re.compile(r"([0-9a-f]{64})-")


def shown_name(item: WorkItem) -> str:
    """Return the name a document is shown by. What is too long is cut in the middle: its end may tell the type."""
    name = f"{item.key}-{item.name}"
    return name if len(name) <= LONGEST else name[: LONGEST - 64] + name[-64:]


def key_in(name: object) -> str | None:
    """Return the key of the document that bears a name; None for a name we did not give."""
    found = _NAMED.match(name) if isinstance(name, str) else None
    return found[1] if found else None


def without_keys(text: str) -> str:
    """Return what the service says with documents called as people call them."""
    return _NAMED.sub("", text)
