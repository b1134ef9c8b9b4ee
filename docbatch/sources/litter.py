"""Files that programs leave beside documents: locks of office programs, pictures and settings of file managers.

They are never meant when a pattern says "everything", and would be paid for. A pattern that names them takes them in.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from docbatch.core.report import visible
from docbatch.naming.filenames import OWNERS
from docbatch.naming.pathtext import escape

_PREFIXES = ("~$", ".~lock.", "._", "~WRL", "~WRD")
_NAMES = (
    ".DS_Store",
    OWNERS,
    *("Thumbs.db", "thumbs.db", "THUMBS.DB", "ehthumbs.db", "ehthumbs_vista.db"),
    *("Desktop.ini", "desktop.ini", "DESKTOP.INI"),
)
_FIRST = frozenset(name[0] for name in map(str.encode, (*_PREFIXES, *_NAMES)))
_FEW = 8
_HINT = re.compile(r"~|\._|thumbs|desktop\.ini|ds_store|[\[{]", re.IGNORECASE)
_WILD = re.compile(r"[*?]")


class Litter:
    """What a source leaves out; `number` and `first` say what it has left out so far."""

    def __init__(self, include: Sequence[str]) -> None:
        named = [last for pattern in include for last in _last_parts(pattern)]
        asked = {last.casefold() for last in named}
        prefixes = [prefix for prefix in _PREFIXES if not any(last.startswith(prefix) for last in named)]
        # A class such as [Tt] names them as well; a star means "everything".
        classes = [last for last in named if "[" in last and not _WILD.search(last)]
        names = [
            name
            for name in _NAMES
            if name.casefold() not in asked and not any(fnmatchcase(name, each) for each in classes)
        ]
        self._ranges = [
            *((prefix.encode(), prefix[:-1].encode() + bytes([ord(prefix[-1]) + 1])) for prefix in prefixes),
            *((name.encode(), name.encode() + b"\0") for name in names),
        ]
        self.number = 0
        self.first = b""

    def __str__(self) -> str:
        rest = f" and {self.number - 1:,} more" if self.number > 1 else ""
        return (
            f"{visible(escape(self.first))}{rest} left out: programs leave such files beside documents;"
            " a pattern of include that names them takes them in"
        )

    def sift(self, folder: bytes, names: list[bytes]) -> list[bytes]:
        """Return the names of a folder's files, which are in order, without litter."""
        # A folder may hold a million names, and a million folders one name each: neither is asked name by name.
        if len(names) <= _FEW and not any(name[0] in _FIRST for name in names):
            return names
        left_out: set[int] = set()
        for low, high in self._ranges:
            start = bisect_left(names, low)
            if start < len(names) and names[start] < high:
                left_out.update(range(start, bisect_left(names, high, start)))
        if not left_out:
            return names
        self.first = self.first or folder + names[min(left_out)]
        self.number += len(left_out)
        return [name for position, name in enumerate(names) if position not in left_out]


def _last_parts(pattern: str) -> Iterator[str]:
    """Yield what a pattern says of names, where that may be about litter."""
    if not _HINT.search(pattern):
        return
    if "{" not in pattern:
        yield pattern.rpartition("/")[2]
        return
    import bracex  # noqa: PLC0415 - many specs have no braces

    for plain in bracex.iexpand(pattern, keep_escapes=True, limit=1000):
        yield plain.rpartition("/")[2]
