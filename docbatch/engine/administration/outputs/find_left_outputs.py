"""Finding the outputs that nothing wants any more, and judging which of them are provably as docbatch wrote them."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from docbatch.core.errors import DocbatchError
from docbatch.core.report import plural
from docbatch.engine.administration.held_rows.held_places import own_jobs
from docbatch.engine.administration.held_rows.judge_rows import LeftDocument, LeftRows
from docbatch.engine.administration.outputs.compared_kinds import BESIDE, COMPARED
from docbatch.engine.administration.outputs.find_left_objects import LeftObjects
from docbatch.engine.administration.outputs.left_output import LeftOutput, why_left
from docbatch.engine.administration.outputs.pruned_stores import PrunedStores
from docbatch.naming.pathtext import escape
from docbatch.naming.state_folders import project_root
from docbatch.providers import DEFAULT_PROVIDER
from docbatch.sinks import KINDS
from docbatch.sinks.faults import reason
from docbatch.sinks.files_within import files_within, folder_within, is_folder
from docbatch.sinks.found_files import MISSING, FoundFile, digest_at
from docbatch.sinks.owners import FolderOwner, around, claimed
from docbatch.sinks.paths import folded
from docbatch.sinks.tree import Tree
from docbatch.state.outputs import KnownOutput, KnownSink
from docbatch.state.store import Store

_WINDOW = 500
MOVED_AWAY = "its document's output lies elsewhere now"


class LeftOutputs:
    """The outputs that nothing wants, of the jobs that are named or of all.

    `declared` are the jobs that specs declare, each with the place of its manifest; what belongs to others is left.
    """

    def __init__(
        self,
        store: Store,
        declared: Mapping[str, Path | None],
        project: str,
        named: Collection[str] | None,
        stores: PrunedStores,
    ) -> None:
        self._store = store
        self._objects = LeftObjects(store, stores)
        self._declared = declared
        self._named = named
        self._folder = project_root(store.folder)
        self._owner = FolderOwner(
            "" if project == DEFAULT_PROVIDER else project, os.path.realpath(self._folder)
        )
        self._sinks = store.outputs.sinks()
        # Specs may lie where nobody looks by default: that a job is gone is what apply found, and nothing else.
        undeclared = {job.name for job in store.documents.jobs()} - declared.keys()
        elsewhere = {job for job, _ in store.outputs.without_files()}
        self._unnoticed = undeclared & ({sink.job for sink in self._sinks if sink.wanted} | elsewhere)
        self._gone = undeclared - self._unnoticed
        self._rows = LeftRows(store, stores.row_places(store), named, self._unnoticed)
        self._singles = self._wanted_singles()
        self._strange: dict[bytes, str | None] = {}
        self._doubly_left: set[bytes] = set()
        self._shared: dict[bytes, bool] = {}

    def notes(self) -> list[str]:
        """Say what is not looked at."""
        told = [
            f"job '{job}' is in no spec of jobs/; its outputs stay until 'docbatch apply' has noticed that it is gone"
            for job in sorted(self._unnoticed)
            if self._named is None or job in self._named
        ]
        for sink in self._mine():
            if sink.kind not in COMPARED:
                told.append(f"job '{sink.job}': outputs of the sink {sink.kind} are left alone")
            elif sink.wanted and (lines := self._store.outputs.kept_lines(sink.row)):
                place = self._shown(sink.root + b"/" + (sink.output or b""))
                told.append(f"{place}: the lines of {plural(len(lines), 'removed document')} stay in it")
        return [*told, *self._in_databases(), *self._elsewhere(), *self._rows.notes()]

    def _in_databases(self) -> Iterator[str]:
        most: dict[tuple[str, bytes], int] = {}
        for sink in self._mine():
            if sink.wanted and sink.output and sink.kind in KINDS.names():
                written = sink.job, sink.root + b"/" + sink.output
                # Of several tables of a job in one database the one with most of them is told.
                most[written] = max(most.get(written, 0), self._rows.kept_in(sink))
        for (job, place), number in most.items():
            if number:
                yield f"{self._shown(place)}: the rows of {plural(number, 'removed document')} of job '{job}' stay in it"

    def _elsewhere(self) -> Iterator[str]:
        for job, kind, is_declared, number in self._store.outputs.left_elsewhere():
            is_mine = self._named is None or job in self._named
            if is_mine and not (kind in KINDS.names() and KINDS.kind(kind).row_place is not None):
                of = plural(number, "removed document") if is_declared else plural(number, "document")
                why = "" if is_declared else "; the job writes there no longer"
                yield f"job '{job}': what the sink {kind} holds of {of} is left alone{why}"

    def judged(self) -> Iterator[LeftOutput]:
        """Yield what nothing wants, each as it is at this moment. What is gone already is passed over."""
        ones: dict[bytes, LeftOutput] = {}
        self._doubly_left.clear()
        for sink in self._mine():
            if sink.kind not in COMPARED:
                continue
            found = self._judged(sink)
            if sink.output is None:
                yield from found
                continue
            # Each form of rows that there was is a sink of its own in the state, and one file on the disk.
            for each in found:
                place = each.root + b"/" + each.known.output
                if place not in ones or (ones[place].keeps is not None and each.keeps is None):
                    ones[place] = each
        yield from ones.values()
        yield from map(self._of_rows, self._rows.judged())
        yield from self._manifests()

    def _of_rows(self, left: LeftDocument) -> LeftOutput:
        sink, held = left.place.newest, left.held
        why = self._why(sink.job, whole=not left.place.is_wanted)
        place, _, name = left.shown.encode().rpartition(b"/")
        known = KnownOutput(held.sink, held.path, name, held.result, held.stamp or "", None, None, None)
        is_on_disk = sink.root and not sink.is_in_store
        strange = self._strangeness(sink.root) if is_on_disk else None
        return LeftOutput(
            *(sink.job, sink.identity, place, known, left.shown, why, MISSING),
            keeps=strange or left.found.keeps,
            is_edited=strange is None and left.found.is_edited,
            rows=left.place,
        )

    def _why(self, job: str, *, whole: bool) -> str:
        if job in self._gone:
            return "its job is gone"
        return "its sink is gone" if whole else "its document is gone"

    def _judged(self, sink: KnownSink) -> Iterator[LeftOutput]:
        whole = not sink.wanted
        why = self._why(sink.job, whole=whole)
        yield from self._each(sink, self._left(sink, every=whole), why)
        if sink.output is None:
            is_there = not whole and sink.job not in self._gone
            yield from self._each(sink, self._moved_away(sink), MOVED_AWAY if is_there else why)

    def _each(self, sink: KnownSink, left: Iterator[KnownOutput], why: str) -> Iterator[LeftOutput]:
        judged = self._objects.judged if sink.is_in_store else self._judged_files
        return (each for each in judged(sink, left, why) if not self._is_told(each))

    def _is_told(self, each: LeftOutput) -> bool:
        """Say whether what stands in a place was yielded already, as another output that was written there."""
        place = each.root + b"/" + each.known.output
        if place in self._doubly_left:
            return True
        if self._store.outputs.others_at(each.known):
            self._doubly_left.add(place)
        return False

    def _judged_files(self, sink: KnownSink, left: Iterable[KnownOutput], why: str) -> Iterator[LeftOutput]:
        with Tree(Path(os.fsdecode(sink.root))) as tree:
            for known in left:
                each = self._judge(tree, sink, known, why_left(known, why))
                if each is not None:
                    yield each

    def counts(self) -> dict[str, int]:
        """Return how many outputs each job has, wanted or not; of a folder each file is one, or each document whose rows are removed by themselves."""
        counts = self._store.outputs.counts()
        folders = {
            (sink.job, sink.root, sink.output): sink
            for sink in self._sinks
            if is_folder(sink.kind) and sink.stamp is not None and not self._rows.has(sink.row)
        }
        for sink in folders.values():
            counts[sink.job] = counts.get(sink.job, 0) + max(len(self._files(sink)) - 1, 0)
        for job, number in self._rows.counts().items():
            counts[job] = counts.get(job, 0) + number
        return counts

    def _mine(self) -> list[KnownSink]:
        """Return the sinks to look at, those that are gone among them."""
        return [each for each in self._sinks if self._named is None or each.job in self._named]

    def _wanted_singles(self) -> frozenset[int]:
        wanted = [each for each in self._sinks if each.wanted and each.output]
        places = [
            each.root + b"/" + (each.output or b"") + ending for each in wanted for ending in (b"", *BESIDE)
        ]
        manifests = [os.fsencode(place) for place in self._declared.values() if place is not None]
        return frozenset(map(folded, (*places, *manifests)))

    def _left(self, sink: KnownSink, *, every: bool) -> Iterator[KnownOutput]:
        """Yield a sink's outputs that nothing wants, of no matter which sink: a place that something wants is left out."""
        if sink.output is not None and is_folder(sink.kind):
            yield from self._within(sink) if every else ()
            return
        if sink.output is not None:
            single = self._store.outputs.single(sink) if every else None
            if single is not None and not self._is_wanted([folded(sink.root + b"/" + single.output)]):
                yield single
            return
        for window in self._store.outputs.left_windows(sink.row, _WINDOW, every=every):
            yield from self._unwanted(window)

    def _moved_away(self, sink: KnownSink) -> Iterator[KnownOutput]:
        """Yield what lay in places that outputs of a sink left for others."""
        after = b""
        while window := self._store.outputs.moved_away(sink.row, after, _WINDOW):
            after = window[-1].output
            yield from self._unwanted(window)

    def _within(self, sink: KnownSink) -> Iterator[KnownOutput]:
        """Yield the files of a folder that no sink that is wanted writes to, and nobody else has rows in."""
        if self._rows.has(sink.row):
            return
        own = sink.root, folder_within(sink.kind, sink.stamp)
        for each in self._sinks:
            if each.wanted and is_folder(each.kind):
                used = folder_within(each.kind, each.stamp)
                if own in {(each.root, used), (each.root, each.output if used is None else used)}:
                    return
        yield from self._files(sink)

    def _files(self, sink: KnownSink) -> list[KnownOutput]:
        """Return the files of a folder, as they were left."""
        if sink.is_in_store:
            return self._objects.within(sink)
        return [
            KnownOutput(sink.row, b"", each.output, None, each.stamp, each.size, each.sha256, None)
            for each in files_within(sink.kind, Path(os.fsdecode(sink.root)), sink.stamp)
        ]

    def _unwanted(self, window: Sequence[KnownOutput]) -> Iterator[KnownOutput]:
        wanted = self._is_wanted([each.folded for each in window if each.folded is not None])
        return (each for each in window if each.folded not in wanted)

    def _is_wanted(self, keys: Sequence[int]) -> set[int]:
        return self._store.outputs.taken(keys) | (self._singles & set(keys))

    def _judge(self, tree: Tree, sink: KnownSink, known: KnownOutput, why: str) -> LeftOutput | None:
        try:
            found, digest = digest_at(tree, known.output)
        except OSError as error:
            found, digest = FoundFile(None, f"it cannot be read: {reason(error)}"), None
        if found.status is None and found.why is None:
            return None
        keeps = self._strangeness(sink.root)
        is_edited = False
        if keeps is None:
            keeps = found.why or self._use(sink)
        if keeps is None and not _is_as_written(found, digest, known):
            if self._is_superseded(known, found, digest):
                return None
            keeps, is_edited = "it changed since docbatch wrote it", True
        shown = self._shown(sink.root + b"/" + known.output)
        return LeftOutput(sink.job, sink.identity, sink.root, known, shown, why, found, keeps, is_edited)

    def _use(self, sink: KnownSink) -> str | None:
        """Say that a database is in use, or was left so: what lies beside it belongs to it; or that others keep things in it."""
        if not sink.output:
            return None
        place = sink.root + b"/" + (folder_within(sink.kind, sink.stamp) or sink.output)
        if any(os.path.lexists(place + ending) for ending in BESIDE):
            return "it is a database that is in use, or was left unfinished"
        try:
            if self._is_shared(sink.kind, place):
                return "it holds tables that docbatch did not make, or rows of a job of another project"
        except DocbatchError as error:
            return f"it cannot be looked into: {error.message}"
        return None

    def _is_shared(self, kind: str, place: bytes) -> bool:
        """Whether others keep things in an output, looked at once for all files that it is made of."""
        holds_more = KINDS.kind(kind).holds_more
        if holds_more is not None and place not in self._shared:
            here = [
                each
                for each in self._sinks
                if each.stamp and each.root + b"/" + (each.output or b"") == place
            ]
            jobs = own_jobs(self._store, here)
            self._shared[place] = holds_more(Path(os.fsdecode(place)), jobs)
        return self._shared.get(place, False)

    def _is_superseded(self, known: KnownOutput, found: FoundFile, digest: str | None) -> bool:
        """Say whether another former output was written to the same place later: then that one is judged."""
        if known.folded is None:
            return False
        others = self._store.outputs.others_at(known)
        return any(stamp == found.stamp or (its is not None and its == digest) for stamp, its in others)

    def _strangeness(self, root: bytes) -> str | None:
        """Say why what lies below a root is not ours to remove, whatever the state says: it may be a copy of another's."""
        if root not in self._strange:
            self._strange[root] = self._why_strange(Path(os.fsdecode(root)))
        return self._strange[root]

    def _why_strange(self, root: Path) -> str | None:
        place, own = Path(os.path.realpath(root)), Path(os.path.realpath(self._folder))
        whose = around(root)
        if place.is_relative_to(own):
            return None if whose in {own, *own.parents, None} else f"it lies in the project in {whose}"
        if whose is not None and whose not in own.parents:
            return f"it lies in the project in {whose}"
        if not any(self._owner.is_same(each) for each in claimed(root)):
            return (
                "it lies outside of the project, in a folder that does not say that this project writes to it"
            )
        return None

    def _manifests(self) -> Iterator[LeftOutput]:
        for job, place, stamp in self._store.manifests.all():
            if (
                self._declared.get(job) is not None
                or job in self._unnoticed
                or (self._named is not None and job not in self._named)
            ):
                continue
            root = os.fsencode(self._folder)
            if not place.startswith(root + b"/") or self._is_wanted([folded(place)]):
                continue
            output = place[len(root) + 1 :]
            known = KnownOutput(0, b"", output, None, stamp, None, None, None)
            with Tree(self._folder) as tree:
                try:
                    found, _ = digest_at(tree, output)
                except OSError as error:
                    found = FoundFile(None, f"it cannot be read: {reason(error)}")
            if found.status is None and found.why is None:
                continue
            is_edited = found.why is None and found.stamp != stamp
            keeps = found.why or ("it changed since docbatch wrote it" if is_edited else None)
            why = "its job is gone" if job in self._gone else "its job declares no manifest"
            yield LeftOutput(job, "", root, known, self._shown(place), why, found, keeps, is_edited)

    def _shown(self, place: bytes) -> str:
        folder = os.fsencode(self._folder) + b"/"
        return escape(place.removeprefix(folder))


def _is_as_written(found: FoundFile, digest: str | None, known: KnownOutput) -> bool:
    """Say whether the bytes are those that were written, or, where these are not known, nobody touched the file."""
    if known.digest is not None:
        return digest == known.digest
    return found.stamp == known.stamp
