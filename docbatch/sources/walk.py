"""Finding files below a root, in byte order of their paths, a window at a time.

The order of a folder's entries, with "/" added to the names of subfolders, is the order of the whole stream. A link
to a file is the file under the link's name; a link to a folder is entered unless it leads back to a folder that is
being walked. What leads further than the walk may reach, and what else can be seen but not used, is reported beside
the files, never raised.
"""

import os
import stat
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

from docbatch.core.errors import GuardRefused
from docbatch.core.models import Failure, FailureClass
from docbatch.sources.content import out_of_reach, special, unreadable
from docbatch.sources.documents import WINDOW, Unusable
from docbatch.sources.found_files import Window, packed, packed_statuses, told
from docbatch.sources.globs import Globs, Scope
from docbatch.sources.ignore_files import IgnoreFiles
from docbatch.sources.ignore_rules import IGNORE_FILE, IgnoreScope
from docbatch.sources.litter import Litter
from docbatch.sources.mounts import is_of_the_kernel


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a walk goes: links lead to what lies below `links`, an absolute path without links, or anywhere.

    Other file systems are entered where `mounts` says so; those of the kernel never are.
    """

    links: bytes | None = None
    mounts: bool = True

    def has(self, path: bytes) -> bool:
        """Say whether what lies at a path, links on the way to it followed, may be read."""
        try:
            return self.links is None or _is_below(os.path.realpath(path), self.links)
        except RecursionError:
            return False


ANYWHERE = Reach()


def _is_below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


NOTHING_IGNORED = IgnoreScope()


@dataclass(frozen=True, slots=True)
class _Limits:
    """How far a walk goes, and what it leaves out on its way."""

    reach: Reach
    litter: Litter
    note_folder: Callable[[int], None] | None = None
    ignoring: IgnoreFiles | None = None


@dataclass(slots=True)
class _Folder:
    """A folder being walked. `folders` is in descending order, `done` counts the files already reported.

    `outside` are those names of either that are links to what is out of reach. `ignored` is what files above and here leave out.
    """

    path: bytes
    prefix: bytes
    scope: Scope
    identity: tuple[int, int]
    files: list[bytes]
    folders: list[bytes]
    outside: frozenset[bytes] = frozenset()
    done: int = 0
    ignored: IgnoreScope = NOTHING_IGNORED

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
    root: Path,
    globs: Globs,
    *,
    after: bytes = b"",
    size: int = WINDOW,
    reach: Reach = ANYWHERE,
    litter: Litter | None = None,
    note_folder: Callable[[int], None] | None = None,
    ignoring: IgnoreFiles | None = None,
) -> Iterator[Window]:
    """Yield windows of at most `size` entries whose paths are greater than `after`.

    `litter` counts what is left out, and so does `ignoring`, which follows files called .docbatchignore; `note_folder` is told
    of each folder how many names it has. Raises GuardRefused when the root itself cannot be listed: a mount that is missing looks like that.
    """
    window = Window()
    limits = _Limits(reach, Litter(globs.patterns[0]) if litter is None else litter, note_folder, ignoring)
    stack = [_open_root(root, globs.start, limits)]
    stack[0].skip(after)
    while stack:
        folder = stack[-1]
        stop = folder.before_next()
        if folder.done < stop:
            _look(folder, _cut(folder, stop, window.room(size), size), window)
        elif folder.folders:
            _descend(stack, folder.folders.pop(), after, window, limits)
        else:
            stack.pop()
        if window.room(size) <= size // 2:
            yield window
            window = Window()
    if window.count or window.unusable:
        yield window


def look_up(
    root: Path,
    globs: Globs,
    paths: Collection[bytes],
    *,
    reach: Reach = ANYWHERE,
    ignoring: IgnoreFiles | None = None,
) -> Iterator[Window]:
    """Yield one window with those of the paths that a walk would come by."""
    window = Window()
    litter = Litter(globs.patterns[0])
    for path in sorted(filter(globs, paths)):
        folder, _, name = path.rpartition(b"/")
        if not litter.sift(folder, [name]):
            continue
        if ignoring is not None and (name == IGNORE_FILE or ignoring.deciding(path) is not None):
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
        outside = frozenset[bytes]() if reach.has(place + name) else frozenset([name])
        _look(_Folder(place, prefix, globs.start, identity, [name], [], outside), 1, window)
    yield window


def _open_root(root: Path, scope: Scope, limits: _Limits) -> _Folder:
    try:
        return _list(bytes(root) + b"/", b"", scope, limits, NOTHING_IGNORED)
    except OSError as error:
        raise GuardRefused(
            f"source root {root} cannot be listed: {error.strerror}",
            hint="nothing was changed; create or mount the folder, or correct source.root in the spec",
        ) from error


def _descend(stack: list[_Folder], child: bytes, after: bytes, window: Window, limits: _Limits) -> None:
    parent = stack[-1]
    scope = parent.scope.enter(child[:-1])
    if scope is None:
        return
    if limits.ignoring is not None and limits.ignoring.has_folder(parent.ignored, child[:-1]):
        return
    if child in parent.outside:
        window.unusable.append(Unusable(parent.prefix + child, out_of_reach()))
        return
    try:
        ignored = parent.ignored.enter(child[:-1]) if parent.ignored.layers else NOTHING_IGNORED
        folder = _list(parent.path + child, parent.prefix + child, scope, limits, ignored)
    except FileNotFoundError:
        return
    except OSError as error:
        window.unusable.append(Unusable(parent.prefix + child, unreadable(error)))
        return
    if folder.identity[0] != parent.identity[0] and not _is_crossed(folder, limits.reach):
        reason = "is a file system of its own that holds no documents, not a folder"
        window.unusable.append(Unusable(folder.prefix, Failure(FailureClass.SPECIAL_FILE, reason)))
    elif all(folder.identity != above.identity for above in stack):
        folder.skip(after)
        stack.append(folder)


def _is_crossed(folder: _Folder, reach: Reach) -> bool:
    place = os.fsdecode(os.path.realpath(folder.path))
    return reach.mounts and not is_of_the_kernel(place, folder.identity[0])


def _list(path: bytes, prefix: bytes, scope: Scope, limits: _Limits, ignored: IgnoreScope) -> _Folder:
    status = os.stat(path)  # noqa: PTH116 - a Path holds no bytes
    files: list[bytes] = []
    folders: list[bytes] = []
    links: list[bytes] = []
    with os.scandir(path) as entries:
        for entry in entries:
            # Neither question costs a system call where the folder itself says what its entries are.
            if entry.is_symlink():
                links.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name + b"/")
            else:
                files.append(entry.name)
    if limits.note_folder is not None:
        limits.note_folder(len(files) + len(folders) + len(links))
    has_own = limits.ignoring is not None and (IGNORE_FILE in files or IGNORE_FILE in links)
    outside = _sort_links(path, links, files, folders, limits.reach) if links else frozenset()
    files = scope.select(files)
    if limits.ignoring is not None and (has_own or ignored.layers):
        ignored = limits.ignoring.below(ignored, prefix) if has_own else ignored
        files = limits.ignoring.kept(ignored, [name for name in files if name != IGNORE_FILE])
    files.sort()
    files = limits.litter.sift(prefix, files)
    folders.sort(reverse=True)
    return _Folder(
        path, prefix, scope, (status.st_dev, status.st_ino), files, folders, outside, ignored=ignored
    )


def _sort_links(
    path: bytes, links: list[bytes], files: list[bytes], folders: list[bytes], reach: Reach
) -> frozenset[bytes]:
    """Put links to what they lead to; return those that lead out of reach, of which is only seen what they are."""
    outside = []
    for link in links:
        try:
            is_folder = stat.S_ISDIR(os.stat(path + link).st_mode)  # noqa: PTH116 - a Path holds no bytes
        except FileNotFoundError:
            is_folder = False
        except OSError:
            # A ring of links, or a chain that the system does not follow either, is told when it is looked at.
            files.append(link)
            continue
        name = link + b"/" if is_folder else link
        (folders if is_folder else files).append(name)
        if not reach.has(path + link):
            outside.append(name)
    return frozenset(outside)


def _cut(folder: _Folder, stop: int, room: int, size: int) -> int:
    """Return where a window ends that has no room for all files up to `stop`: where it would end with others before them.

    What is known of a window is compared as a whole, and one more file must not make all windows behind it others.
    """
    if stop - folder.done <= room:
        return stop
    least = folder.done + max(0, room - size // 2 - 1)
    return max(range(least, folder.done + room), key=lambda place: crc32(folder.files[place])) + 1


def _look(folder: _Folder, stop: int, window: Window) -> None:
    """Look at the folder's next files. One path resolution serves them all; this is where a scan's time goes."""
    names = folder.files[folder.done : stop]
    folder.done = stop
    if folder.outside:
        names = _without_outside(folder, names, window)
    prefix = folder.prefix
    try:
        handle = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        window.unusable.extend(Unusable(prefix + name, unreadable(error)) for name in names)
        return
    try:
        statuses = packed_statuses(names, handle)
        if statuses is None:
            _look_one_by_one(prefix, names, handle, window)
        else:
            window.add(prefix, names, statuses)
    finally:
        os.close(handle)
        if folder.outside:
            window.unusable.sort()


def _look_one_by_one(prefix: bytes, names: list[bytes], handle: int, window: Window) -> None:
    look = partial(os.stat, dir_fd=handle)
    for name in names:
        try:
            seen = look(name)
        except OSError as error:
            _explain(prefix, name, handle, error, window)
            continue
        if stat.S_ISREG(seen.st_mode):
            window.add(prefix, [name], packed(told(seen)))
        else:
            window.unusable.append(Unusable(prefix + name, special(seen.st_mode)))


def _without_outside(folder: _Folder, names: list[bytes], window: Window) -> list[bytes]:
    outside = [name for name in names if name in folder.outside]
    window.unusable.extend(Unusable(folder.prefix + name, out_of_reach()) for name in outside)
    return [name for name in names if name not in folder.outside]


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
