"""What whoever wrote objects said of them, under names that templates can say, and what was learned of that.

It comes with an object's bytes, so that nothing is asked for it alone, and is kept where the digest is kept: in the cache with
the stretch that has the object, in the state with its record. Where nothing was said, nothing is kept.
"""

import json
import re
import sqlite3
import threading
import weakref
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from types import MappingProxyType

from docbatch.naming.templates import NO_METADATA
from docbatch.sources.cachefile import CacheFile, Changes

_HEADERS = frozenset(
    {
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
        "Content-Type",
        "Storage-Class",
    }
)
"""What stores say of any object beside what its writer said; names of the writer's own are told in small letters."""
NO_TAGS: Mapping[str, str] = MappingProxyType({})
_UNSAYABLE = re.compile(r"[^a-z0-9_]+")
_ENCODED = re.compile(r"\A=\?[!-~]+\?[bBqQ]\?.*\?=\Z", re.DOTALL)
_TABLE = (
    "CREATE TABLE learned (number INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB UNIQUE NOT NULL,"
    " said TEXT NOT NULL, is_kept INTEGER NOT NULL)"
)
_LEARN = "INSERT OR REPLACE INTO learned (path, said, is_kept) VALUES (?, ?, ?)"
_LEARNED = "SELECT said FROM learned WHERE path = ?"
_NEW = "SELECT number, path, said, is_kept FROM learned WHERE number > ? ORDER BY number"
_READ = "SELECT said FROM object_metadata WHERE source = ? AND path = ?"
_KEEP = "INSERT OR REPLACE INTO object_metadata VALUES (?, ?, ?)"
_DROP = "DELETE FROM object_metadata WHERE source = ? AND path = ?"


def sayable(said: Mapping[str, str], tags: Mapping[str, str] = NO_TAGS) -> Mapping[str, str]:
    """Return user metadata and tags by names of small letters, digits and "_".

    Of two that become one, that counts which was so written, and a tag before what came with the object.
    """
    own = {name: _decoded(value) for name, value in said.items() if name not in _HEADERS}
    return {**_by_sayable(own), **_by_sayable(tags)}


def _by_sayable(said: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(said, key=lambda name: (_sayable(name) != name, name)):
        found.setdefault(_sayable(name), said[name])
    return found


def packed_metadata(said: Mapping[str, str]) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def unpacked_metadata(text: str) -> Mapping[str, str]:
    """Return what was packed; nothing of what is damaged."""
    try:
        found = json.loads(text)
    except ValueError:
        return NO_METADATA
    if not isinstance(found, dict):
        return NO_METADATA
    return {name: value for name, value in found.items() if isinstance(value, str)}


class LearnedMetadata:
    """What this process learned of the objects of a source, and behind it what the cache kept.

    It is as large as what was learned, and lies in a file that goes with the process.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._cache: CacheFile | None = None
        self._lock = threading.Lock()
        self._made: sqlite3.Connection | None = None
        self._settled = self._written = 0

    def attach(self, cache: CacheFile | None) -> None:
        """Ask a cache from now on, which tells of each object of its stretches what was said of it."""
        self._cache = cache

    def learn(self, said: Mapping[bytes, str], *, is_kept: bool = False) -> None:
        """Take what was said of objects, packed. With `is_kept` the cache keeps also that nothing was said."""
        with self._lock:
            self._own.execute("BEGIN")
            self._own.executemany(_LEARN, [(path, text, is_kept) for path, text in said.items()])
            self._own.execute("COMMIT")

    def of(self, path: bytes) -> str | None:
        """Return what was said of an object, packed; None where neither this process nor the cache knows."""
        with self._lock:
            rows = [] if self._made is None else self._made.execute(_LEARNED, (path,)).fetchall()
        if not rows and self._cache is not None:
            rows = self._cache.read(_READ, (self._source, path))
        return str(rows[0][0]) if rows else None

    def changes(self) -> Changes:
        """Return what the cache is to be told, with the stretches that have the objects."""
        with self._lock:
            rows = [] if self._made is None else self._made.execute(_NEW, (self._settled,)).fetchall()
        if not rows:
            return []
        self._written = rows[-1][0]
        nothing = packed_metadata({})
        kept = [(path, said) for _, path, said, is_kept in rows if is_kept or said != nothing]
        gone = [path for _, path, said, is_kept in rows if said == nothing and not is_kept]
        return [
            (_KEEP, [(self._source, path, said) for path, said in kept]),
            (_DROP, [(self._source, path) for path in gone]),
        ]

    def settle(self) -> None:
        """Take it that the cache has what was returned last."""
        self._settled = self._written

    @property
    def _own(self) -> sqlite3.Connection:
        if self._made is None:
            self._made = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._made.close)
            for setting in ("journal_mode = OFF", "synchronous = OFF"):
                self._made.execute(f"PRAGMA {setting}")
            self._made.execute(_TABLE)
        return self._made


def _sayable(name: str) -> str:
    plain = _UNSAYABLE.sub("_", name.lower())
    return f"_{plain}" if plain[:1].isdigit() else plain or "_"


def _decoded(value: str) -> str:
    """Return a value as it was meant: what is not ASCII comes from S3 as in the headers of mails."""
    if not _ENCODED.match(value):
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value
