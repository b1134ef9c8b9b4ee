"""Seeing what is due for all selected jobs, without changing anything but the stat cache."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.engine.compare import Tally, compare
from docbatch.engine.desk import Desk
from docbatch.engine.target import Target
from docbatch.guard import refuse_collisions, refuse_empty
from docbatch.pathtext import escape
from docbatch.sources.globs import compile_globs
from docbatch.sources.scan import scan
from docbatch.sources.statcache import StatCache
from docbatch.state.store import Store

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Findings:
    """What was looked at: the jobs, what their scans saw, and the jobs that are no longer declared."""

    targets: tuple[Target, ...]
    tallies: Mapping[str, Tally]
    gone: frozenset[str]


def undeclared(targets: Iterable[Target], store: Store | None) -> set[str]:
    """Return the jobs the state knows that are not among all that are declared."""
    return (
        set()
        if store is None
        else {job.name for job in store.documents.jobs()} - {each.name for each in targets}
    )


def survey(
    targets: Sequence[Target],
    store: Store | None,
    cache: StatCache,
    desk: Desk,
    gone: Collection[str] = (),
) -> Findings:
    """Lay out what is due on the desk. `gone` are jobs no longer declared: their outputs may be taken over.

    Raises GuardRefused, UsageError; nothing was sent then.
    """
    tallies = {}
    for target in targets:
        globs = compile_globs(target.include, target.exclude, hidden=target.hidden)
        windows = scan(Path(os.fsdecode(target.root)), globs, cache)
        tally = compare(target, store, windows, desk)
        before = 0 if store is None else store.documents.count(target.name)
        refuse_empty(target.name, found=tally.found, before=before, allow_empty=target.allow_empty)
        tallies[target.name] = tally
    refuse_collisions(_collisions(desk, store, gone))
    return Findings(tuple(targets), tallies, frozenset(gone))


def _collisions(desk: Desk, store: Store | None, gone: Collection[str]) -> list[tuple[str, str, str]]:
    found = [
        (escape(one.output), _name(one.job, one.path), _name(other.job, other.path))
        for one, other in desk.collisions(SHOWN)
    ]
    if store is not None:
        found.extend(_with_recorded(desk, store, gone))
    return found[:SHOWN]


def _with_recorded(desk: Desk, store: Store, gone: Collection[str]) -> list[tuple[str, str, str]]:
    """Find new outputs where a document that stays as it is has its own already."""
    found = []
    for window in desk.folded():
        wanted = {key: (job, path) for key, job, path in window}
        for key, job, path, _root, output in store.deliveries.taken(list(wanted)):
            one = wanted[key]
            if (
                job not in gone
                and one != (job, path)
                and not desk.is_removed(job, path)
                and not desk.is_moved(job, path, key)
            ):
                found.append((escape(output), _name(*one), _name(job, path)))
    return found


def _name(job: str, path: bytes) -> str:
    return f"{job}: {escape(path)}"
