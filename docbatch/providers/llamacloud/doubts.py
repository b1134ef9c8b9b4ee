"""What may go wrong with a batch that was accepted, said while something can be done about it."""

from collections.abc import Iterator

from docbatch.models import Operation, RemoteObject
from docbatch.providers.base import Batch

SHORT_LIFE = 6 * 3600.0
LARGE = 300_000_000
"""Bytes from which on one page of the service's documentation says that a document is too large, and another does not."""


def doubts(batch: Batch, directory: RemoteObject) -> str:
    return "; ".join((*_of_life(directory), *_of_sizes(batch)))


def _of_life(directory: RemoteObject) -> Iterator[str]:
    life = float(directory.data["ends"]) - float(directory.data["begins"])
    if "end" in directory.data:
        yield f"LlamaCloud does not say how long directory {directory.remote_id} is kept; {life / 3600:.0f} h are assumed"
    elif life < SHORT_LIFE:
        yield f"LlamaCloud keeps directory {directory.remote_id} for {life / 3600:.1f} h only, results perhaps no longer"


def _of_sizes(batch: Batch) -> Iterator[str]:
    large = [item.name for item in batch.items if item.size > LARGE and batch.operation is Operation.PARSE]
    if large:
        yield f"LlamaCloud may refuse documents above {LARGE:,} bytes: {', '.join(large[:3])}" + (
            f" and {len(large) - 3} more" if len(large) > 3 else ""
        )
