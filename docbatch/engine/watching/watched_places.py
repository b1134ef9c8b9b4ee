"""What jobs read that may change: folders with documents, specs and lists, and what tells of no change by itself."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.sources.globs import Globs, Scope, compile_globs
from docbatch.sources.ignore_rules import IGNORE_FILE
from docbatch.specs.project_file import FILE_NAME
from docbatch.specs.values import DeclaredProject, FilePlace, Job

_SUFFIXES = (b".yaml", b".yml")


class Meaning(Enum):
    """What a changed path is to the jobs."""

    NOTHING = 0
    DOCUMENT = 1
    OTHER = 2


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """Where the documents of a job lie that are files. `inner` is the folder below `root` that all of them have in common."""

    root: bytes
    inner: bytes
    globs: Globs

    def meaning(self, path: bytes, *, may_be_folder: bool) -> Meaning:
        """Say what a path is to the job; a folder that came may hold documents of which nothing is heard."""
        if not path.startswith(self.root + b"/"):
            return Meaning.NOTHING
        below = path[len(self.root) + 1 :]
        if self.globs(below) and not may_be_folder:
            return Meaning.DOCUMENT
        *folders, name = below.split(b"/")
        scope: Scope | None = self.globs.start
        for folder in folders:
            scope = None if scope is None else scope.enter(folder)
        if scope is None or not (name == IGNORE_FILE or (may_be_folder and scope.enter(name))):
            return Meaning.NOTHING
        return Meaning.OTHER


@dataclass(frozen=True, slots=True)
class WatchedPlaces:
    """`files` are specs and what they extend, docbatch.yaml and lists; `spec_folders` hold further specs. What is written into `outputs` is our own.

    `unheard` says of jobs that read what tells of no change, such as buckets, what that is.
    """

    folders: tuple[WatchedFolder, ...] = ()
    files: frozenset[bytes] = frozenset()
    spec_folders: tuple[bytes, ...] = ()
    outputs: tuple[bytes, ...] = ()
    unheard: tuple[str, ...] = ()

    def meaning(self, path: bytes, *, may_be_folder: bool) -> Meaning:
        """Say what a changed path is to any of the jobs."""
        if path in self.files or self._is_spec(path):
            return Meaning.OTHER
        is_ours = may_be_folder and any(_is_below(path, each) for each in self.outputs)
        meanings = {each.meaning(path, may_be_folder=may_be_folder) for each in self.folders}
        if Meaning.DOCUMENT in meanings:
            return Meaning.DOCUMENT
        return Meaning.OTHER if Meaning.OTHER in meanings and not is_ours else Meaning.NOTHING

    def _is_spec(self, path: bytes) -> bool:
        return path.endswith(_SUFFIXES) and any(_is_below(path, each) for each in self.spec_folders)

    @property
    def deep(self) -> frozenset[bytes]:
        """The folders of which everything below is of interest, without those that lie in others."""
        wanted = {os.path.normpath(each.root + b"/" + each.inner) for each in self.folders} | {
            *self.spec_folders
        }
        return frozenset(
            each for each in wanted if not any(each != other and _is_below(each, other) for other in wanted)
        )

    @property
    def flat(self) -> frozenset[bytes]:
        """The folders of which only their own files are of interest."""
        return frozenset(map(os.path.dirname, self.files))


def watched_places(project: DeclaredProject, jobs: Sequence[Job], specs: Sequence[Path]) -> WatchedPlaces:
    """Return what these jobs read, of the specs that are named. Raises UsageError for a list that is there once only."""
    named = [project.here / path for path in specs] or [project.root / "jobs"]
    lists = [file for job in jobs for file in job.source.lists]
    fragments = {project.here / shown for job in jobs for shown in job.origin.fragments}
    own = [project.root / FILE_NAME, *(job.origin.file for job in jobs), *fragments, *lists]
    return WatchedPlaces(
        folders=tuple(_folders(jobs)),
        files=frozenset(map(os.fsencode, own)),
        spec_folders=tuple(os.fsencode(each) for each in named if each.is_dir()),
        outputs=tuple(_outputs(jobs)),
        unheard=tuple(_unheard(jobs)),
    )


def _folders(jobs: Iterable[Job]) -> Iterator[WatchedFolder]:
    for job in jobs:
        source = job.source
        if source.folder is None and source.options is None and source.listing is None:
            globs = compile_globs(source.include, source.exclude, hidden=source.hidden)
            yield WatchedFolder(os.fsencode(source.root), globs.prefix.rstrip(b"/"), globs)


def _unheard(jobs: Iterable[Job]) -> Iterator[str]:
    for job in jobs:
        source = job.source
        if source.listing is not None and source.listing.unread:
            raise UsageError(
                f"the list of job '{job.name}' comes by standard input, which is there once",
                hint="write the list into a file; nothing was done",
            )
        if source.folder is not None:
            yield "bucket"
        elif source.listing is not None:
            yield "list"
        elif source.options is not None:
            yield "source of another kind"


def _outputs(jobs: Iterable[Job]) -> Iterator[bytes]:
    for job in jobs:
        yield from (os.fsencode(sink.place.root) for sink in job.sinks if isinstance(sink.place, FilePlace))


def _is_below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
