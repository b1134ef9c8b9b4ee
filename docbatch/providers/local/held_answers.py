"""Packed answers between their end and the moment they are in the spool: in memory as far as there is room, else in files."""

from collections import OrderedDict
from pathlib import Path

from docbatch.core.models import Draft
from docbatch.packed import write_entry
from docbatch.providers.local.messages import Written

ROOM = 64 << 20
"""Bytes of answers that are held in memory."""


class HeldAnswers:
    """Answers by the id of their task. One that was fetched stays for as long as there is room, since it may be asked for again."""

    def __init__(self, incoming: Path, room: int = ROOM) -> None:
        self._incoming = incoming
        self._left = room
        self._held: dict[str, Draft] = {}
        self._fetched: OrderedDict[str, None] = OrderedDict()

    def add(self, name: str, answer: Written) -> None:
        """Hold an answer. Raises OSError where it has to be written to a file and cannot."""
        entry = answer.entry
        place: bytes | Path
        if entry is not None and self._has_room(len(entry)):
            self._left -= len(entry)
            place = entry
        else:
            place = self._incoming / file_name(name)
            if entry is not None:
                write_entry(place, entry)
        self._held[name] = Draft(place, answer.digest, answer.size, answer.warnings, answer.seconds)

    def fetch(self, name: str) -> Draft | None:
        draft = self._held.get(name)
        if draft is not None:
            self._fetched[name] = None
        return draft

    def drop(self, name: str) -> None:
        """Forget an answer, and remove its file."""
        draft = self._held.pop(name, None)
        self._fetched.pop(name, None)
        if draft is None:
            return
        if isinstance(draft.entry, Path):
            draft.entry.unlink(missing_ok=True)
        else:
            self._left += len(draft.entry)

    def _has_room(self, size: int) -> bool:
        """Say whether there is room, making it by what was fetched, the oldest first."""
        while self._left < size and self._fetched:
            self.drop(next(iter(self._fetched)))
        return self._left >= size


def file_name(name: str) -> str:
    """Return the name of the file that a task's large answer is written to."""
    return f"{name}.part"
