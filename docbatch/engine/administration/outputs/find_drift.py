"""Comparing outputs with what the state knows of them, and with nothing else. Nothing is written."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from docbatch.core.output_differences import DifferenceKind, Differing, OutputDifference
from docbatch.core.report import plural
from docbatch.engine.administration.held_rows.compare_rows import compare_rows
from docbatch.engine.administration.held_rows.held_places import DeclaredSinks, RowPlaces
from docbatch.engine.administration.outputs.compared_kinds import BESIDE, COMPARED
from docbatch.engine.administration.outputs.find_store_drift import StoreDrift
from docbatch.engine.administration.outputs.left_output import LeftCount
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.naming.declared_sinks import kind_of_sink
from docbatch.naming.pathtext import escape
from docbatch.naming.state_folders import project_root
from docbatch.sinks import KINDS, outputs
from docbatch.sinks.faults import reason
from docbatch.sinks.files_within import files_within, folder_within, is_folder
from docbatch.sinks.found_files import digest_at, find
from docbatch.sinks.paths import folded
from docbatch.sinks.strangers import files_below
from docbatch.sinks.tree import Tree
from docbatch.specs.values import StoreConnection
from docbatch.state.outputs import KnownOutput, KnownSink, writers
from docbatch.state.store import Store

_WINDOW = 500

Tell = Callable[[OutputDifference], object]


@dataclass(frozen=True, slots=True)
class DriftSearch:
    """What to look at. `stores` are the project's, and so is what is `declared`. `consumed` are the identities of sinks whose missing outputs somebody took; `deep` reads every file."""

    job: str | None = None
    deep: bool = False
    consumed: Collection[str] = ()
    stores: Mapping[str, StoreConnection] = field(default_factory=dict)
    allowed_hosts: Collection[str] = ()
    declared: DeclaredSinks = field(default_factory=DeclaredSinks)


def find_drift(store: Store, search: DriftSearch, tell: Tell) -> Differing:
    """Tell every output that differs, and return what they come to.

    Raises CredentialsError, SinkError and UsageError once all is told that could be looked at, where a store or a server could not.
    """
    return _Drift(store, search, tell).found()


@dataclass(slots=True)
class _Missing:
    """Outputs that are gone, until it is known whether they were moved: (job, path, output) each."""

    all: dict[int, tuple[KnownSink, KnownOutput]] = field(default_factory=dict)
    by_stamp: dict[str, int] = field(default_factory=dict)
    by_digest: dict[str, int] = field(default_factory=dict)
    sizes: set[int] = field(default_factory=set)

    def add(self, sink: KnownSink, known: KnownOutput) -> None:
        number = len(self.all)
        self.all[number] = sink, known
        self.by_stamp.setdefault(known.stamp, number)
        if known.digest is not None and known.size is not None:
            self.by_digest.setdefault(known.digest, number)
            self.sizes.add(known.size)

    def take(self, number: int | None) -> tuple[KnownSink, KnownOutput] | None:
        return None if number is None else self.all.pop(number, None)


