"""One file for a whole job: a JSON object on a line for each document, in path order."""

import contextlib
import os
import struct
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Self

from docbatch.core.errors import SinkError, StateError
from docbatch.durability import Flusher, Place
from docbatch.naming.pathtext import escape
from docbatch.sinks import outputs
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.faults import SAFE, fault, sink_error
from docbatch.sinks.outputs import Unfinished
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.rows.facts import RowFacts, row
from docbatch.sinks.rows.json_lines import row_lines
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.sinks.trash import Trash
from docbatch.sinks.tree import Tree, temporary_name

_PIECE = 1 << 20
_LENGTH = struct.Struct(">I")


class JsonlSink(Sink):
    """Writes the file anew and renames it into place at the end; holds one document at a time.

    The `expected` stamp of the first delivery is that of the file.
    """

    def __init__(
        self,
        root: Path,
        output: bytes,
        *,
        trash: Trash,
        facts: RowFacts | None = None,
        maker: RowMaker | None = None,
    ) -> None:
        self._root = root
        self._output = output
        self._trash = trash
        self._facts = facts
        self._maker = maker
        self._flusher = Flusher()
        self._place = f"{root}/{escape(output)}"

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        with Tree(self._root) as tree, contextlib.ExitStack() as open_files:
            with self._guarded():
                lines = open_files.enter_context(_Writing(self._beside(tree)))
                paths = open_files.enter_context(_Writing(self._beside(tree)))
            expected = yield from self._write(deliveries, lines, paths)
            with self._guarded():
                stamp = self._publish(tree, lines, expected)
                paths.flush()
            for path in paths.records():
                yield Receipt(path, stamp)

    def encode(self, delivery: Delivery) -> bytes:
        """Return one document's part of the file. Raises ValueError, StateError when there is none."""
        return row(delivery, self._facts) if self._maker is None else row_lines(self._maker, delivery)

    def stamp(self, output: bytes) -> str | None:  # noqa: ARG002 - there is one
        return outputs.stamp_at(os.fsencode(self._root) + b"/" + self._output)

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        """Name every document: the file is only ever written as a whole."""
        why = "its file is missing" if self.stamp(b"") is None else "its file was changed"
        for path, _ in expected:
            yield path, why

    def remove(self, output: bytes) -> None:  # noqa: ARG002 - there is one
        with Tree(self._root) as tree:
            outputs.remove(self._output, tree=tree, trash=self._trash)

    def _write(
        self, deliveries: Iterable[Delivery], lines: "_Writing", paths: "_Writing"
    ) -> Generator[Fault, None, str | None]:
        """Write a line and note the path of every document that has one; return the stamp the file should have."""
        expected, first = None, True
        for delivery in deliveries:
            expected, first = delivery.expected if first else expected, False
            try:
                line = self.encode(delivery)
            except (ValueError, StateError) as error:
                yield fault(delivery, error)
                continue
            with self._guarded():
                lines.add(line)
                paths.add(_LENGTH.pack(len(delivery.path)) + delivery.path)
        return expected

    def _publish(self, tree: Tree, lines: "_Writing", expected: str | None) -> str:
        lines.flush()
        unfinished = lines.unfinished
        self._flusher.flush([Place(unfinished.temporary, unfinished.folder)])
        stamp = outputs.publish(unfinished, expected, None, tree=tree, trash=self._trash)
        self._flusher.flush(tree.touched())
        return stamp

    def _beside(self, tree: Tree) -> Unfinished:
        folder, name = tree.locate(self._output)
        return Unfinished(self._output, folder, name, temporary_name())

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except UnsafeOutput as error:
            raise SinkError(str(error), hint=f"{SAFE}; then run `docbatch apply` again") from error
        except OSError as error:
            raise sink_error(self._place, error) from error


class _Writing:
    """A temporary file beside the output, written in large pieces and gone at the end unless it was published."""

    def __init__(self, unfinished: Unfinished) -> None:
        self.unfinished = unfinished
        self._descriptor = outputs.create(unfinished)
        self._waiting = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        os.close(self._descriptor)
        outputs.discard(self.unfinished)

    def add(self, content: bytes) -> None:
        self._waiting += content
        if len(self._waiting) >= _PIECE:
            self.flush()

    def flush(self) -> None:
        outputs.write_all(self._descriptor, self._waiting)
        self._waiting.clear()

    def records(self) -> Iterator[bytes]:
        """Yield what was added as length and content."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with open(self._descriptor, "rb", closefd=False) as file:
            while length := file.read(_LENGTH.size):
                yield file.read(*_LENGTH.unpack(length))
