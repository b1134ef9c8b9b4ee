"""Environments of a project leave each other alone: no two write one output, and none reads another's as documents.

Jobs are compared as each environment has them. What the paths of two sinks have in common decides; what they say of
documents may be anything.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from docbatch.core.errors import Problem
from docbatch.naming.path_patterns import Effort, PathPattern
from docbatch.specs.nodes import Origin
from docbatch.specs.nodes import Path as Place
from docbatch.specs.output_patterns import file_pattern, output_pattern
from docbatch.specs.overlap import read_as_documents
from docbatch.specs.size import OWN, UNTRUSTED
from docbatch.specs.values import DeclaredProject, Job

Resolve = Callable[[Origin, DeclaredProject], tuple[Job | None, Sequence[Problem]]]
_OF_ITS_OWN = (
    "give each a path of its own, as in out/{{ vars.stage }}/, with a stage under vars: of each environment"
)


@dataclass(frozen=True, slots=True)
class WrittenPlace:
    """What a job writes in an environment: by a sink, or its manifest. `place` is where its spec says so."""

    pattern: PathPattern
    environment: str
    job: Job
    place: Place

    @property
    def alike(self) -> tuple[object, ...]:
        """What is equal for places that meet the same others: many jobs may write to one."""
        return self.environment, self.pattern

    def meets(self, other: "WrittenPlace", effort: Effort) -> bool:
        """Say whether both may write to one place: tables of one file are one, for what the one writes is a change to the other."""
        return self.pattern.meets(other.pattern, effort)


def environment_problems(
    project: DeclaredProject, jobs: Sequence[Job], resolve: Resolve, *, is_judged: bool
) -> Iterator[Problem]:
    """Yield the outputs that two environments would write, those that another would read as documents, and what would meet a state.

    `jobs` are all that are known in the project's own; with `is_judged`, what is wrong with them in another is told as well.
    """
    if not project.environment.others:
        return
    bounds = UNTRUSTED if project.untrusted else OWN
    environments = 1 + len(project.environment.others)
    if len(jobs) * environments > bounds.everywhere:
        many = (
            f"{len(jobs):,} jobs in {environments} environments are more than {bounds.everywhere:,} together"
        )
        yield _too_many(project, many, "divide the project into several, or have fewer environments")
        return
    everywhere = {project.environment.said: list(jobs)}
    for other in project.environment.others:
        found = everywhere.setdefault(other.environment.said, [])
        for each in jobs:
            job, problems = resolve(each.origin, other)
            found += [] if job is None else [job]
            for problem in problems if is_judged else ():
                yield replace(problem, message=f"in {other.environment.said}: {problem.message}")
    told: set[tuple[str, int | None, int | None]] = set()
    effort = Effort()
    twice = tuple(_written_twice(everywhere, effort, bounds.compared))
    if effort.steps > bounds.compared:
        many = f"the outputs of {len(jobs):,} jobs in {environments} environments are too many to compare"
        yield _too_many(project, many, _OF_ITS_OWN)
        return
    states = tuple(_in_states(everywhere, (project, *project.environment.others)))
    for problem in (*twice, *_read_elsewhere(everywhere, project.here), *states):
        where = problem.file, problem.line, problem.column
        if where not in told:
            told.add(where)
            yield problem


def _too_many(project: DeclaredProject, told: str, hint: str) -> Problem:
    assert project.origin is not None
    return project.origin.problem(("environments",), told, hint)


def _written_twice(everywhere: Mapping[str, Sequence[Job]], effort: Effort, most: int) -> Iterator[Problem]:
    """Yield a problem for each sink and manifest that something of another environment meets, until that takes more than `most`.

    In the order of what paths begin with, whatever one may meet stands before it, and its own path begins as that does.
    """
    around: list[tuple[str, dict[str, list[WrittenPlace]]]] = []
    known: set[tuple[object, ...]] = set()
    for each in sorted(_written(everywhere), key=lambda written: written.pattern.beginning):
        beginning = each.pattern.beginning
        while around and not beginning.startswith(around[-1][0]):
            around.pop()
        first = next(
            (other for other in _elsewhere(around, each.environment) if each.meets(other, effort)), None
        )
        if first is not None:
            yield _twice(each, first)
        if effort.steps > most:
            return
        if each.alike not in known:
            known.add(each.alike)
            if not around or around[-1][0] != beginning:
                around.append((beginning, {}))
            around[-1][1].setdefault(each.environment, []).append(each)


def _elsewhere(
    around: Sequence[tuple[str, Mapping[str, Sequence[WrittenPlace]]]], environment: str
) -> Iterator[WrittenPlace]:
    for _, places in around:
        for other, found in places.items():
            if other != environment:
                yield from found


def _twice(each: WrittenPlace, other: WrittenPlace) -> Problem:
    told = f"{other.environment} and {each.environment} would write to one place"
    if each.job.name != other.job.name:
        told = f"{each.environment} would write where job {other.job.name} writes in {other.environment}"
    return each.job.origin.problem(each.place, told, _OF_ITS_OWN)


def _written(everywhere: Mapping[str, Iterable[Job]]) -> Iterator[WrittenPlace]:
    for environment, jobs in everywhere.items():
        for job in jobs:
            for index, sink in enumerate(job.sinks):
                place: Place = ("sink", index) if sink.place is None else ("sink", index, "path")
                pattern = output_pattern(sink)
                if pattern is not None:
                    yield WrittenPlace(pattern, environment, job, place)
            if job.manifest is not None:
                yield WrittenPlace(file_pattern(job.manifest), environment, job, ("manifest",))


def _read_elsewhere(everywhere: Mapping[str, Sequence[Job]], here: Path) -> Iterator[Problem]:
    for environment, jobs in everywhere.items():
        readers = [
            replace(job, name=f"{job.name} in {other}")
            for other, theirs in everywhere.items()
            if other != environment
            for job in theirs
        ]
        for problem in read_as_documents(jobs, readers, here):
            yield replace(problem, message=f"in {environment} {problem.message}")


def _in_states(
    everywhere: Mapping[str, Sequence[Job]], projects: Sequence[DeclaredProject]
) -> Iterator[Problem]:
    if any(project.state_store is not None for project in projects):
        from docbatch.specs.state_alone import state_problems  # noqa: PLC0415 - few projects have it in a store

        yield from state_problems(everywhere, projects)
