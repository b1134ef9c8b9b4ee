"""What becomes of a data set: the parts that were written since it was looked at, beside those that stand as they did."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from docbatch.sinks.parquet.manifest import DataSetManifest, PartEntry
from docbatch.sinks.parquet.part_names import MANIFEST
from docbatch.sinks.parquet.standing_parts import StandingParts


@dataclass
class PartChanges:
    """A data set as it stands, and the parts that were written since."""

    standing: StandingParts
    written: dict[str, PartEntry] = field(default_factory=dict)
    parts: int | None = None

    def __post_init__(self) -> None:
        self.parts = self.parts or self.standing.parts

    def add(self, entry: PartEntry) -> None:
        self.written[entry.name] = entry

    def entries(self) -> Iterator[PartEntry]:
        """Yield all parts, those that a killed run wrote without saying so among them."""
        for name in sorted({*self.standing.names, *self.written}):
            entry = self.written.get(name)
            if entry is None and not self.standing.is_as_noted(name):
                entry = self.standing.entry_of(name)
            entry = entry or self.standing.entries.get(name)
            if entry is not None:
                yield entry

    def parts_of(self, job: str) -> Iterator[str]:
        """Yield the parts that hold rows of a job."""
        for name in list(self.standing.names):
            if any(True for _ in self.paths_in(name, job)):
                yield name

    def paths_in(self, name: str, job: str) -> Iterator[str]:
        """Yield the documents that a job has in a part; none of one that is not as it was left."""
        entry = self.standing.entries.get(name)
        if name not in self.standing.stamps or (
            self.standing.is_as_noted(name) and entry is not None and job not in entry.jobs
        ):
            return
        if self.standing.condition(name) != "whole":
            return
        with self.standing.reading(name) as part:
            for whose, path, _ in part.documents() if part is not None else ():
                if whose == job:
                    yield path

    def others(self, job: str) -> Iterator[str]:
        """Yield other jobs that have documents in the data set, as its manifest says."""
        for entry in self.standing.entries.values():
            yield from (each for each in entry.jobs if each != job)

    def publish(self, manifest: DataSetManifest) -> None:
        """Put a manifest in its place. Raises OSError, StoreFault, UnsafeOutput."""
        standing = self.standing
        with standing.folder.draft(MANIFEST) as draft:
            draft.file.write(memoryview(manifest.told()))
            draft.publish(standing.stamps.get(MANIFEST) if standing.manifest is not None else "")
