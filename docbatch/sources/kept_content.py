"""Contents that were read to be measured, kept as files until they are worked on: so a store is asked for each once.

Nothing depends on them. What is not kept is asked for again, what a killed run leaves is dropped by the next one, and
whoever is handed one makes sure of it.
"""

import os
import shutil
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from docbatch.owner_only import make_folder, opener

LARGEST = 8 << 20
MOST = 2 << 30
MOST_FILES = 50_000
_SHARE_OF_FREE = 4
"""No more than this part of the free disk is taken: results and outputs go there, too."""


class KeptContent:
    """Contents by digest, each on the disk once, in `folder`. Used by several threads; to be closed."""

    def __init__(self, folder: Path, *, most: int = MOST, files: int = MOST_FILES) -> None:
        self._folder = folder
        self._most = most
        self._files = files
        self._room: int | None = None
        self._begun: set[str] = set()
        self._kept: set[str] = set()
        self._handed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def keep(self, digest: str, content: bytes) -> None:
        """Keep a content, unless it is kept already or there is no room for it."""
        if not self._reserve(digest, len(content)):
            return
        place = self._place(digest)
        try:
            with open(place, "xb", opener=opener) as file:
                file.write(content)
        except OSError:
            # It saves time alone: a disk that is full is told of by who has to write to it.
            with self._lock:
                self._room = 0
            _remove(place)
            return
        with self._lock:
            self._kept.add(digest)

    def open(self, digest: str) -> BinaryIO | None:
        """Open a content that is kept."""
        with self._lock:
            if digest not in self._kept:
                return None
        try:
            return self._place(digest).open("rb")
        except OSError:
            self.drop(digest)
            return None

    def hand_over(self, digest: str, to: Path, *, times: int = 1) -> bool:
        """Make a kept content the file `to`, for somebody who removes it; say whether it is.

        After so many `times` it is kept no longer.
        """
        with self._lock:
            if digest not in self._kept:
                return False
            self._handed[digest] += 1
            is_last = self._handed[digest] >= times
            if is_last:
                self._kept.discard(digest)
                del self._handed[digest]
        try:
            (os.replace if is_last else os.link)(self._place(digest), to)
        except OSError:
            return False
        return True

    def drop(self, digest: str) -> None:
        """Keep a content no longer."""
        with self._lock:
            self._kept.discard(digest)
        _remove(self._place(digest))

    def close(self) -> None:
        """Remove all that is still kept, and keep nothing from now on."""
        with self._lock:
            self._room = 0
            left, self._kept = self._kept, set()
        for digest in left:
            _remove(self._place(digest))

    def _reserve(self, digest: str, size: int) -> bool:
        with self._lock:
            if self._room is None:
                self._room = self._free()
            if digest in self._begun or size > min(self._room, LARGEST) or len(self._begun) >= self._files:
                return False
            self._begun.add(digest)
            self._room -= size
            return True

    def _free(self) -> int:
        try:
            make_folder(self._folder)
            return min(self._most, shutil.disk_usage(self._folder).free // _SHARE_OF_FREE)
        except OSError:
            return 0

    def _place(self, digest: str) -> Path:
        return self._folder / f"{digest}.object"


def _remove(place: Path) -> None:
    with suppress(OSError):
        place.unlink(missing_ok=True)
