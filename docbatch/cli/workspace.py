"""What most commands start from: the project around the current folder, its jobs and its state."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import NoState
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.sources.statcache import StatCache
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import Job, Project
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class Workspace:
    """`folder` is the state folder, which need not exist."""

    project: Project
    jobs: tuple[Job, ...]
    folder: Path

    @classmethod
    def here(cls, paths: Sequence[Path] = ()) -> "Workspace":
        """Load the project and the jobs of `paths`, of jobs/ when there are none. Raises SpecError, UsageError."""
        project = load_project(Path.cwd())
        return cls(project, load_jobs(project, paths), project.root / ".docbatch")

    def resolve_jobs(self, store: Store | None, upgrade: Collection[str] = ()) -> list[ResolvedJob]:
        from docbatch.engine.planning.resolve_jobs import resolve_jobs

        return list(resolve_jobs(self.jobs, store, self.folder, upgrade))

    @contextmanager
    def cache(self) -> Iterator[StatCache]:
        """Open the stat cache; where there is no state folder, or none that can be written to, nothing is cached."""
        usable = self.folder.is_dir() and os.access(self.folder, os.W_OK)
        cache = StatCache(self.folder / "cache.db" if usable else None)
        try:
            yield cache
        finally:
            cache.close()


def state_folder() -> Path:
    """Return the state folder of the project around the current folder."""
    return load_project(Path.cwd()).root / ".docbatch"


@contextmanager
def recorded(folder: Path) -> Iterator[Store | None]:
    """Open the state for reading; None when there is none yet."""
    try:
        store = Store.readable(folder)
    except NoState:
        yield None
        return
    with store:
        yield store


@contextmanager
def existing(folder: Path) -> Iterator[Store]:
    """Open the state for reading. Raises NoState."""
    with Store.readable(folder) as store:
        yield store
