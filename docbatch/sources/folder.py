"""Documents that are files in a folder of this machine."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from docbatch.naming.pathtext import escape
from docbatch.sources.allowance import Allowance
from docbatch.sources.base import Source
from docbatch.sources.content import Measured, measure, open_content
from docbatch.sources.documents import Entry, FoundDocuments, Unusable, in_order
from docbatch.sources.found_files import Window
from docbatch.sources.globs import compile_globs, variants
from docbatch.sources.ignore_files import IgnoreFiles
from docbatch.sources.ignore_rules import IGNORE_FILE
from docbatch.sources.litter import Litter
from docbatch.sources.scan import scan_windows
from docbatch.sources.selection_tally import SelectionTally
from docbatch.sources.statcache import StatCache
from docbatch.sources.walk import Reach, look_up, walk

if TYPE_CHECKING:
    from docbatch.sources.settling import Settling

_TRIED = 5
"""So many patterns that found nothing are looked at once more."""


class FolderSource(Source):
    """The files below an absolute `root` that the patterns select. A file's fingerprint is its times, inode and device.

    Without a `reach`, links out of the root are not followed. `allowance` bounds what is found and read.
    Files that may still be written are left for later where there is a `settling`.
    """

    def __init__(
        self,
        root: Path,
        include: Sequence[str],
        exclude: Sequence[str] = (),
        *,
        hidden: bool = False,
        reach: Reach | None = None,
        allowance: Allowance | None = None,
        settling: "Settling | None" = None,
    ) -> None:
        self._settling = settling
        self._reach = Reach(os.path.realpath(os.fsencode(root))) if reach is None else reach
        self._allowance = allowance
        self.identity = os.fsencode(root)
        self._root = root
        self._globs = compile_globs(include, exclude, hidden=hidden)

    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        for window in self._found(only):
            found = [Entry(path, size, " ".join(map(str, status))) for path, size, *status in window.found]
            yield from in_order(found, window.unusable)

    def open(self, path: bytes) -> BinaryIO:
        return open_content(self.file(path))

    def is_there(self, path: bytes) -> bool:
        return os.path.lexists(self.file(path))

    def find(self, cache: StatCache, only: Collection[bytes] | None = None) -> FoundDocuments:
        litter, selection = Litter(self._globs.patterns[0]), SelectionTally()
        # The cache is read along with a whole walk; a few documents are measured sooner than looked up there.
        known = cache if only is None else StatCache(None)
        windows = self._found(only, litter, selection)
        if self._settling is None:
            seen = scan_windows(self._root, windows, self._globs, known)
            return FoundDocuments(seen, litter=litter, selection=selection)
        from docbatch.sources.settling import UnsettledBelow, Withholding  # noqa: PLC0415 - few runs wait for files

        withholding = Withholding(self._settling, self.identity, selection)
        seen = scan_windows(self._root, windows, self._globs, known, withholding)
        unsettled = UnsettledBelow(self._settling, self.identity)
        return FoundDocuments(seen, litter=litter, selection=selection, unsettled=unsettled)

    @property
    def leaves_changes(self) -> bool:
        return self._settling is not None

    def measure(self, path: bytes) -> Measured:
        return measure(self.file(path))[0]

    @property
    def shown(self) -> str:
        include, exclude, hidden = self._globs.patterns
        without = f", without {', '.join(map(repr, exclude))}" if exclude else ""
        dots = "" if hidden else "; names that begin with a dot are not looked at"
        told = f"{', '.join(map(repr, include))} below {escape(self.identity)}{without}{dots}"
        return "; ".join((told, *self._others()))

    def _others(self) -> Iterator[str]:
        """Say which other patterns would find something: the usual slips are letter case, a folder's name, and a path from elsewhere."""
        if self._allowance is not None:
            return
        include, exclude, hidden = self._globs.patterns
        for pattern in include[:_TRIED]:
            for other in variants(pattern, os.path.basename(os.fsdecode(self.identity))):  # noqa: PTH119 - bytes
                found = self._first(other, exclude, hidden=hidden)
                if found is not None:
                    yield f"{other!r} would find {escape(found)}"
                    break

    def _first(self, pattern: str, exclude: Sequence[str], *, hidden: bool) -> bytes | None:
        try:
            globs = compile_globs([pattern], exclude, hidden=hidden)
        except ValueError:
            return None
        ignoring = IgnoreFiles(self.identity)
        window = next(walk(self._root, globs, size=1, reach=self._reach, ignoring=ignoring), None)
        return window.found[0][0] if window is not None and window.count else None

    def file(self, path: bytes) -> bytes:
        return self.identity + b"/" + path

    def _found(
        self,
        only: Collection[bytes] | None,
        litter: Litter | None = None,
        selection: SelectionTally | None = None,
    ) -> Iterator[Window]:
        note = None if self._allowance is None else self._allowance.list_folder
        ignoring = IgnoreFiles(self.identity, note)
        if only is None:
            windows = walk(
                self._root, self._globs, reach=self._reach, litter=litter, note_folder=note, ignoring=ignoring
            )
        else:
            windows = look_up(self._root, self._globs, only, reach=self._reach, ignoring=ignoring)
        yield from windows if self._allowance is None else self._allowance.spent_on(windows)
        if selection is not None:
            selection.ignored_files, selection.ignored_folders = ignoring.files, ignoring.folders

    def why_left_out(self, path: bytes) -> str | None:
        if path.rpartition(b"/")[2] == IGNORE_FILE:
            return "it says what is left out, and is no document itself"
        found = IgnoreFiles(self.identity).deciding(path)
        return None if found is None else f"line {found[1].number} of {found[0].file} leaves it out"

    def modified(self, path: bytes) -> float | None:
        try:
            return os.stat(self.file(path)).st_mtime  # noqa: PTH116 - a Path holds no bytes
        except OSError:
            return None

    def named(self, document: str) -> Iterator[bytes]:
        """Yield the file below the root that an absolute path leads to, or that a relative one names."""
        if Path(document).is_absolute():
            yield os.fsencode(os.path.relpath(document, self._root))
        else:
            yield from super().named(document)
