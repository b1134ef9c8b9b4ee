"""The trash: what stood in an output's place and was not ours to lose.

.docbatch/trash/<token>-<name>      the thing itself
.docbatch/trash/index.jsonl         one line for each: where it was, for which document, why it was moved
"""

import errno
import json
import os
import secrets
import stat
from pathlib import Path

from docbatch.naming.pathtext import escape
from docbatch.sinks.faults import sink_error

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
            with kept.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _sync(self.folder)
        except OSError as error:
            raise sink_error(f"the trash {self.folder}", error) from error

    def _announce(self, name: str, where: str, document: str | None, why: str) -> Path:
        """Write the index line before the move: a line without a file says only that the move did not happen."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shown = name.replace("/", "_").encode()[-_LONGEST_NAME:].decode(errors="ignore")
        kept = self.folder / f"{secrets.token_hex(6)}-{shown}"
        entry = {"name": kept.name, "output": where, "document": document, "why": why}
        with open(self._index(), "ab") as index:  # noqa: PTH123 - it is an open file already
            index.write(json.dumps(entry, ensure_ascii=False).encode(errors="replace") + b"\n")
            index.flush()
            os.fsync(index.fileno())
        return kept

    def _index(self) -> int:
        """Open the index, which is a file of ours and no link to one of somebody else's. Raises OSError."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(self.folder / "index.jsonl", flags, 0o666)

    def _move(self, folder: int, name: bytes, kept: Path) -> None:
        try:
            os.rename(name, kept, src_dir_fd=folder)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(folder, name, kept)
            os.unlink(name, dir_fd=folder)
        _sync(self.folder)


def _copy(folder: int, name: bytes, kept: Path) -> None:
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        kept.symlink_to(os.fsdecode(os.readlink(name, dir_fd=folder)))
        return
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    with open(descriptor, "rb") as source, kept.open("xb") as target:  # noqa: PTH123 - it is an open file already
        while piece := source.read(_PIECE):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
