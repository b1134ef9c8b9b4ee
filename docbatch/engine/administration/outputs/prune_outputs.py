"""Removing outputs that nothing wants any more: those of removed documents, of jobs that are gone, and of former sinks.

Nothing is deleted. What the state proves to be as docbatch wrote it is moved into a batch of the trash, from which it can be
put back, and what lies in a store into the trash there; whatever else stands in its place stays, and is named. Killed at any
moment, the next prune goes on.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from docbatch.core.errors import DocbatchError, GuardRefused, StateError
from docbatch.core.pruning import much_refused
from docbatch.engine.administration.edit_state import locked, named_jobs
from docbatch.engine.administration.held_rows.held_places import DeclaredSinks
from docbatch.engine.administration.outputs.find_left_outputs import LeftOutputs
from docbatch.engine.administration.outputs.left_output import LeftOutput
from docbatch.engine.administration.outputs.pruned_stores import PrunedStores
from docbatch.engine.administration.outputs.take_outputs import Taking
from docbatch.engine.administration.outputs.trash_batches import batches
from docbatch.naming.pathtext import escape
from docbatch.naming.state_folders import project_root
from docbatch.sinks.faults import reason
from docbatch.specs.values import StoreConnection
from docbatch.state.store import Store

_WINDOW = 500
SHOWN = 10


class PruneVerdict(StrEnum):
    """What becomes of an output that nothing wants."""

    REMOVED = "removed"
    EDITED = "edited"
    KEPT = "kept"


class PrunedOutput(NamedTuple):
    """An output and what becomes of it; `why` says what keeps one that stays, else why it goes. `path` is as outputs say it."""

    verdict: PruneVerdict
    job: str
    path: str
    document: str
    why: str


@dataclass(slots=True)
class Pruning:
    """What a prune does, or would do: outputs removed by job and reason, those that stay, bytes, and the batch they went to.

    `stored` of them lie in stores, `rows` counts documents whose rows go, by the place of these. `folders` counts those that became empty and went. `refusal` is what the guard says. `notes` say what was not looked at,
    `trouble` why a store could not be used: the rest is done all the same.
    """

    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    stay: list[PrunedOutput] = field(default_factory=list)
    first: list[PrunedOutput] = field(default_factory=list)
    size: int = 0
    stored: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    folders: int = 0
    batch: str = ""
    declined: bool = False
    refusal: GuardRefused | None = None
    notes: list[str] = field(default_factory=list)
    trouble: DocbatchError | None = None

    @property
    def number(self) -> int:
        return self.removed.total()

    def of_job(self, job: str) -> int:
        return sum(number for (name, _), number in self.removed.items() if name == job)


@dataclass(frozen=True, slots=True)
class PruneOrder:
    """`declared` are the jobs that specs declare, with the absolute path of each one's manifest.

    `may_be_much` lets the guard pass. With `job` only its outputs are looked at. `stores` and `sinks` are those that the project declares.
    """

    folder: Path
    declared: Mapping[str, Path | None]
    project: str
    job: str | None = None
    may_be_much: bool = False
    dry_run: bool = False
    stores: Mapping[str, StoreConnection] = field(default_factory=dict)
    allowed_hosts: Collection[str] = ()
    sinks: DeclaredSinks = field(default_factory=DeclaredSinks)


def prune(order: PruneOrder, agree: Callable[[Pruning], bool]) -> Pruning:
    """Move what nothing wants to the trash once `agree`, shown what that is, says so.

    Raises NoState, StateLocked, StateError, UsageError, and GuardRefused where it is much of a job or the state is not trusted.
    """
    with locked(order.folder) as store:
        store.refuse_restored()
        named = None if order.job is None else named_jobs(store, order.job)
        stores = PrunedStores(order.stores, project_root(order.folder), order.allowed_hosts, order.sinks)
        left = LeftOutputs(store, order.declared, order.project, named, stores)
        if not order.dry_run:
            finish_batches(store, stores)
        found = _preview(left)
        found.refusal = _refusal(left, found)
        found.trouble = stores.trouble
        agreed = agree(found)
        if order.dry_run or not found.number:
            return found
        if found.refusal is not None and not order.may_be_much:
            raise found.refusal
        if not agreed:
            found.declined = True
            return found
        done = _take(left, found, Taking(store, time.time(), stores))
        done.trouble = stores.trouble
        return done


def _refusal(left: LeftOutputs, found: Pruning) -> GuardRefused | None:
    totals = left.counts()
    return much_refused({job: (found.of_job(job), totals.get(job, 0)) for job, _ in found.removed})


def _preview(left: LeftOutputs) -> Pruning:
    found = Pruning(notes=left.notes())
    for each in left.judged():
        _note(found, each)
    return found


def _note(found: Pruning, each: LeftOutput) -> None:
    told = PrunedOutput(
        PruneVerdict.REMOVED
        if each.keeps is None
        else PruneVerdict.EDITED
        if each.is_edited
        else PruneVerdict.KEPT,
        each.job,
        each.shown,
        escape(each.known.path),
        each.why if each.keeps is None else each.keeps,
    )
    if each.keeps is not None:
        found.stay.append(told)
        return
    found.removed[each.job, each.why] += 1
    found.size += each.size
    found.stored += each.standing is not None
    if each.rows is not None:
        found.rows[each.shown] += 1
    if len(found.first) < SHOWN:
        found.first.append(told)


def _take(left: LeftOutputs, shown: Pruning, taking: Taking) -> Pruning:
    """Judge again, at the moment of moving, and move window by window."""
    done = Pruning(notes=shown.notes)
    try:
        judged = left.judged()
        while window := list(islice(judged, _WINDOW)):
            going = [each for each in window if each.keeps is None]
            for each in (*taking.take(going), *(each for each in window if each.keeps is not None)):
                _note(done, each)
        done.folders = taking.close()
    except OSError as error:
        raise StateError(
            f"an output cannot be moved to .docbatch/trash: {reason(error)}",
            hint="what was moved can be put back by 'docbatch prune --restore'; mend it and run 'docbatch prune' again",
        ) from error
    done.batch = taking.name
    return done


def finish_batches(store: Store, stores: PrunedStores) -> None:
    """Do what is left of a prune that was killed."""
    for batch in batches(store.folder / "trash"):
        if not batch.is_done:
            Taking(store, batch.at, stores).finish(batch)
