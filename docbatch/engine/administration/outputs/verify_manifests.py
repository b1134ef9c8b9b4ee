"""Comparing files with manifests, and with nothing else: no state, no key and no document is needed, nobody is asked.

A manifest may come from anybody: nothing outside of the project is looked at, and memory does not grow with what it lists.
"""

import hashlib
import os
import stat
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path

from docbatch.core.errors import DocbatchError
from docbatch.core.manifest import ManifestDocument, ManifestOutput, NoManifest
from docbatch.core.output_differences import DifferenceKind, Differing, OutputDifference
from docbatch.core.report import plural
from docbatch.engine.administration.outputs.read_manifest import READING, opened, place_within, read
from docbatch.naming.pathtext import escape
from docbatch.naming.store_places import in_store
from docbatch.sinks.faults import reason
from docbatch.sinks.files_within import FileWithin, named_beside
from docbatch.sinks.found_files import digest_at, find
from docbatch.sinks.strangers import files_below
from docbatch.sinks.tree import Tree

Tell = Callable[[OutputDifference], object]


class ManifestCheck:
    """A check of some manifests against what lies in a project. `with_documents` compares documents as well, as far as they are there."""

    def __init__(self, project: Path, tell: Tell, *, with_documents: bool = False) -> None:
        self.result = Differing()
        self._project = project
        self._tell = tell
        self._with_documents = with_documents
        self._places = _Places()
        self._folders: set[bytes] = set()
        self._manifest = ""
        self._stored = 0

    def check(self, manifests: Sequence[Path]) -> list[DocbatchError]:
        """Tell what differs from manifests, by their absolute paths; return what is wrong with these. The others are checked all the same."""
        errors = []
        for path in manifests:
            self._places.add(os.fsencode(os.path.normpath(path)))
            try:
                self._check_one(path)
            except (NoManifest, OSError) as error:
                told = reason(error) if isinstance(error, OSError) else str(error)
                errors.append(
                    DocbatchError(
                        f"{path}: is not a manifest that can be checked: {told}",
                        hint="put it back as it was committed, or let 'docbatch apply' write it again",
                    )
                )
        if self._stored:
            self.result.notes.append(
                f"{plural(self._stored, 'output')} in stores: not looked at without the network; 'docbatch drift' looks at them"
            )
        if not errors:
            self._look_for_strangers()
        elif self._folders:
            self.result.notes.append("what nobody wrote was not looked for, since not all is known that was")
        return errors

    def _check_one(self, path: Path) -> None:
        within = named_beside(path)
        if within is not None:
            self._check_folder(path, within)
            return
        with opened(os.open(path, READING)) as file, Tree(self._project) as tree:
            head, documents = read(file)
            self._manifest = head.job
            self._folders.update(map(place_within, head.folders))
            self._places.add(os.fsencode(self._project) + b"/" + place_within(head.path))
            for output in head.outputs:
                self._judge(tree, output, "")
            source = None if head.source in {None, "."} else place_within(head.source or "")
            for document in documents:
                for output in document.outputs:
                    self._judge(tree, output, document.path)
                if self._with_documents and head.source is not None:
                    self._judge_document(tree, source, document)
            if self._with_documents and head.source is None:
                self.result.notes.append(f"job '{head.job}': its documents are no files of the project")

    def _check_folder(self, path: Path, files: Sequence[FileWithin]) -> None:
        """Compare the files of a folder with the manifest in it: none is missing, another, or one that it does not name."""
        if not files:
            raise NoManifest("it is missing, or tells of no files")
        named = {os.fsencode(path)}
        self._manifest = path.parent.name
        with Tree(path.parent.parent) as tree:
            for each in files:
                place = os.fsencode(path.parent.parent) + b"/" + each.output
                named.add(place)
                if each.sha256 is None:
                    continue
                self.result.looked += 1
                shown = self._shown(place)
                listed = ManifestOutput(path=shown, sha256=each.sha256, size=each.size)
                try:
                    why = _difference(tree, each.output, listed)
                except OSError as error:
                    why = f"it cannot be read: {reason(error)}"
                if why is None:
                    self._say("removed", shown, "", "it is gone")
                elif why:
                    self._say("altered", shown, "", why)
        for place in files_below(os.fsencode(path.parent)):
            if place not in named:
                self._say("added", self._shown(place), "", "the manifest of its data set does not name it")

    def _shown(self, place: bytes) -> str:
        return escape(place.removeprefix(os.fsencode(self._project) + b"/"))

    def _judge(self, tree: Tree, output: ManifestOutput, document: str) -> None:
        if in_store(output.path.encode(errors="replace")):
            self._stored += 1
            return
        if output.path.startswith("/"):
            self.result.notes.append(f"{output.path}: lies outside of the project, and is not looked at")
            return
        place = place_within(output.path)
        self._places.add(os.fsencode(self._project) + b"/" + place)
        self.result.looked += 1
        try:
            why = _difference(tree, place, output)
        except OSError as error:
            why = f"it cannot be read: {reason(error)}"
        if why is None:
            self._say("removed", output.path, document, "it is gone")
        elif why:
            self._say("altered", output.path, document, why)
        elif output.sha256 is None:
            self.result.unknown += 1

    def _judge_document(self, tree: Tree, source: bytes | None, document: ManifestDocument) -> None:
        below = place_within(document.path)
        place = below if source is None else source + b"/" + below
        try:
            found, digest = digest_at(tree, place)
        except OSError as error:
            self._say(
                "altered", escape(place), document.path, f"the document cannot be read: {reason(error)}"
            )
            return
        if found.status is None and found.why is None:
            return
        self.result.documents += 1
        if digest != document.sha256:
            self._say(
                "altered", escape(place), document.path, found.why or "the document is another than was read"
            )

    def _look_for_strangers(self) -> None:
        self._places.settle()
        above = os.fsencode(self._project) + b"/"
        for folder in sorted(self._folders):
            if any(folder.startswith(other + b"/") for other in self._folders):
                continue
            try:
                for place in files_below(above + folder) if self._is_plain(folder) else ():
                    if place not in self._places:
                        self._manifest = ""
                        self._say("added", escape(place[len(above) :]), "", "no manifest names it")
            except OSError as error:
                self.result.notes.append(f"{escape(folder)}: cannot be looked at: {reason(error)}")

    def _is_plain(self, folder: bytes) -> bool:
        """Say whether a folder is reached without a link; what lies behind one is somebody else's."""
        with Tree(self._project) as tree:
            found = find(tree, folder)
        return found.status is not None and stat.S_ISDIR(found.status.st_mode)

    def _say(self, kind: DifferenceKind, path: str, document: str, detail: str) -> None:
        self.result.counts[kind] += 1
        self._tell(OutputDifference(kind, path, self._manifest, document, detail))


def _difference(tree: Tree, place: bytes, output: ManifestOutput) -> str | None:
    """Return what is another about an output, nothing where it is as listed, None where it is gone."""
    found = find(tree, place)
    if found.status is None and found.why is None:
        return None
    if found.why is not None or found.status is None:
        return found.why
    if output.size is not None and found.status.st_size != output.size:
        return f"it has {plural(found.status.st_size, 'byte')} where {output.size:,} were written"
    if output.sha256 is None:
        return ""
    found, digest = digest_at(tree, place)
    return "" if digest == output.sha256 else found.why or "its bytes are others than were written"


class _Places:
    """Which places are named, as few bytes each; to be asked once it is settled."""

    def __init__(self) -> None:
        self._keys = array("q")

    def add(self, place: bytes) -> None:
        self._keys.append(self._key(place))

    def settle(self) -> None:
        self._keys = array("q", sorted(self._keys))

    def __contains__(self, place: bytes) -> bool:
        key = self._key(place)
        found = bisect_left(self._keys, key)
        return found < len(self._keys) and self._keys[found] == key

    @staticmethod
    def _key(place: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(place, digest_size=8).digest(), signed=True)
