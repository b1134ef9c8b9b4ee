"""Documents that are files in a folder of this machine."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from docbatch.naming.pathtext import escape
from docbatch.sources.base import Source
from docbatch.sources.content import Measured, measure, open_content
from docbatch.sources.documents import Entry, FoundDocuments, Unusable, in_order
from docbatch.sources.globs import compile_globs
from docbatch.sources.litter import Litter
from docbatch.sources.scan import scan_windows
from docbatch.sources.statcache import StatCache
from docbatch.sources.walk import look_up, walk


class FolderSource(Source):
    """The files below an absolute `root` that the patterns select. A file's fingerprint is its times, inode and device."""

    def __init__(
        self, root: Path, include: Sequence[str], exclude: Sequence[str] = (), *, hidden: bool = False
    ) -> None:
        self.identity = os.fsencode(root)
        self._root = root
        self._globs = compile_globs(include, exclude, hidden=hidden)

    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        windows = walk(self._root, self._globs) if only is None else look_up(self._root, self._globs, only)
        for window in windows:
            found = [Entry(path, size, " ".join(map(str, status))) for path, size, *status in window.found]
            yield from in_order(found, window.unusable)

    def open(self, path: bytes) -> BinaryIO:
        return open_content(self.file(path))

    def is_there(self, path: bytes) -> bool:
        return os.path.lexists(self.file(path))

    def find(self, cache: StatCache, only: Collection[bytes] | None = None) -> FoundDocuments:
        if only is None:
            litter = Litter(self._globs.patterns[0])
            windows = walk(self._root, self._globs, litter=litter)
            return FoundDocuments(scan_windows(self._root, windows, self._globs, cache), litter=litter)
        # The cache is read along with a whole walk; a few documents are measured sooner than looked up there.
        few = look_up(self._root, self._globs, only)
        return FoundDocuments(scan_windows(self._root, few, self._globs, StatCache(None)))

    def measure(self, path: bytes) -> Measured:
        return measure(self.file(path))[0]

    @property
    def shown(self) -> str:
        include, exclude, hidden = self._globs.patterns
        without = f", without {', '.join(map(repr, exclude))}" if exclude else ""
        dots = "" if hidden else "; names that begin with a dot are not looked at"
        return f"{', '.join(map(repr, include))} below {escape(self.identity)}{without}{dots}"

    def file(self, path: bytes) -> bytes:
        return self.identity + b"/" + path

    def named(self, document: str) -> Iterator[bytes]:
        """Yield the file below the root that an absolute path leads to, or that a relative one names."""
        if Path(document).is_absolute():
            yield os.fsencode(os.path.relpath(document, self._root))
        else:
            yield from super().named(document)
