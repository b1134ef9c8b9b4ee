"""Documents that a spec lists: links, ids of files at a vendor, texts. A folder of our own mirrors them.

What a spec says itself is written there as it stands. Of links it holds what was last fetched, or a reference where the
provider follows them; looking at links is the engine's matter, and what they said is remembered beside their files.
"""

import hashlib
import io
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

from docbatch.core.errors import GuardRefused
from docbatch.core.models import Input
from docbatch.naming.links import BadLink, digest, normal
from docbatch.naming.references import LONGEST, Reference, decode
from docbatch.naming.templates import NO_METADATA
from docbatch.sources import linked_files
from docbatch.sources.base import Source
from docbatch.sources.content import Measured, measure, open_content
from docbatch.sources.documents import WINDOW, Entry, FoundDocuments, Observed, Seen, Unusable, in_order
from docbatch.sources.found_files import Found
from docbatch.sources.globs import compile_globs
from docbatch.sources.linkcache import LastLook, LinkCache
from docbatch.sources.scan import scan_windows
from docbatch.sources.statcache import StatCache

Looks = Mapping[bytes, LastLook]
"""What links said, by document path."""


@dataclass(frozen=True, slots=True)
class Link:
    """`followed` links are fetched by the provider, the others by docbatch. The URL may be a credential."""

    url: str = field(repr=False)
    followed: bool

    @property
    def identity(self) -> str:
        """What tells the mirror's file of this link from that of another, or of the same kept otherwise."""
        return f"{'reference' if self.followed else 'bytes'} {digest(self.url)}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list names, by document path in path order.

    `written` is what the mirror holds as it stands: texts, and references to what the provider has. `types` are the
    media types that are said by the list and not read from the bytes. `private` allows links to private addresses.
    `metadata` is what the list says of documents beside that, of those of which it says anything. An `unread` one is not known.
    """

    written: Mapping[bytes, bytes] = field(default_factory=dict)
    links: Mapping[bytes, Link] = field(default_factory=dict)
    types: Mapping[bytes, str] = field(default_factory=dict)
    private: bool = False
    metadata: Mapping[bytes, Mapping[str, str]] = field(default_factory=dict)
    unread: bool = False

    @property
    def paths(self) -> Sequence[bytes]:
        """All documents, in path order."""
        return sorted({*self.written, *self.links})

    def __contains__(self, path: bytes) -> bool:
        return path in self.written or path in self.links

    def only(self, paths: Collection[bytes]) -> "Listing":
        """Return the list with these documents alone."""
        written = {path: content for path, content in self.written.items() if path in paths}
        links = {path: link for path, link in self.links.items() if path in paths}
        return replace(self, written=written, links=links)


class ListedSource(Source):
    """A list, and the absolute folder that mirrors it. What an `unknown` mirror holds counts for nothing."""

    def __init__(self, mirror: Path, listing: Listing, *, unknown: bool = False) -> None:
        self._unknown = unknown
        self.identity = os.fsencode(mirror)
        self._listing = listing
        self._mirror = mirror
        self._said: dict[bytes, LastLook] = {}
        self._known: Looks = {}

    @property
    def listing(self) -> Listing:
        """What it lists. Raises GuardRefused where that was not read: it is not taken for an empty list."""
        if self._listing.unread:
            raise GuardRefused(
                "the list that comes by standard input is not read here",
                hint="nothing was changed; only commands that look at documents read it",
            )
        return self._listing

    @listing.setter
    def listing(self, listing: Listing) -> None:
        self._listing = listing

    @property
    def shown(self) -> str:
        return (
            ""
            if self.listing.written or self.listing.links
            else "no document in the list that urls_from: names"
        )

    def remember(self, looks: Looks) -> None:
        """Take what links have just said; it is newer than the cache."""
        self._said.update(looks)

    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        for seen in self.find(StatCache(None), only).windows:
            listed = [Entry(each.path, each.size, each.digest) for each in seen.documents]
            yield from in_order(listed, seen.unusable)

    def open(self, path: bytes) -> BinaryIO:
        content = self.listing.written.get(path)
        return open_content(self.file(path)) if content is None else io.BytesIO(content)

    def is_there(self, path: bytes) -> bool:
        return path in self.listing

    def find(self, cache: StatCache, only: Collection[bytes] | None = None) -> FoundDocuments:
        listing = self.listing if only is None else self.listing.only(only)
        if not listing.links:
            return FoundDocuments(_written(listing))
        if self._unknown:
            return FoundDocuments((), frozenset(listing.links))
        self._known = {**LinkCache(cache).of(self.identity), **self._said}
        return self._mirrored(listing, self._known, cache if only is None else StatCache(None))

    def measure(self, path: bytes) -> Measured:
        now, _ = measure(self.file(path))
        return replace(now, media_type=self.listing.types.get(path, now.media_type))

    def file(self, path: bytes) -> bytes:
        return self.identity + b"/" + path

    def metadata(self, path: bytes) -> Mapping[str, str]:
        return self.listing.metadata.get(path, NO_METADATA)

    def modified(self, path: bytes) -> float | None:
        """Return what the site said of a link when it was last looked at."""
        look = self._known.get(path)
        return None if look is None or look.modified is None else _moment(look.modified)

    def named(self, document: str) -> Iterator[bytes]:
        """Yield the document that a link leads to; a signature in it does not count."""
        if "://" not in document:
            yield from super().named(document)
            return
        try:
            wanted = digest(normal(document, private=True))
        except BadLink:
            return
        yield from (path for path, link in self.listing.links.items() if digest(link.url) == wanted)

    def _mirrored(self, listing: Listing, known: Looks, cache: StatCache) -> FoundDocuments:
        files: list[Found] = []
        unusable: list[Unusable] = []
        unseen: set[bytes] = set()
        for path, link in listing.links.items():
            look = known.get(path)
            file = mirrored(self.identity, path, link, look)
            if file is not None:
                files.append(file)
            elif look is not None and look.problem is not None and look.link == link.identity:
                unusable.append(Unusable(path, look.problem))
            else:
                unseen.add(path)
        everything = compile_globs(["**"], hidden=True)
        seen = scan_windows(self._mirror, linked_files.windows(files, unusable), everything, cache)
        return FoundDocuments(_typed(seen, listing.types), frozenset(unseen))


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


def _moment(date: str) -> float | None:
    """Return a date of HTTP in seconds since the epoch; None for what is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _written(listing: Listing) -> Iterator[Seen]:
    """What a spec says itself is known before the mirror holds it."""
    documents = [
        Observed(path, hashlib.sha256(content).hexdigest(), listing.types[path], len(content))
        for path, content in listing.written.items()
    ]
    for start in range(0, len(documents), WINDOW):
        yield Seen(documents[start : start + WINDOW], [])


def _typed(windows: Iterable[Seen], types: Mapping[bytes, str]) -> Iterator[Seen]:
    """What a document is by the list is never read from its bytes."""
    for seen in windows:
        documents: Sequence[Observed] = [
            each._replace(media_type=types[each.path]) if each.path in types else each
            for each in seen.documents
        ]
        yield Seen(list(documents), seen.unusable)
