"""What lies in the archives and mails of another source, as documents beside its own.

A document's path is that of its container, "!" and its path there. The place of the source stays what it is.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from heapq import merge
from operator import attrgetter
from typing import BinaryIO

from docbatch.containers.inside import ContainerMember, NotOpened, UnfitMember
from docbatch.containers.kinds import ContainerKind, kind_of, may_be_among
from docbatch.containers.member_listing import FILES, SEPARATOR
from docbatch.containers.member_names import raw
from docbatch.containers.reader import ContainerReader, ContainerSource, OpeningEnded
from docbatch.core.models import FailureClass
from docbatch.naming.pathtext import escape
from docbatch.sources.allowance import Allowance
from docbatch.sources.base import Source
from docbatch.sources.content import ContentError, Measured, Vanished, measure_stream, reading
from docbatch.sources.documents import WINDOW, Entry, FoundDocuments, Observed, Seen, Unusable, in_order
from docbatch.sources.kept_members import KeptMembers, MemberList
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.path_merge import Found, PathMerge
from docbatch.sources.statcache import StatCache

_MARK = SEPARATOR.encode()
_REMEMBERED = 20_000
_REMEMBERED_BYTES = 32 << 20
_REFUSED = 64 << 20
"""What something that is too large counts as where not everything is looked at: that was seen of it at least, or said."""


@dataclass(frozen=True, slots=True)
class _Container:
    """A container that was met, and what lies in it."""

    path: bytes
    digest: str
    kind: ContainerKind
    members: MemberList


class OpenedSource(Source):
    """Wraps a source whose documents are files. `allowance` bounds what is found in all containers together."""

    def __init__(self, inner: Source, allowance: Allowance | None = None) -> None:
        self.identity = inner.identity
        self._inner = inner
        self._allowance = allowance
        self._reader = ContainerReader()
        self._lock = threading.RLock()
        self._met: OrderedDict[bytes, _Container] = OrderedDict()
        self._met_bytes = 0
        # Of files whose own names look like those of members.
        self._files: set[bytes] = set()
        self._renamed: dict[bytes, bytes] = {}
        self._knows_all = False

    @property
    def unwrapped(self) -> Source:
        return self._inner.unwrapped

    @property
    def shown(self) -> str:
        return self._inner.shown

    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        for seen in self.find(StatCache(None), only).windows:
            listed = [Entry(each.path, each.size, each.digest) for each in seen.documents]
            yield from in_order(listed, seen.unusable)

    def find(self, cache: StatCache, only: Collection[bytes] | None = None) -> FoundDocuments:
        kept = KeptMembers(cache)
        if only is None:
            found = self._inner.find(cache)
            return replace(found, windows=self._opened(found.windows, kept, whole=True))
        found = self._inner.find(cache, set(_leading_to(only)))
        windows = _selected(self._opened(found.windows, kept, whole=False), set(only))
        unseen = {path for path in only if not found.unseen.isdisjoint(_leading_to((path,)))}
        return replace(found, windows=windows, unseen=frozenset(unseen))

    def open(self, path: bytes) -> BinaryIO:
        container, member = self._member(path)
        if container is None or member is None:
            return self._inner.open(path)
        try:
            return self._reader.content(
                self._to_read(container.path, container.digest, container.kind), member.place
            )
        except NotOpened as error:
            if not self._inner.is_there(container.path):
                raise Vanished(error.failure) from error
            raise ContentError(error.failure) from error

    def open_measured(self, path: bytes, digest: str) -> BinaryIO:
        return self.open(path) if self._member(path)[1] else self._inner.open_measured(path, digest)

    def measure(self, path: bytes) -> Measured:
        member = self._member(path)[1]
        if member is None:
            return self._inner.measure(path)
        with reading(), self.open(path) as content:
            now = measure_stream(content, raw(member.name).rpartition(b"/")[2])
        # Its own name may be another than the one it has here.
        return Measured(now.digest, member.media_type, now.size) if now.digest == member.digest else now

    def is_there(self, path: bytes) -> bool:
        return self._inner.is_there(path) or self._member(path)[1] is not None

    def file(self, path: bytes) -> bytes | None:
        return None if self._member(path)[1] is not None else self._inner.file(path)

    def named(self, document: str) -> Iterator[bytes]:
        yield from self._inner.named(document)

    def metadata(self, path: bytes) -> Mapping[str, str]:
        """Return what is known of a document and of the container it lies in, and what its mail says of itself."""
        container, member = self._member(path)
        if container is None or member is None:
            return self._inner.metadata(path)
        return {**self._inner.metadata(container.path), **member.facts}

    def place(self, path: bytes) -> bytes | None:
        return None if self._member(path)[1] is not None else self._inner.place(path)

    def confirm(self, path: bytes) -> Measured:
        return self.measure(path) if self._member(path)[1] is not None else self._inner.confirm(path)

    @property
    def unseen_because(self) -> str:
        return self._inner.unseen_because

    def modified(self, path: bytes) -> float | None:
        """Return when a file changed last; what lies in a container changes with it."""
        container, member = self._member(path)
        return self._inner.modified(path if container is None or member is None else container.path)

    def is_opened(self, path: bytes) -> bool:
        """Say whether something is no document itself, because what lies in it are."""
        with self._lock:
            self._look_up(path)
            container = self._met.get(path)
        return container is not None and not container.kind.is_document

    def _opened(self, windows: Iterable[Seen], kept: KeptMembers, *, whole: bool) -> Iterator[Seen]:
        ahead = PathMerge(_MARK)
        for seen in windows:
            if not ahead and not _may_hold_containers(seen):
                self._note_files(seen.documents)
                yield seen
            else:
                yield from _in_windows(self._beside(seen, ahead, kept))
                kept.flush()
        yield from _in_windows(ahead.before(None))
        kept.flush()
        with self._lock:
            self._renamed.update(ahead.renamed)
            self._knows_all = self._knows_all or whole

    def _beside(self, seen: Seen, ahead: PathMerge, kept: KeptMembers) -> Iterator[Found]:
        """Yield a window with what lies in its containers, as far as that comes before what follows the window."""
        self._note_files(seen.documents)
        streams: tuple[Iterable[Found], Iterable[Found]] = (seen.documents, seen.unusable)
        for each in merge(*streams, key=attrgetter("path")):
            yield from ahead.before(each.path)
            kind = kind_of(each.media_type, _name(each.path)) if isinstance(each, Observed) else None
            if kind is None or kind.is_document:
                ahead.passed(each.path)
                yield each
            if kind is not None and isinstance(each, Observed):
                ahead.add(self._inside(self._met_now(each, kind, kept)))

    def _inside(self, container: _Container) -> Iterator[Found]:
        for row in container.members:
            path = container.path + (_MARK + raw(row.name) if row.name else b"")
            if isinstance(row, ContainerMember):
                yield Observed(path, row.digest, row.media_type, row.size)
            elif row.name or not container.kind.is_document:
                yield Unusable(path, row.failure, path + _MARK)
            else:
                yield Unusable(path + _MARK + FILES.encode(), row.failure, path + _MARK)

    def _met_now(self, document: Observed, kind: ContainerKind, kept: KeptMembers) -> _Container:
        members = kept.recall(document.digest, kind) or self._listed(document, kind, kept)
        if self._allowance is not None:
            self._allowance.spend(*_effort(members))
        container = _Container(document.path, document.digest, kind, members)
        with self._lock:
            before = self._met.pop(document.path, None)
            self._met[document.path] = container
            self._met_bytes += members.packed_size - (0 if before is None else before.members.packed_size)
            while len(self._met) > _REMEMBERED or (
                self._met_bytes > _REMEMBERED_BYTES and len(self._met) > 1
            ):
                self._met_bytes -= self._met.popitem(last=False)[1].members.packed_size
        return container

    def _listed(self, document: Observed, kind: ContainerKind, kept: KeptMembers) -> MemberList:
        try:
            with reading():
                return self._looked_into(document, kind, kept)
        except ContentError as error:
            return MemberList.of([UnfitMember("", error.failure)])

    def _looked_into(self, document: Observed, kind: ContainerKind, kept: KeptMembers) -> MemberList:
        """Open a container and keep what lies in it, unless it could not be read now."""
        ended = is_for_now = False
        try:
            found = MemberList.of(self._reader.members(self._to_read(document.path, document.digest, kind)))
        except NotOpened as error:
            found = MemberList.of([UnfitMember("", error.failure)])
            ended = isinstance(error, OpeningEnded)
            is_for_now = error.failure.kind is FailureClass.UNREADABLE
        if not is_for_now:
            kept.keep(document.digest, kind, found, ended=ended)
        return found

    def _to_read(self, path: bytes, digest: str, kind: ContainerKind) -> ContainerSource:
        return ContainerSource(
            digest, kind, self._inner.file(path), partial(self._inner.open_measured, path, digest)
        )

    def _member(self, path: bytes) -> tuple[_Container, ContainerMember] | tuple[None, None]:
        """Return the container that a document lies in, and what it is there; nothing of a file."""
        if _MARK not in path:
            return None, None
        with self._lock:
            known = self._remembered(path)
            if known is None or (not self._knows_all and self._inner.is_there(path)):
                self._look_up(path)
                known = self._remembered(path)
        return known or (None, None)

    def _remembered(self, path: bytes) -> tuple[_Container, ContainerMember] | None:
        if path in self._files:
            return None
        name = self._renamed.get(path, path)
        for outer in _outer(name):
            container = self._met.get(outer)
            row = None if container is None else container.members.named(name[len(outer) + 1 :])
            if container is not None and isinstance(row, ContainerMember):
                self._met.move_to_end(outer)
                return container, row
        return None

    def _look_up(self, path: bytes) -> None:
        for _ in self.find(StatCache(None), {path}).windows:
            pass

    def _note_files(self, documents: Iterable[Observed]) -> None:
        if isinstance(documents, KnownStretch) and _MARK not in documents.paths:
            return
        with self._lock:
            self._files.update(each.path for each in documents if _MARK in each.path)


def _effort(members: MemberList) -> tuple[int, int]:
    """Return how many documents lie in a container, and how many bytes were looked at for them."""
    rows = list(members)
    sizes = [row.size for row in rows if isinstance(row, ContainerMember)]
    failures = [row.failure.kind for row in rows if isinstance(row, UnfitMember)]
    return len(rows), sum(sizes) + _REFUSED * failures.count(FailureClass.TOO_LARGE)


def _may_hold_containers(seen: Seen) -> bool:
    documents = seen.documents
    if isinstance(documents, KnownStretch):
        return may_be_among(set(documents.media_types.split("\n")), documents.paths)
    return any(kind_of(each.media_type, _name(each.path)) for each in documents)


def _name(path: bytes) -> str:
    return escape(path.rpartition(b"/")[2])


def _outer(path: bytes) -> Iterator[bytes]:
    """Yield the paths of what a document may lie in, the outermost first."""
    at = path.find(_MARK)
    while at >= 0:
        if at:
            yield path[:at]
        at = path.find(_MARK, at + 1)


def _leading_to(paths: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the paths of all that has to be looked at to find documents."""
    for path in paths:
        yield path
        yield from _outer(path)
        base, _, number = path.rpartition(_MARK)
        if base and number.isdigit() and len(number) <= 2:
            yield from (base + _MARK + b"%d" % taken for taken in range(2, int(number)))


def _in_windows(stream: Iterable[Found]) -> Iterator[Seen]:
    documents: list[Observed] = []
    unusable: list[Unusable] = []
    for each in stream:
        if isinstance(each, Observed):
            documents.append(each)
        else:
            unusable.append(each)
        if len(documents) + len(unusable) >= WINDOW:
            yield Seen(documents, unusable)
            documents, unusable = [], []
    if documents or unusable:
        yield Seen(documents, unusable)


def _selected(windows: Iterable[Seen], only: Collection[bytes]) -> Iterator[Seen]:
    for seen in windows:
        documents = [each for each in seen.documents if each.path in only]
        unusable = [each for each in seen.unusable if each.path in only]
        if documents or unusable:
            yield Seen(documents, unusable)
