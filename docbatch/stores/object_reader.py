"""The bytes of one object as a file: held to one version of it, and read ahead in parallel where it is large."""

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from docbatch.stores.faults import StoreFault
from docbatch.stores.object_store import ObjectFacts, ObjectStore

if TYPE_CHECKING:
    from concurrent.futures import Future

    from docbatch.processes.daemon_pool import DaemonPool

BLOCK = 8 << 20
"""Bytes of one request. What is no larger is read with one."""
AHEAD = 3
"""Blocks that are asked for while one is read: with it, as much lies in memory."""


def open_object(store: ObjectStore, facts: ObjectFacts) -> BinaryIO:
    """Open an object as it was described. Raises StoreFault, ObjectChanged where it is another by now."""
    content = store.read(facts.key, etag=facts.etag, version=facts.version) if facts.size <= BLOCK else None
    return _opened(store, facts, content)


class OpenedObject(NamedTuple):
    """An object that was opened: what it is, what its writer said of it, and its bytes."""

    facts: ObjectFacts
    said: Mapping[str, str]
    stream: BinaryIO


def open_newest(store: ObjectStore, key: str) -> OpenedObject:
    """Open an object as it is at this moment, and tell what it is then: all that is read is of that version."""
    facts, said, content = store.read_newest(key, BLOCK)
    return OpenedObject(facts, said, _opened(store, facts, content))


def _opened(store: ObjectStore, facts: ObjectFacts, content: bytes | None) -> BinaryIO:
    if content is None:
        return cast("BinaryIO", io.BufferedReader(_LargeObject(store, facts), BLOCK))
    if len(content) != facts.size:
        told = f"gave {len(content):,} bytes where {facts.size:,} were described"
        raise StoreFault(f"store '{store.settings.name}': {told}")
    return io.BytesIO(content)


class _LargeObject(io.RawIOBase):
    """Reads a stretch of blocks ahead of where it is; what lies behind goes. A StoreFault comes out of `read` as OSError."""

    def __init__(self, store: ObjectStore, facts: ObjectFacts) -> None:
        super().__init__()
        self._store = store
        self._facts = facts
        self._at = 0
        self._blocks: dict[int, Future[bytes]] = {}
        self._pool: DaemonPool | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._facts.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        number, start = divmod(self._at, BLOCK)
        if self._at >= self._facts.size:
            return 0
        try:
            block = self._block(number)
        except StoreFault as error:
            raise OSError(str(error)) from error
        piece = block[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        self._blocks.clear()
        super().close()

    def _block(self, number: int) -> bytes:
        last = (self._facts.size - 1) // BLOCK
        wanted = range(number, min(number + AHEAD, last) + 1)
        for gone in self._blocks.keys() - set(wanted):
            self._blocks.pop(gone).cancel()
        for each in wanted:
            if each not in self._blocks:
                self._blocks[each] = self._submit(self._read, each)
        return self._blocks[number].result()

    def _submit(self, read: Callable[[int], bytes], number: int) -> "Future[bytes]":
        if self._pool is None:
            from docbatch.processes.daemon_pool import DaemonPool  # noqa: PLC0415 - for large objects only

            self._pool = DaemonPool(AHEAD + 1, "docbatch-object")
        return self._pool.submit(read, number)

    def _read(self, number: int) -> bytes:
        start, end = number * BLOCK, min((number + 1) * BLOCK, self._facts.size)
        content = self._store.read(
            self._facts.key, etag=self._facts.etag, version=self._facts.version, window=(start, end)
        )
        if len(content) != end - start:
            raise StoreFault(f"store '{self._store.settings.name}': an object ended before its end")
        return content
