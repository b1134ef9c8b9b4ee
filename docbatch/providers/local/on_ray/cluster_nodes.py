"""Nodes of a cluster as Ray lists them: which come first, what people call them, and when one is tried again that failed."""

from typing import Any

_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 300.0


class NodePauses:
    """Nodes on which no reader could be made, by id; each is tried again after a longer pause."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._ready_at: dict[str, float] = {}

    def note(self, node: str, now: float) -> None:
        """Note a failure at some moment, in seconds. Those of one pause count as one."""
        if self.may_try(node, now):
            failures = self._failures[node] = self._failures.get(node, 0) + 1
            self._ready_at[node] = now + min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE)

    def may_try(self, node: str, now: float) -> bool:
        return now >= self._ready_at.get(node, 0.0)

    def forget(self, node: str) -> None:
        self._failures.pop(node, None)
        self._ready_at.pop(node, None)


def spread(seats: list[str]) -> list[str]:
    """Return nodes, each as often as it has processors, so that the second of any comes after the first of all."""
    counted: dict[str, int] = {}
    ranked: list[tuple[int, str]] = []
    for seat in seats:
        counted[seat] = counted.get(seat, 0) + 1
        ranked.append((counted[seat], seat))
    return [seat for _, seat in sorted(ranked, key=lambda each: each[0])]


def node_name(node: dict[str, Any]) -> str:
    """Return what people call a node: the name that it was given, or that of its machine."""
    given, address = node.get("NodeName", ""), node.get("NodeManagerAddress", "")
    return str(given if given and given != address else node.get("NodeManagerHostname") or address)
