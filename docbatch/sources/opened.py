"""What lies in the archives and mails of another source, as documents beside its own.

A document's path is that of its container, "!" and its path there. The place of the source stays what it is.
"""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from heapq import merge
from operator import attrgetter
from typing import BinaryIO

from docbatch.containers.bounds import ALL
from docbatch.containers.inside import ContainerMember, NotOpened, UnfitMember
from docbatch.containers.kinds import ContainerKind, kind_of, may_be_among
from docbatch.containers.member_listing import FILES
from docbatch.containers.member_names import raw
from docbatch.containers.reader import ContainerReader, ContainerSource, OpeningEnded
from docbatch.core.models import FailureClass
from docbatch.sources.allowance import Allowance
from docbatch.sources.base import Source
from docbatch.sources.content import ContentError, Measured, Vanished, measure_stream, reading
from docbatch.sources.documents import WINDOW, Entry, FoundDocuments, Observed, Seen, Unusable, in_order
from docbatch.sources.inside_paths import MARK, hidden_by, last_name, leading_to, outer_paths
from docbatch.sources.kept_members import KeptMembers, MemberList, MemberRecord
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.met_containers import MetContainer, MetContainers
from docbatch.sources.path_merge import Found, PathMerge
from docbatch.sources.statcache import StatCache

_OF_THE_MACHINE = frozenset({FailureClass.CRASHED, FailureClass.TIMEOUT})
"""What may end otherwise another day."""
_BEYOND = frozenset({ALL, "members"})
_REFUSED = 64 << 20
"""What something that is too large counts as where not everything is looked at: that was seen of it at least, or said."""


