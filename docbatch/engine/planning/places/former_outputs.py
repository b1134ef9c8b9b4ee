"""Where outputs lie that belong elsewhere now: those of sinks that were declared in the place of others."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from docbatch.core.changes import Reason
from docbatch.engine.planning.differences_database import Output
from docbatch.engine.planning.recorded_rows import Upcoming
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.state.deliveries import OutputRow, RecordedSink
from docbatch.state.store import Store


class FormerOutputs:
    """The outputs of one sink as recorded, read along with the documents: paths that are asked for only grow."""

    def __init__(
        self, sink: RecordedSink | None, store: Store | None, only: Collection[bytes] | None = None
    ) -> None:
        self._sink = sink
        self._rows: Upcoming[OutputRow] = Upcoming(partial(self._stream, store, only))

    def _stream(self, store: Store | None, only: Collection[bytes] | None) -> Iterator[OutputRow]:
        if store is None or self._sink is None:
            return iter(())
        return store.deliveries.stream(self._sink.row, only)

    def replaced_by(self, wanted: Output, sink: ResolvedSink) -> Output:
        """Return an output that is due because its sink does not know it, with where it lies until then, if anywhere."""
        if self._sink is None:
            return wanted
        while (row := self._rows.first) is not None and row[0] < wanted.path:
            self._rows.skip(1)
        if row is None or row[0] != wanted.path or row[2] is None:
            # The former sink lacked it as well. A file is new where it is to lie now, and its place is judged.
            return replace(wanted, reason=Reason.BEHIND) if wanted.folded is None else wanted
        if self._sink.root is None:
            return wanted
        return moved(wanted, sink, lying(self._sink.root, self._sink.output or row[1]))


def former_outputs(
    target: ResolvedJob, store: Store | None, only: Collection[bytes] | None
) -> dict[str, FormerOutputs]:
    """Return by its identity where the outputs of each of a job's sinks lie, or those of the one it takes the place of."""
    former = former_sinks(target, store)
    return {sink.identity: FormerOutputs(former.get(sink.identity), store, only) for sink in target.sinks}


def former_sinks(target: ResolvedJob, store: Store | None) -> dict[str, RecordedSink]:
    """Return by its identity which recorded sink each of a job's has: its own, or one of its kind that it takes the place of."""
    recorded = [] if store is None else store.deliveries.sinks(target.name)
    own = {sink.identity: sink for sink in recorded}
    wanted = {sink.identity for sink in target.sinks}
    left = [sink for sink in recorded if sink.identity not in wanted]
    for sink in target.sinks:
        if sink.identity not in own:
            same = [each for each in left if _kind(each.identity) == _kind(sink.identity)]
            if same:
                own[sink.identity] = same[0]
                left.remove(same[0])
    return own


def moved(wanted: Output, sink: ResolvedSink, former: bytes) -> Output:
    """Return an output that its sink does not know, and that lies elsewhere or in another form until it is written."""
    if sink.root is None:
        return wanted
    reason = Reason.FORM if former == lying(sink.root, sink.output or wanted.output) else Reason.MOVED
    return replace(wanted, reason=reason, former=former)


def taken_up(target: ResolvedJob, sink: ResolvedSink, store: Store) -> Output:
    """Return the one output of a sink that is not recorded yet, with where it lies until then, if anywhere."""
    new = Output(target.name, sink.identity, b"", b"", None, Reason.NEW_SINK)
    former = former_sinks(target, store).get(sink.identity)
    if former is None:
        return new
    if former.root is None or not former.output or former.stamp is None:
        return replace(new, reason=Reason.BEHIND)
    return moved(new, sink, lying(former.root, former.output))


def lying(root: bytes, output: bytes) -> bytes:
    return root + b"/" + output


def _kind(identity: str) -> str:
    return identity.partition("\n")[0]
