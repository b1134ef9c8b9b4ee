"""The places in which rows of jobs lie: found in the state, and opened by what the project declares."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from docbatch.core.errors import DocbatchError, SinkError
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.engine.connections.sink_secrets import SinkSecrets
from docbatch.naming.state_folders import project_root
from docbatch.naming.store_places import in_store
from docbatch.providers import DEFAULT_PROVIDER
from docbatch.sinks import KINDS
from docbatch.sinks.files_within import folder_within
from docbatch.sinks.kind import Opening, SinkKind, SinkSpec
from docbatch.sinks.row_place import RowPlace
from docbatch.specs.values import Job
from docbatch.state.held_rows import HeldRows
from docbatch.state.outputs import KnownSink
from docbatch.state.store import Store
from docbatch.stores.faults import StoreFault

Answer = TypeVar("Answer")
_OPEN = 8
NOT_RENAMED = "its rows bear a former name of the job until 'docbatch apply' has written to them"
NOT_REACHED = "no sink that is declared names their database any more"
NOT_COMPARED = "it may be where the job writes to by now, which no spec of jobs/ declares"
NOT_ASKED = "it cannot be asked"


@dataclass(frozen=True, slots=True)
class DeclaredSinks:
    """What a project declares, as far as it takes to reach rows. `jobs` are read once rows are to be reached; `project` is its id, or what stands for none."""

    jobs: Callable[[], Sequence[Job]] = tuple
    project: str = ""

    def of(self, kind: SinkKind) -> Iterator[tuple[str, SinkSpec]]:
        """Yield job and options of the sinks of a kind."""
        for job in self.jobs():
            yield from ((job.name, each.options) for each in job.sinks if each.kind is kind)


@dataclass(frozen=True, slots=True)
class HeldPlace:
    """One place that rows of one job lie in, by all forms of rows that the job has or had there: the last of `sinks` is the newest."""

    sinks: tuple[KnownSink, ...]

    @property
    def newest(self) -> KnownSink:
        """The sink that writes there, or else wrote there last."""
        return next((each for each in reversed(self.sinks) if each.wanted), self.sinks[-1])

    @property
    def job(self) -> str:
        return self.newest.job

    @property
    def kind(self) -> SinkKind:
        return KINDS.kind(self.newest.kind)

    @property
    def is_wanted(self) -> bool:
        return self.newest.wanted

    @property
    def where(self) -> tuple[object, ...]:
        """What is equal for places of several jobs that are one."""
        return _key(self.newest)[1:]

    @property
    def rows(self) -> tuple[int, ...]:
        return tuple(each.row for each in self.sinks)


def held_places(store: Store) -> list[HeldPlace]:
    """Return the places of kinds of sinks whose rows can be looked at apart from runs."""
    found: dict[tuple[object, ...], list[KnownSink]] = {}
    for sink in HeldRows(store.database).sinks():
        is_written = not sink.root or sink.stamp is not None
        if is_written and sink.kind in KINDS.names() and KINDS.kind(sink.kind).row_place is not None:
            found.setdefault(_key(sink), []).append(sink)
    return [HeldPlace(tuple(sinks)) for sinks in found.values()]


def _key(sink: KnownSink) -> tuple[object, ...]:
    """Return what sinks have in common whose rows lie in one place: without files their identity begins with it."""
    if sink.root:
        return sink.job, sink.root, folder_within(sink.kind, sink.stamp) or sink.output
    return (sink.job, *sink.identity.split("\n")[:3])


def own_jobs(store: Store, sinks: Iterable[KnownSink]) -> set[str]:
    """Return the names that rows written by these sinks, the newest last, bear: those of their jobs, and former ones that no run has replaced."""
    newest = {each.job: each.row for each in sinks}
    return {*newest, *(name for row in newest.values() for name in store.renamed_rows.jobs(row))}


@dataclass(slots=True)
class RowPlaces:
    """Opens places, keeps the last few open, and keeps what hindered: `troubles` by the name of each."""

    store: Store
    declared: DeclaredSinks
    stores: ObjectStores
    troubles: dict[str, DocbatchError] = field(default_factory=dict)
    _whole: dict[tuple[int, ...], bool] = field(default_factory=dict)
    _opened: dict[tuple[int, ...], RowPlace | None] = field(default_factory=dict)

    @property
    def trouble(self) -> DocbatchError | None:
        return next(iter(self.troubles.values()), None)

    def opened(self, place: HeldPlace) -> RowPlace | None:
        """Open a place; None where nothing that is declared leads there."""
        if place.rows not in self._opened:
            if len(self._opened) >= _OPEN:
                # Each may be a connection, and servers have few.
                del self._opened[next(iter(self._opened))]
            self._opened[place.rows] = self._open(place)
        return self._opened[place.rows]

    def ask(self, place: HeldPlace, question: Callable[[RowPlace], Answer]) -> Answer | None:
        """Ask or do something in a place; None where that cannot be, which is noted."""
        opened = self.opened(place)
        if opened is None or opened.shown in self.troubles:
            return None
        try:
            return question(opened)
        except StoreFault as error:
            self.troubles[opened.shown] = SinkError(
                f"{opened.shown} cannot be used: {error}", hint="run the same command again; nothing is lost"
            )
        except DocbatchError as error:
            self.troubles[opened.shown] = error
        return None

    def is_whole(self, place: HeldPlace, every: Iterable[HeldPlace]) -> bool:
        """Whether it is a folder that nobody wants any more, of any job or project: then its files are looked at, and not what is in them.

        One that cannot be asked is none.
        """
        if not place.newest.root or place.is_wanted:
            return False
        if place.rows not in self._whole:
            there = [each for each in every if each.where == place.where]
            jobs = own_jobs(self.store, [each.newest for each in there])
            self._whole[place.rows] = not any(each.is_wanted for each in there) and (
                self.ask(place, lambda opened: opened.is_shared(jobs)) is False
            )
        return self._whole[place.rows]

    def why_not(self, place: HeldPlace, every: Iterable[HeldPlace]) -> str | None:
        """Say why nothing is to be done in a place, where that is so: nobody gets there, or it is not known whose rows these are."""
        # A former form of the sink keeps the names for good: what writes there brings the rows of all of them along.
        if self.store.renamed_rows.jobs(place.newest.row):
            return NOT_RENAMED
        if self.opened(place) is None:
            return NOT_REACHED
        others = [
            each
            for each in every
            if each.is_wanted and each.job == place.job and each.kind is place.kind and not place.is_wanted
        ]
        return self._why_wanted(place, others) if others else None

    def _why_wanted(self, place: HeldPlace, others: Iterable[HeldPlace]) -> str | None:
        """Say that a place may be one of those that the job writes to, by whatever name it is known there."""
        known_as = self.ask(place, lambda opened: opened.known_as())
        for other in others:
            if self.opened(other) is None:
                return NOT_COMPARED
            theirs = self.ask(other, lambda opened: opened.known_as())
            if known_as is None or theirs is None:
                return NOT_ASKED
            if theirs == known_as:
                return "the job writes there under another name of the database"
        return None

    def _open(self, place: HeldPlace) -> RowPlace | None:
        opening = place.kind.row_place
        assert opening is not None
        sink = place.newest
        # Its own options first: what another job declares may be another reference to the same database.
        declared = sorted(self.declared.of(place.kind), key=lambda each: each[0] != place.job)
        every: list[SinkSpec | None] = [options for _, options in declared]
        # What lies in a folder is found by that alone.
        for options in every or ([None] if sink.root else []):
            found = opening(self._opening(sink, options), sink.identity, sink.stamp)
            if found is not None:
                return found
        return None

    def _opening(self, sink: KnownSink, options: SinkSpec | None) -> Opening:
        folder = self.store.folder
        is_stored = in_store(sink.root)
        project = self.declared.project
        secrets = SinkSecrets(project_root(folder))
        return Opening(
            job=sink.job,
            options=options,
            root=project_root(folder)
            if is_stored or not sink.root
            else Path(sink.root.decode(errors="surrogateescape")),
            output=sink.output or b"",
            trash=folder / "trash",
            bucket=self.stores.bucket(sink.root) if is_stored else None,
            secret=lambda reference: secrets.read(sink.job, reference),
            project="" if project == DEFAULT_PROVIDER else project,
        )
