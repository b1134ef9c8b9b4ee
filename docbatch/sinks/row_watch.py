"""Looking after rows in a table to which somebody added triggers: what was written is there, and no other row is another."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from docbatch.core.errors import SinkError
from docbatch.sinks.base import Delivery, Fault, Receipt
from docbatch.sinks.faults import SAFE
from docbatch.sinks.table import Row, Table


class RowWatch:
    """Begun before a window of rows is written in a transaction; `known` are those of its paths that have rows already."""

    def __init__(self, table: Table, known: Iterable[tuple[object, object]]) -> None:
        self._table = table
        self._known = frozenset(known)
        self._before = table.count()
        self._touched = table.watched()

    def judged(
        self, window: Sequence[tuple[Delivery, Row]], outcomes: Sequence[Receipt | Fault], path: Path
    ) -> list[Receipt | Fault]:
        """Return the outcomes with a fault for each row that is not as it was written.

        Raises SinkError, so that all is undone, where rows of other documents are gone, changed or new.
        """
        written = {(row.job, row.path): row.values() for _, row in window}
        stored = {
            (values[0], values[1]): values for values, _ in self._table.stored(row.path for _, row in window)
        }
        gone = self._known - stored.keys()
        new = stored.keys() - self._known
        # What a REPLACE in a trigger removes is not seen by others: hence the count.
        if self._table.count() != self._before + len(new) - len(gone) or self._touched - written.keys():
            raise meddling(str(path))
        return [
            outcome
            if isinstance(outcome, Fault) or stored.get((row.job, row.path)) == row.values()
            else Fault(
                delivery.path, f"its row was not kept in {path}: a trigger takes it away or changes it"
            )
            for (delivery, row), outcome in zip(window, outcomes, strict=True)
        ]


def meddling(place: str) -> SinkError:
    """Return the error that stops a sink where a trigger writes what is not its own."""
    return SinkError(
        f"a trigger of {place} changes rows of other documents; nothing was written",
        hint=f"{SAFE}; drop the trigger, or give the sink a table of its own, and run `docbatch apply` again",
    )
