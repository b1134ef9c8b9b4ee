"""What most commands start from: the project around the current folder, its jobs and its state."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.providers import DEFAULT_PROVIDER
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import DeclaredProject, Job
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.engine.planning.plan import Selection


@dataclass(frozen=True, slots=True)
class Workspace:
    """`folder` is the state folder, which need not exist; `paths` are the specs that were named, none where all are meant."""

    project: DeclaredProject
    jobs: tuple[Job, ...]
    folder: Path
    paths: tuple[Path, ...] = ()

    @classmethod
    def here(cls, paths: Sequence[Path] = ()) -> "Workspace":
        """Load the project and the jobs of `paths`, of jobs/ when there are none. Raises SpecError, UsageError."""
        project = load_project(Path.cwd())
        return cls(project, load_jobs(project, paths), project.root / ".docbatch", tuple(paths))

    def selection(self) -> "Selection":
        """Return what a plan is made of."""
        from docbatch.engine.planning.plan import Selection

        return Selection(self.jobs, self.folder, self.project.id or DEFAULT_PROVIDER, is_all=not self.paths)


def state_folder() -> Path:
    """Return the state folder of the project around the current folder."""
    return load_project(Path.cwd()).root / ".docbatch"


@contextmanager
def existing(folder: Path) -> Iterator[Store]:
    """Open the state for reading. Raises NoState."""
    with Store.readable(folder) as store:
        yield store
