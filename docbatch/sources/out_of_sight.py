"""Of what a source shows, where more may lie that was not seen: below folders and in containers that could not be looked into."""

from collections.abc import Container, Iterable


class OutOfSight:
    """`unseen` are documents of which no more is known than that they are wanted; `unsettled` has those that may still be written."""

    def __init__(self, unseen: Iterable[bytes], unsettled: Container[bytes] = frozenset()) -> None:
        self._unseen = frozenset(unseen)
        self._unsettled = unsettled
        self._beginnings = {path + b"!" for path in self._unseen}
        self._lengths = set(map(len, self._beginnings))

    def add(self, path: bytes, hides: bytes | None) -> None:
        """Take what is unusable: a path that ends in "/" is a folder, and it `hides` what begins so."""
        folder = path if path.endswith(b"/") else None
        beginnings = {each for each in (folder, hides) if each is not None}
        self._beginnings |= beginnings
        self._lengths.update(map(len, beginnings))

    def may_hold(self, path: bytes) -> bool:
        """Say whether a document that was not found may well be there."""
        if path in self._unseen or path in self._unsettled:
            return True
        return any(path[:length] in self._beginnings for length in self._lengths)
