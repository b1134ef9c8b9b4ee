"""Watching what jobs read: when a file settled or a spec changed, it is time for another round."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docbatch.core.round_times import Stir, next_look, stirred
from docbatch.engine.watching.file_events import FileEvents, HeardChange, identity
from docbatch.engine.watching.watched_places import Meaning, WatchedPlaces
from docbatch.sources.settling import LongChange, Settling

LOOK = 30.0
"""Seconds between rounds where the system tells of no changes: a folder that is not there, or too many of them."""
LONG = 600.0
"""Seconds after which it is told that a file goes on changing."""


@dataclass(frozen=True, slots=True)
class UnheardFolder:
    """A folder of whose changes the system does not tell, and why."""

    folder: bytes
    reason: str


class SourceWatch:
    """What is heard between two rounds. `every` is after how many seconds there is another in any case. To be closed."""

    def __init__(
        self, settling: Settling, every: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.settling = settling
        self.every = every
        self.places = WatchedPlaces()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stir: Stir | None = None
        self._is_due = False
        self._looked_at = monotonic()
        self._events: tuple[FileEvents, ...] = ()
        self._began_at = 0.0

    def follow(self, places: WatchedPlaces) -> None:
        """Hear of these places from now on. Where nothing changed nothing is done; what the system refused is tried again after `every`."""
        same = (places.deep, places.flat) == (self.places.deep, self.places.flat)
        self.places = places
        is_new_try = self._monotonic() - self._began_at >= self.every
        if same and self._events and self._are_there and not (self._has_failed and is_new_try):
            return
        for each in self._events:
            each.close()
        self._began_at = self._monotonic()
        self._events = tuple(
            FileEvents(sorted(each for each in folders if os.path.isdir(each)), self._hear, deep=deep)  # noqa: PTH112 - bytes
            for folders, deep in ((places.deep, True), (places.flat, False))
        )

    @property
    def unheard(self) -> Sequence[UnheardFolder]:
        """The folders with documents of whose changes the system does not tell."""
        found = []
        heard = {folder: each for each in self._events for folder in each.identities}
        for folder in sorted(self.places.deep):
            events = heard.get(folder)
            now = identity(folder)
            if events is None or now is None:
                found.append(UnheardFolder(folder, "it is not there"))
            elif now != events.identities[folder]:
                found.append(UnheardFolder(folder, "another was put in its place"))
            elif events.failure is not None:
                found.append(UnheardFolder(folder, events.failure))
        return found

    def begin_round(self) -> None:
        """Begin to look at everything: what is heard from now on is for the round that follows."""
        with self._lock:
            self._stir, self._is_due = None, False
        self._woken.clear()
        self._looked_at = self._monotonic()

    def is_due(self) -> bool:
        """Say whether it is time for a round, without waiting for one."""
        due = self.settling.due_at
        if due is not None and due <= self._monotonic() and self.settling.look_again():
            self._is_due = True
        return self._is_due or self._monotonic() >= self._due_at

    def wait(self, told: Callable[[Sequence[LongChange]], object], until: float = float("inf")) -> bool:
        """Wait for the time of a round, or `until` (monotonic); say whether it came. `told` is called for files that go on changing."""
        while not self.is_due():
            if self._monotonic() >= until:
                return False
            if long := self.settling.long_changes(LONG):
                told(long)
            files = self.settling.due_at
            due = min(self._due_at, until, float("inf") if files is None else files)
            self._woken.wait(max(0.0, due - self._monotonic()))
            self._woken.clear()
        return True

    def close(self) -> None:
        for each in self._events:
            each.close()

    @property
    def _due_at(self) -> float:
        with self._lock:
            stir = self._stir
        longest = min(self.every, LOOK) if self.unheard or not self._are_there else self.every
        return next_look(self._looked_at, longest, stir, self.settling.seconds)

    @property
    def _are_there(self) -> bool:
        """Whether the folders are those of which is heard: one that came, or was put in the place of another, is not."""
        wanted = (self.places.deep, self.places.flat)
        return all(events.are_of(folders) for folders, events in zip(wanted, self._events, strict=False))

    @property
    def _has_failed(self) -> bool:
        return any(each.failure is not None for each in self._events)

    def _hear(self, changes: list[HeardChange]) -> None:
        places = self.places
        documents = []
        for path, came, left in changes:
            may_be_folder = came and os.path.isdir(path)  # noqa: PTH112 - a Path holds no bytes
            meaning = places.meaning(path, may_be_folder=may_be_folder)
            if meaning is Meaning.DOCUMENT and not left:
                documents.append(path)
            elif meaning is not Meaning.NOTHING:
                with self._lock:
                    self._stir = stirred(self._stir, self._monotonic())
        if documents:
            self.settling.note(documents)
        self._woken.set()
