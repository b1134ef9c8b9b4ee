"""A home whose packs lie in a store as well: the state is on this disk, and packs may be gone from it at any time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from docbatch.state.home import Home
from docbatch.state.remote.remote_state import StatePlace
from docbatch.state.remote.store_requests import Get, Put
from docbatch.state.remote.stored_packs import StoredPacks
from tests.state.remote.kept_records import KeptRecords


class PackedHome(Home):
    def __init__(self, folder: Path, records: KeptRecords) -> None:
        super().__init__(folder)
        self._records = records

    @property
    def packs(self) -> StoredPacks:
        return StoredPacks(StatePlace(self._records, self._records.wait), lambda: 1)


@contextmanager
def packed(records: KeptRecords | None = None) -> Iterator[KeptRecords]:
    """Have every home in the block keep its packs in this store, too."""
    with pytest.MonkeyPatch.context() as patch:
        made = KeptRecords() if records is None else records
        patch.setattr(Home, "at", partial(PackedHome, records=made))
        yield made


def lose_packs(state: Path) -> None:
    """Make a fresh machine of this one: what it has of packs is gone."""
    shutil.rmtree(state / "spool")


def put(records: KeptRecords) -> list[str]:
    return [each.name for each in records.asked if isinstance(each, Put)]


def fetched(records: KeptRecords) -> list[str]:
    return [each.name for each in records.asked if isinstance(each, Get)]
