"""One object for a whole job: a JSON object on a line for each document, in path order."""

import contextlib
import struct
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from docbatch.core.errors import SinkError, StateError
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.faults import SAFE, fault, sink_error
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.drafts import mapped
from docbatch.sinks.objects.object_outputs import ObjectOutputs, store_error
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.rows.facts import RowFacts, row
from docbatch.sinks.rows.json_lines import row_lines
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.stores.faults import StoreFault

_LENGTH = struct.Struct(">I")


class JobObject(Sink):
    """Writes the lines into a nameless file first, and that with one request. The `expected` stamp of the first delivery is that of the object."""

    def __init__(
        self,
        bucket: Bucket,
        output: bytes,
        *,
        drafts: Path,
        facts: RowFacts | None = None,
        maker: RowMaker | None = None,
    ) -> None:
        self._outputs = ObjectOutputs(bucket)
        self._output = output
        self._drafts = drafts
        self._facts = facts
        self._maker = maker

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        with contextlib.ExitStack() as open_files:
            with self._guarded():
                lines = open_files.enter_context(TemporaryFile(dir=self._drafts))
                paths = open_files.enter_context(TemporaryFile(dir=self._drafts))
            expected = yield from self._write(deliveries, lines, paths)
            with self._guarded(), mapped(lines) as content:
                etag = self._outputs.publish(self._output, content, expected)
            paths.seek(0)
            while length := paths.read(_LENGTH.size):
                yield Receipt(paths.read(*_LENGTH.unpack(length)), etag)

    def stamp(self, output: bytes) -> str | None:  # noqa: ARG002 - there is one
        with self._guarded():
            return self._outputs.stamp(self._output)

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        """Name every document: the object is only ever written as a whole."""
        why = "its object is missing" if self.stamp(b"") is None else "its object was changed"
        for path, _ in expected:
            yield path, why

    def remove(self, output: bytes) -> None:  # noqa: ARG002 - there is one
        with self._guarded():
            self._outputs.remove(self._output)

    def _write(
        self, deliveries: Iterable[Delivery], lines: BinaryIO, paths: BinaryIO
    ) -> Generator[Fault, None, str | None]:
        """Write a line and note the path of every document that has one; return the stamp the object should have."""
        expected, first = None, True
        for delivery in deliveries:
            expected, first = delivery.expected if first else expected, False
            try:
                line = row(delivery, self._facts) if self._maker is None else row_lines(self._maker, delivery)
            except (ValueError, StateError) as error:
                yield fault(delivery, error)
                continue
            with self._guarded():
                lines.write(line)
                paths.write(_LENGTH.pack(len(delivery.path)) + delivery.path)
        return expected

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except UnsafeOutput as error:
            raise SinkError(
                f"{self._outputs.place}/{escape(self._output)} cannot be written: {error}",
                hint=f"{SAFE}; give the sink another path, or its documents to several jobs, and run `docbatch apply` again",
            ) from error
        except StoreFault as error:
            raise store_error(f"{self._outputs.place}/{escape(self._output)}", error) from error
        except OSError as error:
            raise sink_error(f"the folder {self._drafts}", error) from error
