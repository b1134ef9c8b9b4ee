"""Sinks that keep what many write in one place: whether what is there is somebody else's, asked before anything is sent."""

from collections.abc import Iterator, Sequence

from docbatch.core.errors import ForeignOutput, GuardRefused, SinkError
from docbatch.engine.code_of_others import looking_into
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.state.store import Store

_OF_FILES = "give the sink another path or table, or move the file away"
_ON_SERVERS = (
    "give the job another name, the sink another table or schema, or each environment a database of its own"
)


def unserved_new_tables(
    targets: Sequence[ResolvedJob], store: Store | None
) -> Iterator[tuple[str, SinkError]]:
    """Ask servers of sinks that are declared for the first time; yield the jobs of those that could not be asked, and why.

    Raises GuardRefused where what is there is somebody else's.
    """
    for target in targets:
        for sink in target.sinks:
            if sink.kind.is_served and not is_declared(target, sink, store):
                try:
                    require_usable(sink)
                except SinkError as error:
                    yield target.name, error


def is_declared(target: ResolvedJob, sink: ResolvedSink, store: Store | None) -> bool:
    """Say whether the state knows a sink of a job as it is declared now."""
    recorded = () if store is None else store.deliveries.sinks(target.name)
    return any(
        (each.identity, each.root, each.output) == (sink.identity, sink.root, sink.output)
        for each in recorded
    )


def require_usable(sink: ResolvedSink) -> None:
    """Raise GuardRefused where what is there is not the sink's own, SinkError where nobody can tell."""
    try:
        with looking_into(sink.kind):
            for _ in sink.open().verify(iter(())):
                pass
    except ForeignOutput as error:
        remedy = _ON_SERVERS if sink.kind.is_served else _OF_FILES
        raise GuardRefused(error.message, hint=f"nothing was sent; {remedy}") from error
