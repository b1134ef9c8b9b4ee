"""Finding the documents of a job's source: what can be seen of them now, without asking anybody."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from docbatch.core.models import Input
from docbatch.engine.planning.resolved_job import Link, Listing, ResolvedJob
from docbatch.naming.references import LONGEST, Reference, decode
from docbatch.sources import linked_files
from docbatch.sources.globs import compile_globs
from docbatch.sources.linkcache import LastLook, LinkCache
from docbatch.sources.scan import Observed, Seen, scan_windows
from docbatch.sources.statcache import StatCache
from docbatch.sources.walk import WINDOW, Found, Unusable, look_up, walk

Looks = Mapping[bytes, LastLook]
"""What links said, by document path."""
Paths = frozenset[bytes]
"""Documents by path, of one job."""


@dataclass(frozen=True, slots=True)
class VisibleDocuments:
    """`unseen` are the links that nobody has looked at yet."""

    windows: Iterable[Seen]
    unseen: frozenset[bytes] = frozenset()


def find_documents(
    target: ResolvedJob, cache: StatCache, looks: Looks, only: Paths | None = None
) -> VisibleDocuments:
    """Return what is there of a job's documents; of links, what the mirror holds. `looks` are newer than the cache.

    `only` names the documents that are looked at; without it all are.
    """
    if only is not None and target.listing is not None:
        target = replace(target, listing=target.listing.only(only))
    # The cache is read along with a whole walk; a few documents are measured sooner than looked up there.
    digests = cache if only is None else StatCache(None)
    root = Path(os.fsdecode(target.root))
    if target.listing is None:
        globs = compile_globs(target.include, target.exclude, hidden=target.hidden)
        windows = walk(root, globs) if only is None else look_up(root, globs, only)
        return VisibleDocuments(scan_windows(root, windows, globs, digests))
    if not target.listing.links:
        return VisibleDocuments(_written(target.listing))
    known = {**LinkCache(cache).of(target.root), **looks}
    return _mirrored(target, target.listing, known, digests)


def mirrored(root: bytes, path: bytes, link: Link, look: LastLook | None) -> Found | None:
    """Return the mirror's file of a link; None where it is not known to be this link's."""
    file = linked_files.found(root, path)
    if file is None or (look is not None and look.link == link.identity and linked_files.is_of(file, look)):
        return file
    return file if link.followed and reference(root, path, link.url) is not None else None


def reference(root: bytes, path: bytes, url: str) -> Reference | None:
    """Return what the mirror holds of a link that the provider fetches; None where that is another's, or nothing."""
    try:
        with linked_files.place(root, path).open("rb") as stream:
            found = decode(stream.read(LONGEST))
    except (OSError, ValueError):
        return None
    return found if (found.kind, found.value) == (Input.URL, url) else None


def _written(listing: Listing) -> Iterator[Seen]:
    """What a spec says itself is known before the mirror holds it."""
    documents = [
        Observed(path, len(content), 0, 0, 0, 0, hashlib.sha256(content).hexdigest(), listing.types[path])
        for path, content in listing.written.items()
    ]
    for start in range(0, len(documents), WINDOW):
        yield Seen(documents[start : start + WINDOW], [])


def _mirrored(target: ResolvedJob, listing: Listing, known: Looks, digests: StatCache) -> VisibleDocuments:
    files: list[Found] = []
    unusable: list[Unusable] = []
    unseen: set[bytes] = set()
    for path, link in listing.links.items():
        look = known.get(path)
        file = mirrored(target.root, path, link, look)
        if file is not None:
            files.append(file)
        elif look is not None and look.problem is not None and look.link == link.identity:
            unusable.append(Unusable(path, look.problem))
        else:
            unseen.add(path)
    root, everything = Path(os.fsdecode(target.root)), compile_globs(["**"], hidden=True)
    seen = scan_windows(root, linked_files.windows(files, unusable), everything, digests)
    return VisibleDocuments(_typed(seen, listing.types), frozenset(unseen))


def _typed(windows: Iterable[Seen], types: Mapping[bytes, str]) -> Iterator[Seen]:
    """What a document is by the list is never read from its bytes."""
    for seen in windows:
        documents = [
            each._replace(media_type=types[each.path]) if each.path in types else each
            for each in seen.documents
        ]
        yield Seen(documents, seen.unusable)