class OpenedSource(Source):
    """Wraps a source whose documents are files. `allowance` bounds what is found in all containers together.

    `record` knows containers that the cache does not.
    """

    def __init__(
        self, inner: Source, allowance: Allowance | None = None, record: MemberRecord | None = None
    ) -> None:
        self._record = record
        self.identity = inner.identity
        self._inner = inner
        self._allowance = allowance
        self._reader = ContainerReader()
        self._lock = threading.RLock()
        self._met = MetContainers()
        # Of files whose own names look like those of members.
        self._files: set[bytes] = set()
        self._renamed: dict[bytes, bytes] = {}
        self._knows_all = False
        # Up to here all that is there came by in order, so that no file bears the name of a member.
        self._came_to = b""

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
        kept = KeptMembers(cache, self._record)
        if only is None:
            found = self._inner.find(cache)
            return replace(found, windows=self._opened(found.windows, kept, whole=True))
        found = self._inner.find(cache, set(leading_to(only)))
        windows = _selected(self._opened(found.windows, kept, whole=False), set(only))
        unseen = {path for path in only if not found.unseen.isdisjoint(leading_to((path,)))}
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
        container, row = self._row(path)
        if container is None or row is None:
            return self._inner.metadata(path)
        return {**self._inner.metadata(container.path), **row.facts}

    def is_untold(self, path: bytes) -> bool:
        """Say whether more may be known: what lies in containers is not, where nobody looks."""
        return self._inner.is_untold(path) or (MARK in path and bool(self.unseen_because))

    def place(self, path: bytes) -> bytes | None:
        return None if self._member(path)[1] is not None else self._inner.place(path)

    def confirm(self, path: bytes) -> Measured:
        return self.measure(path) if self._member(path)[1] is not None else self._inner.confirm(path)

    @property
    def unseen_because(self) -> str:
        return self._inner.unseen_because

    def modified(self, path: bytes) -> float | None:
        """Return when a file changed last; what lies in a container changes with it."""
        container, _ = self._row(path)
        return self._inner.modified(path if container is None else container.path)

    def why_left_out(self, path: bytes) -> str | None:
        """Say why a file is not taken, or the container that a document lies in."""
        reasons = map(self._inner.why_left_out, (path, *outer_paths(path)))
        return next((reason for reason in reasons if reason is not None), None)

    def is_opened(self, path: bytes) -> bool:
        """Say whether something is no document itself, because what lies in it are."""
        with self._lock:
            self._look_up(path)
            container = self._met.get(path)
        return container is not None and not container.kind.is_document

    def _opened(self, windows: Iterable[Seen], kept: KeptMembers, *, whole: bool) -> Iterator[Seen]:
        ahead = PathMerge(MARK)
        for seen in windows:
            if not ahead and not _may_hold_containers(seen):
                self._note_files(seen.documents)
                yield seen
            else:
                for window in _in_windows(self._beside(seen, ahead, kept)):
                    self._come(window, whole=whole)
                    yield window
                kept.flush()
        for window in _in_windows(ahead.before(None)):
            self._come(window, whole=whole)
            yield window
        kept.flush()
        with self._lock:
            self._renamed.update(ahead.renamed)
            self._knows_all = self._knows_all or whole

    def _come(self, window: Seen, *, whole: bool) -> None:
        last = [each[-1].path for each in (window.documents, window.unusable) if each]
        if whole and last:
            with self._lock:
                self._came_to = max(last)

    def _beside(self, seen: Seen, ahead: PathMerge, kept: KeptMembers) -> Iterator[Found]:
        """Yield a window with what lies in its containers, as far as that comes before what follows the window."""
        self._note_files(seen.documents)
        streams: tuple[Iterable[Found], Iterable[Found]] = (seen.documents, seen.unusable)
        for each in merge(*streams, key=attrgetter("path")):
            yield from ahead.before(each.path)
            if isinstance(each, Unusable):
                ahead.passed(each.path)
                yield each if each.hides is not None else each._replace(hides=hidden_by(each.path))
                continue
            kind = kind_of(each.media_type, last_name(each.path))
            if kind is None or kind.is_document:
                ahead.passed(each.path)
                yield each
            if kind is not None:
                ahead.add(self._inside(self._met_now(each, kind, kept)))

    def _inside(self, container: MetContainer) -> Iterator[Found]:
        for row in container.members:
            path = container.path + (MARK + raw(row.name) if row.name else b"")
            if isinstance(row, ContainerMember):
                yield Observed(path, row.digest, row.media_type, row.size)
            elif row.name:
                yield Unusable(path, row.failure, hidden_by(path))
            elif not container.kind.is_document:
                yield Unusable(path, row.failure, path + MARK)
            else:
                yield Unusable(path + MARK + FILES.encode(), row.failure, path + MARK)

    def _met_now(self, document: Observed, kind: ContainerKind, kept: KeptMembers) -> MetContainer:
        members = kept.recall(document.digest, kind) or self._listed(document, kind, kept)
        if self._allowance is not None:
            self._allowance.spend(*_effort(members))
        container = MetContainer(document.path, document.digest, kind, members)
        with self._lock:
            self._met.add(container)
        return container

    def _listed(self, document: Observed, kind: ContainerKind, kept: KeptMembers) -> MemberList:
        """List a container, as far as the allowance lasts. Raises GuardRefused."""
        since = time.monotonic()
        try:
            with reading():
                found = self._looked_into(document, kind, kept)
        except ContentError as error:
            found = MemberList.of([UnfitMember("", error.failure)])
        if self._allowance is not None:
            self._allowance.wait(time.monotonic() - since)
            if _is_beyond(found):
                self._allowance.end()
        return found

    def _looked_into(self, document: Observed, kind: ContainerKind, kept: KeptMembers) -> MemberList:
        """Open a container and keep what lies in it, unless it could not be read now."""
        ended = is_for_now = False
        try:
            rows = self._members(self._to_read(document.path, document.digest, kind))
            ended = any(isinstance(row, UnfitMember) and row.failure.kind in _OF_THE_MACHINE for row in rows)
        except NotOpened as error:
            rows = [UnfitMember("", error.failure)]
            ended = isinstance(error, OpeningEnded)
            is_for_now = error.failure.kind is FailureClass.UNREADABLE
        found = MemberList.of(rows)
        # What is too much for one who is not trusted is not for others.
        if not is_for_now and (self._allowance is None or not _is_beyond(found)):
            kept.keep(document.digest, kind, found, ended=ended)
        return found

    def _members(self, container: ContainerSource) -> Sequence[ContainerMember | UnfitMember]:
        if self._allowance is None:
            return self._reader.members(container)
        until = time.monotonic() + self._allowance.seconds
        return self._reader.members(container, self._allowance.left(), until)

    def _to_read(self, path: bytes, digest: str, kind: ContainerKind) -> ContainerSource:
        return ContainerSource(
            digest, kind, self._inner.file(path), partial(self._inner.open_measured, path, digest)
        )

    def _member(self, path: bytes) -> tuple[MetContainer, ContainerMember] | tuple[None, None]:
        """Return the container that a document lies in, and what it is there; nothing of a file."""
        container, row = self._row(path)
        return (
            (container, row) if container is not None and isinstance(row, ContainerMember) else (None, None)
        )

    def _row(self, path: bytes) -> tuple[MetContainer, ContainerMember | UnfitMember] | tuple[None, None]:
        """Do the same also of what cannot be a document."""
        if MARK not in path:
            return None, None
        with self._lock:
            known = self._remembered(path)
            is_certain = self._knows_all or path <= self._came_to
            if is_certain and path in self._files:
                return None, None
            if known is None or (not is_certain and self._inner.is_there(path)):
                self._look_up(path)
                known = self._remembered(path)
        return known or (None, None)

    def _remembered(self, path: bytes) -> tuple[MetContainer, ContainerMember | UnfitMember] | None:
        if path in self._files:
            return None
        return self._met.holding(self._renamed.get(path, path))

    def _look_up(self, path: bytes) -> None:
        for _ in self.find(StatCache(None), {path}).windows:
            pass

    def _note_files(self, documents: Iterable[Observed]) -> None:
        if isinstance(documents, KnownStretch) and MARK not in documents.paths:
            return
        with self._lock:
            self._files.update(each.path for each in documents if MARK in each.path)


def _is_beyond(members: MemberList) -> bool:
    """Say whether a container holds more than was to be looked at."""
    rows = list(members)
    return any(isinstance(row, UnfitMember) and not row.name and row.failure.code in _BEYOND for row in rows)


def _effort(members: MemberList) -> tuple[int, int]:
    """Return how many documents lie in a container, and how many bytes were looked at for them."""
    rows = list(members)
    sizes = [row.size for row in rows if isinstance(row, ContainerMember)]
    failures = [row.failure.kind for row in rows if isinstance(row, UnfitMember)]
    return len(rows), sum(sizes) + _REFUSED * failures.count(FailureClass.TOO_LARGE)


def _may_hold_containers(seen: Seen) -> bool:
    documents = seen.documents
    if any(hidden_by(each.path) for each in seen.unusable):
        return True
    if isinstance(documents, KnownStretch):
        return may_be_among(set(documents.media_types.split("\n")), documents.paths)
    return any(kind_of(each.media_type, last_name(each.path)) for each in documents)


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
    """Yield what is wanted by name, and what may hide some of it."""
    hiding = {outer + MARK for path in only for outer in outer_paths(path)}
    for seen in windows:
        documents = [each for each in seen.documents if each.path in only]
        unusable = [each for each in seen.unusable if each.path in only or each.hides in hiding]
        if documents or unusable:
            yield Seen(documents, unusable)
