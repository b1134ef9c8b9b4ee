"""From files to jobs: every problem of every file at once."""

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ValidationError

from docbatch.core.errors import Problem, SpecError, UsageError
from docbatch.core.models import Operation
from docbatch.core.report import visible
from docbatch.providers import REGISTRY
from docbatch.sources.allowance import Allowance
from docbatch.specs.checkout import real
from docbatch.specs.job import JobSpec
from docbatch.specs.job_documents import JobDocuments, SpecFile
from docbatch.specs.nodes import Node, Origin, Step
from docbatch.specs.overlap import overlaps
from docbatch.specs.plugins import check_provider, load_sinks, load_source, options_fault
from docbatch.specs.problems import MOST_COUNTED, cut, position, translate
from docbatch.specs.project_file import FILE_NAME, NEARLY, load_project, show_file
from docbatch.specs.resolve import resolve
from docbatch.specs.size import OWN, UNTRUSTED, Size, TooLarge
from docbatch.specs.values import DeclaredProject, Job

__all__ = ["MOST_COUNTED", "load_jobs", "load_project", "passed_over"]

DEFAULT_FOLDER = "jobs"
MAX_FILES = 10_000

_SUFFIXES = (".yaml", ".yml")
_STAND_IN: dict[str, object] = {
    "apiVersion": "docbatch/v1",
    "name": "unnamed",
    "source": {"include": "x"},
    "sink": [{"type": "files", "path": "x"}],
}


def load_jobs(
    project: DeclaredProject,
    paths: Sequence[Path] = (),
    *,
    reads_input: bool = False,
    in_every_environment: bool = False,
) -> tuple[Job, ...]:
    """Return the jobs of files and folders, of `jobs/` when none are named, by file and place in it.

    Paths are relative to the folder that the project was looked for from. The project's other jobs are looked at as well, because names and places must not clash with theirs.
    A list on standard input is read where documents are looked at then, which `reads_input` says. What is wrong with jobs in another environment is told `in_every_environment`.
    Raises SpecError with all problems of all files; UsageError for a path that is not there.
    """
    _require_values(project)
    default = project.root / DEFAULT_FOLDER
    files = _files(paths, project) if paths else _default_files(default, project)
    size = Size(UNTRUSTED if project.untrusted else OWN)
    documents = JobDocuments(project, size)
    known = set(map(real, files))
    selected = documents.read(files)
    beside = documents.read([file for file in _below(default, project) if real(file) not in known])
    jobs, problems = _judged(selected, replace(project, reads_input=reads_input), documents, size)
    others, _ = _judged(beside, project, documents, size)
    problems += _fragments_named(selected, documents, {real(project.here / path) for path in paths})
    problems += _twice(jobs, others)
    problems += overlaps(jobs, others, project.here)
    if project.environment.others:
        from docbatch.specs.apart import environment_problems  # noqa: PLC0415 - few projects have environments

        problems += environment_problems(project, [*jobs, *others], _job, is_judged=in_every_environment)
    elif project.state_store is not None:
        from docbatch.specs.state_alone import state_problems  # noqa: PLC0415 - few projects have it in a store

        problems += state_problems({project.environment.said: [*jobs, *others]}, (project,))
    if problems:
        from docbatch.specs.shared_problems import told_once  # noqa: PLC0415 - most specs have none

        is_all = len(problems) <= MOST_COUNTED
        raise SpecError(cut(told_once(problems, is_all=is_all), is_all=is_all))
    return _bounded(jobs) if project.untrusted else tuple(jobs)


def _require_values(project: DeclaredProject) -> None:
    """Raise SpecError where a variable has no value."""
    if project.environment.unset:
        from docbatch.specs.variables import unset_problems  # noqa: PLC0415 - most variables have values

        raise SpecError(list(unset_problems(project)))


