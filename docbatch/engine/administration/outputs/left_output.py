"""What is told of one output that nothing wants any more."""

from dataclasses import dataclass

from docbatch.sinks.found_files import FoundFile
from docbatch.state.outputs import KnownOutput
from docbatch.stores.object_store import ObjectFacts


@dataclass(frozen=True, slots=True)
class LeftOutput:
    """An output that nothing wants, and what was seen in its place; `keeps` says why it stays, where it does.

    `is_edited` says that it stays because it is not as it was written. `identity` is that of its sink, empty for a manifest.
    What lies in a store is `standing` there, and `seen` nowhere on this disk.
    """

    job: str
    identity: str
    root: bytes
    known: KnownOutput
    shown: str
    why: str
    seen: FoundFile
    keeps: str | None = None
    is_edited: bool = False
    standing: ObjectFacts | None = None

    @property
    def size(self) -> int:
        if self.standing is not None:
            return self.standing.size
        return 0 if self.seen.status is None else self.seen.status.st_size
