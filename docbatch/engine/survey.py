"""Seeing what is due for all selected jobs, without changing anything but the stat cache."""

import os
from collections.abc import Iterable
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


def survey(targets: Iterable[Target], store: Store | None, cache: StatCache, desk: Desk) -> dict[str, Tally]:
    """Lay out what is due on the desk. Raises GuardRefused, UsageError; nothing was sent then."""
    tallies = {}
    for target in targets:
        globs = compile_globs(target.include, target.exclude, hidden=target.hidden)
        windows = scan(Path(os.fsdecode(target.root)), globs, cache)
        tally = compare(target, store, windows, desk)
        before = 0 if store is None else store.documents.count(target.name)
        refuse_empty(target.name, found=tally.found, before=before, allow_empty=target.allow_empty)
        tallies[target.name] = tally
    refuse_collisions(_collisions(desk, store))
    return tallies


def _collisions(desk: Desk, store: Store | None) -> list[tuple[str, str, str]]:
    found = [
        (escape(one.output), _name(one.job, one.path), _name(other.job, other.path))
        for one, other in desk.collisions(SHOWN)
    ]
    if store is not None:
        found.extend(_with_recorded(desk, store))
    return found[:SHOWN]


def _with_recorded(desk: Desk, store: Store) -> list[tuple[str, str, str]]:
    """Find new outputs where a document that stays as it is has its own already."""
    found = []
    for window in desk.folded():
        wanted = {key: (job, path) for key, job, path in window}
        for key, job, path, _root, output in store.deliveries.taken(list(wanted)):
            one = wanted[key]
            if one != (job, path) and not desk.is_removed(job, path) and not desk.is_moved(job, path, key):
                found.append((escape(output), _name(*one), _name(job, path)))
    return found


def _name(job: str, path: bytes) -> str:
    return f"{job}: {escape(path)}"
