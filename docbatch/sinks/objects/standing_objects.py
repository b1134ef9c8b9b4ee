"""What stands below a folder of keys: listed once, in the order of keys, and told as it is asked for.

Outputs are asked for in the order of their documents, which is nearly that of their keys, or any other. What was listed and
not asked for yet is held until it is too much for memory, and then lies in a file that goes by itself. What lies in a folder that
cannot be listed, for a key of somebody else's that cannot be named, is asked for by itself.
"""

import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from docbatch.stores.listable_objects import BEHIND_ALL, UnlistedFolder, listable
from docbatch.stores.object_store import ObjectStore

GLANCES = 64
"""So many objects are looked at one by one before a folder of more than one page is listed to its end."""
HELD = 50_000
"""Objects that are held in memory."""
_ASKED_TOGETHER = 500
_THREADS = 16


class StandingObjects:
    """Each object is to be asked for once. Raises StoreFault."""

    def __init__(self, store: ObjectStore, folder: str) -> None:
        self._store = store
        self._folder = folder
        self._pages: Iterator[Sequence[Any] | UnlistedFolder] | None = None
        self._ahead: dict[str, str] = {}
        self._aside: sqlite3.Connection | None = None
        self._last = ""
        self._is_over = False
        self._unlisted: list[str] = []
        self._is_mixed = False
        self._glanced = 0

    def etags(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the ETags of those that are there."""
        if self._pages is None:
            self._pages = listable(self._store, f"{self._folder}/".removeprefix("/"))
            self._read_page()
        left = GLANCES - self._glanced
        if not self._is_over and max(keys) > self._last and len(keys) <= left:
            self._glanced += len(keys)
            return self._looked_at(keys)
        self._list_up_to(max(keys))
        found = {key: etag for key in keys if (etag := self._ahead.pop(key, None)) is not None}
        if self._aside is not None:
            found |= self._from_aside(self._aside, [key for key in keys if key not in found])
        unlisted = tuple(self._unlisted)
        if unlisted and (untold := [key for key in keys if key not in found and key.startswith(unlisted)]):
            found |= self._looked_at(untold)
        return found

    def _list_up_to(self, key: str) -> None:
        while not self._is_over and (self._is_mixed or self._last < key):
            self._read_page()

    def _read_page(self) -> None:
        assert self._pages is not None
        page = next(self._pages, None)
        if page is None:
            self._is_over = True
            return
        if isinstance(page, UnlistedFolder):
            self._unlisted.append(page.folder)
            self._last = max(page.folder + BEHIND_ALL, self._last)
            return
        for each in page:
            key = each["path"]
            self._is_mixed = self._is_mixed or key < self._last
            self._last = max(key, self._last)
            self._ahead[key] = each["e_tag"] or ""
        if len(self._ahead) > HELD:
            self._put_aside()

    def _put_aside(self) -> None:
        if self._aside is None:
            self._aside = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._aside.close)
            for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -32768"):
                self._aside.execute(f"PRAGMA {setting}")
            self._aside.execute("CREATE TABLE object (key TEXT PRIMARY KEY, etag TEXT) WITHOUT ROWID")
        self._aside.execute("BEGIN")
        self._aside.executemany("INSERT OR REPLACE INTO object VALUES (?, ?)", self._ahead.items())
        self._aside.execute("COMMIT")
        self._ahead.clear()

    @staticmethod
    def _from_aside(aside: sqlite3.Connection, keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        rest = iter(keys)
        while window := list(islice(rest, _ASKED_TOGETHER)):
            marks = ", ".join("?" * len(window))
            found.update(
                aside.execute(f"SELECT key, etag FROM object WHERE key IN ({marks})", window)  # noqa: S608
            )
        return found

    def _looked_at(self, keys: Sequence[str]) -> dict[str, str]:
        for key in keys:
            self._ahead.pop(key, None)
        with ThreadPoolExecutor(min(_THREADS, len(keys)), thread_name_prefix="look") as pool:
            found = list(pool.map(self._store.facts, keys))
        return {key: each.etag or "" for key, each in zip(keys, found, strict=True) if each is not None}
