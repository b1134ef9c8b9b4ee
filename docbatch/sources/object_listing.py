"""The objects of a store as a walk would find files: in windows, in the order of their keys, each with a packed status.

A status is the size and a mark, which stands for the version, else the ETag. Two that are equal promise the same bytes.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import compress, groupby, islice
from operator import itemgetter, lt
from struct import Struct
from struct import error as StructError  # noqa: N812 - named as an error
from typing import TYPE_CHECKING, Any

from docbatch.core.errors import GuardRefused
from docbatch.core.models import Failure, FailureClass
from docbatch.naming.pathtext import escape
from docbatch.sources.content import empty
from docbatch.sources.documents import Unusable
from docbatch.sources.found_files import Window
from docbatch.sources.globs import Globs, Scope
from docbatch.sources.litter import Litter
from docbatch.stores.listable_objects import UnlistedFolder

if TYPE_CHECKING:
    from obstore import ObjectMeta

OWN_FOLDERS = frozenset({b".docbatch", b".docbatch-trash"})
"""Folders of keys in which nothing is ever a document."""
_PATH, _SIZE, _ETAG, _VERSION = map(itemgetter, ("path", "size", "e_tag", "version"))
_PACKED = Struct("=q16x16sq")
"""Laid out as the status of a file is, with neither times nor mode: the last number says what the mark was made of."""
_PLAIN, _HASHED, _VERSIONED, _DATED = 1, 2, 3, 4
_DIGITS = 32
_QUOTE = '"'
_RECENT = 4
"""So many windows of the listing are at hand, for who asks more of an object that just came by."""
_QUOTED = frozenset({_DIGITS + 2})
_IDLE = 10
"""So many windows in a row may bring nothing that was not listed before: a list that goes round has no end."""


def packed_status(size: int, etag: str | None, version: str | None, modified: float) -> bytes:
    """Return the status of an object as its store describes it."""
    if version is not None:
        mark, kind = _hashed(version), _VERSIONED
    elif etag is None:
        mark, kind = _hashed(repr(modified)), _DATED
    else:
        mark, kind = _mark_of(etag)
    return _PACKED.pack(size, mark, kind)


def dated_status(size: int, etag: str | None, modified: float) -> bytes:
    """Return a status that is another one for equal bytes that were written again, as far as listings tell that."""
    return packed_status(size, f"{(etag or '').strip(_QUOTE)} {int(modified)}", None, modified)


def is_by_version(status: bytes) -> bool:
    """Say whether a status was made of the object's version."""
    return bool(_PACKED.unpack(status)[2] == _VERSIONED)


def _mark_of(etag: str) -> tuple[bytes, int]:
    # Stores quote an ETag in one answer and not in another.
    bare = etag.strip(_QUOTE)
    try:
        found = bytes.fromhex(bare) if len(bare) == _DIGITS else b""
    except ValueError:
        found = b""
    return (found, _PLAIN) if len(found) == _DIGITS // 2 else (_hashed(bare), _HASHED)


