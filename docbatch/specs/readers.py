"""The sources of all jobs, asked at once which of them would read a file: what is asked does not cost more with more of them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.sources.automaton import Automaton, PatternParts
from docbatch.sources.globs import STATE_FOLDER, compile_patterns
from docbatch.specs.values import Job, JobSource

_Places = tuple[int, int]


MOST_TRIED = 30_000_000
"""So many names are held against single expressions of patterns; it takes seconds."""


class TooManyExpressions(ValueError):
    """Patterns with several wildcards in a name, and outputs, are too many to be compared."""


class ReaderGroup:
    """The sources that have one root, with the names of the jobs they belong to."""

    def __init__(self, sources: Mapping[JobSource, Sequence[str]]) -> None:
        self._names = list(sources.values())
        self._include, self._included_by = _compiled([(each.include, each.hidden) for each in sources])
        self._exclude, self._excluded_by = _compiled([(each.exclude, True) for each in sources])
        self._entered: dict[tuple[_Places, bytes], _Places] = {}
        self._told: dict[_Places, Sequence[str]] = {}

    def selecting(self, path: bytes) -> Sequence[str]:
        """Return the jobs that would read a file at a path below the root. Raises TooManyExpressions."""
        if self._include.tried + self._exclude.tried > MOST_TRIED:
            raise TooManyExpressions
        *folders, name = path.split(b"/")
        places = self._include.start, self._exclude.start
        for folder in folders:
            if folder == STATE_FOLDER or not places[0]:
                return ()
            places = self._enter(places, folder)
        ends = self._include.matched(places[0], name), self._exclude.matched(places[1], name)
        if ends[0] and ends not in self._told:
            self._told[ends] = self._those(*ends)
        return self._told[ends] if ends[0] else ()

    def _enter(self, places: _Places, folder: bytes) -> _Places:
        known = self._entered.get((places, folder))
        if known is None:
            included, excluded = places
            known = self._include.enter(included, folder), self._exclude.enter(excluded, folder)
            self._entered[places, folder] = known
        return known

    def _those(self, included: int, excluded: int) -> Sequence[str]:
        dropped = {self._excluded_by[pattern] for pattern in self._exclude.owners(excluded)}
        kept = dict.fromkeys(self._included_by[pattern] for pattern in self._include.owners(included))
        return [name for source in kept if source not in dropped for name in self._names[source]]


def reader_groups(jobs: Iterable[Job]) -> Mapping[bytes, ReaderGroup]:
    """Return the sources of jobs by root, a path that ends with a separator. Sources that are equal count once."""
    names: dict[JobSource, list[str]] = {}
    for job in jobs:
        if job.source.listing is None and job.source.options is None:
            names.setdefault(job.source, []).append(job.name)
    roots: dict[bytes, dict[JobSource, list[str]]] = {}
    for source, owners in names.items():
        roots.setdefault(source.place + b"/", {})[source] = owners
    return {root: ReaderGroup(sources) for root, sources in roots.items()}


def first_reader(jobs: Iterable[Job], files: Iterable[Path]) -> tuple[Path, str] | None:
    """Return the first of some files, whether they are there or not, that a source would read, and the name of its job."""
    try:
        groups = reader_groups(jobs)
        found = (
            (number, job, file)
            for number, file in enumerate(files)
            for place in _places(file)
            for root, group in groups.items()
            if place.startswith(root)
            for job in group.selecting(place[len(root) :])
        )
        first = min(found, default=None)
    except TooManyExpressions:
        return None
    return None if first is None else (first[2], first[1])


def would_be_read(file: Path, job: str) -> UsageError:
    return UsageError(
        f"{file} would be read as a document by the source of job '{job}'; nothing was changed",
        hint="name a file elsewhere, or exclude this one there",
    )


def _places(file: Path) -> set[bytes]:
    """Return where a file lies, and where a link in its place leads."""
    beside = Path(os.path.realpath(file.parent)) / file.name
    return {os.fsencode(beside), os.fsencode(os.path.realpath(file))}


def _compiled(sources: Iterable[tuple[Sequence[str], bool]]) -> tuple[Automaton, list[int]]:
    """Return all patterns as one, and for each the number of its source."""
    patterns: list[PatternParts] = []
    owners: list[int] = []
    for number, (written, hidden) in enumerate(sources):
        compiled = compile_patterns(written, hidden=hidden)
        patterns += compiled
        owners += [number] * len(compiled)
    return Automaton(patterns), owners
