"""Files as a walk finds them, packed: a thousand that are as they were cost a comparison of bytes, not one each.

A path is its bytes, and a status six numbers of eight bytes. Both of many files are one string of bytes.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import starmap
from operator import attrgetter
from struct import Struct, error

from docbatch.sources.documents import Unusable

Found = tuple[bytes, int, int, int, int, int, int]
"""Path below the root, size, mtime_ns, ctime_ns, inode, device, mode."""

told: Callable[[os.stat_result], tuple[int, int, int, int, int, int]] = attrgetter(
    "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino", "st_dev", "st_mode"
)
_MODE = attrgetter("st_mode")
_ONE = Struct("=6q")
WIDTH = _ONE.size
"""How many bytes the status of one file takes."""
_SIGN, _ALL = 1 << 63, 1 << 64


def packed(numbers: Iterable[int]) -> bytes:
    """Pack what is told of one file's status; numbers that need all 64 bits lose nothing but their sign."""
    return _ONE.pack(*((number + _SIGN) % _ALL - _SIGN for number in numbers))


def packed_statuses(names: Sequence[bytes], folder: int) -> bytes | None:
    """Pack the status of each name in an open folder; None unless all are regular files that can be looked at."""
    look = os.stat
    try:
        # Nothing that calls `look` with a keyword is as quick as this.
        seen = [look(name, dir_fd=folder) for name in names]
        packed_each = b"".join(starmap(_ONE.pack, map(told, seen)))
    except (OSError, error):
        return None
    return packed_each if all(map(stat.S_ISREG, set(map(_MODE, seen)))) else None


def size_of(status: bytes) -> int:
    """Return the size that a packed status tells, in bytes."""
    return int(_ONE.unpack(status)[0])


def freshest(status: bytes) -> int:
    """Return the latest time, in ns, that a packed status tells."""
    _, modified, changed, *_ = _ONE.unpack(status)
    return max(int(modified), int(changed))


def device_of(status: bytes) -> int:
    return int(_ONE.unpack(status)[4])


def split(statuses: bytes) -> list[bytes]:
    """Return the packed status of each file."""
    return [statuses[start : start + WIDTH] for start in range(0, len(statuses), WIDTH)]


@dataclass(slots=True)
class Window:
    """A stretch of the stream: files, and what cannot be used. Both are in path order, and every later path is greater."""

    unusable: list[Unusable] = field(default_factory=list)
    count: int = 0
    _paths: list[bytes] = field(default_factory=list)
    _statuses: list[bytes] = field(default_factory=list)

    def add(self, prefix: bytes, names: Sequence[bytes], statuses: bytes) -> None:
        """Take files of one folder, whose paths are the prefix and their names."""
        if names:
            self._paths.append(prefix + (b"\0" + prefix).join(names))
            self._statuses.append(statuses)
            self.count += len(names)

    @property
    def paths(self) -> bytes:
        """The paths of the files, joined by NUL, which is in none."""
        return self._paths[0] if len(self._paths) == 1 else b"\0".join(self._paths)

    @property
    def statuses(self) -> bytes:
        return self._statuses[0] if len(self._statuses) == 1 else b"".join(self._statuses)

    @property
    def files(self) -> Iterator[tuple[bytes, bytes]]:
        """Path and packed status of each file."""
        return zip(self.paths.split(b"\0") if self.count else (), split(self.statuses), strict=True)

    @property
    def found(self) -> list[Found]:
        return [(path, *_ONE.unpack(status)) for path, status in self.files]

    def room(self, size: int) -> int:
        return size - self.count - len(self.unusable)
