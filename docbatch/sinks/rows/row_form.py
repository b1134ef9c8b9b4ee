"""What another process has to know to make a job's rows: plain values, which travel as JSON."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from docbatch.naming.expressions import Context

RowWriting = Literal["values", "json", "copy"]
"""How rows travel: as values of columns, or as what a sink writes, lines of JSON or lines for COPY."""


class RowForm(NamedTuple):
    """Rows as content that is made elsewhere, ahead of a sink. `options` are those of rows as JSON has them."""

    job: str
    labels: Mapping[str, str]
    context: Context
    options: Mapping[str, Any]
    written: RowWriting = "values"


def plain(value: Any) -> Any:
    """Return a value with mappings of every kind as those that JSON has."""
    return {name: plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value
