"""One file for each document."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.durability import Flusher, Place
from docbatch.fields import Format
from docbatch.naming.pathtext import escape
from docbatch.sinks import outputs
from docbatch.sinks.base import Delivery, Difference, Fault, Receipt, Sink
from docbatch.sinks.faults import concerns_all, fault, reason, sink_error
from docbatch.sinks.formats import content, remark
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.trash import Trash
from docbatch.sinks.tree import Tree, temporary_name

_WINDOW = 512
_WINDOW_BYTES = 64 << 20
_FOLDERS = 128


@dataclass(frozen=True, slots=True)
class _Staged:
    delivery: Delivery
    unfinished: Unfinished
    size: int
    sha256: str
    remark: str | None


class _Window:
    """Documents whose temporary files are written and not yet renamed."""

    def __init__(self) -> None:
        self.staged: list[_Staged] = []
        self._size = 0

    def add(self, staged: _Staged) -> None:
        self.staged.append(staged)
        self._size += staged.size

    def is_full(self, tree: Tree) -> bool:
        return len(self.staged) >= _WINDOW or self._size >= _WINDOW_BYTES or len(tree) >= _FOLDERS


class FilesSink(Sink):
    """Writes windows of documents: all temporary files, one flush, all renames, one flush, then the receipts."""

    def __init__(self, root: Path, *, form: Format, trash: Trash) -> None:
        self._root = root
        self._form = form
        self._trash = trash
        self._flusher = Flusher()

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        window = _Window()
        with Tree(self._root) as tree:
            try:
                for delivery in deliveries:
                    missed = self._stage(tree, delivery, window)
                    if missed is not None:
                        yield missed
                    if window.is_full(tree):
                        yield from self._settle(tree, window.staged)
                        window = _Window()
                yield from self._settle(tree, window.staged)
            finally:
                for staged in window.staged:
                    outputs.discard(staged.unfinished)

    def stamp(self, output: bytes) -> str | None:
        return outputs.stamp_at(os.fsencode(self._root) + b"/" + output)

    def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
        return outputs.differing(self._root, written)

    def remove(self, output: bytes) -> None:
        with Tree(self._root) as tree:
            outputs.remove(output, tree=tree, trash=self._trash)

    def _stage(self, tree: Tree, delivery: Delivery, window: _Window) -> Fault | None:
        try:
            output = content(delivery, self._form)
        except (ValueError, StateError) as error:
            return fault(delivery, error)
        try:
            folder, name = tree.locate(delivery.output)
            unfinished = Unfinished(delivery.output, folder, name, temporary_name())
            outputs.write(unfinished, output)
        except (UnsafeOutput, OSError) as error:
            return self._fault(delivery, error)
        digest = hashlib.sha256(output).hexdigest()
        window.add(_Staged(delivery, unfinished, len(output), digest, remark(output, self._form)))
        return None

    def _settle(self, tree: Tree, staged: list[_Staged]) -> Iterator[Receipt | Fault]:
        if not staged:
            return
        self._flush_contents([each.unfinished for each in staged])
        outcomes: list[Receipt | Fault] = []
        while staged:
            outcomes.append(self._publish(tree, staged[-1]))
            staged.pop()
        self._flush(tree.touched())
        tree.release()
        yield from reversed(outcomes)

    def _publish(self, tree: Tree, staged: _Staged) -> Receipt | Fault:
        delivery = staged.delivery
        try:
            stamp = outputs.publish(
                staged.unfinished, delivery.expected, escape(delivery.path), tree=tree, trash=self._trash
            )
        except (UnsafeOutput, OSError) as error:
            outcome = self._fault(delivery, error)
            outputs.discard(staged.unfinished)
            return outcome
        return Receipt(delivery.path, stamp, staged.size, staged.sha256, staged.remark)

    def _flush_contents(self, written: Collection[Unfinished]) -> None:
        folders = {each.folder for each in written}
        self._flush([Place(each.temporary, each.folder) for each in written], folders)

    def _flush(self, places: Collection[Place], within: Collection[int] = ()) -> None:
        try:
            self._flusher.flush(places, within)
        except OSError as error:
            raise sink_error(f"the sink's folder {self._root}", error) from error

    def _fault(self, delivery: Delivery, error: UnsafeOutput | OSError) -> Fault:
        """Return the document's fault; raise where the next document would meet the same."""
        if isinstance(error, UnsafeOutput):
            return fault(delivery, error)
        if concerns_all(error) or (isinstance(error, PermissionError) and b"/" not in delivery.output):
            raise sink_error(f"the sink's folder {self._root}", error) from error
        return Fault(
            delivery.path, f"{self._root}/{escape(delivery.output)} cannot be written: {reason(error)}"
        )
