"""Putting one finished temporary file in an output's place, and what stood there into the trash."""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Difference
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.trash import Trash
from docbatch.sinks.tree import Tree

_PIECE = 1 << 20
_WINDOW = 1024
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A temporary file beside the output it is to become."""

    output: bytes
    folder: int
    name: bytes
    temporary: bytes


def create(unfinished: Unfinished) -> int:
    """Create the temporary file, open for reading and writing, and return its descriptor."""
    return os.open(unfinished.temporary, _CREATE, 0o666, dir_fd=unfinished.folder)


def write(unfinished: Unfinished, content: bytes) -> None:
    """Create the temporary file with its content; when that fails nothing is left."""
    descriptor = create(unfinished)
    try:
        write_all(descriptor, content)
    except BaseException:
        discard(unfinished)
        raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes | bytearray) -> None:
    with memoryview(content) as rest:
        done = 0
        while done < len(rest):
            done += os.write(descriptor, rest[done:])


def discard(unfinished: Unfinished) -> None:
    """Remove the temporary file; where that fails as well, what failed before is what there is to tell."""
    with contextlib.suppress(OSError):
        os.unlink(unfinished.temporary, dir_fd=unfinished.folder)


def publish(
    unfinished: Unfinished, expected: str | None, document: str | None, *, tree: Tree, trash: Trash
) -> str:
    """Rename the temporary file into place and return its stamp.

    What is found in its place goes to the trash unless it bears the expected stamp or has the same bytes: a run killed
    before it could record the stamp left our own output there. Raises UnsafeOutput when a folder or a device is there.
    """
    found = _look(unfinished.folder, unfinished.name)
    if found is not None and stamp_of(found) != expected:
        _clear(unfinished, found, document, edited=expected is not None, tree=tree, trash=trash)
    written = stamp_of(os.stat(unfinished.temporary, dir_fd=unfinished.folder, follow_symlinks=False))
    os.rename(
        unfinished.temporary, unfinished.name, src_dir_fd=unfinished.folder, dst_dir_fd=unfinished.folder
    )
    tree.touch(unfinished.output)
    return written


def remove(output: bytes, *, tree: Tree, trash: Trash) -> None:
    """Move an output to the trash, if it is there."""
    try:
        folder, name = tree.locate(output, create=False)
        if _look(folder, name) is None:
            return
    except FileNotFoundError:
        return
    trash.take(folder, name, where=f"{tree.root}/{escape(output)}", document=None, why="removed")


def stamp_at(path: bytes | str | Path) -> str | None:
    """Return a file's stamp, None when it cannot be seen: it is then written again, and says why it cannot be."""
    try:
        return stamp_of(os.lstat(path))
    except OSError:
        return None


def stamp_of(status: os.stat_result) -> str:
    """Return a text of how a file looks: size, time and inode. Touching the file changes it."""
    return "%x %x %x" % (status.st_size, status.st_mtime_ns, status.st_ino)  # noqa: UP031 - for a million files


def differing(root: Path, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
    """Compare files below a folder with their stamps, see `Sink.check`."""
    above = os.fsencode(root) + b"/"
    rest = iter(written)
    while window := list(islice(rest, _WINDOW)):
        outputs, stamps = zip(*window, strict=True)
        try:
            now = tuple(map(stamp_of, map(os.lstat, map(above.__add__, outputs))))
        except OSError:
            now = ()
        if now != stamps:
            yield from _each_differing(above, window)


def _each_differing(
    above: bytes, written: Iterable[tuple[bytes, str | None]]
) -> Iterator[tuple[bytes, Difference]]:
    for output, stamp in written:
        now = stamp_at(above + output)
        if now is None:
            yield output, "missing"
        elif now != stamp:
            yield output, "edited"


def _look(folder: int, name: bytes) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _clear(
    unfinished: Unfinished,
    found: os.stat_result,
    document: str | None,
    *,
    edited: bool,
    tree: Tree,
    trash: Trash,
) -> None:
    where = f"{tree.root}/{escape(unfinished.output)}"
    if stat.S_ISREG(found.st_mode):
        if same(unfinished, found.st_size):
            return
    elif not stat.S_ISLNK(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "a special file"
        raise UnsafeOutput(f"{where} is {kind}; move it away or change the sink's path")
    why = "changed since docbatch wrote it" if edited else "not written by docbatch"
    trash.take(unfinished.folder, unfinished.name, where=where, document=document, why=why)


def same(unfinished: Unfinished, size: int) -> bool:
    """Say whether what stands in an output's place, a plain file of this size, has the same bytes."""
    ours, theirs = (_open(unfinished.folder, name) for name in (unfinished.temporary, unfinished.name))
    with open(ours, "rb") as left, open(theirs, "rb") as right:  # noqa: PTH123 - they are open files already
        if os.fstat(left.fileno()).st_size != size:
            return False
        while piece := left.read(_PIECE):
            if piece != right.read(_PIECE):
                return False
        return not right.read(1)


def _open(folder: int, name: bytes) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
