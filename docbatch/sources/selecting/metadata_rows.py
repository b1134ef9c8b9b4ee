"""Rows that say something of documents by their paths, or of all that a pattern matches."""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from docbatch.core.errors import GuardRefused
from docbatch.naming.pathtext import unescape
from docbatch.sources.automaton import Automaton, PatternParts
from docbatch.sources.globs import MAX_PATTERNS, compile_patterns

_MAGIC = frozenset("*?[{")
_MOST_TRIED = 30_000_000
"""So many names are held against single expressions of patterns; it takes seconds."""


@dataclass(frozen=True, slots=True)
class MetadataRow:
    """`path` is what is written: a document's path, or a pattern. `line` is where."""

    path: str
    columns: Mapping[str, str]
    line: int

    @property
    def is_pattern(self) -> bool:
        return not _MAGIC.isdisjoint(self.path)


@dataclass(frozen=True)
class MetadataRows:
    """Rows in the order of their list, called `file` in messages.

    What the row of a document's own path says counts first, then what patterns say that match it, in the order of the list:
    each column comes from the first row that has it. A row is tried as a path in any case, for names have brackets in them.
    Raises ValueError for a pattern that cannot be one, see `refuse_pattern`.
    """

    rows: Sequence[MetadataRow]
    file: str = ""
    is_bounded: bool = field(default=False, compare=False)

    def of(self, path: bytes) -> Mapping[str, str]:
        """Return what rows say of one document. Raises GuardRefused where that takes too long."""
        own = self._exact.get(path)
        owners = self._owners(path)
        if not owners:
            return {} if own is None else self.rows[own].columns
        found: dict[str, str] = {}
        for index in ((own,) if own is not None else ()) + owners:
            for name, value in self.rows[index].columns.items():
                found.setdefault(name, value)
        return found

    @property
    def names(self) -> frozenset[str]:
        """The columns that some row has."""
        return frozenset(name for row in self.rows for name in row.columns)

    @cached_property
    def _exact(self) -> Mapping[bytes, int]:
        found: dict[bytes, int] = {}
        for index, row in enumerate(self.rows):
            # What docbatch prints of a path is found again, and so is a name that only looks like that.
            for path in {document_path(row.path), os.fsencode(row.path)}:
                found.setdefault(path, index)
        return found

    @cached_property
    def sorted_paths(self) -> Sequence[tuple[bytes, int]]:
        """The paths that rows name, in byte order, each with its row."""
        return sorted(self._exact.items())

    @cached_property
    def _patterns(self) -> tuple[Automaton, Sequence[int]] | None:
        compiled: list[PatternParts] = []
        owners: list[int] = []
        for index, row in enumerate(self.rows):
            if row.is_pattern:
                made = compile_patterns([row.path], hidden=True)
                compiled += made
                owners += [index] * len(made)
        return (Automaton(compiled), owners) if compiled else None

    def _owners(self, path: bytes) -> tuple[int, ...]:
        """Return the rows whose patterns match, in their order."""
        if self._patterns is None:
            return ()
        automaton, owners = self._patterns
        if self.is_bounded and automaton.tried > _MOST_TRIED:
            raise GuardRefused(
                f"{self.file}: patterns with several wildcards in a name are too many for so many documents",
                hint="a repository that is not trusted is looked at no further; write * at most once in a name",
            )
        *folders, name = path.split(b"/")
        places = automaton.start
        for folder in folders:
            if not places:
                return ()
            places = automaton.enter(places, folder)
        matched = automaton.matched(places, name) if places else 0
        if not matched:
            return ()
        return tuple(dict.fromkeys(owners[number] for number in automaton.owners(matched)))

    def matching(self, path: bytes) -> tuple[int, ...]:
        """Return the rows whose patterns match a path."""
        return self._owners(path)


def document_path(text: str) -> bytes:
    """Return the path that a row names; a leading ./ is none of it."""
    return unescape(text.removeprefix("./"))


def refuse_pattern(row: MetadataRow, room: int = MAX_PATTERNS) -> int:
    """Return how many patterns a row is, its braces spread out. Raises ValueError for what cannot be one."""
    made = len(compile_patterns([row.path], hidden=True))
    if made > room:
        raise ValueError(f"the patterns expand to more than {MAX_PATTERNS:,} together; use * or fewer braces")
    return made


class UnmatchedRows:
    """Which rows have met no document yet, as windows of them come by in path order."""

    def __init__(self, rows: MetadataRows) -> None:
        self._rows = rows
        self._met: set[int] = set()
        self._patterns = {index for index, row in enumerate(rows.rows) if row.is_pattern}

    def see(self, paths: Sequence[bytes]) -> None:
        """Note the paths of one window."""
        if not paths:
            return
        known = self._rows.sorted_paths
        start = bisect_left(known, (paths[0], -1))
        end = bisect_right(known, (paths[-1], len(self._rows.rows)))
        if start < end:
            here = frozenset(paths)
            self._met.update(index for path, index in known[start:end] if path in here)
        for path in paths if not self._met.issuperset(self._patterns) else ():
            self._met.update(self._rows.matching(path))

    def left(self) -> Iterator[MetadataRow]:
        """Yield the rows that say something of nothing."""
        yield from (row for index, row in enumerate(self._rows.rows) if index not in self._met)
