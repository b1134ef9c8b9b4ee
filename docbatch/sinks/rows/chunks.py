"""Chunks of a document."""

from collections.abc import Iterator
from typing import Any

from docbatch.core.results import Result
from docbatch.sinks.rows.options import ChunkSpec


def chunk_records(result: Result, spec: ChunkSpec, job: str, path: str) -> Iterator[dict[str, Any]]:
    raise NotImplementedError
