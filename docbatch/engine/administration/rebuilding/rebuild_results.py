"""Taking results back from the outputs that manifests list, where the state lost them: what lies here is not paid again.

Nothing is sent. What is taken counts as collected, and the next apply delivers it. After a kill the same again takes the
rest.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from docbatch.core.errors import DocbatchError, SinkError
from docbatch.core.keys import canonical, item_key, recipe_key
from docbatch.core.manifest import ManifestDocument, ManifestHead, NoManifest
from docbatch.core.models import FailureClass, ItemStatus
from docbatch.engine.administration.outputs.read_manifest import opened_below, read
from docbatch.engine.administration.rebuilding.prove_results import NotProven, proven
from docbatch.engine.planning.plan_session import PlanSession
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.running.rounds.hand_on_results import hand_on
from docbatch.naming.pathtext import escape
from docbatch.sinks.faults import reason
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.tree import Tree
from docbatch.state.items import RecordedItem
from docbatch.state.records import Collected

WINDOW = 200
Listed = tuple[str, ManifestDocument]
"""The key of an item, and a document of it."""


@dataclass(frozen=True, slots=True)
class UnprovenResult:
    """A document without a result, of which a manifest lists one that no output proves; `why` says so of each output."""

    job: str
    path: str
    why: str


@dataclass(slots=True)
class RebuiltJob:
    """What came of a job's manifest at `place`, as seen from the project. Documents are counted, identical ones each.

    `known` have a result, or one is to come; `foreign` no job wants as they were read, and `changed` says what is another;
    of the `lacking`, which have none, `taken` got theirs back. `is_there` says whether there is a manifest. `versions` are those that the job has from it.
    """

    job: str
    place: str
    is_there: bool = False
    documents: int = 0
    known: int = 0
    foreign: int = 0
    lacking: int = 0
    taken: int = 0
    changed: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def unproven(self) -> int:
        return self.lacking - self.taken


@dataclass(frozen=True, slots=True)
class RebuildWatch:
    """Who is told: `agree` what lacks its result before anything is taken, `tell` what no output proves."""

    agree: Callable[[Sequence[RebuiltJob]], bool]
    tell: Callable[[UnprovenResult], object]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of all manifests. `kept` is a copy of the state from before anything was taken.

    `still_lacking` documents have no result after all was looked at.
    """

    jobs: tuple[RebuiltJob, ...] = ()
    errors: tuple[DocbatchError, ...] = ()
    kept: Path | None = None
    declined: bool = False
    still_lacking: int = 0

    @property
    def taken(self) -> int:
        return sum(each.taken for each in self.jobs)


