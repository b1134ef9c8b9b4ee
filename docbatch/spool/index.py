"""What the spool needs of the index, which is a part of the state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from docbatch.core.models import KnownPack, ResultPlace, StoredPack


class ResultIndex(Protocol):
    """Where results lie, by digest."""

    def write(self) -> AbstractContextManager[None]:
        """Commit the block's changes together, durably, or none of them."""

    def find(self, digest: str) -> ResultPlace | None: ...

    def find_many(self, digests: Sequence[str]) -> Mapping[str, ResultPlace]: ...

    def count(self) -> int: ...

    def digests(self) -> Iterator[str]:
        """Yield all digests in order."""

    def packs(self) -> Mapping[str, KnownPack]: ...

    def stored(self, name: str) -> StoredPack | None:
        """Return where a pack lies in a store; None where it lies in none."""

    def put(self, placed: Iterable[tuple[str, ResultPlace]]) -> None:
        """Inside the current transaction: note where results lie from now on."""

    def reach(self, name: str, end: int) -> object:
        """Inside the current transaction: note that a pack is known up to a place."""

    def store_pack(self, name: str, stored: StoredPack) -> None:
        """Inside the current transaction: note that a whole pack lies in a store, and is known up to its end."""

    def forget_stored(self, name: str) -> None:
        """Inside the current transaction: note that a pack lies in a store no more."""

    def forget_pack(self, name: str) -> None:
        """Inside the current transaction: drop a pack that was retired and is gone."""

    def lose_pack(self, name: str) -> None:
        """Inside the current transaction: drop a pack that is gone, with all that is said to lie in it."""
