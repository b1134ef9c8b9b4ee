"""What stands in an output's place, looked at without following a link and without opening what is no file."""

import hashlib
import os
import stat
from dataclasses import dataclass

from docbatch.core.errors import SinkError
from docbatch.sinks.outputs import stamp_of
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.tree import Tree

_PIECE = 1 << 20
_FOLDERS = 128
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class FoundFile:
    """What is in a place. `why` says what keeps it from being a plain file, such as a link; both are None for nothing."""

    status: os.stat_result | None = None
    why: str | None = None

    @property
    def stamp(self) -> str | None:
        return None if self.status is None else stamp_of(self.status)


MISSING = FoundFile()


def find(tree: Tree, output: bytes) -> FoundFile:
    """Look what is in an output's place. Raises OSError where that cannot be seen."""
    if len(tree) > _FOLDERS:
        tree.release()
    try:
        folder, name = tree.locate(output, create=False)
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return MISSING
    except (UnsafeOutput, SinkError) as error:
        return FoundFile(None, str(error))
    return FoundFile(status, _no_file(status))


def _no_file(status: os.stat_result) -> str | None:
    if stat.S_ISREG(status.st_mode):
        return None
    if stat.S_ISLNK(status.st_mode):
        return "it is a symbolic link"
    return "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is a special file"


def digest_at(tree: Tree, output: bytes) -> tuple[FoundFile, str | None]:
    """Read a file: return it as it was while it was read, and the SHA-256 of its bytes; None where it is no plain file.

    Raises OSError where it cannot be read.
    """
    found = find(tree, output)
    if found.status is None or found.why is not None:
        return found, None
    folder, name = tree.locate(output, create=False)
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return MISSING, None
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - it is open already
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return FoundFile(status, _no_file(status)), None
        hashed = hashlib.sha256()
        while piece := file.read(_PIECE):
            hashed.update(piece)
        after = os.fstat(descriptor)
    changed = stamp_of(after) != stamp_of(status)
    return FoundFile(
        after, "it changes while it is read" if changed else None
    ), None if changed else hashed.hexdigest()


def content_at(tree: Tree, output: bytes, most: int) -> bytes | None:
    """Return a file's bytes, None where there is nothing. Raises ValueError for what is no plain file or larger than `most`, OSError."""
    found = find(tree, output)
    if found.why is not None:
        raise ValueError(found.why)
    if found.status is None:
        return None
    folder, name = tree.locate(output, create=False)
    with open(os.open(name, _READ, dir_fd=folder), "rb") as file:  # noqa: PTH123 - no link is followed
        if (why := _no_file(os.fstat(file.fileno()))) is not None:
            raise ValueError(why)
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it is larger than {most:,} bytes")
    return content
