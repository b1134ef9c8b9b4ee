"""The folder that mirrors a list: one file for each document, as it was last looked at."""

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from docbatch.naming.filenames import TEMPORARY
from docbatch.owner_only import make_folder, opener
from docbatch.sources.documents import WINDOW, Unusable
from docbatch.sources.found_files import Found, Window, packed, told
from docbatch.sources.linkcache import LastLook


def place(root: bytes, path: bytes) -> Path:
    return Path(os.fsdecode(root + b"/" + path))


def found(root: bytes, path: bytes) -> Found | None:
    """Return the file's status as a walk gives it; None when it is not there."""
    try:
        status = os.stat(root + b"/" + path, follow_symlinks=False)  # noqa: PTH116 - a Path holds no bytes
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return path, *told(status)


def is_of(file: Found, look: LastLook) -> bool:
    """Say whether a file is the one that was written at that look."""
    return (file[1], file[2], file[4]) == (look.size, look.mtime_ns, look.inode)


def windows(files: Sequence[Found], unusable: Sequence[Unusable]) -> Iterator[Window]:
    """Yield what is there as a walk would, in path order."""
    there: dict[bytes, Found] = {file[0]: file for file in files}
    failed: dict[bytes, Unusable] = {each.path: each for each in unusable}
    paths = sorted({**there, **failed})
    for start in range(0, len(paths), WINDOW):
        chosen = paths[start : start + WINDOW]
        window = Window([failed[path] for path in chosen if path in failed])
        held = [path for path in chosen if path in there]
        window.add(b"", held, b"".join(packed(there[path][1:]) for path in held))
        yield window


def put(root: bytes, path: bytes, fill: Callable[[BinaryIO], bool]) -> None:
    """Let `fill` write a file that takes the document's place if it says so, and leaves no trace otherwise."""
    target = place(root, path)
    make_folder(target.parent)
    unfinished = target.parent / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        with open(unfinished, "xb", opener=opener) as stream:
            filled = fill(stream)
        if filled:
            unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def write(root: bytes, contents: Mapping[bytes, bytes]) -> None:
    """Make the documents' files hold exactly this; those that do are left alone."""
    for path, content in contents.items():
        with contextlib.suppress(OSError):
            if place(root, path).read_bytes() == content:
                continue
        put(root, path, partial(_fill, content))


def _fill(content: bytes, stream: BinaryIO) -> bool:
    stream.write(content)
    return True


def prune(root: bytes, kept: Collection[bytes]) -> None:
    """Remove files that are no document's any more, unfinished ones, and folders that are empty then."""
    for folder, folders, names in os.walk(root, topdown=False):
        below = folder[len(root) + 1 :]
        # A link in the place of a folder leads elsewhere: it goes, and what it leads to stays.
        links = [name for name in folders if os.path.islink(folder + b"/" + name)]  # noqa: PTH114 - the same
        for name in (*names, *links):
            if (below + b"/" + name if below else name) not in kept:
                os.unlink(folder + b"/" + name)  # noqa: PTH108 - a Path holds no bytes
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106 - the same
