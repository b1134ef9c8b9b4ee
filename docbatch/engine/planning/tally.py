"""What was seen of a job's documents while they were compared, in numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from docbatch.core.changes import Reason
from docbatch.core.errors import SinkError
from docbatch.engine.code_of_others import looking_into
from docbatch.engine.planning.resolved_job import ResolvedSink
from docbatch.sources.litter import Litter
from docbatch.sources.selection_tally import SelectionTally


class LookedAt(Protocol):
    """The outputs of one sink that were compared with what is recorded."""

    @property
    def sink(self) -> ResolvedSink: ...

    @property
    def ignored(self) -> int: ...

    @property
    def unseen(self) -> SinkError | None: ...


class Tally:
    """What a job's scan saw: documents found, and how many of them are through; `paths` of some that were asked for.

    `litter` is what was left out of what its patterns select, `selection` what the job itself leaves out of it. `ignored` counts outputs that are gone and stay so.

    With `recorded_only` nobody looked for documents: those found are those recorded.

    `recipes` counts those that are through by their recipe's row, where a job has more than one; `remade` those that are
    to be sent because they were made by another, by that one's row. `parts` has, by their keys, how many parts of documents
    that are read in parts are to be sent, and the pages of these. `unseen` says of sinks, by their identities, why their
    outputs could not be looked at, `unserved` why those that a server keeps could not. `stamps` are those that outputs for
    a whole job bear now, by the rows of their sinks, where others touched them and left all that is the job's as it was.
    """

    def __init__(self, *, recorded_only: bool = False) -> None:
        self.found = 0
        self.unchanged = 0
        self.recipes: Counter[int | None] = Counter()
        self.remade: Counter[tuple[Reason, int | None]] = Counter()
        self.paths: set[bytes] = set()
        self.ignored = 0
        self.recorded_only = recorded_only
        self.parts: dict[str, tuple[int, int]] = {}
        self.is_all_seen = True
        self.litter: Litter | None = None
        self.unseen: list[tuple[str, SinkError]] = []
        self.unserved: list[SinkError] = []
        self.selection: SelectionTally | None = None
        self.stamps: dict[int, str | None] = {}

    @property
    def is_complete(self) -> bool:
        """Whether all documents were looked at."""
        return not self.recorded_only and self.is_all_seen and not self.unsettled

    @property
    def unsettled(self) -> int:
        """How many files may still be written, and were left for later."""
        return 0 if self.selection is None else self.selection.unsettled

    def add_outputs(self, looked_at: Iterable[LookedAt]) -> None:
        for each in looked_at:
            self.ignored += each.ignored
            if each.unseen is not None:
                self._add_unseen(each.sink, each.unseen)

    @contextmanager
    def seeing(self, sink: ResolvedSink) -> Iterator[None]:
        """Look into a sink. What keeps it from being seen is noted: it is the trouble of that sink alone."""
        try:
            with looking_into(sink.kind):
                yield
        except SinkError as error:
            self._add_unseen(sink, error)

    def _add_unseen(self, sink: ResolvedSink, error: SinkError) -> None:
        if sink.kind.is_served:
            self.unserved.append(error)
        else:
            self.unseen.append((sink.identity, error))

    def left_out(self) -> Iterator[str]:
        """Say what was left out, and what is worth saying of what was taken."""
        if self.litter is not None and self.litter.number:
            yield str(self.litter)
        yield from () if self.selection is None else self.selection.notes()
