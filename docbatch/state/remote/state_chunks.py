"""Chunks: pieces of the database, each stored once under a name that is made of what is in it."""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docbatch.state.remote.object_names import chunk_epoch, chunk_name
from docbatch.state.remote.sealed_text import altered
from docbatch.state.remote.state_key import StateKey, read_secret
from docbatch.state.remote.store_requests import (
    TOGETHER,
    Put,
    Steps,
    StoredObject,
    put_all_new,
    read,
    read_all,
)

PIECE = 64 * 4096
"""Bytes of a piece of a database: 64 pages, as SQLite makes them."""


@dataclass(frozen=True, slots=True)
class ChunkForm:
    """What becomes of contents in the store. With a key they are encrypted, and no name tells whose it is."""

    key: StateKey | None = None

    @classmethod
    def of(cls, secret: str | None, project: str) -> "ChunkForm":
        """Return how a project's state is written with a key as users give it, or with none. Raises CredentialsError, UsageError."""
        return cls() if secret is None else cls(StateKey.of(read_secret(secret), project))

    @property
    def key_id(self) -> str | None:
        """What heads say of the key, None without one."""
        return None if self.key is None else self.key.id

    def digest(self, content: bytes) -> str:
        """Return what the name of a chunk is made of."""
        return hashlib.sha256(content).hexdigest() if self.key is None else self.key.digest(content)

    def encrypted(self, name: str, content: bytes) -> bytes:
        """Return what is to stand under a name: the content as it is without a key."""
        return content if self.key is None else self.key.encrypted(name, content)

    def decrypted(self, name: str, stored: bytes) -> bytes:
        """Return of what stands under a name what it was. Raises AlteredState, of altered ones only where there is a key."""
        return stored if self.key is None else self.key.decrypted(name, stored)

    def packed(self, name: str, content: bytes) -> bytes:
        """Return what is to stand under the name of a chunk."""
        return self.encrypted(name, zlib.compress(content))

    def unpacked(self, name: str, stored: bytes) -> bytes:
        """Return the content of a chunk. Raises AlteredState where it is not what its name says."""
        inflater = zlib.decompressobj()
        try:
            content = inflater.decompress(self.decrypted(name, stored), PIECE)
        except zlib.error:
            raise altered(name, "its content is another") from None
        if not inflater.eof or inflater.unused_data or self.digest(content) != digest_in(name):
            raise altered(name, "its content is another")
        return content


PLAIN = ChunkForm()


def digest_in(name: str) -> str:
    """Return the digest that the name of a chunk ends with."""
    return name.rpartition("/")[2]


def reusable(epoch: int, former: Iterable[str], written: Iterable[str] = ()) -> dict[str, str]:
    """Return which chunks need not be written again, by their digests: those of the newest snapshot, and the owner's own.

    Of all others an owner that was replaced may have been told to remove them.
    """
    own = (name for name in written if chunk_epoch(name) == epoch)
    return {digest_in(name): name for name in (*own, *former)}


def write_chunks(
    epoch: int, contents: Iterable[bytes], known: Mapping[str, str], form: ChunkForm = PLAIN
) -> Steps[tuple[str, ...]]:
    """Write what is not known by its digest, side by side, and return the names of all.

    Raises AlteredState where something else stands under the name of one. Of all contents a few are in memory at a time.
    """
    names, there, waiting = [], dict(known), list[Put]()
    for content in contents:
        digest = form.digest(content)
        if digest not in there:
            there[digest] = chunk_name(epoch, digest)
            waiting.append(Put(there[digest], form.packed(there[digest], content)))
        names.append(there[digest])
        if len(waiting) == TOGETHER:
            yield from _put_all(waiting, form)
            waiting = []
    yield from _put_all(waiting, form)
    return tuple(names)


def _put_all(puts: Sequence[Put], form: ChunkForm) -> Steps[None]:
    if not puts:
        return
    stand = yield from put_all_new(puts)
    for put, stands in zip(puts, stand, strict=True):
        if stands.content != put.content:
            form.unpacked(put.name, stands.content)


def read_chunk(name: str, form: ChunkForm = PLAIN) -> Steps[bytes]:
    """Return the content of a chunk. Raises AlteredState for one that is missing or another."""
    return _content(name, (yield from read(name)), form)


def read_chunks(names: Sequence[str], form: ChunkForm = PLAIN) -> Steps[list[bytes]]:
    """Return the contents of chunks, read side by side. Raises AlteredState for one that is missing or another."""
    found = yield from read_all(names)
    return [_content(name, each, form) for name, each in zip(names, found, strict=True)]


def _content(name: str, found: StoredObject | None, form: ChunkForm) -> bytes:
    if found is None:
        raise altered(name, "it is missing")
    return form.unpacked(name, found.content)


def contents_of(
    names: Sequence[str], do: Callable[[Steps[list[bytes]]], list[bytes]], form: ChunkForm = PLAIN
) -> Iterator[bytes]:
    """Yield the contents of chunks in order, of which `TOGETHER` at most are in memory at a time. `do` takes a driver to its end."""
    for place in range(0, len(names), TOGETHER):
        yield from do(read_chunks(names[place : place + TOGETHER], form))


def pieces(descriptor: int) -> Iterator[bytes]:
    """Yield a file in pieces, the last of which may be shorter. Raises OSError."""
    offset = 0
    while content := os.pread(descriptor, PIECE, offset):
        yield content
        offset += len(content)
