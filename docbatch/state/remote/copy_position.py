"""How far the copy of a state on this machine has come, noted beside it.

Nothing is done to the files of a copy, but by SQLite to its log, as long as a position is noted: whatever else is done begins
with noting none. So who is killed at any moment leaves a copy that is what the note says, or none that is believed.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from docbatch.core.errors import AlteredState, ForeignState, NewerState
from docbatch.owner_only import opener
from docbatch.state.copies import settle_on_disk
from docbatch.state.homes import COPY_NOTE
from docbatch.state.remote.log_records import LogEnd, read_end
from docbatch.state.remote.page_changes import write_all
from docbatch.state.remote.sealed_text import opened, sealed
from docbatch.state.remote.wal_frames import WalPosition


class FileMark(NamedTuple):
    """What tells that a database was not written to: SQLite does so only when it takes its log into it."""

    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> "FileMark | None":
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        return cls(status.st_size, status.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class CopyPosition:
    """The copy is what the log says up to `end`: the database as `file` tells it, and its own log up to `wal`."""

    end: LogEnd
    file: FileMark | None
    wal: WalPosition | None = None


def is_copy(folder: Path) -> bool:
    """Say whether a folder was ever that of a copy, so that a database in it is nobody's only one."""
    return (folder / COPY_NOTE).is_file()


def note(folder: Path, project: str, position: CopyPosition | None) -> None:
    """Note how far a copy has come, durably, or that nobody knows. Raises OSError."""
    draft = folder / f"{COPY_NOTE}.new"
    descriptor = opener(str(draft), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        write_all(descriptor, sealed({"project": project, "copy": _described(position)}), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(draft, folder / COPY_NOTE)  # noqa: PTH105 - one function that a test stops, as the others here
    settle_on_disk(folder)


def noted(folder: Path, project: str) -> CopyPosition | None:
    """Return what was noted; None where nothing is known, or by another project, or by a newer docbatch."""
    try:
        said = opened((folder / COPY_NOTE).read_bytes(), COPY_NOTE, project).head["copy"]
        if said is None:
            return None
        file, wal = said["file"], said["wal"]
        return CopyPosition(
            read_end(said["end"]),
            None if file is None else FileMark(*map(int, file)),
            None if wal is None else WalPosition(int(wal[0]), _pair(wal[1]), int(wal[2]), _pair(wal[3])),
        )
    except (AlteredState, ForeignState, NewerState, FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def _described(position: CopyPosition | None) -> dict[str, object] | None:
    if position is None:
        return None
    return {"end": position.end.described(), "file": position.file, "wal": position.wal}


def _pair(said: list[int]) -> tuple[int, int]:
    one, two = said
    return int(one), int(two)
