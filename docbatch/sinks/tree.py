"""Folders below a sink's root, reached one component at a time and never through a symbolic link."""

import contextlib
import itertools
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from docbatch.durability import Place
from docbatch.naming.pathtext import escape
from docbatch.sinks.faults import sink_error
from docbatch.sinks.paths import TEMPORARY, UnsafeOutput

_RUN = secrets.token_hex(4)
_OURS = f"{TEMPORARY}{_RUN}-".encode()
_NUMBERS = itertools.count(secrets.randbits(46))
_UNFINISHED = re.compile(re.escape(TEMPORARY) + r"([0-9a-f]{8})-[0-9a-f]{12}\.tmp")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_BELOW = _FOLDER | os.O_NOFOLLOW
_LONGEST = 4000
_REMEMBERED = 4096


class Tree:
    """Open folders below a root. They stay open until `release`; `len` says how many there are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: dict[bytes, int] = {}
        self._touched: set[bytes] = set()
        self._swept: dict[bytes, None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.release()

    def __len__(self) -> int:
        return len(self._open)

    def locate(self, output: bytes, *, create: bool = True) -> tuple[int, bytes]:
        """Return the open folder of an output and the output's name in it.

        With `create`, folders are made and what a killed run left unfinished in this one is removed.
        Raises UnsafeOutput for a path that leaves the root, OSError for a folder that cannot be had,
        SinkError where that is the root.
        """
        above, _, name = output.rpartition(b"/")
        folder = self._open.get(above)
        unknown = (name,) if folder is not None else output.split(b"/")
        if len(output) > _LONGEST or any(part in {b"", b".", b".."} for part in unknown):
            raise UnsafeOutput(f"the path {escape(output)} cannot be written below {self.root}")
        if folder is None:
            folder = self._descend(above, create=create)
        if create and above not in self._swept:
            self._sweep(above, folder)
        return folder, name

    def touch(self, output: bytes) -> None:
        """Note that the name of this output was added, replaced or taken away."""
        self._touched.add(output.rpartition(b"/")[0])

    def touched(self) -> list[Place]:
        """Return the folders whose names changed since the last release."""
        return [Place(path or b".", self._open[b""]) for path in self._touched]

    def release(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
        self._touched.clear()

    def _descend(self, path: bytes, *, create: bool) -> int:
        if b"" not in self._open:
            self._open[b""] = self._enter_root(create=create)
        folder, walked = self._open[b""], b""
        for part in path.split(b"/") if path else ():
            walked = walked + b"/" + part if walked else part
            try:
                below = self._enter(folder, part, walked, create=create)
            finally:
                if folder != self._open[b""]:
                    os.close(folder)
            folder = below
        self._open[path] = folder
        return folder

    def _enter_root(self, *, create: bool) -> int:
        try:
            if create:
                self.root.mkdir(parents=True, exist_ok=True)
            return os.open(self.root, _FOLDER)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not create:
                raise
            raise sink_error(f"the sink's folder {self.root}", error) from error

    def _enter(self, parent: int, name: bytes, path: bytes, *, create: bool) -> int:
        if create:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=parent)
                self.touch(path)
        try:
            return os.open(name, _BELOW, dir_fd=parent)
        except NotADirectoryError as error:
            linked = stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
            what = "a symbolic link" if linked else "not a folder"
            raise UnsafeOutput(
                f"{self.root}/{escape(path)} is {what}; move it away or change the sink's path"
            ) from error

    def _sweep(self, path: bytes, folder: int) -> None:
        for name in _unfinished(folder):
            os.unlink(name, dir_fd=folder)
        if len(self._swept) >= _REMEMBERED:
            del self._swept[next(iter(self._swept))]
        self._swept[path] = None


def temporary_name() -> bytes:
    """Return a name for an unfinished output that a later run recognises as left over."""
    return b"%s%012x.tmp" % (_OURS, next(_NUMBERS))


def _unfinished(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return list(_leftovers(entries))


def _leftovers(entries: Iterator[os.DirEntry[str]]) -> Iterator[str]:
    for entry in entries:
        name = entry.name
        made = _UNFINISHED.fullmatch(name)
        if made is not None and made[1] != _RUN and entry.is_file(follow_symlinks=False):
            yield name
