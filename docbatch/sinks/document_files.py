"""One file for each document."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.durability import Flusher, Place
from docbatch.fields import Format
from docbatch.naming.pathtext import escape
from docbatch.sinks import companion_files, outputs
from docbatch.sinks.base import Companion, Delivery, Difference, Fault, Receipt, Sink
from docbatch.sinks.companion_files import StagedCompanion
from docbatch.sinks.faults import concerns_all, fault, reason, sink_error
from docbatch.sinks.formats import made_output, remark
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.picture_modes import AS_GIVEN
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
    companions: Sequence[StagedCompanion] = ()

    def every(self) -> list[Unfinished]:
        return [*companion_files.unfinished(self.companions), self.unfinished]


class _Window:
    """Documents whose temporary files are written and not yet renamed."""

    def __init__(self) -> None:
        self.staged: list[_Staged] = []
        self._size = 0

    def add(self, staged: _Staged) -> None:
        self.staged.append(staged)
        self._size += staged.size + sum(each.size for each in staged.companions)

    def is_full(self, tree: Tree) -> bool:
        return len(self.staged) >= _WINDOW or self._size >= _WINDOW_BYTES or len(tree) >= _FOLDERS


class FilesSink(Sink):
    """Writes windows of documents: all temporary files, one flush, all renames, one flush, then the receipts.

    What outputs refer to is renamed, and that is flushed, before the outputs are: none is ever seen without.
    """

    def __init__(
        self,
        root: Path,
        *,
        form: Format,
        trash: Trash,
        pictures_at: Callable[[bytes], str | None] = lambda _output: AS_GIVEN,
    ) -> None:
        self._root = root
        self._form = form
        self._trash = trash
        self._pictures_at = pictures_at
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
                    for each in staged.every():
                        outputs.discard(each)

    def stamp(self, output: bytes) -> str | None:
        return outputs.stamp_at(os.fsencode(self._root) + b"/" + output)

    def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
        return outputs.differing(self._root, written)

    def remove(self, output: bytes) -> None:
        with Tree(self._root) as tree:
            outputs.remove(output, tree=tree, trash=self._trash)

    def _stage(self, tree: Tree, delivery: Delivery, window: _Window) -> Fault | None:
        try:
            made = made_output(delivery, self._form, self._pictures_at(delivery.output))
        except (ValueError, StateError) as error:
            return fault(delivery, error)
        companions: list[StagedCompanion] = []
        try:
            companions = companion_files.stage(tree, delivery.output, made.pictures)
            folder, name = tree.locate(delivery.output)
            unfinished = Unfinished(delivery.output, folder, name, temporary_name())
            outputs.write(unfinished, made.content)
        except (UnsafeOutput, OSError) as error:
            companion_files.discard(companions)
            return self._fault(delivery, error)
        digest = hashlib.sha256(made.content).hexdigest()
        told = made.remark or remark(made.content, self._form)
        window.add(_Staged(delivery, unfinished, len(made.content), digest, told, companions))
        return None

    def _settle(self, tree: Tree, staged: list[_Staged]) -> Iterator[Receipt | Fault]:
        if not staged:
            return
        self._flush_contents([each for staging in staged for each in staging.every()])
        beside = [self._publish_companions(tree, each) for each in staged]
        if any(beside):
            self._flush(tree.touched())
        outcomes: list[Receipt | Fault] = []
        while staged:
            outcomes.append(self._publish(tree, staged[-1], beside.pop()))
            staged.pop()
        self._flush(tree.touched())
        tree.release()
        yield from reversed(outcomes)

    def _publish_companions(self, tree: Tree, staged: _Staged) -> tuple[Companion, ...] | Fault:
        delivery = staged.delivery
        try:
            return companion_files.publish(
                staged.companions,
                escape(delivery.path),
                again=delivery.expected is not None,
                tree=tree,
                trash=self._trash,
            )
        except (UnsafeOutput, OSError) as error:
            return self._fault(delivery, error)

    def _publish(
        self, tree: Tree, staged: _Staged, companions: tuple[Companion, ...] | Fault
    ) -> Receipt | Fault:
        delivery = staged.delivery
        if isinstance(companions, Fault):
            for each in staged.every():
                outputs.discard(each)
            return companions
        try:
            stamp = outputs.publish(
                staged.unfinished, delivery.expected, escape(delivery.path), tree=tree, trash=self._trash
            )
        except (UnsafeOutput, OSError) as error:
            outcome = self._fault(delivery, error)
            outputs.discard(staged.unfinished)
            return outcome
        return Receipt(delivery.path, stamp, staged.size, staged.sha256, staged.remark, companions)

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
