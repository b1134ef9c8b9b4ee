"""Packs of results in the store of a state: each is put once, as a whole, and read as a whole."""

import hashlib
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from docbatch.core.errors import AlteredState
from docbatch.core.models import StoredPack
from docbatch.owner_only import opener
from docbatch.state.remote.object_names import PACKS, pack_name, pack_of
from docbatch.state.remote.sealed_text import altered
from docbatch.state.remote.store_requests import names_below, put_new, read

if TYPE_CHECKING:
    from docbatch.state.remote.remote_state import StatePlace

PART = 32 * 2**20
"""Bytes of a pack that one object holds: what is larger, as one of a large result or of before there was a store, is cut."""


class StoredPacks:
    """The packs of a state in a store. `epoch` gives that of the owner's log, for who may write. Fetching is safe from several threads."""

    def __init__(self, place: "StatePlace", epoch: Callable[[], int]) -> None:
        self._place = place
        self._epoch = epoch
        self._form = place.form

    def put(self, name: str, path: Path) -> StoredPack:
        """Put a pack that is complete, and return where it lies; what stands there already, and is the same, is as good.

        Raises StateError where it is not known to stand, CredentialsError, OSError where the file cannot be read.
        """
        epoch, digest, size = self._epoch(), hashlib.sha256(), 0
        with path.open("rb") as file:
            for number, content in enumerate(_parts(file), 1):
                self._put_part(pack_name(epoch, name, number), content)
                digest.update(content)
                size += len(content)
        return StoredPack(pack_name(epoch, name), size, digest.hexdigest())

    def fetch(self, pack: StoredPack, to: Path) -> None:
        """Write a pack to a new file, which is of no use where this raises.

        Raises AlteredState where it is gone or is another, StateError where the store cannot be asked, CredentialsError, OSError.
        """
        digest, left, number = hashlib.sha256(), pack.size, 1
        with open(to, "xb", opener=opener) as file:
            while left > 0:
                name = _part_of(pack, number)
                content = self._part(name)
                if not 0 < len(content) <= left:
                    raise _gone(name, "it is not as long as it was put")
                file.write(content)
                digest.update(content)
                left, number = left - len(content), number + 1
        if digest.hexdigest() != pack.sha256:
            raise _gone(pack.object, "its content is another")

    def names(self) -> AbstractSet[str]:
        """Return the names of all objects of packs. Raises StateError, CredentialsError."""
        return frozenset(each.name for each in self._place.do(names_below(PACKS)))

    def _put_part(self, name: str, content: bytes) -> None:
        packed = self._form.encrypted(name, content)
        stands = self._place.do(put_new(name, packed))
        if stands.content != packed and self._form.decrypted(name, stands.content) != content:
            raise altered(name, "another object stands in its place")

    def _part(self, name: str) -> bytes:
        found = self._place.do(read(name))
        if found is None:
            raise _gone(name, "it is missing")
        return self._form.decrypted(name, found.content)


def _part_of(pack: StoredPack, number: int) -> str:
    """Return the name of a part. Raises AlteredState where the state names what no pack is called."""
    found = pack_of(pack.object)
    if found is None or found[0] != pack.object:
        raise _gone(pack.object, "no pack is called so")
    return pack_name(found[1], pack.object.rpartition("/")[2], number)


def _gone(name: str, why: str) -> AlteredState:
    return AlteredState(
        f"a pack of results in the store of the state cannot be read: '{name}': {why}",
        hint="nothing is paid again for it: bring the object back from a former version of it; no rule of the store may remove"
        " objects under the prefix",
    )


def _parts(file: BinaryIO) -> Iterator[bytes]:
    yield from iter(partial(file.read, PART), b"")
