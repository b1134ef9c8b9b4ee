"""Files and folders that only their owner may look into, whatever the process's umask says."""

import contextlib
import os
import stat
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
_OTHERS = 0o077


def opener(path: str | bytes, flags: int) -> int:
    """Open a file as `open(..., opener=opener)` asks; one that is made here is its owner's alone."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, FILE)
    try:
        close(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def close(descriptor: int) -> None:
    """Take an open file from everybody but its owner. What belongs to somebody else is left as it is."""
    status = os.fstat(descriptor)
    if (
        stat.S_ISREG(status.st_mode)
        and stat.S_IMODE(status.st_mode) != FILE
        and status.st_uid == os.geteuid()
    ):
        os.fchmod(descriptor, FILE)


def make_file(path: Path) -> None:
    """Make an empty file unless there is one, before something else writes to it by its name. Raises OSError."""
    with open(path, "ab", opener=opener):
        pass


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(FOLDER)
    except FileExistsError:
        if not path.is_dir():
            raise
    else:
        path.chmod(FOLDER)


def tighten(folder: Path) -> None:
    """Take a folder and all that lies in it from everybody but its owner, if that was not done yet. Raises OSError.

    The folder itself is the last, so that one who is killed begins again. What its owner may not do is left so.
    """
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    if not mode & _OTHERS or status.st_uid != os.geteuid():
        return
    for where, folders, names in os.walk(folder):
        for name in (*folders, *names):
            tighten_one(Path(where, name))
    folder.chmod(mode & ~_OTHERS)


def tighten_one(path: Path) -> None:
    """Take a file or folder from everybody but its owner. Links are left, and what somebody else removes or owns."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
