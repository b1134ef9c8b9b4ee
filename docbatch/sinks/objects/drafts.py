"""The bytes of objects on their way: by nameless files on this disk where there are too many for memory."""

import contextlib
import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from docbatch.stores.faults import StoreFault
from docbatch.stores.object_reader import BLOCK, open_object
from docbatch.stores.object_store import ObjectFacts, ObjectStore

_PIECE = 1 << 20


@contextlib.contextmanager
def mapped(file: BinaryIO) -> Iterator[bytes | memoryview]:
    """Give what a file holds without reading it into memory."""
    file.flush()
    if not file.tell():
        yield b""
        return
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content, memoryview(content) as view:
        yield view


@contextlib.contextmanager
def fetched(store: ObjectStore, found: ObjectFacts, drafts: Path) -> Iterator[bytes | memoryview]:
    """Give the bytes of an object as it was found, by a file in `drafts` where there are many. Raises StoreFault, OSError."""
    with open_object(store, found) as stream:
        if found.size <= BLOCK:
            yield stream.read()
            return
        with TemporaryFile(dir=drafts) as file:
            for piece in pieces(stream):
                file.write(piece)
            with mapped(file) as content:
                yield content


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of an opened object. Raises StoreFault."""
    try:
        while piece := stream.read(_PIECE):
            yield piece
    except OSError as error:
        raise (
            error.__cause__ if isinstance(error.__cause__, StoreFault) else StoreFault(str(error))
        ) from None


def digest_of(store: ObjectStore, found: ObjectFacts) -> str:
    """Return the SHA-256 of an object's bytes. Raises StoreFault."""
    hashed = hashlib.sha256()
    with open_object(store, found) as stream:
        for piece in pieces(stream):
            hashed.update(piece)
    return hashed.hexdigest()
