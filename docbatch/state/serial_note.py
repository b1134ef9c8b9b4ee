"""The note beside a state of how far it has come and where it lies: it tells a copy, and a state that was put back."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.owner_only import make_file, opener
from docbatch.state import files

_LONGEST = 200
_FORM = re.compile(rb"[!-~]{1,64} [0-9]{1,18}(?: [!-~]{1,64})?\n?")
"""Lineage, serial, place; the first versions noted no place."""


@dataclass(frozen=True, slots=True)
class ReachedSerial:
    """Up to which event a state of this lineage had come when money was last spent, and where; `place` is empty where that is not noted."""

    lineage: str
    serial: int
    place: str = ""


class SerialNote:
    """The files `serial`, which says it, and `anchor`, which no copy takes along."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "serial"

    def exists(self) -> bool:
        return self._path.exists()

    def read(self) -> ReachedSerial | None:
        """Return what it says, None where there is none. Raises ValueError where it is no such note, StateError."""
        try:
            with self._path.open("rb") as stream:
                text = stream.read(_LONGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise files.damaged(self._path, error) from error
        if not _FORM.fullmatch(text):
            raise ValueError("it holds what docbatch does not write")
        lineage, serial, *place = text.decode().split()
        return ReachedSerial(lineage, int(serial), *place)

    def write(self, lineage: str, serial: int) -> None:
        """Write it anew, durably, whole or not at all. Raises StateError."""
        self.drop_anchor()
        text = f"{lineage} {serial} {self.place()}\n"
        draft = self._folder / "serial.new"
        with self._noting(), open(draft, "w", opener=opener) as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        with self._noting():
            draft.replace(self._path)

    def drop_anchor(self) -> None:
        anchor = self._folder / "anchor"
        with self._noting():
            if not anchor.exists():
                make_file(anchor)

    def place(self) -> str:
        """What a copy does not take along: when the file system made the anchor, which is never written to."""
        try:
            with self._noting():
                found = (self._folder / "anchor").stat()
        except StateError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return "none"
            raise
        return f"{found.st_ino}:{found.st_ctime_ns}"

    def written_at(self) -> float | None:
        """Return when it was last written, in wall time; None where there is none."""
        try:
            return self._path.stat().st_mtime
        except FileNotFoundError:
            return None

    def damage(self) -> str | None:
        """Say that it is damaged; None where it is not, or there is none. Raises StateError."""
        try:
            self.read()
        except ValueError:
            return f"{self._path} is damaged, and how far the state had come before is not known"
        return None

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Turn the file system's complaint into one that says what is safe."""
        try:
            yield
        except OSError as error:
            raise StateError(
                f"{self._folder}: how far the state has come cannot be noted beside it: {files.reason(error)}",
                hint="what was sent is recorded; make room or restore access, and run 'docbatch apply' again",
            ) from error
