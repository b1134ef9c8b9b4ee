"""What another process has to know to make a job's rows: plain values, which travel as JSON."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from docbatch.naming.expressions import Context


class RowForm(NamedTuple):
    """Rows as content that is made elsewhere, ahead of a sink. `options` are those of rows as JSON has them.

    They are made as values of columns, or `as_lines` of JSON.
    """

    job: str
    labels: Mapping[str, str]
    context: Context
    options: Mapping[str, Any]
    as_lines: bool = False


def plain(value: Any) -> Any:
    """Return a value with mappings of every kind as those that JSON has."""
    return {name: plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value
