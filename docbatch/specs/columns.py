"""The columns, doc.metadata.NAME, that the paths of a job's outputs ask for."""

from collections.abc import Iterable, Iterator

from docbatch.naming.templates import Lookup
from docbatch.specs.values import JobSink


def needed(sink: JobSink) -> Iterable[str]:
    """Return the columns that a sink's path cannot do without."""
    return dict.fromkeys(lookup.path[2] for lookup in columns(sink) if not _has_default(lookup))


def columns(sink: JobSink) -> Iterator[Lookup]:
    """Yield the look-ups of columns in a sink's path."""
    lookups = () if sink.place is None else sink.place.template.lookups
    return (lookup for lookup in lookups if lookup.path[:2] == ("doc", "metadata"))


def _has_default(lookup: Lookup) -> bool:
    return any(each.name == "default" for each in lookup.filters)
