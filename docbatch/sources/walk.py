"""Finding files below a root, in byte order of their paths, a window at a time.

The order of a folder's entries, with "/" added to the names of subfolders, is the order of the whole stream. A link
to a file is the file under the link's name; a link to a folder is entered unless it leads back to a folder that is
being walked. What can be seen but not used is reported beside the files, never raised.
"""

import os
import stat
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from docbatch.core.errors import GuardRefused
from docbatch.core.models import Failure, FailureClass
from docbatch.sources.content import special, unreadable
from docbatch.sources.documents import WINDOW, Unusable
from docbatch.sources.globs import Globs, Scope
from docbatch.sources.litter import Litter

Found = tuple[bytes, int, int, int, int, int]
"""Path below the root, size, mtime_ns, ctime_ns, inode, device: a plain tuple, because there may be millions."""


@dataclass(slots=True)
class Window:
    """A stretch of the stream; both lists are in path order, and every later path is greater."""

    found: list[Found] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)

    def last(self) -> bytes:
        """Return the greatest path of a window that has any."""
        return max(each[-1][0] for each in (self.found, self.unusable) if each)

    def room(self, size: int) -> int:
        return size - len(self.found) - len(self.unusable)


@dataclass(slots=True)
class _Folder:
    """A folder being walked. `folders` is in descending order, `done` counts the files already reported."""

    path: bytes
    prefix: bytes
    scope: Scope
    identity: tuple[int, int]
    files: list[bytes]
    folders: list[bytes]
    done: int = 0

    def before_next(self) -> int:
        """Return how many files come before the next subfolder, all of them when there is none left."""
        return bisect_left(self.files, self.folders[-1], self.done) if self.folders else len(self.files)

    def skip(self, after: bytes) -> None:
        """Leave out what is not greater than a path."""
        if not after.startswith(self.prefix):
            return
        rest = after[len(self.prefix) :]
        self.done = bisect_right(self.files, rest)
        while self.folders and self.folders[-1] <= rest:
            if len(rest) > len(self.folders[-1]) and rest.startswith(self.folders[-1]):
                break
            self.folders.pop()


def walk(
    root: Path, globs: Globs, *, after: bytes = b"", size: int = WINDOW, litter: Litter | None = None
) -> Iterator[Window]:
    """Yield windows of at most `size` entries whose paths are greater than `after`.

    `litter` counts what is left out.     Raises GuardRefused when the root itself cannot be listed: a mount that is missing looks like that.
    """
    window = Window()
    litter = Litter(globs.patterns[0]) if litter is None else litter
    stack = [_open_root(root, globs.start, litter)]
    stack[0].skip(after)
    while stack:
        folder = stack[-1]
        stop = folder.before_next()
        if folder.done < stop:
            _look(folder, min(stop, folder.done + window.room(size)), window)
        elif folder.folders:
            _descend(stack, folder.folders.pop(), after, window, litter)
        else:
            stack.pop()
        if window.room(size) <= 0:
            yield window
            window = Window()
    if window.found or window.unusable:
        yield window


def look_up(root: Path, globs: Globs, paths: Collection[bytes]) -> Iterator[Window]:
    """Yield one window with those of the paths that a walk would come by."""
    window = Window()
    litter = Litter(globs.patterns[0])
    for path in sorted(filter(globs, paths)):
        folder, _, name = path.rpartition(b"/")
        if not litter.sift(folder, [name]):
            continue
        prefix = folder + b"/" if folder else b""
        place = bytes(root) + b"/" + prefix
        if os.path.isdir(place + name):  # noqa: PTH112 - a Path holds no bytes
            continue
        try:
            status = os.stat(place)  # noqa: PTH116 - a Path holds no bytes
        except OSError:
            continue
        identity = (status.st_dev, status.st_ino)
        _look(_Folder(place, prefix, globs.start, identity, [name], []), 1, window)
    yield window


def _open_root(root: Path, scope: Scope, litter: Litter) -> _Folder:
    try:
        return _list(bytes(root) + b"/", b"", scope, litter)
    except OSError as error:
        raise GuardRefused(
            f"source root {root} cannot be listed: {error.strerror}",
            hint="nothing was changed; create or mount the folder, or correct source.root in the spec",
        ) from error


def _descend(stack: list[_Folder], child: bytes, after: bytes, window: Window, litter: Litter) -> None:
    parent = stack[-1]
    scope = parent.scope.enter(child[:-1])
    if scope is None:
        return
    try:
        folder = _list(parent.path + child, parent.prefix + child, scope, litter)
    except FileNotFoundError:
        return
    except OSError as error:
        window.unusable.append(Unusable(parent.prefix + child, unreadable(error)))
        return
    if all(folder.identity != above.identity for above in stack):
        folder.skip(after)
        stack.append(folder)


def _list(path: bytes, prefix: bytes, scope: Scope, litter: Litter) -> _Folder:
    status = os.stat(path)  # noqa: PTH116 - a Path holds no bytes
    files: list[bytes] = []
    folders: list[bytes] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if _is_folder(entry):
                folders.append(entry.name + b"/")
            else:
                files.append(entry.name)
    files = scope.select(files)
    files.sort()
    files = litter.sift(prefix, files)
    folders.sort(reverse=True)
    return _Folder(path, prefix, scope, (status.st_dev, status.st_ino), files, folders)


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _look(folder: _Folder, stop: int, window: Window) -> None:
    """Look at the folder's next files. One path resolution serves them all; this loop is where a scan's time goes."""
    names = folder.files[folder.done : stop]
    folder.done = stop
    prefix, status, add = folder.prefix, os.stat, window.found.append
    try:
        handle = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        window.unusable.extend(Unusable(prefix + name, unreadable(error)) for name in names)
        return
    try:
        for name in names:
            try:
                seen = status(name, dir_fd=handle)
            except OSError as error:
                _explain(prefix, name, handle, error, window)
                continue
            if seen.st_mode & 0o170000 == stat.S_IFREG:
                add(
                    (
                        prefix + name,
                        seen.st_size,
                        seen.st_mtime_ns,
                        seen.st_ctime_ns,
                        seen.st_ino,
                        seen.st_dev,
                    )
                )
            else:
                window.unusable.append(Unusable(prefix + name, special(seen.st_mode)))
    finally:
        os.close(handle)


def _explain(prefix: bytes, name: bytes, handle: int, error: OSError, window: Window) -> None:
    """Tell a broken link, which is a fault, from a file that was removed a moment ago, which is none."""
    failure = unreadable(error)
    if isinstance(error, FileNotFoundError):
        try:
            os.stat(name, dir_fd=handle, follow_symlinks=False)
        except FileNotFoundError:
            return
        failure = Failure(FailureClass.UNREADABLE, "is a link to nothing", code="ENOENT")
    window.unusable.append(Unusable(prefix + name, failure))
