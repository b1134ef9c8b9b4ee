"""Judging outputs in stores that nothing wants any more: by their ETags, and by their bytes where these differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from docbatch.engine.administration.outputs.left_output import LeftOutput, why_left
from docbatch.engine.administration.outputs.pruned_stores import PrunedStores
from docbatch.naming.pathtext import escape
from docbatch.sinks import KINDS
from docbatch.sinks.files_within import is_folder
from docbatch.sinks.found_files import MISSING
from docbatch.sinks.objects.drafts import digest_of
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.sinks.objects.standing_objects import StandingObjects
from docbatch.state.outputs import KnownOutput, KnownSink
from docbatch.state.store import Store
from docbatch.stores.object_store import ObjectFacts

_WINDOW = 500


@dataclass(frozen=True, slots=True)
class LeftObjects:
    """Looks at what lies in stores; where one cannot be used, nothing of it is told but in the troubles of `stores`."""

    store: Store
    stores: PrunedStores

    def judged(self, sink: KnownSink, left: Iterable[KnownOutput], why: str) -> Iterator[LeftOutput]:
        """Yield a sink's outputs, each as it is at this moment. What is gone already is passed over."""
        rows, standing = iter(left), None
        while window := list(islice(rows, _WINDOW)):
            outputs = self.stores.outputs(sink.root)
            if outputs is None:
                return
            standing = standing or StandingObjects(outputs.store, outputs.folder)
            look = partial(self._window, sink, standing, window, why)
            yield from self.stores.ask(sink.root, look) or ()

    def within(self, sink: KnownSink) -> list[KnownOutput]:
        """Return the objects of an output that is a folder, as they were left."""
        stamp, objects = sink.stamp, KINDS.kind(sink.kind).objects
        if stamp is None or objects is None:
            return []
        found = self.stores.ask(sink.root, lambda outputs: list(objects(outputs.bucket, stamp)))
        return [
            KnownOutput(sink.row, b"", output, None, etag, size, digest, None)
            for output, etag, size, digest in found or ()
        ]

    def _window(
        self,
        sink: KnownSink,
        standing: StandingObjects,
        window: Sequence[KnownOutput],
        why: str,
        outputs: ObjectOutputs,
    ) -> list[LeftOutput]:
        left: list[LeftOutput] = []
        keys = {outputs.key(each.output): each for each in window}
        is_single = sink.output is not None and not is_folder(sink.kind)
        etags = _stamps(outputs, keys) if is_single else standing.etags(list(keys))
        for key, known in keys.items():
            found = _found(outputs, key, etags.get(key), known)
            if found is None:
                continue
            is_ours = found.etag == known.stamp or _has_our_bytes(outputs, found, known)
            if not is_ours and self._is_superseded(known, found.etag):
                continue
            keeps = None if is_ours else "it changed since docbatch wrote it"
            shown = escape(sink.root + b"/" + known.output)
            told = LeftOutput(sink.job, sink.identity, sink.root, known, shown, why_left(known, why), MISSING)
            left.append(replace(told, keeps=keeps, is_edited=not is_ours, standing=found))
        return left

    def _is_superseded(self, known: KnownOutput, etag: str | None) -> bool:
        """Say whether another former output was written to the same place later: then that one is judged."""
        if known.folded is None:
            return False
        others = self.store.outputs.others_at(known)
        return any(stamp == etag for stamp, _ in others)


def _stamps(outputs: ObjectOutputs, keys: Mapping[str, KnownOutput]) -> dict[str, str]:
    found = {key: outputs.stamp(known.output) for key, known in keys.items()}
    return {key: etag for key, etag in found.items() if etag is not None}


def _found(outputs: ObjectOutputs, key: str, etag: str | None, known: KnownOutput) -> ObjectFacts | None:
    """Return what stands at a key; it is asked for by itself where more than its ETag has to be known."""
    if etag is None:
        return None
    if etag == known.stamp and known.size is not None:
        return ObjectFacts(key, known.size, etag, None, 0.0)
    return outputs.found(key)


def _has_our_bytes(outputs: ObjectOutputs, found: ObjectFacts, known: KnownOutput) -> bool:
    is_alike = known.digest is not None and found.size == known.size
    return is_alike and digest_of(outputs.store, found) == known.digest
