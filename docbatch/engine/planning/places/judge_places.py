"""Judging the places where outputs are about to be written: what stands there, and which would be the folder of which.

Only what is new is looked at: outputs that lie where the state knows them are compared with their stamps elsewhere.
"""

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from docbatch.core.changes import Reason
from docbatch.core.errors import SinkError
from docbatch.core.guard import SHOWN, Replaced, refuse_blocked, refuse_nested, refuse_replaced
from docbatch.core.report import plural, visible
from docbatch.engine.planning.differences_database import Differences, Output
from docbatch.engine.planning.places.occupied_place import no_file, no_output, status_of
from docbatch.engine.planning.places.own_places import OwnPlaces
from docbatch.engine.planning.places.places_in_store import OthersInStore, places_in_stores
from docbatch.engine.planning.places.unseen_sinks import UnseenSink
from docbatch.engine.planning.places.usable_sinks import is_declared, require_usable
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.naming.pathtext import escape
from docbatch.naming.store_places import in_store
from docbatch.sinks.paths import folded
from docbatch.state.store import Store

_KNOWN_PLACES = frozenset({Reason.EDITED, Reason.MISSING, Reason.BEHIND})
"""Reasons to write an output that lies where the state knows it to lie."""
_LONGEST_PLACE = 4095
"""Bytes of a path that a system call takes on every common system."""


def refuse_nesting(
    targets: Sequence[ResolvedJob], store: Store | None, differences: Differences, gone: Collection[str]
) -> None:
    """Raise GuardRefused where an output would be the folder of another, or its file."""
    singles = _singles(targets, store, gone)
    refuse_nested(list(islice(_nested(targets, store, differences, singles), SHOWN)))


def judge_places(
    targets: Sequence[ResolvedJob],
    own: OwnPlaces,
    differences: Differences,
    allowed: Collection[str],
    unseen: list[UnseenSink],
) -> Replaced:
    """Return which files of others would be replaced, where that is allowed. Raises GuardRefused.

    Why sinks cannot be looked into is added to `unseen`.
    """
    seen = _Seen()
    in_stores = places_in_stores(targets, own)
    for output, root in _new_files(targets, differences):
        if in_store(root):
            in_stores[output.job, output.sink].add(output)
        else:
            _look(output, root, own, seen)
    for target in targets:
        for sink in target.sinks:
            if sink.is_in_store and sink.kind.within:
                if not is_declared(target, sink, own.store):
                    _require_usable(target.name, sink, unseen)
            elif sink.is_in_store:
                found = in_stores[target.name, sink.identity]
                found.add_single(is_declared=is_declared(target, sink, own.store))
                seen.take(found.of_others(unseen))
            else:
                _look_at_single(target, sink, own, seen, unseen)
    refuse_blocked(seen.blocked)
    is_first = own.store is None or not any(True for _ in own.store.documents.jobs())
    return refuse_replaced(seen.replaced, seen.number, allowed, is_first=is_first)


def replacing(found: Replaced) -> tuple[str, ...]:
    """Return the note about files that are replaced."""
    if not found.number:
        return ()
    rest = f" and {plural(found.number - 1, 'other')}" if found.number > 1 else ""
    told = f"{found.first}{rest}: not known as docbatch's own; what differs is put into the trash before outputs take the place"
    return (visible(told),)


def names(job: str, path: bytes) -> str:
    return f"{job}: {escape(path)}" if path else f"{job}: all its documents"


@dataclass(frozen=True, slots=True)
class _Single:
    """The one output of a job, by its absolute path."""

    job: str
    place: bytes


_Singles = Mapping[int, _Single]


def _singles(targets: Sequence[ResolvedJob], store: Store | None, gone: Collection[str]) -> _Singles:
    found = {}
    for target in targets:
        if target.manifest is not None:
            found[folded(target.manifest)] = _Single(target.name, target.manifest)
        for sink in target.sinks:
            if sink.output and sink.root is not None:
                for ending in (b"", *sink.kind.beside):
                    place = sink.root + b"/" + sink.output + ending
                    found[folded(place)] = _Single(target.name, place)
    own = {target.name for target in targets}
    others = () if store is None else (job.name for job in store.documents.jobs())
    for job in others:
        for recorded in store.deliveries.sinks(job) if store and job not in own and job not in gone else ():
            if recorded.output and recorded.root is not None:
                place = recorded.root + b"/" + recorded.output
                found.setdefault(folded(place), _Single(job, place))
    return found


