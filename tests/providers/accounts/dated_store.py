"""A store in memory whose dates a test moves, and which may be away, or lose or add what it likes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from docbatch.stores.faults import ObjectMissing, StoreFault, StoreUnreachable
from docbatch.stores.object_store import NewestObject, ObjectFacts


class DatedStore:
    """`asked` has what was asked since it was cleared last; `trouble` is raised instead of each answer."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.objects: dict[str, tuple[bytes, float, str]] = {}
        self.asked: list[str] = []
        self.trouble: StoreFault | None = None
        self._writes = 0

    def overwrite(self, key: str, content: bytes) -> None:
        self._ask("put")
        self._writes += 1
        self.objects[key] = content, self.now, f'"{self._writes}"'

    def windows(self, prefix: str) -> Iterator[Sequence[Any]]:
        self._ask("list")
        found = sorted(key for key in self.objects if key.startswith(f"{prefix.strip('/')}/"))
        yield [self._listed(key) for key in found]

    def read_newest(self, key: str, most: int) -> NewestObject:
        self._ask("get")
        if key not in self.objects:
            raise ObjectMissing(key)
        content, modified, etag = self.objects[key]
        facts = ObjectFacts(key, len(content), etag, None, modified)
        return NewestObject(facts, {}, content if len(content) <= most else None)

    def delete(self, key: str) -> None:
        self._ask("delete")
        self.objects.pop(key, None)

    def cut_off(self) -> None:
        """Let nothing be answered any more."""
        self.trouble = StoreUnreachable("store 'lake': nothing accepts a connection there")

    def _listed(self, key: str) -> dict[str, object]:
        _, modified, etag = self.objects[key]
        return {"path": key, "e_tag": etag, "last_modified": datetime.fromtimestamp(modified, UTC)}

    def _ask(self, what: str) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(what)
