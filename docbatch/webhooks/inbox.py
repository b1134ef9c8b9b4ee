"""The inbox as the listener sees it: hints go in, each whole and durable before the vendor hears that it was taken."""

import secrets
import time
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.durability import Flusher, Place
from docbatch.owner_only import make_folder, opener
from docbatch.webhooks.hints import SUFFIX, Hint, file_name
from docbatch.webhooks.seen_deliveries import Memory

MOST_WAITING = 1000
ABANDONED = 60.0


class InboxWriter:
    """Hints wait in `folder`, one file each.

    When there are too many, the oldest makes room: a run asks about everything when it starts, so that an old hint has
    nothing to tell it.
    """

    def __init__(self, folder: Path, most: int = MOST_WAITING) -> None:
        """Raise StateError when the folder cannot be used."""
        self._folder = folder
        self._most = most
        self._flusher = Flusher()
        try:
            make_folder(folder)
            self._memory = Memory(folder / "seen", time.time())
            self._sweep()
        except OSError as error:
            raise StateError(
                f"{folder}: what webhooks say cannot be kept there: {error.strerror}",
                hint="remove what lies there, or make it a folder that can be written to; nothing depends on its content",
            ) from error

    def put(self, event: str, hint: Hint) -> bool:
        """Keep a hint; False when its event came before. Raises OSError: then nothing was kept."""
        name = file_name(hint.connection, event)
        if name in self._memory:
            return False
        self._make_room()
        draft = self._folder / f"{name}.{secrets.token_hex(4)}.part"
        try:
            with open(draft, "xb", opener=opener) as file:
                file.write(hint.encode())
            self._flusher.flush([Place(draft)])
            draft.rename(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        self._flusher.flush([Place(self._folder)])
        # Remembered last: killed before this, the vendor delivers again, and the same file is written again.
        self._memory.add(name, hint.received)
        return True

    def _make_room(self) -> None:
        waiting = list(self._folder.glob(f"*{SUFFIX}"))
        for path in sorted(waiting, key=_written)[: max(0, len(waiting) - self._most + 1)]:
            path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what a killed listener left half written."""
        for path in self._folder.glob("*.part"):
            if time.time() - _written(path) > ABANDONED:
                path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    """Return when a file was written; one that was taken meanwhile counts as the oldest."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
