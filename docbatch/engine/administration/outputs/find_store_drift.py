"""Comparing outputs in stores with what the state knows of them: by one listing of each folder, and by bytes where ETags differ."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from docbatch.core.errors import CredentialsError, DocbatchError
from docbatch.core.output_differences import DifferenceKind
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.naming.pathtext import escape
from docbatch.sinks import KINDS
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.drafts import digest_of
from docbatch.sinks.objects.object_outputs import ObjectOutputs, store_error
from docbatch.sinks.objects.standing_objects import StandingObjects
from docbatch.sinks.paths import folded
from docbatch.state.outputs import KnownOutput, KnownSink
from docbatch.state.store import Store
from docbatch.stores.faults import StoreFault
from docbatch.stores.listable_objects import UnlistedFolder, listable
from docbatch.stores.object_store import ObjectStore

_WINDOW = 500


class Findings(Protocol):
    """What is told of outputs that differ."""

    def say(self, kind: DifferenceKind, sink: KnownSink, known: KnownOutput, detail: str) -> None: ...
    def stranger(self, place: bytes) -> None: ...
    def touched(self) -> None: ...
    def looked(self, number: int) -> None: ...
    def unknown(self) -> None: ...
    def note(self, told: str) -> None: ...


@dataclass(slots=True)
class StoreDrift:
    """Looks at sinks in stores. `consumed` are the identities of those whose missing outputs somebody took.

    `errors` say what could not be looked at.
    """

    store: Store
    stores: ObjectStores
    findings: Findings
    deep: bool
    consumed: Collection[str]
    errors: list[DocbatchError] = field(default_factory=list)

    def compare(self, sink: KnownSink) -> None:
        """Tell which outputs of a sink differ."""
        try:
            self._compare(sink, self.opened(sink.root))
        except (StoreFault, DocbatchError) as error:
            self._note(sink.root, error)

    def compare_within(self, sink: KnownSink) -> None:
        """Tell which objects differ of an output that is a folder, by what names them there."""
        known, objects = self.store.outputs.single(sink), KINDS.kind(sink.kind).objects
        if known is None or objects is None:
            return
        try:
            outputs = self.opened(sink.root)
            files = [
                KnownOutput(sink.row, b"", output, None, etag, size, digest, None)
                for output, etag, size, digest in objects(outputs.bucket, known.stamp)
            ]
            if not files and sink.identity not in self.consumed:
                self.findings.say(
                    "removed", sink, known, "it is gone, or what its files were is not to be learned there"
                )
            self._compare_all(sink, outputs, iter(files), StandingObjects(outputs.store, outputs.folder))
        except (StoreFault, DocbatchError) as error:
            self._note(sink.root, error)

    def look_for_strangers(self, folders: Sequence[bytes], others: Collection[int]) -> None:
        """Tell what lies in folders of stores that nobody wrote; `others` are places of what is no document's own output."""
        for folder in folders:
            try:
                opened = self.opened(folder)
                self._judge_strangers(opened.store.settings.identity, self._listed(opened), others)
            except (StoreFault, DocbatchError) as error:
                self._note(folder, error)

    def _note(self, place: bytes, error: StoreFault | DocbatchError) -> None:
        shown = escape(place)
        if isinstance(error, StoreFault):
            error = store_error(shown, error)
        elif isinstance(error, CredentialsError):
            error = CredentialsError(f"{shown} cannot be looked at: {error.message}", hint=error.hint)
        self.errors.append(error)

    def _listed(self, opened: ObjectOutputs) -> Iterator[str]:
        """Yield the keys below a folder, those that end lists and are nobody's output among them."""
        bucket = opened.store.settings.identity
        for page in listable(opened.store, f"{opened.folder}/".removeprefix("/")):
            if not isinstance(page, UnlistedFolder):
                yield from (each["path"] for each in page)
                continue
            place = escape(f"{bucket}/{page.folder}".encode())
            self.findings.note(
                f"{place}: {page.why}, so nothing is said of what else lies there; {page.remedy}"
            )
            yield from () if page.key is None else (page.key,)

    def _judge_strangers(self, bucket: str, keys: Iterator[str], others: Collection[int]) -> None:
        while window := list(islice(keys, _WINDOW)):
            places = [f"{bucket}/{key}".encode() for key in window]
            named = [(folded(place), place) for place in places if folded(place) not in others]
            ours = self.store.outputs.known(named)
            for _, place in named:
                if place not in ours:
                    self.findings.stranger(place)

    def opened(self, root: bytes) -> ObjectOutputs:
        """Return what lies below a place in a store. Raises DocbatchError."""
        name, folder = self.stores.named(root)
        store = self.stores.open(name)
        return ObjectOutputs(Bucket(lambda: store, folder))

    def _compare(self, sink: KnownSink, outputs: ObjectOutputs) -> None:
        if sink.output is not None:
            known = self.store.outputs.single(sink)
            rows = iter(() if known is None else (known,))
            standing = None
        else:
            rows = self.store.outputs.wanted(sink.row)
            standing = StandingObjects(outputs.store, outputs.folder)
        self._compare_all(sink, outputs, rows, standing)

    def _compare_all(
        self,
        sink: KnownSink,
        outputs: ObjectOutputs,
        rows: Iterator[KnownOutput],
        standing: StandingObjects | None,
    ) -> None:
        while window := list(islice(rows, _WINDOW)):
            self.findings.looked(len(window))
            keys = {outputs.key(each.output): each for each in window}
            if standing is None:
                now = {key: outputs.stamp(each.output) for key, each in keys.items()}
            else:
                now = dict(standing.etags(list(keys)))
            for key, each in keys.items():
                if now.get(key) is None:
                    if sink.identity not in self.consumed:
                        self.findings.say("removed", sink, each, "it is gone")
                elif self.deep or now[key] != each.stamp:
                    self._judge(outputs.store, key, sink, each)

    def _judge(self, store: ObjectStore, key: str, sink: KnownSink, known: KnownOutput) -> None:
        """Compare the bytes of an object, where it is known what they were."""
        found = store.facts(key)
        if found is None:
            self.findings.say("removed", sink, known, "it is gone")
            return
        is_touched = found.etag != known.stamp
        if known.digest is None:
            if is_touched:
                self.findings.say("altered", sink, known, "it changed since docbatch wrote it")
            else:
                self.findings.unknown()
        elif found.size != known.size:
            told = f"it has {found.size:,} bytes where {known.size:,} were written"
            self.findings.say("altered", sink, known, told)
        elif digest_of(store, found) != known.digest:
            self.findings.say("altered", sink, known, "its bytes are others than docbatch wrote")
        elif is_touched:
            self.findings.touched()
