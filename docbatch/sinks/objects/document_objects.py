"""One object for each document."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from docbatch.core.errors import StateError
from docbatch.fields import Format
from docbatch.naming import picture_folders
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Companion, Delivery, Difference, Fault, Receipt, Sink
from docbatch.sinks.faults import fault
from docbatch.sinks.formats import made_output, remark
from docbatch.sinks.formats.pictures import Illustrated, PictureFile
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.object_outputs import ContestedOutput, ObjectOutputs, store_error
from docbatch.sinks.objects.standing_objects import StandingObjects
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.picture_modes import AS_GIVEN
from docbatch.stores.faults import BadKey, StoreFault

WRITERS = 16
"""Objects that are written at a time."""
_AHEAD = 4 * WRITERS
_AHEAD_BYTES = 64 << 20
_WINDOW = 1024


@dataclass(frozen=True, slots=True)
class _Writing:
    delivery: Delivery
    made: Illustrated
    receipt: Future[Receipt]

    @property
    def size(self) -> int:
        return len(self.made.content) + sum(len(each.content) for each in self.made.pictures)


class DocumentObjects(Sink):
    """Writes several objects at a time, each with one request; what the store has acknowledged is durable.

    What an output refers to is written before it, so that it is never seen without.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        form: Format,
        pictures_at: Callable[[bytes], str | None] = lambda _output: AS_GIVEN,
    ) -> None:
        self._outputs = ObjectOutputs(bucket)
        self._form = form
        self._pictures_at = pictures_at
        self._standing: StandingObjects | None = None

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="write")
        waiting: deque[_Writing] = deque()
        size = 0
        try:
            for delivery in deliveries:
                begun = self._begin(pool, delivery)
                if isinstance(begun, Fault):
                    yield begun
                    continue
                waiting.append(begun)
                size += begun.size
                while len(waiting) > _AHEAD or size > _AHEAD_BYTES:
                    size -= waiting[0].size
                    yield self._end(waiting.popleft())
            while waiting:
                yield self._end(waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def stamp(self, output: bytes) -> str | None:
        try:
            return self._outputs.stamp(output)
        except UnsafeOutput:
            return None
        except StoreFault as error:
            raise store_error(self._outputs.place, error) from error

    def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
        """Compare outputs with one listing of their folder, see `Sink.check`. Each is asked for once."""
        rest = iter(written)
        while window := list(islice(rest, _WINDOW)):
            now = self._etags([output for output, _ in window])
            for output, stamp in window:
                found = now.get(output)
                if found is None or found != stamp:
                    yield output, "missing" if found is None else "edited"

    def remove(self, output: bytes) -> None:
        try:
            self._outputs.remove(output)
        except StoreFault as error:
            raise store_error(self._outputs.place, error) from error

    def _etags(self, outputs: Iterable[bytes]) -> dict[bytes, str]:
        keys: dict[str, bytes] = {}
        for output in outputs:
            try:
                keys[self._outputs.key(output)] = output
            except UnsafeOutput:
                # It was never written.
                continue
        if not keys:
            return {}
        if self._standing is None:
            self._standing = StandingObjects(self._outputs.store, self._outputs.folder)
        try:
            found = self._standing.etags(list(keys))
        except StoreFault as error:
            raise store_error(self._outputs.place, error) from error
        return {keys[key]: etag for key, etag in found.items()}

    def _begin(self, pool: ThreadPoolExecutor, delivery: Delivery) -> _Writing | Fault:
        try:
            made = made_output(delivery, self._form, self._pictures_at(delivery.output))
        except (ValueError, StateError) as error:
            return fault(delivery, error)
        self._outputs.store.connect()
        return _Writing(delivery, made, pool.submit(self._write, delivery, made))

    def _write(self, delivery: Delivery, made: Illustrated) -> Receipt:
        """Write an output after all that it refers to. Raises UnsafeOutput, StoreFault."""
        companions = tuple(self._write_picture(delivery.output, each) for each in made.pictures)
        etag = self._outputs.publish(delivery.output, made.content, delivery.expected)
        digest = hashlib.sha256(made.content).hexdigest()
        told = made.remark or remark(made.content, self._form)
        return Receipt(delivery.path, etag, len(made.content), digest, told, companions)

    def _write_picture(self, output: bytes, picture: PictureFile) -> Companion:
        # Nothing is replaced: what bears its name has its bytes, or is not ours.
        place = picture_folders.place(output, picture.name)
        etag = self._outputs.publish(place, picture.content, None)
        digest = hashlib.sha256(picture.content).hexdigest()
        return Companion(place, etag, len(picture.content), digest)

    def _end(self, writing: _Writing) -> Receipt | Fault:
        """Return what became of an output; raise where the next one would meet the same."""
        delivery = writing.delivery
        try:
            return writing.receipt.result()
        except UnsafeOutput as error:
            return fault(delivery, error)
        except (BadKey, ContestedOutput) as error:
            return Fault(
                delivery.path, f"{self._outputs.place}/{escape(delivery.output)} cannot be written: {error}"
            )
        except StoreFault as error:
            raise store_error(self._outputs.place, error) from error
