"""An index of results that lies in memory, with what a real one promises."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.core.models import KnownPack, ResultPlace, StoredPack


@dataclass
class IndexHere:
    results: dict[str, ResultPlace] = field(default_factory=dict)
    known: dict[str, KnownPack] = field(default_factory=dict)

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        yield

    def find(self, digest: str) -> ResultPlace | None:
        return self.results.get(digest)

    def find_many(self, digests: Sequence[str]) -> Mapping[str, ResultPlace]:
        return {each: self.results[each] for each in digests if each in self.results}

    def count(self) -> int:
        return len(self.results)

    def digests(self) -> Iterator[str]:
        return iter(sorted(self.results))

    def packs(self) -> Mapping[str, KnownPack]:
        return dict(self.known)

    def put(self, placed: Iterable[tuple[str, ResultPlace]]) -> None:
        for digest, place in placed:
            self.results[digest] = place
            self.reach(place.pack, place.start + place.length)

    def reach(self, name: str, end: int) -> None:
        before = self.known.get(name, KnownPack(0, is_retired=False))
        self.known[name] = KnownPack(max(before.end or 0, end), is_retired=False, stored=before.stored)

    def stored(self, name: str) -> StoredPack | None:
        return self.known[name].stored if name in self.known else None

    def store_pack(self, name: str, stored: StoredPack) -> None:
        self.reach(name, stored.size)
        self.known[name] = self.known[name]._replace(stored=stored)

    def forget_stored(self, name: str) -> None:
        if name in self.known:
            self.known[name] = self.known[name]._replace(stored=None)

    def forget_pack(self, name: str) -> None:
        self.known.pop(name, None)

    def lose_pack(self, name: str) -> None:
        self.results = {digest: place for digest, place in self.results.items() if place.pack != name}
        self.forget_pack(name)
