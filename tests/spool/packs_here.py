"""A store of packs that lies in memory, and can be out of reach."""

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from docbatch.core.errors import AlteredState, StateError
from docbatch.core.models import StoredPack

UNREACHABLE = "the store does not answer"


@dataclass
class PacksHere:
    """`asked` is what was put and fetched, in its order."""

    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_away: bool = False

    def put(self, name: str, path: Path) -> StoredPack:
        content = path.read_bytes()
        self._ask(f"put {name}")
        assert self.objects.setdefault(name, content) == content
        return StoredPack(name, len(content), hashlib.sha256(content).hexdigest())

    def fetch(self, pack: StoredPack, to: Path) -> None:
        self._ask(f"fetch {pack.object}")
        content = self.objects.get(pack.object)
        if content is None:
            raise AlteredState(f"'{pack.object}': it is missing")
        to.write_bytes(content)
        if hashlib.sha256(content).hexdigest() != pack.sha256:
            raise AlteredState(f"'{pack.object}': its content is another")

    def names(self) -> AbstractSet[str]:
        return self.objects.keys()

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.is_away:
            raise StateError(UNREACHABLE)
