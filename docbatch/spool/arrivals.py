"""Files of another time that come into a spool, such as from a backup, beside what lies there and without touching it.

What is there already is not written again. A pack of the same name that is another one stays, and the new one is called
otherwise. Nothing of what arrived counts before an index names it.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from docbatch.owner_only import make_folder, opener
from docbatch.packed import LIMIT
from docbatch.spool import readers
from docbatch.spool.old_entries import OldEntries
from docbatch.spool.pack import MARK_SIZE, SUFFIX, file_of, new_name, open_to_read
from docbatch.spool.stored_files import PACKS, PIECE, files_below

_NAME = re.compile(rf"{PACKS}/[0-9a-f]{{16}}\{SUFFIX}|[0-9a-f]{{2}}/[0-9a-f]{{64}}\.gz")


def is_stored_file(name: str) -> bool:
    """Say whether a path below a spool can be that of a pack or of a result of before."""
    folder, _, file = name.partition("/")
    return _NAME.fullmatch(name) is not None and (folder == PACKS or file.startswith(folder))


class Arrivals:
    """What is to come into the spool at `root`, in `staging` until `settle`. For the one who may write."""

    def __init__(self, root: Path, staging: Path) -> None:
        self.root = root
        self.staging = staging
        self._staged: list[str] = []
        self.there = 0

    def take(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Make a file durable, unless the same lies in the spool. Raises OSError, and what `pieces` raise."""
        target = self.staging / name
        make_folder(target.parent)
        with contextlib.ExitStack() as opened:
            twin = _opened(opened, self.root / name)
            same, at = twin, 0
            draft: BinaryIO | None = None
            for piece in pieces:
                if draft is None and same is not None and same.read(len(piece)) == piece:
                    at += len(piece)
                    continue
                if draft is None:
                    draft = _begun(opened, target, same, at)
                draft.write(piece)
            if draft is None and not _is_whole(same, name, size):
                draft = _begun(opened, target, same, at)
            if draft is None:
                self.there += 1
                return
            draft.flush()
            os.fsync(draft.fileno())
        self._staged.append(name)

    def settle(self) -> dict[str, str]:
        """Put in place, durably, what is not there yet; return what packs are called that could not keep their name."""
        make_folder(self.root)
        readers.make(self.root)
        renamed: dict[str, str] = {}
        folders = {self.root, self.root.parent}
        for name in self._staged:
            place = self._place(name, renamed)
            if place is not None:
                make_folder(place.parent)
                (self.staging / name).rename(place)
                folders.add(place.parent)
        for folder in folders:
            _flush(folder)
        return renamed

    def _place(self, name: str, renamed: dict[str, str]) -> Path | None:
        path = self.root / name
        if not name.startswith(PACKS):
            return None if _is_sound(self.root, path.stem) else path
        if not os.path.lexists(path):
            return path
        renamed[path.stem] = other = new_name()
        return file_of(path.parent, other)


def keep(root: Path, kept: Path) -> None:
    """Have every file of a spool in another folder as well, where nothing that is done to the spool removes it. Raises OSError."""
    for name, path in files_below(root):
        other = kept / name
        make_folder(other.parent)
        try:
            other.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, other)
            other.chmod(0o600)


def files_kept(kept: Path) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """Yield what `keep` put into a folder: path below it, size, content. Raises OSError, ValueError."""
    for name, path in files_below(kept):
        with os.fdopen(open_to_read(path), "rb") as file:
            yield name, os.fstat(file.fileno()).st_size, iter(lambda file=file: file.read(PIECE), b"")  # type: ignore[misc]


def _opened(stack: contextlib.ExitStack, path: Path) -> BinaryIO | None:
    try:
        return stack.enter_context(os.fdopen(open_to_read(path), "rb"))
    except (OSError, ValueError):
        return None


def _begun(stack: contextlib.ExitStack, target: Path, same: BinaryIO | None, size: int) -> BinaryIO:
    """Begin a file with so many bytes of another."""
    draft: BinaryIO = stack.enter_context(open(target, "xb", opener=opener))  # noqa: SIM115
    if same is not None:
        same.seek(0)
        while size:
            piece = same.read(min(PIECE, size))
            draft.write(piece)
            size -= len(piece)
    return draft


def _is_whole(same: BinaryIO | None, name: str, size: int) -> bool:
    """Say whether what lies there ends where it should, a mark at most behind it."""
    if same is None:
        return False
    more = os.fstat(same.fileno()).st_size - size
    return more == 0 or (more == MARK_SIZE and name.startswith(PACKS))


def _is_sound(root: Path, digest: str) -> bool:
    try:
        OldEntries(root).read(digest, LIMIT)
    except (OSError, ValueError):
        return False
    return True


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