def _bounded(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Let jobs of an untrusted project share what may be looked at."""
    allowance = Allowance()
    return tuple(replace(job, source=replace(job.source, allowance=allowance)) for job in jobs)


def _judged(
    specs: Iterable[SpecFile], project: DeclaredProject, documents: JobDocuments, size: Size
) -> tuple[list[Job], list[Problem]]:
    jobs: list[Job] = []
    problems: list[Problem] = []
    for spec in specs:
        if documents.is_fragment(spec):
            continue
        found_here = list(spec.problems)
        try:
            for origin, wrong in documents.jobs(spec):
                job, found = (None, wrong) if wrong else _job(origin, project)
                found_here += found
                if job is not None:
                    size.add_job(job)
                    jobs.append(job)
                if len(problems) + len(found_here) > MOST_COUNTED:
                    break
        except TooLarge as error:
            return jobs, [*problems, *error.problems]
        problems += sorted(found_here, key=position)
        if len(problems) > MOST_COUNTED:
            break
    return jobs, problems


def _fragments_named(
    specs: Sequence[SpecFile], documents: JobDocuments, asked: Collection[Path]
) -> Iterator[Problem]:
    """Yield a problem where somebody asks for a fragment alone: no job would be looked at, without a word."""
    fragments = [spec for spec in specs if documents.is_fragment(spec)]
    for spec in fragments:
        if real(spec.file) in asked or len(fragments) == len(specs):
            told = f"this is a fragment, and no job: {documents.extended_at(spec.file)} extends it"
            yield Problem(spec.shown, None, None, "", told, "name files of jobs, or no file for all of them")


def _job(origin: Origin, project: DeclaredProject) -> tuple[Job | None, Sequence[Problem]]:
    """Return the job of a document, or what keeps it from being one, each told with the job where its place is not that."""
    job, problems = _read_job(origin, project)
    return job, [origin.named(problem) for problem in problems]


def _read_job(origin: Origin, project: DeclaredProject) -> tuple[Job | None, Sequence[Problem]]:
    node = origin.node
    if not isinstance(node.content, dict):
        hint = (
            "write several jobs as documents of their own, separated by ---"
            if node.kind == "a list"
            else None
        )
        return None, [origin.problem((), f"a job is a mapping, and this is {node.kind}", hint)]
    config_problems = _config_problems(origin, project)
    unusable = [*load_source(origin), *load_sinks(origin, ("sink",))]
    wrong = {re.split(r"[.\[]", problem.where, maxsplit=1)[0] for problem in unusable}
    written: dict[str, object] = {**node.plain()}  # type: ignore[dict-item]
    try:
        spec = JobSpec.model_validate_json(json.dumps(_without(wrong, written)))
    except ValidationError as error:
        problems = translate(error, JobSpec, node, origin.shown)
        wrong |= {str(found["loc"][0]) for found in error.errors(include_url=False, include_input=False)}
        return None, [*problems, *unusable, *_further(wrong, written, project, origin), *config_problems]
    if unusable:
        return None, [*unusable, *_further(wrong, written, project, origin), *config_problems]
    job, found = resolve(spec, project, origin)
    if job is not None and not config_problems:
        found = [*found, *check_provider(job)]
    return job, [*found, *config_problems]


def _without(wrong: Collection[str], written: dict[str, object]) -> dict[str, object]:
    """Let others stand in for the fields of which it is known what is wrong."""
    return {name: _STAND_IN[name] if name in wrong else value for name, value in written.items()}


def _further(
    wrong: Collection[str], written: dict[str, object], project: DeclaredProject, origin: Origin
) -> Sequence[Problem]:
    """Judge the meaning of the fields that have the right form, others standing in for the rest."""
    right = {name: value for name, value in written.items() if name not in wrong}
    _, problems = resolve(JobSpec.model_validate_json(json.dumps(_STAND_IN | right)), project, origin)
    return [problem for problem in problems if not problem.where.startswith(tuple(wrong))]


def _config_problems(origin: Origin, project: DeclaredProject) -> list[Problem]:
    """Judge `config` by the provider's own model, as far as the spec says which that is."""
    node = origin.node.child("config") or Node(origin.node.mark, {})
    kind, model = _config_model(origin.node, project)
    if model is None or not isinstance(node.content, dict):
        return []
    if fault := options_fault(REGISTRY, kind, model, node):
        return [origin.problem(("config",), fault.message, fault.hint)]
    try:
        model.model_validate_json(json.dumps(node.plain()))
    except ValidationError as error:
        return translate(error, model, node, origin.shown, ("config",))
    return []


def _config_model(spec: Node, project: DeclaredProject) -> tuple[str, type[BaseModel] | None]:
    """Return the type of provider, and its model."""
    provider = spec.child("provider")
    operation = spec.child("operation")
    name = provider.content if provider else project.defaults.provider
    asked = operation.content if operation else Operation.PARSE.value
    connection = project.connections.get(name) if isinstance(name, str) else None
    if connection is None or connection.type not in REGISTRY:
        return "", None
    kind = REGISTRY.kind(connection.type)
    return kind.name, kind.config(Operation(asked)).model if asked in kind.operations else None


def _default_files(folder: Path, project: DeclaredProject) -> list[Path]:
    _refuse(folder, folder.name, project)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {show_file(folder, project.here)}", hint=_instead_of(folder))
    return _below(folder, project)


def _instead_of(folder: Path) -> str:
    taken_for = {folder.name, folder.name[:-1]}
    near = (each.name for each in folder.parent.iterdir() if each.name.lower() in taken_for and each.is_dir())
    if other := min(near, default=None):
        return f"rename {other}, which is there and is not read by itself"
    return "docbatch init writes a project with an example job"


def _files(paths: Sequence[Path], project: DeclaredProject) -> list[Path]:
    found: dict[Path, Path] = {}
    for path in paths:
        place = project.here / path
        _refuse(place, str(path), project)
        below = _below(place, project)
        if not place.exists():
            raise UsageError(
                f"there is no file or folder {path}", hint="name spec files, or folders that hold them"
            )
        if place.is_dir() and not below:
            raise UsageError(
                f"the folder {path} holds no *.yaml or *.yml file", hint="name spec files themselves"
            )
        for file in below if place.is_dir() else [place]:
            found.setdefault(real(file), file)
    return sorted(found.values())


def _refuse(place: Path, named: str, project: DeclaredProject) -> None:
    if fault := project.checkout.fault(place):
        raise UsageError(f"{visible(named)}: {fault[0]}", hint=fault[1])


def _below(folder: Path, project: DeclaredProject) -> list[Path]:
    if project.checkout.fault(folder):
        return []
    found: list[Path] = []
    for parent, names in spec_folders(folder):
        found += [Path(parent, name) for name in names if _is_spec(name)]
        if len(found) > MAX_FILES:
            raise UsageError(f"{visible(str(folder))} holds more than {MAX_FILES:,} specs")
    return sorted(file for file in found if real(file) != project.root / FILE_NAME)


def spec_folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and those below it with the names of their files: hidden folders, links to folders and what cannot be listed left out."""
    # As deep as a path may be: os.walk calls itself for each level before Python 3.12.
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as listed:
                entries = sorted(listed, key=lambda entry: entry.name, reverse=True)
        except OSError:
            continue
        folders = {entry.name for entry in entries if _is_folder(entry)}
        waiting += [
            here / entry.name
            for entry in entries
            if entry.name in folders and not (entry.is_symlink() or entry.name.startswith("."))
        ]
        yield here, [entry.name for entry in reversed(entries) if entry.name not in folders]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link to itself, which is told of when it is read.
        return False


def passed_over(project: DeclaredProject, paths: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return a sentence for each folder with files that look like specs and are not read: by letter case, or as JSON."""
    folders = [project.here / path for path in paths] or [project.root / DEFAULT_FOLDER]
    found = [] if project.origin is not None else list(_unread_project_files(project))
    for folder in folders:
        for parent, names in spec_folders(folder):
            unread = sorted(name for name in names if _looks_like_spec(name))
            if unread:
                rest = f" and {len(unread) - 1:,} more" if len(unread) > 1 else ""
                shown = visible(show_file(Path(parent, unread[0]), project.here))
                found.append(
                    f"{shown}{rest}: not read as a spec; the name of one ends in .yaml or .yml, written so"
                )
    return tuple(found)


def _unread_project_files(project: DeclaredProject) -> Iterator[str]:
    for name in NEARLY:
        if os.path.lexists(project.root / name):
            yield f"{show_file(project.root / name, project.here)}: not read; the project file is called {FILE_NAME}"


def _looks_like_spec(name: str) -> bool:
    return not name.startswith(".") and not _is_spec(name) and name.lower().endswith((*_SUFFIXES, ".json"))


def _is_spec(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.startswith(".")


def _twice(jobs: Sequence[Job], others: Sequence[Job]) -> list[Problem]:
    first: dict[str, Job] = {job.name: job for job in others}
    problems = []
    for job in jobs:
        other = first.setdefault(job.name, job)
        if other is not job:
            path: tuple[Step, ...] = ("name",)
            place = other.origin.problem(path, "")
            message = f"the name {job.name} is taken by another job of the project"
            problems.append(job.origin.problem(path, message, f"it is in {place.file}:{place.line}"))
    return problems
