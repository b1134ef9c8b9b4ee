"""Where results are delivered to. The registry is a literal; a kind of sink is loaded when it is first needed."""

from docbatch.registry import Registry
from docbatch.sinks.kind import SinkKind

KINDS: Registry[SinkKind] = Registry(
    "sink",
    {
        "files": "docbatch.sinks.files",
        "jsonl": "docbatch.sinks.jsonl",
        "sqlite": "docbatch.sinks.sqlite",
        "duckdb": "docbatch.sinks.duckdb",
        "parquet": "docbatch.sinks.parquet.options",
        "postgres": "docbatch.sinks.postgres.options",
    },
    judge="docbatch.sinks.plugin:judged",
)
