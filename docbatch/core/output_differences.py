"""How outputs differ from what was written: what is said of each, and what all come to."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

DifferenceKind = Literal["altered", "removed", "added", "moved"]
KINDS: tuple[DifferenceKind, ...] = ("altered", "removed", "added", "moved")


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """An output that is not as it was written, or a file that nobody wrote.

    `path` is told as outputs are, relative to the project's root where it lies in there; `to` is where it was moved. `job` and
    `document` are empty where there is none.
    """

    kind: DifferenceKind
    path: str
    job: str = ""
    document: str = ""
    detail: str = ""
    to: str = ""


@dataclass(slots=True)
class Differing:
    """What a look at outputs came to. `looked` counts those compared, `documents` the documents themselves that were, `touched` those that are the same bytes with other times.

    `unknown` counts those of which it was never noted what their bytes come to. `notes` say what was not looked at.
    """

    looked: int = 0
    documents: int = 0
    touched: int = 0
    unknown: int = 0
    counts: Counter[DifferenceKind] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def is_any(self) -> bool:
        return any(self.counts.values())

    def values(self) -> dict[str, object]:
        """Return the numbers by their names."""
        each: dict[str, object] = {kind: self.counts[kind] for kind in KINDS}
        return {
            "looked": self.looked,
            "documents": self.documents,
            **each,
            "touched": self.touched,
            "unknown": self.unknown,
            "notes": list(self.notes),
        }
