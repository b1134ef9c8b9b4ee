"""Packs on their way between the folder of a spool and a store: put once they are complete, fetched once they are read."""

import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from docbatch.core.errors import AlteredState
from docbatch.core.models import StoredPack
from docbatch.owner_only import make_folder
from docbatch.spool import readers
from docbatch.spool.index import ResultIndex
from docbatch.spool.pack import DRAFT, SUFFIX, file_of, is_there, packs_in
from docbatch.spool.pack_store import PackStore


class PackTransfer:
    """What of a folder's packs lies in a store as well. Fetching is safe from several threads; all else is for the one who may write."""

    def __init__(self, folder: Path, store: PackStore, index: ResultIndex) -> None:
        self._folder = folder
        self._store = store
        self._index = index
        self._complete: list[str] = []
        self._brought: set[str] = set()
        self._gone: dict[str, str] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def complete(self, name: str) -> None:
        """Note that a pack is written no more, and is to be put."""
        self._complete.append(name)

    def put(self) -> bool:
        """Put what is complete, have the index know it, and say whether there was anything.

        Raises StateError, CredentialsError, OSError: then the next time goes on with what is left.
        """
        return self._put(self._complete)

    def put_left(self) -> bool:
        """Put what lies here and in no store: that of runs that were killed, and of before there was a store. Raises as `put`."""
        there = packs_in(self._folder)
        left = [
            name
            for name, pack in self._index.packs().items()
            if name in there and pack.stored is None and not pack.is_retired and name not in self._complete
        ]
        return self._put(left)

    def stored(self) -> Mapping[str, StoredPack]:
        """Return the packs that can be had from the store, as far as is known without asking it."""
        return {
            name: pack.stored
            for name, pack in self._index.packs().items()
            if pack.stored is not None and not pack.is_retired and name not in self._gone
        }

    def has(self, name: str) -> bool:
        return name not in self._gone and self._index.stored(name) is not None

    def bring(self, name: str) -> bool:
        """Have a pack lie here as it lies in the store, fetched once; say whether it does.

        For who could not read from what lies here: that is replaced.
        Raises AlteredState where it is gone or is another, StateError where the store cannot be asked, CredentialsError, OSError.
        """
        with self._lock:
            if name in self._brought and is_there(self._folder, name):
                return True
            if name in self._gone:
                raise AlteredState(self._gone[name])
            stored = self._index.stored(name)
            if stored is None:
                return False
            try:
                self._fetch(name, stored)
            except AlteredState as error:
                self._gone[name] = error.message
                raise
            self._brought.add(name)
            return True

    def bring_all(self, names: Iterable[str]) -> None:
        """Have packs lie here that do not; those that are gone are left out, as who reads from them is told. Raises as `bring` else."""
        for name in dict.fromkeys(names):
            if not is_there(self._folder, name):
                with suppress(AlteredState):
                    self.bring(name)

    def forget_gone(self) -> list[str]:
        """Have the index know which packs turned out to be gone, and return what was said of each; once."""
        new = [name for name in self._gone if name not in self._told]
        if new:
            with self._index.write():
                for name in new:
                    self._index.forget_stored(name)
        self._told.update(new)
        return [self._gone[name] for name in new]

    def _put(self, names: list[str]) -> bool:
        done = False
        while names:
            stored = self._store.put(names[0], file_of(self._folder, names[0]))
            with self._index.write():
                self._index.store_pack(names[0], stored)
            del names[0]
            done = True
        return done

    def _fetch(self, name: str, stored: StoredPack) -> None:
        make_folder(self._folder)
        readers.make(self._folder.parent)
        draft = self._folder / f"{name}{SUFFIX}.{secrets.token_hex(4)}{DRAFT}"
        try:
            self._store.fetch(stored, draft)
            _settle(draft)
            draft.rename(file_of(self._folder, name))
        finally:
            draft.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """A loss of power must not leave a whole name for half a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
