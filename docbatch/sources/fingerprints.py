"""What the bytes behind fingerprints are: read once, and not again as long as a source shows the same fingerprint."""

from collections.abc import Mapping

from docbatch.sources.content import Measured
from docbatch.sources.statcache import StatCache

_READ = (
    "SELECT path, fingerprint, digest, media_type, size FROM fingerprint WHERE source = ? AND path IN ({})"
)
_KEEP = "INSERT OR REPLACE INTO fingerprint VALUES (?, ?, ?, ?, ?, ?)"
_MOST = 500


class Fingerprints:
    """A table beside the stat cache, of which it is as deletable."""

    def __init__(self, cache: StatCache, source: bytes) -> None:
        self._file = cache.file
        self._source = source
        self._kept: list[tuple[object, ...]] = []

    def recall(self, wanted: Mapping[bytes, str]) -> dict[bytes, Measured]:
        """Return what is known of documents, given by path and fingerprint."""
        known = {}
        paths = list(wanted)
        for start in range(0, len(paths) if self._file is not None else 0, _MOST):
            window = paths[start : start + _MOST]
            assert self._file is not None
            rows = self._file.read(_READ.format(", ".join("?" * len(window))), (self._source, *window))
            for path, fingerprint, digest, media_type, size in rows:
                if wanted[path] == fingerprint:
                    known[path] = Measured(digest, media_type, size)
        return known

    def keep(self, path: bytes, fingerprint: str, measured: Measured) -> None:
        self._kept.append(
            (self._source, path, fingerprint, measured.digest, measured.media_type, measured.size)
        )

    def flush(self) -> None:
        if self._file is not None and self._kept:
            self._file.write([(_KEEP, self._kept)])
        self._kept = []