def _above(place: bytes) -> list[int]:
    """Return the collision keys of the folders above an absolute path. In a store none is in the way of an object."""
    if in_store(place):
        return []
    keys = []
    end = place.rfind(b"/")
    while end > 0:
        keys.append(folded(place[:end]))
        end = place.rfind(b"/", 0, end)
    return keys


def _roots(targets: Iterable[ResolvedJob]) -> Mapping[tuple[str, str], bytes]:
    return {
        (target.name, sink.identity): sink.root
        for target in targets
        for sink in target.sinks
        if sink.root is not None and sink.kind.per_document
    }


def _new_files(targets: Sequence[ResolvedJob], differences: Differences) -> Iterator[tuple[Output, bytes]]:
    roots = _roots(targets)
    for output in differences.files():
        if output.reason not in _KNOWN_PLACES:
            yield output, roots[output.job, output.sink]


def _nested(
    targets: Sequence[ResolvedJob], store: Store | None, differences: Differences, singles: _Singles
) -> Iterator[tuple[str, str, str, str]]:
    """Yield (output, wanted by, output below it, wanted by)."""
    roots = _roots(targets)
    folder, above = None, []
    is_any = False
    for output, root in _new_files(targets, differences):
        is_any = True
        place = root + b"/" + output.output
        below = escape(place), names(output.job, output.path)
        if output.folded is not None and output.folded in singles:
            yield escape(place), names(singles[output.folded].job, b""), *below
        parent = place.rpartition(b"/")[0]
        if parent == folder:
            continue
        folder, above = parent, _above(place)
        for upper, whose in _taken(above, store, differences, singles, roots=roots):
            yield upper, whose, *below
    if is_any and store is not None:
        yield from _above_unwritten(targets, store, differences)
    for single in singles.values():
        below = escape(single.place), names(single.job, b"")
        above = _above(single.place)
        for upper, whose in _taken(above, store, differences, singles, roots=roots):
            yield upper, whose, *below


def _taken(
    keys: Sequence[int],
    store: Store | None,
    differences: Differences,
    singles: _Singles,
    *,
    roots: Mapping[tuple[str, str], bytes],
) -> Iterator[tuple[str, str]]:
    """Yield the outputs that have these collision keys, and who wants each."""
    for key in keys:
        if key in singles:
            yield escape(singles[key].place), names(singles[key].job, b"")
    for due in differences.at(keys):
        yield escape(roots[due.job, due.sink] + b"/" + due.output), names(due.job, due.path)
    if store is not None:
        for key, job, path, root, output in store.deliveries.taken(keys):
            if not differences.is_removed(job, path) and not differences.is_moved(job, path, key):
                yield escape(root + b"/" + output), names(job, path)


def _above_unwritten(
    targets: Sequence[ResolvedJob], store: Store, differences: Differences
) -> Iterator[tuple[str, str, str, str]]:
    """Find new outputs where something else is going to need a folder: what is written already is seen on the disk."""
    roots, folder = _roots(targets), None
    for job, path, root, output in store.deliveries.unwritten():
        place = root + b"/" + output
        parent = place.rpartition(b"/")[0]
        if parent == folder or differences.is_removed(job, path):
            continue
        folder = parent
        for upper in differences.at(_above(place)):
            shown = escape(roots[upper.job, upper.sink] + b"/" + upper.output)
            yield shown, names(upper.job, upper.path), escape(place), names(job, path)