class _Drift:
    def __init__(self, store: Store, search: DriftSearch, tell: Tell) -> None:
        self._store = store
        self._search = search
        self._tell = tell
        self._project = os.fsencode(project_root(store.folder))
        self._gone = _Missing()
        self._result = Differing()
        self._folders_told: set[bytes] = set()
        self._told: set[tuple[str, bytes, bytes]] = set()

    def found(self) -> Differing:
        every = self._store.outputs.sinks()
        wanted = [each for each in every if each.wanted and self._search.job in {None, each.job}]
        mine = [each for each in wanted if not each.is_in_store]
        for sink in mine:
            if sink.kind not in COMPARED:
                self._result.notes.append(
                    f"job '{sink.job}': outputs of the sink {sink.kind} are not compared"
                )
            elif sink.output is None:
                self._compare_many(sink)
            elif is_folder(sink.kind):
                self._compare_within(sink)
            else:
                self._compare_one(sink, every)
        for job, identity in self._store.outputs.without_files():
            kind = kind_of_sink(identity)
            if self._search.job in {None, job} and not (
                kind in KINDS.names() and KINDS.kind(kind).row_place is not None
            ):
                self._result.notes.append(
                    f"job '{job}': the sink {kind} has no files; what it holds is not looked at"
                )
        self._look_for_strangers(every, mine)
        for sink, known in self._gone.all.values():
            is_there = os.path.lexists(sink.root)
            told = "it is gone" if is_there else f"it is gone, with the folder {self._shown(sink.root)}"
            self.say("removed", sink, known, told)
        search = self._search
        stores = ObjectStores(search.stores, project_root(self._store.folder), search.allowed_hosts)
        drift = StoreDrift(self._store, stores, self, search.deep, search.consumed)
        self._look_into_stores(drift, every, [each for each in wanted if each.is_in_store])
        self._result.notes += LeftCount(self._store, search.job, drift.opened).notes(every)
        places = RowPlaces(self._store, search.declared, stores)
        compare_rows(self._store, places, search.job, self)
        for error in (*drift.errors, *places.troubles.values()):
            raise error
        return self._result

    def _look_into_stores(
        self, drift: StoreDrift, every: Sequence[KnownSink], stored: Sequence[KnownSink]
    ) -> None:
        for sink in stored:
            if is_folder(sink.kind):
                folder = sink.root + b"/" + (folder_within(sink.kind, sink.stamp) or b"")
                if folder not in self._folders_told:
                    self._folders_told.add(folder)
                    drift.compare_within(sink)
            else:
                drift.compare(sink)
        if stored:
            drift.look_for_strangers(self._folders(stored), self._other_places(every))

    def _compare_many(self, sink: KnownSink) -> None:
        root = Path(os.fsdecode(sink.root))
        with Tree(root) as tree:
            rows = self._store.outputs.wanted(sink.row)
            while window := list(islice(rows, _WINDOW)):
                self._result.looked += len(window)
                for known in window if self._search.deep else self._differing(root, window):
                    self._judge(tree, sink, known)

    @staticmethod
    def _differing(root: Path, window: Sequence[KnownOutput]) -> Iterator[KnownOutput]:
        by_output = {each.output: each for each in window}
        stamps = ((each.output, each.stamp) for each in window)
        yield from (by_output[output] for output, _ in outputs.differing(root, stamps))

    def _compare_one(self, sink: KnownSink, every: Sequence[KnownSink]) -> None:
        """Compare a job's one output, once however many of the job's sinks write into it, as they do into tables of a database."""
        known = self._store.outputs.single(sink)
        if known is not None and (sink.job, sink.root, known.output) not in self._told:
            self._told.add((sink.job, sink.root, known.output))
            self._result.looked += 1
            with Tree(Path(os.fsdecode(sink.root))) as tree:
                self._judge(tree, sink, self._as_left_last(tree, sink, known, every))

    def _compare_within(self, sink: KnownSink) -> None:
        """Compare the files of a folder, once for all jobs that write there."""
        known = self._store.outputs.single(sink)
        if known is None:
            return
        folder = sink.root + b"/" + (folder_within(sink.kind, known.stamp) or b"")
        if folder in self._folders_told:
            return
        self._folders_told.add(folder)
        files = self._within(sink)
        if not files:
            told = (
                "what its files were is not to be learned there" if os.path.lexists(folder) else "it is gone"
            )
            if os.path.lexists(folder) or sink.identity not in self._search.consumed:
                self.say("altered" if os.path.lexists(folder) else "removed", sink, known, told)
            return
        with Tree(Path(os.fsdecode(sink.root))) as tree:
            for each in files:
                self._result.looked += 1
                self._judge(tree, sink, each)

    @staticmethod
    def _within(sink: KnownSink) -> list[KnownOutput]:
        found = files_within(sink.kind, Path(os.fsdecode(sink.root)), sink.stamp)
        return [
            KnownOutput(sink.row, b"", each.output, None, each.stamp, each.size, each.sha256, None)
            for each in found
        ]

    def _as_left_last(
        self, tree: Tree, sink: KnownSink, known: KnownOutput, every: Sequence[KnownSink]
    ) -> KnownOutput:
        """Return an output as that sink left it which wrote into it last, where it is as that one left it."""
        others = writers(sink, every)
        if len(others) == 1:
            return known
        with suppress(OSError):
            stamp = find(tree, known.output).stamp
            left = (self._store.outputs.single(each) for each in others)
            return next((each for each in left if each is not None and each.stamp == stamp), known)
        return known

    def _judge(self, tree: Tree, sink: KnownSink, known: KnownOutput) -> None:
        try:
            found = find(tree, known.output)
            if found.status is None and found.why is None:
                if sink.identity not in self._search.consumed:
                    self._gone.add(sink, known)
                return
            if found.why is not None or found.status is None:
                self.say("altered", sink, known, found.why or "")
                return
            is_touched = found.stamp != known.stamp
            if known.digest is None:
                self._result.unknown += self._search.deep
                if is_touched:
                    self.say("altered", sink, known, "it changed since docbatch wrote it")
            elif found.status.st_size != known.size:
                told = f"it has {plural(found.status.st_size, 'byte')} where {known.size:,} were written"
                self.say("altered", sink, known, told)
            elif is_touched or self._search.deep:
                self._compare_bytes(tree, sink, known, is_touched=is_touched)
        except OSError as error:
            self.say("altered", sink, known, f"it cannot be read: {reason(error)}")

    def _compare_bytes(self, tree: Tree, sink: KnownSink, known: KnownOutput, *, is_touched: bool) -> None:
        found, digest = digest_at(tree, known.output)
        if digest == known.digest:
            self._result.touched += is_touched
        else:
            self.say("altered", sink, known, found.why or "its bytes are others than docbatch wrote")

    def _look_for_strangers(self, every: Sequence[KnownSink], mine: Sequence[KnownSink]) -> None:
        known = self._other_places(every)
        for folder in self._folders(mine):
            try:
                there = files_below(folder)
                while window := list(islice(there, _WINDOW)):
                    places = [(folded(place), place) for place in window if folded(place) not in known]
                    ours = self._store.outputs.known(places)
                    for _, place in places:
                        if place not in ours:
                            self._stranger(place)
            except OSError as error:
                self._result.notes.append(f"{self._shown(folder)}: cannot be looked at: {reason(error)}")

    def _other_places(self, every: Sequence[KnownSink]) -> set[int]:
        """Return the places of what is no document's own output."""
        singles = [each.root + b"/" + each.output for each in every if each.output]
        singles += [each.root + b"/" + file.output for each in every for file in self._within(each)]
        places = [place + ending for place in singles for ending in (b"", *BESIDE)]
        return {folded(place) for place in (*places, *(place for _, place, _ in self._store.manifests.all()))}

    def _folders(self, mine: Sequence[KnownSink]) -> list[bytes]:
        """Return the folders that hold nothing but outputs: not those in which documents or the project lie as well."""
        kept = [self._project, *(job.source for job in self._store.documents.jobs())]
        found: list[bytes] = []
        for folder in sorted({each.folder for each in mine if each.output is None and each.kind in COMPARED}):
            if any(place == folder or place.startswith(folder + b"/") for place in kept):
                told = f"{self._shown(folder)}: holds more than outputs, so nothing is said of what else lies there"
                self._result.notes.append(told)
            elif not any(folder.startswith(other + b"/") for other in found):
                found.append(folder)
        return found

    def touched(self) -> None:
        self._result.touched += 1

    def differs(self, difference: OutputDifference) -> None:
        self._count(difference)

    def looked(self, number: int) -> None:
        self._result.looked += number

    def unknown(self) -> None:
        self._result.unknown += 1

    def note(self, told: str) -> None:
        self._result.notes.append(told)

    def stranger(self, place: bytes) -> None:
        self._count(OutputDifference("added", self._shown(place), detail="docbatch did not write it"))

    def _stranger(self, place: bytes) -> None:
        moved = self._moved_to(place)
        if moved is not None:
            self.say("moved", *moved, "", to=self._shown(place))
        else:
            self.stranger(place)

    def _moved_to(self, place: bytes) -> tuple[KnownSink, KnownOutput] | None:
        gone = self._gone
        if not gone.all:
            return None
        by_stamp = gone.take(gone.by_stamp.get(outputs.stamp_at(place) or ""))
        if by_stamp is not None:
            return by_stamp
        folder, _, name = place.rpartition(b"/")
        try:
            with Tree(Path(os.fsdecode(folder))) as tree:
                found = find(tree, name)
                if found.status is None or found.status.st_size not in gone.sizes:
                    return None
                _, digest = digest_at(tree, name)
        except OSError:
            return None
        return gone.take(gone.by_digest.get(digest or ""))

    def say(
        self, kind: DifferenceKind, sink: KnownSink, known: KnownOutput, detail: str, *, to: str = ""
    ) -> None:
        place = self._shown(sink.root + b"/" + known.output)
        self._count(OutputDifference(kind, place, sink.job, escape(known.path), detail, to))

    def _count(self, difference: OutputDifference) -> None:
        self._result.counts[difference.kind] += 1
        self._tell(difference)

    def _shown(self, place: bytes) -> str:
        folder = self._project + b"/"
        return escape(place.removeprefix(folder))
