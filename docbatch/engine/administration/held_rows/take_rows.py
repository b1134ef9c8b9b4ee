"""Taking rows out of their places, and putting them back: what is taken lies in files of its own before it is gone.

A record of a place that was removed stands for all of a document there. What a kill leaves is found by these files: rows that still
stand were not taken, the others were.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from docbatch.durability import Flusher, Place
from docbatch.engine.administration.held_rows.held_places import HeldPlace, RowPlaces, held_places
from docbatch.owner_only import opener
from docbatch.sinks.row_place import RowPlace
from docbatch.sinks.trash import sync
from docbatch.state.held_rows import HeldDocument, HeldRows
from docbatch.state.store import Store

_FILES = 256
"""So many are flushed at once."""
WENT_AWAY = "it went away meanwhile"


class RowTaking:
    """Takes and puts back rows of places of a project."""

    def __init__(self, store: Store, places: RowPlaces) -> None:
        self._store = store
        self._held = HeldRows(store.database)
        self._places = places
        self._flusher = Flusher()

    def place(self, job: str, identity: str) -> HeldPlace | None:
        """Return the place of a sink; where its job is called otherwise now, that of the only one with its identity."""
        every = held_places(self._store)
        found = [
            each for each in every if any((sink.job, sink.identity) == (job, identity) for sink in each.sinks)
        ]
        found = found or [each for each in every if any(sink.identity == identity for sink in each.sinks)]
        return found[0] if len(found) == 1 else None

    def take(self, place: HeldPlace, files: Mapping[bytes, Path]) -> Mapping[bytes, str] | None:
        """Take documents, each into a file of its own, and return why the others stay; None where the place cannot be asked.

        Raises OSError.
        """
        return self._places.ask(place, partial(self._take, place, files))

    def taken_before(self, place: HeldPlace, paths: Sequence[bytes]) -> set[bytes] | None:
        """Return which documents a prune that was killed has taken, and record it; None where that cannot be seen."""
        standing = self._places.ask(place, lambda opened: opened.standing(paths))
        if standing is None:
            return None
        gone = set(paths) - standing
        with self._store.write():
            self._held.release(place.rows, gone)
        return gone

    def put_back(self, place: HeldPlace, files: Mapping[HeldDocument, Path]) -> Mapping[bytes, str] | None:
        """Put documents back, each from its file, and return why the others stay in the trash; None where the place cannot be asked.

        Raises OSError.
        """
        stay: dict[bytes, str] = {}
        rest = iter(files.items())
        opened = self._places.opened(place)
        while opened is not None and (window := dict(islice(rest, opened.window))):
            found = self._places.ask(place, partial(self._put_back, place, window))
            if found is None:
                return None
            stay |= found
        return None if opened is None else stay

    def _take(self, place: HeldPlace, files: Mapping[bytes, Path], opened: RowPlace) -> Mapping[bytes, str]:
        before = opened.stamp()
        stay = dict(opened.take(list(files), partial(self._keep, files)))
        for path, file in files.items():
            if path not in stay and not file.exists():
                stay[path] = WENT_AWAY
            elif path in stay:
                file.unlink(missing_ok=True)
        with self._store.write():
            self._held.release(place.rows, [path for path in files if path not in stay])
            self._restamp(place, before, opened.stamp())
        return stay

    def _put_back(
        self, place: HeldPlace, files: Mapping[HeldDocument, Path], opened: RowPlace
    ) -> Mapping[bytes, str]:
        before = opened.stamp()
        stay = opened.put_back([(each.path, file.read_bytes) for each, file in files.items()])
        with self._store.write():
            self._held.put_back(place.rows, [each for each in files if each.path not in stay])
            self._restamp(place, before, opened.stamp())
        return stay

    def _restamp(self, place: HeldPlace, before: str | None, after: str | None) -> None:
        if before is not None and after is not None and before != after:
            self._held.restamp(place.rows, before, after)

    def _keep(self, files: Mapping[bytes, Path], contents: Iterable[tuple[bytes, bytes]]) -> None:
        """Write what is about to be removed, and return once it is durable. Raises OSError."""
        written: list[Place] = []
        for path, content in contents:
            with open(files[path], "wb", opener=opener) as file:
                file.write(content)
            written.append(Place(files[path]))
            if len(written) >= _FILES:
                self._flusher.flush(written)
                written = []
        self._flusher.flush(written)
        for folder in {file.parent for file in files.values()}:
            sync(folder)
