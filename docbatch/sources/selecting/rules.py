"""What a job says of its documents: which there are to be, and what is known of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docbatch.sources.path_parts import PathParts
    from docbatch.sources.sampling import Sample
    from docbatch.sources.selecting.conditions import Conditions
    from docbatch.sources.selecting.metadata_rows import MetadataRows


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """`rows` say more of documents than `parts` of their paths, and both more than the source itself."""

    rows: "MetadataRows | None" = None
    parts: "PathParts | None" = None
    conditions: "Conditions | None" = None
    sample: "Sample | None" = None

    def __bool__(self) -> bool:
        return any(each is not None for each in (self.rows, self.parts, self.conditions, self.sample))

    def metadata(self, path: bytes, own: Mapping[str, str]) -> Mapping[str, str]:
        """Return what is known of a document; `own` is what its source says."""
        parts = {} if self.parts is None else self.parts.of(path)
        rows = {} if self.rows is None else self.rows.of(path)
        return {**own, **parts, **rows} if parts or rows else own

    @property
    def facts(self) -> tuple[object, ...]:
        """What differs where rows and parts would say something else of some document; empty where there are none."""
        if self.rows is None and self.parts is None:
            return ()
        rows = (
            [] if self.rows is None else [(row.path, sorted(row.columns.items())) for row in self.rows.rows]
        )
        return rows, "" if self.parts is None else self.parts.text

    @property
    def names(self) -> frozenset[str]:
        """All names that rows and parts may give."""
        parts = () if self.parts is None else self.parts.names
        return frozenset(parts) | (frozenset() if self.rows is None else self.rows.names)
