"""Listing objects around keys that no object can be asked for by, such as `a//b`: each ends the list that it comes in.

What lies beside such a key is listed folder by folder, and all that lies behind it at once. The folder that has it itself cannot be
listed, as a folder of files cannot that may not be read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from docbatch.naming.pathtext import escape
from docbatch.stores.faults import BadKey
from docbatch.stores.object_store import LISTED_TOGETHER

if TYPE_CHECKING:
    from obstore import ObjectMeta

    from docbatch.stores.object_store import ObjectStore

_NAMED = re.compile(r'[Pp]ath "(.*)"(?: contained|: )', re.DOTALL)
BEHIND_ALL = "\U0010ffff"
"""What, put behind a folder of keys, comes after all keys in it."""


@dataclass(frozen=True, slots=True)
class UnlistedFolder:
    """A folder of keys, "" or with "/" at its end, of which nothing more is known; `key` is why, where the store names it."""

    folder: str
    key: str | None

    @property
    def why(self) -> str:
        at = "" if self.key is None else f", the key {escape(self.key.encode())}"
        return f"its list breaks off at a key by which no object can be asked for{at}"

    @property
    def remedy(self) -> str:
        return "remove the object that has this key, or give it another"


@dataclass(frozen=True)
class _Folder:
    """A folder of keys in a store. What lies in it is looked at once, however many lists of it break off."""

    store: "ObjectStore"
    start: str

    @cached_property
    def level(self) -> "dict[str, ObjectMeta | None]":
        """What lies in the folder itself, in the order of keys: objects, and None for each folder, whose key ends in "/"."""
        folders, objects = self.store.level(self.start)
        found: dict[str, ObjectMeta | None] = {each["path"]: each for each in objects}
        # What a store says of other folders is nothing to go after: it would have no end.
        found |= {f"{each}/": None for each in folders if each.startswith(self.start)}
        found.pop(self.start, None)
        return dict(sorted(found.items()))


class _Rest(NamedTuple):
    """What lies in a folder behind a key."""

    folder: _Folder
    after: str


def listable(store: "ObjectStore", prefix: str) -> "Iterator[Sequence[ObjectMeta] | UnlistedFolder]":
    """Yield what can be listed below a folder of keys, in order, and the folders that cannot. Raises StoreFault."""
    last = ""
    due: list[_Rest | ObjectMeta] = [_Rest(_Folder(store, prefix), "")]
    while due:
        part = due.pop()
        if not isinstance(part, _Rest):
            beside = [part]
            while due and not isinstance(beyond := due[-1], _Rest) and len(beside) < LISTED_TOGETHER:
                beside.append(beyond)
                due.pop()
            yield beside
            last = beside[-1]["path"]
            continue
        try:
            for window in store.windows(part.folder.start, after=part.after or None):
                yield window
                last = window[-1]["path"] if window else last
        except BadKey as error:
            key = _named(error, part.folder.start)
            try:
                due += reversed(_around(part, last, key))
            except BadKey:
                yield UnlistedFolder(part.folder.start, key)
                last = part.folder.start + BEHIND_ALL


def _around(broken: _Rest, last: str, key: str | None) -> "list[_Rest | ObjectMeta]":
    """Return in parts what a list did not come to that a key ended; `last` came before. Raises BadKey."""
    start, level = broken.folder.start, broken.folder.level
    inside = None if key is None else start + key[len(start) :].partition("/")[0] + "/"
    # Not all stores list from a key on: what would break off again is taken apart altogether.
    is_passed = key is None or inside not in level or key <= broken.after
    found: list[_Rest | ObjectMeta] = []
    last = max(last, broken.after)
    for each, what in level.items():
        if each <= last and (not last.startswith(each) or last == each + BEHIND_ALL):
            continue
        if what is None:
            found.append(_Rest(_Folder(broken.folder.store, each), last if last.startswith(each) else ""))
        elif each > last:
            found.append(what)
        if each == inside and not is_passed:
            return [*found, _Rest(broken.folder, each + BEHIND_ALL)]
    return found


def _named(error: BadKey, start: str) -> str | None:
    """Return the key that is told to end a list, where it is told in full."""
    found = _NAMED.search(str(error))
    return found[1] if found is not None and found[1].startswith(start) else None
