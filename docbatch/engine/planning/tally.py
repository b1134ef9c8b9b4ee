"""What was seen of a job's documents while they were compared, in numbers."""

from collections import Counter
from collections.abc import Iterator

from docbatch.core.changes import Reason
from docbatch.sources.litter import Litter
from docbatch.sources.selection_tally import SelectionTally


class Tally:
    """What a job's scan saw: documents found, and how many of them are through; `paths` of some that were asked for.

    `litter` is what was left out of what its patterns select, `selection` what the job itself leaves out of it. `ignored` counts outputs that are gone and stay so.

    `recipes` counts those that are through by their recipe's row, where a job has more than one; `remade` those that are
    to be sent because they were made by another, by that one's row.
    """

    def __init__(self) -> None:
        self.found = 0
        self.unchanged = 0
        self.recipes: Counter[int | None] = Counter()
        self.remade: Counter[tuple[Reason, int | None]] = Counter()
        self.paths: set[bytes] = set()
        self.ignored = 0
        self.litter: Litter | None = None
        self.selection: SelectionTally | None = None

    def left_out(self) -> Iterator[str]:
        """Say what was left out, and what is worth saying of what was taken."""
        if self.litter is not None and self.litter.number:
            yield str(self.litter)
        yield from () if self.selection is None else self.selection.notes()
