"""What was seen of a job's documents while they were compared, in numbers."""

from collections import Counter

from docbatch.core.changes import Reason
from docbatch.sources.litter import Litter


class Tally:
    """What a job's scan saw: documents found, and how many of them are through; `paths` of some that were asked for.

    `litter` is what was left out of what its patterns select. `ignored` counts outputs that are gone and stay so.

    With `recorded_only` nobody looked for documents: those found are those recorded.

    `recipes` counts those that are through by their recipe's row, where a job has more than one; `remade` those that are
    to be sent because they were made by another, by that one's row.
    """

    def __init__(self, *, recorded_only: bool = False) -> None:
        self.found = 0
        self.unchanged = 0
        self.recipes: Counter[int | None] = Counter()
        self.remade: Counter[tuple[Reason, int | None]] = Counter()
        self.paths: set[bytes] = set()
        self.ignored = 0
        self.recorded_only = recorded_only
        self.litter: Litter | None = None
