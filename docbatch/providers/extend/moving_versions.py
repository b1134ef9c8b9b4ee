"""What in a job's config moves by itself: versions that the vendor resolves, and those that nobody can keep."""

from collections.abc import Iterator, Mapping
from typing import Any

from docbatch.core.models import Operation

LATEST = "latest"
DRAFT = "draft"


def moves(processor: Mapping[str, Any]) -> bool:
    """Say whether the version a job names can change without the job."""
    return processor.get("version") in {None, LATEST, DRAFT}


def moving(operation: Operation, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what moves by itself and cannot be kept, with what to write instead."""
    processor = config.get("processor")
    if operation is Operation.PARSE and config.get("engineVersion") in {None, LATEST}:
        yield (
            "config.engineVersion is latest, which Extend moves and has no list of;"
            " write one, such as 2.0.0, to keep to it. Results name the one that read them"
        )
    if isinstance(processor, Mapping) and processor.get("version") == DRAFT:
        yield (
            "config.processor.version is draft, which is edited in place: what runs is what stands in it then;"
            " publish it, and name that version"
        )
