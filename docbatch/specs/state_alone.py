"""Nothing but the state lies where that is: no job writes there, and none reads its objects as documents. So with accounts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from docbatch.core.errors import Problem
from docbatch.naming.path_patterns import path_pattern
from docbatch.naming.templates import Template
from docbatch.specs.output_patterns import output_pattern
from docbatch.specs.readers import ReaderGroup, TooManyExpressions, reader_groups
from docbatch.specs.state_place import accounts_of, place_of
from docbatch.specs.stored_state import StateInStore
from docbatch.specs.values import DeclaredProject, Job, StorePlace
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
ACCOUNT_SAMPLES = (f"{'0' * 32}/{'0' * 16}",)
"""An object as it lies below that of accounts: the digest of one, and a run."""


@dataclass(frozen=True, slots=True)
class KeptPlace:
    """A folder of keys in which docbatch keeps things: its place, the `prefix` that docbatch.yaml gives it, and what to call both."""

    place: str
    prefix: str
    samples: tuple[str, ...]
    objects: str
    it: str


def _kept_places(state: StateInStore, said: str) -> Iterator[KeptPlace]:
    yield KeptPlace(place_of(state), state.prefix, SAMPLES, f"the objects of {said}", "the state")
    told = "what runs tell each other of accounts"
    yield KeptPlace(accounts_of(state), state.accounts, ACCOUNT_SAMPLES, told, "accounts: of state:")


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
            for kept in _kept_places(state, said):
                for problem in (*_written(jobs, kept), *_read(jobs, kept)):
                    told = problem.message if environment == ours else f"in {environment} {problem.message}"
                    yield replace(problem, message=told)


def _written(jobs: Sequence[Job], kept: KeptPlace) -> Iterator[Problem]:
    pattern = path_pattern(kept.place, Template(()), holds_files=True, folds=False)
    for job in jobs:
        for index, sink in enumerate(job.sinks):
            outputs = output_pattern(sink) if isinstance(sink.place, StorePlace) else None
            if outputs is not None and outputs.meets(pattern):
                told = f"this would write among {kept.objects}, which lie below {kept.prefix}"
                hint = (
                    f"write into a folder of keys of its own, such as out/, or give {kept.it} another prefix"
                )
                yield job.origin.problem(("sink", index, "path"), told, hint)


def _read(jobs: Sequence[Job], kept: KeptPlace) -> Iterator[Problem]:
    place = kept.place.encode()
    reading = [job for job in jobs if job.source.folder is not None]
    for job in reading:
        if (job.source.place + b"/").startswith(place):
            told = f"documents would be looked for among {kept.objects}, which lie below {kept.prefix}"
            hint = f"keep documents in a folder of keys of their own, such as in/, or give {kept.it} another prefix"
            yield job.origin.problem(("source", "prefix"), told, hint)
    named = {job.name: job for job in reading}
    for root, group in reader_groups(reading).items():
        if place.startswith(root) and root != place:
            below = place[len(root) :]
            for name in _selecting(group, below, kept.samples):
                told = f"{kept.objects.removeprefix('the ')} would be read as documents: they lie below {kept.prefix}"
                hint = f'add exclude: ["{below.decode()}**"], or give {kept.it} another prefix'
                yield named[name].origin.problem(("source", "include"), told, hint)


def _selecting(group: ReaderGroup, below: bytes, samples: Sequence[str]) -> Sequence[str]:
    try:
        return list(
            dict.fromkeys(name for sample in samples for name in group.selecting(below + sample.encode()))
        )
    except TooManyExpressions:
        # Who compares them with outputs tells it.
        return ()
