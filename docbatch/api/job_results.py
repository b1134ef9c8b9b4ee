"""The results of jobs as a program goes through them: the state is open for one job at a time."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import StateError
from docbatch.state.home import Home

if TYPE_CHECKING:
    from docbatch.core.results import Result


def results(
    folder: Path, jobs: Iterable[str], on_error: Callable[[StateError], object] | None
) -> "Iterator[Result]":
    """Yield the results of jobs in their order. What is missing or damaged goes to `on_error`, or is raised."""
    for job in jobs:
        for found in _of_job(folder, job):
            if not isinstance(found, StateError):
                yield found
            elif on_error is not None:
                on_error(found)
            else:
                raise found


def _of_job(folder: Path, job: str) -> "Iterator[Result | StateError]":
    from docbatch.engine.administration.read_results import read_results

    with Home.at(folder).readable() as store:
        yield from read_results(store, job)