@dataclass(slots=True)
class _Seen:
    """What stands where outputs are to be written: (place, whose output, what stands there)."""

    blocked: list[tuple[str, str, str]] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    number: int = 0
    folder: bytes = b""
    hindrance: str | None = None
    is_there: bool = True

    def block(self, place: bytes, whose: str, what: str) -> None:
        if len(self.blocked) < SHOWN:
            self.blocked.append((escape(place), whose, what))

    def replace(self, place: bytes, whose: str) -> None:
        self.number += 1
        if len(self.replaced) < SHOWN:
            self.replaced.append((escape(place), whose))

    def take(self, found: OthersInStore) -> None:
        self.number += found.number
        shown = [(escape(place), names(job, path)) for place, job, path in found.first]
        self.replaced += shown[: SHOWN - len(self.replaced)]

    def enter(self, root: bytes, output: bytes) -> None:
        """Look at the folders between the root and an output, once for each stretch of outputs in one folder."""
        folder = (root + b"/" + output).rpartition(b"/")[0]
        if folder != self.folder:
            self.folder = folder
            self.hindrance, self.is_there = _hindrance(root, output.split(b"/")[:-1])


def _hindrance(root: bytes, folders: Sequence[bytes]) -> tuple[str | None, bool]:
    """Return what keeps a folder below the root from being one, and whether it is there.

    A root that cannot be used is the trouble of one sink: it is told as such, and results wait for it in the spool.
    """
    if not os.path.isdir(root):  # noqa: PTH112 - a Path holds no bytes
        return None, False
    for end in range(1, len(folders) + 1):
        place = b"/".join((root, *folders[:end]))
        try:
            status = os.lstat(place)
        except FileNotFoundError:
            return None, False
        except OSError as error:
            return f"{escape(place)} cannot be entered: {os.strerror(error.errno or 0).lower()}", False
        if not stat.S_ISDIR(status.st_mode):
            what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a folder"
            return f"{escape(place)} is {what}", False
    return None, True


def _unwritable(place: bytes, own: OwnPlaces) -> str | None:
    """Say why nothing is ever written to a place, whatever stands there."""
    if own.is_read(place):
        return "specs are read from there"
    if len(place) > _LONGEST_PLACE:
        return f"the path has {len(place):,} bytes, and none may have more than {_LONGEST_PLACE:,}"
    return None


def _look(output: Output, root: bytes, own: OwnPlaces, seen: _Seen) -> None:
    place = root + b"/" + output.output
    whose = names(output.job, output.path)
    why = _unwritable(place, own)
    if why is None:
        seen.enter(root, output.output)
        why = seen.hindrance
    if why is not None:
        seen.block(place, whose, why)
        return
    status = status_of(place) if seen.is_there else None
    if status is None:
        return
    if (what := no_file(status)) is not None:
        seen.block(place, whose, what)
    elif not own.wrote(root, output, status.st_size):
        seen.replace(place, whose)


def _look_at_single(
    target: ResolvedJob, sink: ResolvedSink, own: OwnPlaces, seen: _Seen, unseen: list[UnseenSink]
) -> None:
    """Look at the place of a job's one output, the first time it is declared."""
    if not sink.output or sink.root is None or is_declared(target, sink, own.store):
        return
    place = sink.root + b"/" + sink.output
    whose = names(target.name, b"")
    why = _unwritable(place, own)
    if why is None:
        seen.enter(sink.root, sink.output)
        why = seen.hindrance
    status = status_of(place) if why is None and seen.is_there else None
    if why is not None:
        seen.block(place, whose, why)
    elif status is not None and (what := no_output(sink, status)) is not None:
        seen.block(place, whose, what)
    elif status is None:
        for ending in sink.kind.beside if seen.is_there else ():
            if status_of(place + ending) is not None:
                seen.replace(place + ending, whose)
    elif not sink.kind.whole:
        _require_usable(target.name, sink, unseen)
    elif not _is_our_single(target.name, sink.root, sink.output, status.st_size, own):
        seen.replace(place, whose)


def _is_our_single(job: str, root: bytes, output: bytes, size: int, own: OwnPlaces) -> bool:
    if own.store is None:
        return False
    return own.store.deliveries.is_single(root, output) or own.has_moved_along(job, b"", root, output, size)


def _require_usable(job: str, sink: ResolvedSink, unseen: list[UnseenSink]) -> None:
    """Let a sink that keeps many documents in one output say before anything is sent that what is there is not its own.

    Why it cannot be looked into is added to `unseen`.
    """
    try:
        require_usable(sink)
    except SinkError as error:
        unseen.append(UnseenSink(job, sink.identity, error))