def _hashed(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_DIGITS // 2).digest()


class ObjectListing:
    """One listing of the objects whose keys lie below `prefix`, a text that is empty or ends with "/".

    `is_there` says whether an object can be asked for by a key. `store` is for messages. With `dated` statuses are those of
    `dated_status`.
    """

    def __init__(
        self,
        store: str,
        prefix: str,
        globs: Globs,
        litter: Litter,
        is_there: Callable[[str], bool],
        *,
        dated: bool = False,
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._start = globs.start
        self._litter = litter
        self._is_there = is_there
        self._dated = dated
        self._last = ""
        self._before: Sequence[ObjectMeta] = ()
        self._recent: deque[Sequence[ObjectMeta]] = deque(maxlen=_RECENT)
        self._idle = 0
        self._scope = lru_cache(maxsize=1024)(self._scope_of)

    def windows(self, listed: "Iterator[Sequence[ObjectMeta] | UnlistedFolder]") -> Iterator[Window]:
        """Yield what of a listing's windows is selected. Raises GuardRefused."""
        for objects in listed:
            if isinstance(objects, UnlistedFolder):
                yield self._unlisted(objects)
                continue
            taken = self._in_order(objects)
            self._idle = 0 if taken else self._idle + 1
            if self._idle > _IDLE:
                raise self._refused(f"lists the same again and again: {_told(objects[-1]['path'])}")
            if taken:
                self._last = taken[-1]["path"]
                self._before = objects
                self._recent.append(taken)
                yield self._window(taken)

    def modified(self, path: bytes) -> float | None:
        """Return when an object that came by a short while ago was written, in seconds since 1970; None for any other."""
        key = self._prefix + path.decode(errors="replace")
        for objects in self._recent:
            at = bisect_left(objects, key, key=_PATH)
            if at < len(objects) and objects[at]["path"] == key:
                return objects[at]["last_modified"].timestamp()
        return None

    def _unlisted(self, found: UnlistedFolder) -> Window:
        """Return a folder that cannot be listed as a document that cannot be read, if there may be documents in it."""
        window, cut = Window(), len(self._prefix)
        folder = found.folder[cut:].encode()
        if self._scope(folder) is None:
            return window
        place = found.folder if found.folder > self._last else f"{self._last}/"
        if found.key is not None and found.key > self._last:
            place = found.key
        failure = Failure(FailureClass.UNREADABLE, self._unlistable(found), code="unlistable_key")
        window.unusable.append(Unusable(place[cut:].encode() or b"/", failure, folder))
        return window

    def _unlistable(self, found: UnlistedFolder) -> str:
        at = "the key " + _told(found.key) if found.key is not None else "one that is not UTF-8 or very long"
        folder = _told(found.folder) if found.folder else "the bucket"
        beside = "name a prefix: that it does not lie below"
        if found.folder != self._prefix:
            beside = (
                f"leave the whole folder out with exclude: {_told(found.folder[len(self._prefix) :] + '**')}"
            )
        return (
            f"the store's list of {folder} breaks off at a key by which no object can be asked for, {at}: what it had not listed by then"
            f" is not looked at. Give the object another key, or {beside}; to exclude the key alone does not help"
        )

    def _in_order(self, objects: "Sequence[ObjectMeta]") -> "Sequence[ObjectMeta]":
        """Return the objects, each greater than all before it; what is listed again goes."""
        if objects and objects[0]["path"] + "/" == self._prefix:
            # The folder itself, as an object that stands for it.
            objects = objects[1:]
        keys: list[str] = list(map(_PATH, objects))
        if not keys:
            return objects
        if not (self._last < keys[0] and all(map(lt, keys, islice(keys, 1, None)))):
            objects = list(self._once(objects))
            keys = list(map(_PATH, objects))
        for key in keys[:1] + keys[-1:]:
            # In between all are alike, as they are in order.
            if not key.startswith(self._prefix):
                raise self._refused(f"lists {_told(key)}, which is not below {_told(self._prefix)}")
        return objects

    def _once(self, objects: "Sequence[ObjectMeta]") -> "Iterator[ObjectMeta]":
        seen: dict[str, ObjectMeta] = {each["path"]: each for each in self._before}
        last = self._last
        for each in objects:
            key = each["path"]
            if last < key:
                yield each
                last, seen[key] = key, each
            elif not (_alike(seen.get(key), each) or self._is_marker(each, last)):
                raise self._refused(
                    f"does not list in the order of keys, or has a key that ends in /: {_told(key)} comes after {_told(last)}"
                )

    def _is_marker(self, each: "ObjectMeta", last: str) -> bool:
        """Say whether this stands for a folder: its key ends in "/", which listings cut off, and it holds nothing."""
        return each["size"] == 0 and last < each["path"] + "/" and not self._is_there(each["path"])

    def _window(self, objects: "Sequence[ObjectMeta]") -> Window:
        cut = len(self._prefix)
        joined = "\0".join([each["path"][cut:] for each in objects]).encode()
        paths = joined.split(b"\0")
        if len(paths) != len(objects):
            raise self._refused("has a key with a NUL in it")
        chosen = self._selected(paths, joined)
        if chosen is not None:
            paths, objects = list(compress(paths, chosen)), list(compress(objects, chosen))
        window = Window()
        if 0 in map(_SIZE, objects):
            paths, objects = self._without_empty(paths, objects, window)
        try:
            window.add(b"", paths, _dated_statuses(objects) if self._dated else _statuses(objects))
        except StructError:
            raise self._refused("lists an object with more bytes than any can have") from None
        return window

    def _without_empty(
        self, paths: list[bytes], objects: "Sequence[ObjectMeta]", window: Window
    ) -> "tuple[list[bytes], Sequence[ObjectMeta]]":
        """Return those with bytes. Of the others the window has those that are documents all the same."""
        for place, each in enumerate(objects):
            if each["size"] == 0:
                follows = objects[place + 1]["path"] if place + 1 < len(objects) else ""
                if not follows.startswith(each["path"] + "/") and self._is_there(each["path"]):
                    window.unusable.append(Unusable(paths[place], empty()))
        full: list[Any] = list(map(_SIZE, objects))
        return list(compress(paths, full)), list(compress(objects, full))

    def _selected(self, paths: list[bytes], joined: bytes) -> list[bool] | None:
        """Say of each path, which are in order, whether it is selected; None where all are."""
        folder = paths[0].rpartition(b"/")[0]
        inside = folder + b"/" if folder else b""
        alike = joined.count(b"/") == inside.count(b"/") * len(paths) and paths[-1].startswith(inside)
        runs = [(inside, paths)] if alike else [(each, list(run)) for each, run in groupby(paths, _folder)]
        found: list[bool] = []
        for each, run in runs:
            names = [path[len(each) :] for path in run] if each else run
            scope = self._scope(each)
            kept = [] if scope is None else self._litter.sift(each, scope.select(names))
            if len(kept) == len(names):
                found += [True] * len(names)
            else:
                wanted = frozenset(kept)
                found += [name in wanted for name in names]
        return None if all(found) else found

    def _scope_of(self, folder: bytes) -> Scope | None:
        scope: Scope | None = self._start
        for name in folder.split(b"/")[:-1]:
            scope = None if scope is None or name in OWN_FOLDERS else scope.enter(name)
        return scope

    def _refused(self, what: str) -> GuardRefused:
        return GuardRefused(
            f"store '{self._store}' {what}",
            hint="nothing was changed; give the object another key, or name a prefix: that it does not lie below",
        )


def _statuses(objects: "Sequence[ObjectMeta]") -> bytes:
    """Pack the statuses of objects; those whose ETags are MD5 digests, as most are, all at once."""
    etags: list[Any] = list(map(_ETAG, objects))
    if not any(map(_VERSION, objects)) and None not in etags and set(map(len, etags)) <= _QUOTED:
        try:
            marks = bytes.fromhex("".join(etags).replace('"', ""))
        except ValueError:
            marks = b""
        step = _DIGITS // 2
        if len(marks) == step * len(etags):
            each = [marks[start : start + step] for start in range(0, len(marks), step)]
            return b"".join(map(_PACKED.pack, map(_SIZE, objects), each, [_PLAIN] * len(each)))
    return b"".join(
        packed_status(each["size"], each["e_tag"], each["version"], each["last_modified"].timestamp())
        for each in objects
    )


def _dated_statuses(objects: "Sequence[ObjectMeta]") -> bytes:
    return b"".join(
        dated_status(each["size"], each["e_tag"], each["last_modified"].timestamp()) for each in objects
    )


def _folder(path: bytes) -> bytes:
    folder, slash, _ = path.rpartition(b"/")
    return folder + slash


def _alike(one: "ObjectMeta | None", other: "ObjectMeta") -> bool:
    return one is not None and all(said(one) == said(other) for said in (_SIZE, _ETAG, _VERSION))


def _told(key: str) -> str:
    return f"'{escape(key.encode())}'"
