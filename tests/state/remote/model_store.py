"""A store as a value: each content it can have is a number, so that states which are the same are known to be."""

import hashlib
from collections.abc import Mapping

from docbatch.state.remote.object_names import PROBES, SNAPSHOTS
from docbatch.state.remote.store_requests import Get, ListBelow, ListedName, Put, Remove, StoredObject

LONG_AGO, NOW = 0.0, 1e9
"""Every object is old enough to be removed, and every lease has expired: nothing may rely on either."""

Stored = int


class ModelStore:
    """What a store answers and becomes. Tags are sums of contents, as those of S3 are."""

    def __init__(self) -> None:
        self._contents: list[Mapping[str, bytes]] = [{}]
        self._numbers: dict[frozenset[tuple[str, bytes]], Stored] = {frozenset(): 0}
        self._answers: dict[tuple[Stored, object], tuple[Stored, object]] = {}

    def content(self, stored: Stored) -> Mapping[str, bytes]:
        return self._contents[stored]

    def answer(self, stored: Stored, request: Get | Put | ListBelow | Remove) -> tuple[Stored, object]:
        """Return what the store is after a request, and what it answers."""
        known = self._answers.get((stored, request))
        if known is None:
            known = self._answers[stored, request] = self._answer(stored, request)
        return known

    def _answer(self, stored: Stored, request: Get | Put | ListBelow | Remove) -> tuple[Stored, object]:
        there = self._contents[stored]
        match request:
            case Get(name):
                return stored, None if name not in there else self._object(there, name)
            case ListBelow(folder, after):
                names = sorted(name for name in there if name.startswith(folder) and name > (after or ""))
                return stored, tuple(ListedName(name, _date(name, names)) for name in names)
            case Remove(name):
                return self._number({key: there[key] for key in there if key != name}), None
            case Put(name, content, replaces):
                stands = tag(there[name]) if name in there else None
                if stands != replaces:
                    return stored, None
                return self._number({**there, name: content}), tag(content)

    def _object(self, there: Mapping[str, bytes], name: str) -> StoredObject:
        return StoredObject(there[name], tag(there[name]), NOW if name.startswith(PROBES) else LONG_AGO)

    def _number(self, content: Mapping[str, bytes]) -> Stored:
        number = self._numbers.setdefault(frozenset(content.items()), len(self._contents))
        if number == len(self._contents):
            self._contents.append(content)
        return number


def _date(name: str, names: list[str]) -> float:
    is_new = name.startswith(PROBES) or (name.startswith(SNAPSHOTS) and name == names[-1])
    return NOW if is_new else LONG_AGO


def tag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
