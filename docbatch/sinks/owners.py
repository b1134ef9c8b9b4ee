"""Which projects write to a folder outside of them: a small file in it says so.

Inside a project the project's own files say whose folder it is, and nothing is left in it.
"""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docbatch.naming.filenames import OWNERS

_LARGEST = 1 << 16
_PROJECT_FILES = ("docbatch.yaml", ".docbatch/state.db")


@dataclass(frozen=True, slots=True)
class FolderOwner:
    """A project that writes to a folder: its id, empty where it has none, and where it lies."""

    project: str
    folder: str

    def is_same(self, other: "FolderOwner") -> bool:
        """Say whether two are one project, which may lie elsewhere on another machine."""
        if self.project or other.project:
            return self.project == other.project
        return self.folder == other.folder


def claimed(root: Path) -> list[FolderOwner]:
    """Return the projects that said so in the folder; none where that cannot be read."""
    try:
        descriptor = os.open(root / OWNERS, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return []
        return list(_owners(os.read(descriptor, _LARGEST)))
    except OSError:
        return []
    finally:
        os.close(descriptor)


def claimed_above(root: Path) -> list[FolderOwner]:
    """Return the projects that said of a folder above this one that they write to it."""
    return [owner for folder in Path(os.path.realpath(root)).parents for owner in claimed(folder)]


def claim(root: Path, owner: FolderOwner) -> None:
    """Say in the folder that a project writes to it, unless that is said. Raises OSError."""
    if any(owner.is_same(each) for each in claimed(root)):
        return
    root.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(root / OWNERS) and not _takes_more(root / OWNERS):
        return
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(root / OWNERS, flags, 0o666), "ab") as file:  # noqa: PTH123 - it is open already
        line = {"project": owner.project, "folder": owner.folder}
        file.write(json.dumps(line).encode() + b"\n")


def _takes_more(mark: Path) -> bool:
    status = mark.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_size < _LARGEST


def around(root: Path) -> Path | None:
    """Return the folder of the project that a folder lies in, None where it lies in none."""
    place = Path(os.path.realpath(root))
    folders = (place, *place.parents)
    return next(
        (each for each in folders if any(os.path.lexists(each / name) for name in _PROJECT_FILES)), None
    )


def _owners(content: bytes) -> Iterator[FolderOwner]:
    for line in content.splitlines():
        try:
            found = json.loads(line)
            project, folder = found["project"], found["folder"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(project, str) and isinstance(folder, str):
            yield FolderOwner(project, folder)
