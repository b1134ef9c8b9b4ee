"""What a place is to the project: a file that specs are read from, or an output that moved along with the project's folder."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.changes import Reason
from docbatch.engine.planning.differences_database import Output
from docbatch.state.store import Store

_SPECS = (b".yaml", b".yml")
_SETTINGS = b"docbatch.yaml"
_JOBS = b"jobs/"


@dataclass(frozen=True, slots=True)
class OwnPlaces:
    """The folder of a project, and what its state knows of outputs."""

    project: bytes
    store: Store | None

    @classmethod
    def of(cls, project: Path, store: Store | None) -> "OwnPlaces":
        return cls(os.fsencode(project), store)

    def is_read(self, place: bytes) -> bool:
        """Say whether specs are read from there: what a document says must never become one."""
        below = self._below(place)
        if below is None:
            return False
        name = below.lower()
        return name == _SETTINGS or (name.startswith(_JOBS) and name.endswith(_SPECS))

    def wrote(self, root: bytes, output: Output, size: int | None) -> bool:
        """Say whether docbatch wrote what stands where an output goes, as far as is known; `size` is that of a file.

        Of a document whose place depends on its content only the last place is recorded: one that is as it was before goes back.
        """
        store = self.store
        if store is None:
            return False
        if output.folded is not None and store.deliveries.is_output(root, output.output, output.folded):
            return True
        if size is not None and self.has_moved_along(output.job, output.path, root, output.output, size):
            return True
        if output.reason is not Reason.KNOWN:
            return False
        sinks = (sink for sink in store.deliveries.sinks(output.job) if sink.identity == output.sink)
        return any(store.deliveries.of(sink.row, output.path) is not None for sink in sinks)

    def has_moved_along(self, job: str, path: bytes, root: bytes, output: bytes, size: int) -> bool:
        """Say whether a file below a sink's root is a document's output, of this size, from where the project lay before.

        The path of the document is empty for the one output of a job.
        """
        return any(
            was == output and _size(stamp) == size and self._is_root_of_before(before, root)
            for before, was, stamp in self._recorded(job, path)
        )

    def _recorded(self, job: str, path: bytes) -> Iterator[tuple[bytes, bytes, str | None]]:
        if self.store is None:
            return
        if path:
            yield from self.store.deliveries.places(job, path)
        else:
            for sink in self.store.deliveries.sinks(job):
                if sink.root is not None and sink.output:
                    yield sink.root, sink.output, sink.stamp

    def _is_root_of_before(self, before: bytes, root: bytes) -> bool:
        below = root[len(self.project) :] if self._is_inside(root) else None
        return below is not None and before.endswith(below) and not self._is_inside(before)

    def _is_inside(self, place: bytes) -> bool:
        return place == self.project or self._below(place) is not None

    def _below(self, place: bytes) -> bytes | None:
        folder = self.project + b"/"
        return place[len(folder) :] if place.startswith(folder) else None


def _size(stamp: str | None) -> int | None:
    """Return the size that a stamp of a file tells."""
    try:
        return None if stamp is None else int(stamp.partition(" ")[0], 16)
    except ValueError:
        return None
