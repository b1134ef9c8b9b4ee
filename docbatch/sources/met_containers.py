"""Containers that a source came by, and what lies in them, as many as are worth holding."""

from collections import OrderedDict
from dataclasses import dataclass

from docbatch.containers.inside import ContainerMember, UnfitMember
from docbatch.containers.kinds import ContainerKind
from docbatch.sources.inside_paths import outer_paths
from docbatch.sources.kept_members import MemberList

_MOST = 20_000
_MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class MetContainer:
    """A container that was met, and what lies in it."""

    path: bytes
    digest: str
    kind: ContainerKind
    members: MemberList


class MetContainers:
    """By path. What was not asked for the longest goes first."""

    def __init__(self) -> None:
        self._met: OrderedDict[bytes, MetContainer] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._met)

    def add(self, container: MetContainer) -> None:
        before = self._met.pop(container.path, None)
        self._met[container.path] = container
        self._bytes += container.members.packed_size - (0 if before is None else before.members.packed_size)
        while len(self._met) > _MOST or (self._bytes > _MOST_BYTES and len(self._met) > 1):
            self._bytes -= self._met.popitem(last=False)[1].members.packed_size

    def get(self, path: bytes) -> MetContainer | None:
        return self._met.get(path)

    def holding(self, path: bytes) -> tuple[MetContainer, ContainerMember | UnfitMember] | None:
        """Return the container that a document lies in, and what it is there."""
        for outer in outer_paths(path):
            container = self._met.get(outer)
            row = None if container is None else container.members.named(path[len(outer) + 1 :])
            if container is not None and row is not None:
                self._met.move_to_end(outer)
                return container, row
        return None
