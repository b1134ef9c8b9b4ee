"""Several streams in path order as one, in which each path is there once."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from docbatch.sources.documents import Observed, Unusable

Found = Observed | Unusable


class _Next(NamedTuple):
    """The first of a stream, `rest` what follows it. It came by the name `base`, which was taken `taken` times."""

    path: bytes
    number: int
    base: bytes
    taken: int
    found: Found
    rest: Iterator[Found]


class PathMerge:
    """Takes streams that begin behind what was passed. What has a path that is taken gets a number behind it.

    `renamed` says which path such a one came by.
    """

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._ahead: list[_Next] = []
        self._last: bytes | None = None
        self._number = 0
        self.renamed: dict[bytes, bytes] = {}

    def __bool__(self) -> bool:
        """Whether anything is to come."""
        return bool(self._ahead)

    def add(self, stream: Iterator[Found]) -> None:
        for found in stream:
            self._put(found, found.path, 1, stream)
            return

    def passed(self, path: bytes) -> None:
        """Note a path that was met elsewhere."""
        self._last = path

    def before(self, path: bytes | None) -> Iterator[Found]:
        """Yield what comes before a path, or all that is left."""
        while self._ahead and (path is None or self._ahead[0].path < path):
            each = heappop(self._ahead)
            self.add(each.rest)
            if each.path == self._last:
                taken = each.taken + 1
                name = each.base + self._mark + b"%d" % taken
                self.renamed[name] = each.base
                self._put(each.found._replace(path=name), each.base, taken, iter(()))
            else:
                self._last = each.path
                yield each.found

    def _put(self, found: Found, base: bytes, taken: int, rest: Iterator[Found]) -> None:
        self._number += 1
        heappush(self._ahead, _Next(found.path, self._number, base, taken, found, rest))
