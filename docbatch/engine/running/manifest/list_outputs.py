"""What a job's manifest says: its documents as recorded, with their outputs as they were written."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from docbatch.core.keys import canonical
from docbatch.core.manifest import VERSION, ManifestDocument, ManifestHead, ManifestOutput, ManifestRecipe
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.filenames import STATE
from docbatch.naming.pathtext import escape
from docbatch.sinks.files_within import files_within, is_folder
from docbatch.sinks.found_files import digest_at
from docbatch.sinks.tree import Tree
from docbatch.state.manifests import ListedDocument, ListedOutput
from docbatch.state.outputs import KnownSink, is_shared
from docbatch.state.store import Store

_WINDOW = 500
_DIGITS = 12


class OutputListing:
    """Reads what is recorded of one job. `project` is the absolute path of the project's root."""

    def __init__(self, store: Store, target: ResolvedJob, project: bytes) -> None:
        self._store = store
        self._target = target
        self._project = project
        order = {sink.identity: place for place, sink in enumerate(target.sinks)}
        every = store.outputs.sinks()
        known = [each for each in every if each.job == target.name and each.identity in order]
        self._shared = {each.row for each in known if is_shared(each, every)}
        self._sinks = sorted((each for each in known if each.wanted), key=lambda each: order[each.identity])
        self._ids = {
            row: store.documents.recipe_key(row)[:_DIGITS] for row in store.manifests.recipes(target.name)
        }

    def prove(self) -> None:
        """Read outputs of which nobody noted what their bytes come to, such as those that an older version wrote."""
        for sink in self._sinks:
            if sink.is_in_store:
                # What was written there was noted when it was: it is not read over the network.
                continue
            if sink.output is None:
                self._prove_many(sink)
            else:
                self._prove_one(sink)

    def head(self, place: bytes) -> ManifestHead:
        """Return what is said before the documents, in a manifest at an absolute path."""
        return ManifestHead(
            version=VERSION,
            path=escape(self._below(place) or place),
            job=self._target.name,
            source=self._source(),
            folders=sorted({escape(folder) for folder in self._folders()}),
            recipes={
                self._ids[row]: self._recipe(row) for row in sorted(self._ids, key=self._ids.__getitem__)
            },
            outputs=[each for sink in self._sinks for each in self._singles(sink)],
        )

    def documents(self) -> Iterator[ManifestDocument]:
        """Yield the documents that have results, in path order, one in memory."""
        streams = [
            (sink, _Ahead(self._store.manifests.outputs(sink.row)))
            for sink in self._sinks
            if sink.output is None
        ]
        for document in self._store.manifests.documents(self._target.name):
            yield ManifestDocument(
                path=escape(document.path),
                sha256=document.digest,
                media_type=document.media_type,
                outcome="partial" if document.status == "partial" else "succeeded",
                result=document.result,
                recipe=self._ids[document.recipe],
                outputs=[
                    self._output(sink, each) for sink, stream in streams for each in stream.at(document)
                ],
            )

    def _prove_many(self, sink: KnownSink) -> None:
        after = b""
        while window := self._store.manifests.unproven(sink.row, after, _WINDOW):
            after = window[-1][0]
            with Tree(Path(os.fsdecode(sink.root))) as tree:
                found = [
                    (path, *read)
                    for path, output, stamp in window
                    if (read := _read(tree, output, stamp)) is not None
                ]
            self._store.outputs.note(sink.row, found)

    def _prove_one(self, sink: KnownSink) -> None:
        known = self._store.outputs.single(sink)
        if known is None or known.digest is not None or sink.row in self._shared:
            return
        with Tree(Path(os.fsdecode(sink.root))) as tree:
            read = _read(tree, known.output, known.stamp)
        if read is not None:
            self._store.outputs.note(sink.row, [(b"", *read)])

    def _singles(self, sink: KnownSink) -> Iterator[ManifestOutput]:
        known = self._store.outputs.single(sink)
        if known is None:
            return
        # What the bytes of a shared output come to is for the runs of other jobs to say as well.
        is_shared = sink.row in self._shared
        if is_folder(sink.kind) and not sink.is_in_store:
            for each in files_within(sink.kind, Path(os.fsdecode(sink.root)), known.stamp):
                path = self._shown(sink, each.output)
                digest, size = (None, None) if is_shared else (each.sha256, each.size)
                yield ManifestOutput(path=path, sha256=digest, size=size)
            return
        digest, size = (None, None) if is_shared else (known.digest, known.size)
        yield ManifestOutput(path=self._shown(sink, known.output), sha256=digest, size=size)

    def _output(self, sink: KnownSink, each: ListedOutput) -> ManifestOutput:
        return ManifestOutput(path=self._shown(sink, each.output), sha256=each.digest, size=each.size)

    def _shown(self, sink: KnownSink, output: bytes) -> str:
        return escape(self._below(sink.root + b"/" + output) or sink.root + b"/" + output)

    def _below(self, place: bytes) -> bytes | None:
        """Return a place as it is seen from the project's root; None where it lies outside, or is the root itself."""
        folder = self._project + b"/"
        return place[len(folder) :] or None if place.startswith(folder) else None

    def _source(self) -> str | None:
        place = self._target.source.file(b"x")
        if place is None or not place.endswith(b"/x"):
            return None
        if place[: -len(b"/x")] == self._project:
            return "."
        below = self._below(place[: -len(b"/x")])
        return None if below is None or below.split(b"/")[0] == STATE.encode() else escape(below)

    def _folders(self) -> Iterator[bytes]:
        """Yield the folders that hold nothing but outputs: not where documents lie as well."""
        source = self._target.source.file(b"x")
        for sink in self._sinks:
            below = self._below(sink.folder) if sink.output is None else None
            if below is not None and not (source is not None and source.startswith(sink.folder + b"/")):
                yield below

    def _recipe(self, row: int) -> ManifestRecipe:
        recipe = self._store.documents.recipe(row)
        return ManifestRecipe(
            key=self._store.documents.recipe_key(row),
            provider=recipe.provider,
            operation=str(recipe.operation),
            config=hashlib.sha256(canonical(recipe.config).encode()).hexdigest(),
            versions={name: str(recipe.pins[name]) for name in sorted(recipe.pins)},
        )


class _Ahead:
    """Outputs in path order, asked for documents in path order."""

    def __init__(self, rows: Iterator[ListedOutput]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def at(self, document: ListedDocument) -> list[ListedOutput]:
        """Return the document's output and what lies beside it, where that holds its result."""
        found = []
        while self._next is not None and self._next.path <= document.path:
            if (self._next.path, self._next.result) == (document.path, document.result):
                found.append(self._next)
            self._next = next(self._rows, None)
        return found


def _read(tree: Tree, output: bytes, stamp: str) -> tuple[int, str] | None:
    """Return size and SHA-256 of a file that is as it was left."""
    with suppress(OSError):
        found, digest = digest_at(tree, output)
        if digest is not None and found.status is not None and found.stamp == stamp:
            return found.status.st_size, digest
    return None
