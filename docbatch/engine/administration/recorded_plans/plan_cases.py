"""The cases that plans are recorded for: a folder each, with documents of its own or without."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.core.models import Input
from docbatch.core.report import visible
from docbatch.specs.checkout import real
from docbatch.specs.project_file import show_file
from docbatch.specs.readers import first_reader
from docbatch.specs.values import DeclaredProject, Job, JobListing

PLAN = "plan.txt"
DOCUMENTS, STORES = "documents", "stores"
FIRST = "all"
"""What the case is called that is recorded where there is none yet."""


def plans_folder(environment: str | None) -> Path:
    """Return where plans are recorded, below a project's root: each environment has its own."""
    return Path("tests/plans") if environment is None else Path("tests/env", environment, "plans")


@dataclass(frozen=True, slots=True)
class PlanCase:
    """`folder` is absolute. Where it has documents, sources read these instead of their own."""

    name: str
    folder: Path

    @property
    def plan(self) -> Path:
        return self.folder / PLAN

    @property
    def has_documents(self) -> bool:
        return (self.folder / DOCUMENTS).is_dir() or (self.folder / STORES).is_dir()

    def jobs(self, jobs: Iterable[Job], project: DeclaredProject) -> list[Job]:
        """Return the jobs as they are planned here; none of them minds having no documents. Raises UsageError."""
        willing = (replace(job, source=replace(job.source, allow_empty=True)) for job in jobs)
        return [self._with_documents(job, project) for job in willing]

    def _with_documents(self, job: Job, project: DeclaredProject) -> Job:
        source = job.source
        if source.listing is not None and source.listing.unread:
            # What is piped into a command is no part of the project.
            return _without_documents(job)
        if not self.has_documents or source.listing is not None or source.options is not None:
            return job
        if source.folder is not None:
            place = self.folder / STORES / source.folder.store / source.folder.prefix
        elif source.root.is_relative_to(project.root):
            place = self.folder / DOCUMENTS / source.root.relative_to(project.root)
        else:
            raise UsageError(
                f"job '{job.name}': its documents lie outside of the project, so that no folder of a case stands for them",
                hint=f"name a store of type folder for them in docbatch.yaml, or remove {DOCUMENTS}/ and {STORES}/ of the case '{visible(self.name)}'",
            )
        _require(place, show_file(place, project.here), project)
        if not place.is_dir():
            return _without_documents(job)
        reach = source.reach
        if reach is not None and reach.links is not None:
            reach = replace(reach, links=os.fsencode(real(place)))
        return replace(job, source=replace(source, root=place, reach=reach, folder=None))


def _without_documents(job: Job) -> Job:
    listing = JobListing(Input.TEXT, ())
    return replace(job, source=replace(job.source, folder=None, listing=listing, opens_containers=False))


def cases_in(folder: Path, project: DeclaredProject) -> list[PlanCase]:
    """Return the cases of a folder by name, none where it is not there. Raises UsageError for one that may not be looked at."""
    place = Path(os.path.normpath(project.here / folder))
    _require(place, str(folder), project)
    try:
        found = sorted(each for each in place.iterdir() if each.is_dir() and not each.name.startswith("."))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise UsageError(
            f"{visible(str(folder))} is no folder", hint="name the folder of recorded plans"
        ) from None
    cases = [case for case in (PlanCase(each.name, each) for each in found) if _is_case(case)]
    for case in cases:
        _require(case.plan, show_file(case.plan, project.here), project)
    return cases


def first_case(folder: Path, project: DeclaredProject) -> PlanCase:
    """Return the case that is recorded where a folder has none. Raises UsageError where it must not be written."""
    case = PlanCase(FIRST, Path(os.path.normpath(project.here / folder)) / FIRST)
    _require(case.plan, show_file(case.plan, project.here), project)
    return case


def _require(place: Path, named: str, project: DeclaredProject) -> None:
    if fault := project.checkout.fault(place):
        raise UsageError(f"{visible(named)}: {fault[0]}", hint=fault[1])


def _is_case(case: PlanCase) -> bool:
    return case.has_documents or case.plan.is_file()


def refuse_readers(cases: Iterable[PlanCase], jobs: Iterable[Job], project: DeclaredProject) -> None:
    """Raise UsageError where a source would take what belongs to a case for a document: it would be sent and paid for."""
    for case in cases:
        found = first_reader(jobs, (case.plan, *_documents(case)))
        if found is not None:
            raise UsageError(
                f"{visible(show_file(found[0], project.here))} is read as a document by the source of job '{found[1]}': apply would send it",
                hint=f"say exclude: '{visible(os.path.relpath(case.folder.parent, project.root))}/**' in that source, relative to its root",
            )


def _documents(case: PlanCase) -> Iterator[Path]:
    for name in (DOCUMENTS, STORES):
        for parent, _, files in os.walk(case.folder / name):
            yield from (Path(parent, file) for file in files)
