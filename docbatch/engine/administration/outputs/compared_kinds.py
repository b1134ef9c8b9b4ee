"""The kinds of sinks whose outputs are files that bear our stamps, and what these kinds make beside them."""

from docbatch.sinks import KINDS

COMPARED = frozenset({"files", "jsonl", "sqlite", "duckdb", "parquet"})

BESIDE = tuple(sorted({ending for name in COMPARED for ending in KINDS.kind(name).beside}))
"""What is added to the name of an output for files that lie beside it for a time."""
