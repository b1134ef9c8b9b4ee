"""The contract of a source: where documents come from.

An implementer answers three questions: what is there, in path order, each with a fingerprint; what are the bytes of one
document; is one document there. Everything else has a default that is made of these, and is overridden for speed only.

Rules: paths are bytes, "/"-separated, relative, and come in byte order, each once. A fingerprint is opaque text, compared
by equality: the same one promises the same bytes. What cannot be a document is reported as `Unusable`, never raised; a
source that cannot be listed at all raises GuardRefused, so that it is never taken for an empty one.
"""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import BinaryIO, cast

from docbatch.naming.pathtext import unescape
from docbatch.naming.templates import NO_METADATA
from docbatch.sources.content import ContentError, Measured, Vanished, measure_stream, reading
from docbatch.sources.documents import WINDOW, Entry, FoundDocuments, Observed, Seen, Unusable
from docbatch.sources.fingerprints import Fingerprints
from docbatch.sources.statcache import StatCache

IN_MEMORY = 1 << 22


class Source(ABC):
    """`identity` tells this place from every other: a document's place is the identity, "/" and its path.

    It is kept in the state, is compared by its bytes, and holds no credentials.
    """

    identity: bytes
    is_far = False
    """Whether documents are asked for over a network, so that it is worth while to open several at a time."""

    @abstractmethod
    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        """Yield what is there in path order; of the paths in `only` where they are given. Raises GuardRefused."""

    @abstractmethod
    def open(self, path: bytes) -> BinaryIO:
        """Open one document's bytes. Raises ContentError, and Vanished where there is none any more."""

    def open_measured(self, path: bytes, digest: str) -> BinaryIO:
        """Open what was measured under a path, from where it can be had the quickest. Raises as `open` does.

        Who opens it makes sure of the digest.
        """
        del digest
        return self.open(path)

    @abstractmethod
    def is_there(self, path: bytes) -> bool:
        """Say whether something is there under the path, whether the source selects it or not."""

    def find(self, cache: StatCache, only: Collection[bytes] | None = None) -> FoundDocuments:
        """Return what is there, in path order. A document whose fingerprint is known is not opened."""
        return FoundDocuments(self._windows(cache, only))

    def measure(self, path: bytes) -> Measured:
        """Read one document and tell what it is. Raises ContentError."""
        with reading(), seekable(self.open(path)) as content:
            return measure_stream(content, path.rpartition(b"/")[2])

    @property
    def shown(self) -> str:
        """Say where is looked and for what, for whoever wonders why nothing was found; empty where there is nothing to say."""
        return ""

    def file(self, path: bytes) -> bytes | None:
        """Return the absolute path of the file that holds the document's bytes, None where no file of this machine does."""
        del path
        return None

    def metadata(self, path: bytes) -> Mapping[str, str]:
        """Return what is known about one document beside its bytes, by name."""
        del path
        return NO_METADATA

    def is_untold(self, path: bytes) -> bool:
        """Say whether more may be known of one document, and could not be learned now."""
        del path
        return False

    def modified(self, path: bytes) -> float | None:
        """Return when one document was changed last, in seconds since the epoch; None where nothing says it."""
        del path
        return None

    def why_left_out(self, path: bytes) -> str | None:
        """Say why something that is there is not taken, in a sentence; None where there is nothing to say but that it is not selected."""
        del path
        return None

    @property
    def leaves_changes(self) -> bool:
        """Whether what changed since it was found is left for a later look, since it may still be written."""
        return False

    @property
    def unwrapped(self) -> "Source":
        """The source itself; of one that selects from another, or opens what is in it, that other."""
        return self

    def place(self, path: bytes) -> bytes | None:
        """Return where the document lies as places of outputs are written, None where no output can lie there."""
        return self.file(path)

    def confirm(self, path: bytes) -> Measured:
        """Tell what a document is without relying on what was kept of it by an earlier run. Raises ContentError."""
        return self.measure(path)

    @property
    def unseen_because(self) -> str:
        """Say why it is not looked at what is there, so that documents count as they are recorded; empty where it is."""
        return ""

    def named(self, document: str) -> Iterator[bytes]:
        """Yield the paths that a person may mean by a text."""
        yield os.path.normpath(unescape(document))

    def is_opened(self, path: bytes) -> bool:
        """Say whether something is there that is no document, because what lies in it are."""
        del path
        return False

    def _windows(self, cache: StatCache, only: Collection[bytes] | None) -> Iterator[Seen]:
        entries = self.entries(only)
        known = Fingerprints(cache, self.identity)
        while window := list(islice(entries, WINDOW)):
            yield self._seen(window, known)

    def _seen(self, window: list[Entry | Unusable], known: Fingerprints) -> Seen:
        listed = [each for each in window if isinstance(each, Entry)]
        unusable = [each for each in window if isinstance(each, Unusable)]
        recalled = known.recall({each.path: each.fingerprint for each in listed})
        documents = []
        for each in listed:
            now = recalled.get(each.path) or self._measured(each, unusable)
            if now is not None:
                documents.append(Observed(each.path, now.digest, now.media_type, now.size))
                if each.path not in recalled:
                    known.keep(each.path, each.fingerprint, now)
        known.flush()
        return Seen(documents, sorted(unusable))

    def _measured(self, entry: Entry, unusable: list[Unusable]) -> Measured | None:
        try:
            return self.measure(entry.path)
        except Vanished:
            pass
        except ContentError as error:
            unusable.append(Unusable(entry.path, error.failure))
        return None


def seekable(stream: BinaryIO, most: int | None = None) -> BinaryIO:
    """Return the stream, or a copy of it where it can be read once only: of little more than `most` bytes, if given."""
    if stream.seekable():
        return stream
    copy = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    with stream:
        while (most is None or copy.tell() <= most) and (chunk := stream.read(1 << 20)):
            copy.write(chunk)
    copy.seek(0)
    return cast("BinaryIO", copy)
