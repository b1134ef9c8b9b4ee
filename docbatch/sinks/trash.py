"""The trash: what stood in an output's place and was not ours to lose.

.docbatch/trash/<token>-<name>      the thing itself
.docbatch/trash/index.jsonl         one line for each: where it was, for which document, why it was moved
"""

import errno
import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from docbatch.naming.pathtext import escape
from docbatch.owner_only import make_folder, opener, tighten_one
from docbatch.sinks.faults import sink_error

INDEX = "index.jsonl"
_PIECE = 1 << 20
_LONGEST_NAME = 200


class Trash:
    """Takes files and rows; never deletes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, folder: int, name: bytes, *, where: str, document: str | None, why: str) -> None:
        """Move a file out of an open folder. Raises SinkError when the trash cannot be written."""
        try:
            kept = self._announce(escape(name), where, document, why)
            self._move(folder, name, kept)
        except OSError as error:
            raise sink_error(f"the trash {self.folder}", error) from error

    def keep(self, content: bytes, name: str, *, where: str, document: str | None, why: str) -> None:
        """Write content that is about to be replaced. Raises SinkError when the trash cannot be written."""
        try:
            kept = self._announce(name, where, document, why)
            with open(kept, "xb", opener=opener) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            sync(self.folder)
        except OSError as error:
            raise sink_error(f"the trash {self.folder}", error) from error

    def _announce(self, name: str, where: str, document: str | None, why: str) -> Path:
        """Write the index line before the move: a line without a file says only that the move did not happen."""
        make_folder(self.folder)
        shown = name.replace("/", "_").encode()[-_LONGEST_NAME:].decode(errors="ignore")
        kept = self.folder / f"{secrets.token_hex(6)}-{shown}"
        entry = {"name": kept.name, "output": where, "document": document, "why": why}
        with open(self.folder / INDEX, "ab", opener=_own) as index:
            index.write(json.dumps(entry, ensure_ascii=False).encode(errors="replace") + b"\n")
            index.flush()
            os.fsync(index.fileno())
        return kept

    def _move(self, folder: int, name: bytes, kept: Path) -> None:
        move(folder, name, kept)
        sync(self.folder)


def move(folder: int, name: bytes, kept: Path) -> bool:
    """Move a file out of an open folder to where only its owner looks, on whatever disk that is. Raises OSError.

    Say whether it is the same file there, and no copy of it.
    """
    is_same = True
    try:
        os.rename(name, kept, src_dir_fd=folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(folder, name, kept)
        os.unlink(name, dir_fd=folder)
        is_same = False
    tighten_one(kept)
    return is_same


def _own(path: str, flags: int) -> int:
    """Open a file of ours, and no link to one of somebody else's. Raises OSError."""
    return opener(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _copy(folder: int, name: bytes, kept: Path) -> None:
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        kept.symlink_to(os.fsdecode(os.readlink(name, dir_fd=folder)))
        return
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    with open(descriptor, "rb") as source, open(kept, "xb", opener=opener) as target:  # noqa: PTH123 - as above
        while piece := source.read(_PIECE):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())


def sync(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def shorten_index(trash: Path) -> None:
    """Leave out of the index what is no longer in the trash. Raises OSError."""
    index = trash / INDEX
    if not index.is_file() or index.is_symlink():
        return
    draft = trash / f"{INDEX}.new"
    with index.open("rb") as lines, open(draft, "wb", opener=opener) as kept:
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):
                if os.path.lexists(trash / json.loads(line)["name"]):
                    kept.write(line)
        kept.flush()
        os.fsync(kept.fileno())
    draft.replace(index)
    sync(trash)