@dataclass(slots=True)
class Rebuilder:
    """Takes back what the manifests of a session's jobs list. With `dry_run` the state is a copy, and the spool stays as it is.

    `remembered` are versions that jobs may have from their manifests.
    """

    session: PlanSession
    project: Path
    watch: RebuildWatch
    dry_run: bool = False
    remembered: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _kept: Path | None = None
    _errors: dict[str, DocbatchError] = field(default_factory=dict)

    def rebuild(self, only: str | None = None) -> Rebuilt:
        """Look at the manifests of all jobs, or of those on one connection. Raises StateError."""
        targets = self.session.targets
        wanted = [each for each in targets.values() if each.manifest and only in {None, each.connection}]
        jobs = {each.name: self._go_through(each, take=False) for each in wanted}
        lacking = [each for each in jobs.values() if each.lacking]
        agreed = not lacking or self.watch.agree(lacking)
        for each in lacking if agreed else ():
            jobs[each.job] = self._go_through(targets[each.job], take=True)
        return Rebuilt(tuple(jobs.values()), tuple(self._errors.values()), self._kept, declined=not agreed)

    def still_lacking(self, rebuilt: Rebuilt) -> int:
        """Return how many of the documents that no output proves have no result by now, and none to come."""
        lacking = 0
        for each in rebuilt.jobs:
            if each.unproven:
                lacking += self._go_through(self.session.targets[each.job], take=False).lacking
                # What a rehearsal takes does not lie in the spool.
                lacking -= each.taken if self.dry_run else 0
        return lacking

    def _go_through(self, target: ResolvedJob, *, take: bool) -> RebuiltJob:
        place = os.path.relpath(target.manifest or b"", os.fsencode(self.project))
        job = RebuiltJob(target.name, escape(place), versions=self._versions(target))
        try:
            self._read(target, job, place, take=take)
        except FileNotFoundError:
            pass
        except (NoManifest, UnsafeOutput, SinkError, OSError) as error:
            told = reason(error) if isinstance(error, OSError) else str(error)
            self._errors[job.job] = DocbatchError(
                f"{job.place}: is not a manifest that can be read: {told}",
                hint="put it back as it was committed and run 'docbatch recover' again;"
                " 'docbatch recover --without-manifests' goes on without it",
            )
        return job

    def _versions(self, target: ResolvedJob) -> Mapping[str, str]:
        found = self.remembered.get(target.name, {})
        return found if found == target.recipe.pins else {}

    def _read(self, target: ResolvedJob, job: RebuiltJob, place: bytes, *, take: bool) -> None:
        with Tree(self.project) as tree, opened_below(tree, place) as file:
            job.is_there = True
            head, documents = read(file)
            job.changed = tuple(_changed(head, target))
            rest = _listed(head, iter(documents))
            while window := list(islice(rest, WINDOW)):
                self._take_window(tree, job, window, take=take)

    def _take_window(self, tree: Tree, job: RebuiltJob, window: Sequence[Listed], *, take: bool) -> None:
        lacking = self._lacking(job, window)
        found = []
        for item, documents in lacking if take else ():
            collected = self._collected(tree, job, item, documents)
            if collected is not None:
                found.append((item, collected))
                job.taken += len(documents)
        if found:
            self._keep_state()
            hand_on(self.session.spool, self.session.store)
            self.session.store.outcomes.take_back(found)
            self.session.spool.recorded(
                (each.result, each.place) for _, each in found if each.place is not None
            )

    def _lacking(
        self, job: RebuiltJob, window: Sequence[Listed]
    ) -> list[tuple[RecordedItem, list[ManifestDocument]]]:
        """Count documents; return the items that lack a result, with their documents."""
        store = self.session.store
        items = store.items.many(list({key for key, _ in window}))
        wanted = {item.key: item for item in items if store.documents.places(item.row)}
        lacks = {key for key, item in wanted.items() if self._lacks_result(item)}
        lacking: dict[str, list[ManifestDocument]] = {}
        for key, document in window:
            if key in lacks:
                lacking.setdefault(key, []).append(document)
                job.lacking += 1
            elif key in wanted:
                job.known += 1
            else:
                job.foreign += 1
        job.documents += len(window)
        return [(wanted[key], documents) for key, documents in lacking.items()]

    def _lacks_result(self, item: RecordedItem) -> bool:
        """Say whether an item has no result, and none is to come: never sent, expired at its vendor, or lost here."""
        if item.result is not None:
            return item.is_read and not self.session.spool.has(item.result)
        expired = item.failure is not None and item.failure.kind is FailureClass.EXPIRED
        return item.status is ItemStatus.PENDING or expired

    def _collected(
        self, tree: Tree, job: RebuiltJob, item: RecordedItem, documents: Sequence[ManifestDocument]
    ) -> Collected | None:
        """Return an item's result from an output of one of its documents."""
        recipe = self.session.store.documents.recipe(item.recipe)
        complaints = []
        for document in documents:
            try:
                _require_same(item, document)
                found = proven(tree, self.session.spool, document, recipe)
            except NotProven as error:
                complaints.append(UnprovenResult(job.job, document.path, str(error)))
                continue
            place = None if self.dry_run else self.session.spool.admit(found.draft)
            return Collected(
                item.key, found.draft.digest, found.partial, warnings=found.warnings, place=place
            )
        for each in complaints:
            self.watch.tell(each)
        return None

    def _keep_state(self) -> None:
        """Keep the state as it was before the first result is taken, so that a person can have it back."""
        if self.dry_run or self._kept is not None:
            return
        folder, number = self.session.store.folder, 1
        while (path := folder / f"state.db.before-recover-{number}").exists():
            number += 1
        self.session.store.copy(path)
        self._kept = path


def _require_same(item: RecordedItem, listed: ManifestDocument) -> None:
    if item.result not in {None, listed.result}:
        raise NotProven("the state knows another result of it than the manifest lists")


def _listed(head: ManifestHead, documents: Iterator[ManifestDocument]) -> Iterator[Listed]:
    for document in documents:
        recipe = head.recipes.get(document.recipe)
        if recipe is None:
            raise NoManifest(
                f"{document.path} was read by recipe {document.recipe!r}, which it does not list"
            )
        yield item_key(recipe.key, document.media_type, document.sha256), document


def _changed(head: ManifestHead, target: ResolvedJob) -> Iterator[str]:
    """Say what is another by now about how documents of a manifest were read."""
    recipe, pins = target.recipe, target.recipe.pins
    own = [recipe] if target.split is None else [recipe, target.split.recipe]
    keys = {recipe_key(each) for each in own}
    configs = {hashlib.sha256(canonical(each.config).encode()).hexdigest() for each in own}
    for each in head.recipes.values():
        if each.key in keys:
            continue
        is_alike = (each.provider, each.operation) == (recipe.provider, recipe.operation.value)
        if not is_alike or each.config not in configs:
            yield "the job's provider, operation or options"
            continue
        names = sorted(each.versions.keys() | pins.keys())
        moved = [
            f"{name} ({each.versions.get(name, 'none')} then, {pins.get(name, 'none')} now)"
            for name in names
            if each.versions.get(name) != (str(pins[name]) if name in pins else None)
        ]
        yield ", ".join(moved) or "the account"
