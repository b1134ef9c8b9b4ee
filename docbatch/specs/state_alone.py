"""Nothing but the state lies where that is: no job writes there, and none reads its objects as documents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from docbatch.core.errors import Problem
from docbatch.naming.path_patterns import path_pattern
from docbatch.naming.templates import Template
from docbatch.specs.output_patterns import output_pattern
from docbatch.specs.readers import ReaderGroup, TooManyExpressions, reader_groups
from docbatch.specs.state_place import place_of
from docbatch.specs.values import DeclaredProject, Job, StateInStore, StorePlace
from docbatch.state.remote.object_names import (
    LEASE,
    Position,
    chunk_name,
    log_name,
    probe_name,
    snapshot_name,
)

_FIRST = Position(1, 1)
SAMPLES = (
    LEASE,
    log_name(_FIRST),
    snapshot_name(_FIRST),
    chunk_name(_FIRST.epoch, "0" * 64),
    probe_name("0" * 32),
    "x",
    "x/x",
    "x/x/x",
)
"""Objects as they lie below the prefix of a state; the last ones stand for those of other names."""


def state_problems(
    everywhere: Mapping[str, Sequence[Job]], projects: Sequence[DeclaredProject]
) -> Iterator[Problem]:
    """Yield what jobs would write among the objects of a state, and what they would read there.

    The `projects` are one in all of its environments, the jobs `everywhere` by what those are called.
    """
    ours = projects[0].environment.said
    for environment, jobs in everywhere.items():
        for project in projects:
            state, whose = project.state_store, project.environment.said
            if state is None:
                continue
            said = "the state" if whose == environment else f"the state of {whose}"
            for problem in (*_written(jobs, state, said), *_read(jobs, state, said)):
                told = problem.message if environment == ours else f"in {environment} {problem.message}"
                yield replace(problem, message=told)


def _written(jobs: Sequence[Job], state: StateInStore, said: str) -> Iterator[Problem]:
    pattern = path_pattern(place_of(state), Template(()), holds_files=True, folds=False)
    for job in jobs:
        for index, sink in enumerate(job.sinks):
            outputs = output_pattern(sink) if isinstance(sink.place, StorePlace) else None
            if outputs is not None and outputs.meets(pattern):
                told = f"this would write among the objects of {said}, which lie below {state.prefix}"
                hint = (
                    "write into a folder of keys of its own, such as out/, or give the state another prefix"
                )
                yield job.origin.problem(("sink", index, "path"), told, hint)


def _read(jobs: Sequence[Job], state: StateInStore, said: str) -> Iterator[Problem]:
    place = place_of(state).encode()
    reading = [job for job in jobs if job.source.folder is not None]
    for job in reading:
        if (job.source.place + b"/").startswith(place):
            told = (
                f"documents would be looked for among the objects of {said}, which lie below {state.prefix}"
            )
            hint = "keep documents in a folder of keys of their own, such as in/, or give the state another prefix"
            yield job.origin.problem(("source", "prefix"), told, hint)
    named = {job.name: job for job in reading}
    for root, group in reader_groups(reading).items():
        if place.startswith(root) and root != place:
            below = place[len(root) :]
            for name in _selecting(group, below):
                told = f"objects of {said} would be read as documents: they lie below {state.prefix}"
                hint = f'add exclude: ["{below.decode()}**"], or give the state another prefix'
                yield named[name].origin.problem(("source", "include"), told, hint)


def _selecting(group: ReaderGroup, below: bytes) -> Sequence[str]:
    try:
        return list(
            dict.fromkeys(name for sample in SAMPLES for name in group.selecting(below + sample.encode()))
        )
    except TooManyExpressions:
        # Who compares them with outputs tells it.
        return ()
