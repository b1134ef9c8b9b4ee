"""Cutting ordered work items into submissions."""

from collections.abc import Iterable, Iterator

from docbatch.core.models import Traits, WorkItem


def pack(items: Iterable[WorkItem], traits: Traits) -> Iterator[tuple[WorkItem, ...]]:
    """Yield chunks in the given order, each within the provider's count and byte limits.

    An item larger than the byte limit travels alone: the vendor's refusal then names it.
    """
    chunk: list[WorkItem] = []
    size = 0
    for item in items:
        too_many = len(chunk) == traits.max_items
        too_large = traits.max_bytes is not None and size + item.size > traits.max_bytes
        if chunk and (too_many or too_large):
            yield tuple(chunk)
            chunk, size = [], 0
        chunk.append(item)
        size += item.size
    if chunk:
        yield tuple(chunk)
