"""The documents of one source, in path order: found, recalled or measured.

Everything comes in windows, because most runs find a million unchanged files and a call for each would be what they
spend their time on.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docbatch.sources.cachefile import CacheRow
from docbatch.sources.content import ContentError, Vanished, empty, measure
from docbatch.sources.documents import Observed, Seen, Unusable
from docbatch.sources.globs import Globs
from docbatch.sources.statcache import KnownFiles, StatCache
from docbatch.sources.walk import Found, Window, walk

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

LARGE = 1 << 20
"""From this size on, in bytes, hashing on another core is worth the handing over."""


_observed = partial(tuple.__new__, Observed)
_columns: Callable[[Any], tuple[bytes, str, str, int]] = itemgetter(0, 6, 7, 1)
"""Path, digest, media type and size of a row of the cache."""


def scan(root: Path, globs: Globs, cache: StatCache) -> Generator[Seen, None, None]:
    """Yield the documents below an existing folder. Raises GuardRefused when it cannot be listed."""
    return scan_windows(root, walk(root, globs), globs, cache)


def scan_windows(
    root: Path, windows: Iterable[Window], globs: Globs, cache: StatCache
) -> Generator[Seen, None, None]:
    """Yield the documents of windows over a folder, of which `globs` tell all that the windows may hold."""
    known = cache.known(os.path.realpath(bytes(root)), globs)
    meter = _Meter(bytes(root) + b"/")
    try:
        for window in windows:
            rows = known.recall(window.found)
            if None in rows:
                yield _measured(window.found, rows, window.unusable, known, meter)
            else:
                yield Seen(list(map(_observed, map(_columns, rows))), window.unusable)
        known.finish()
    finally:
        known.flush()
        meter.close()


def _measured(
    found: Sequence[Found],
    rows: Sequence[CacheRow | None],
    unusable: list[Unusable],
    known: KnownFiles,
    meter: "_Meter",
) -> Seen:
    documents = []
    fresh = meter.measure([entry for entry, row in zip(found, rows, strict=True) if row is None])
    for row in rows:
        outcome = next(fresh) if row is None else row
        if isinstance(outcome, Unusable):
            unusable.append(outcome)
        elif outcome is not None:
            documents.append(_observed(_columns(outcome)))
            if row is None:
                known.keep(outcome)
    unusable.sort()
    return Seen(documents, unusable)


class _Meter:
    """Measures files in order; large ones side by side, since hashing them leaves the interpreter free."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._pool: Executor | None = None

    def measure(self, found: Sequence[Found]) -> Iterator[CacheRow | Unusable | None]:
        """Yield one outcome for each file, None for one that is gone."""
        large = [entry[0] for entry in found if entry[1] >= LARGE]
        ahead = {path: self._submit(path) for path in large} if len(large) > 1 else {}
        for path, size, *_ in found:
            if path in ahead:
                yield ahead.pop(path).result()
            else:
                yield self._measure(path) if size else Unusable(path, empty())

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _submit(self, path: bytes) -> "Future[CacheRow | Unusable | None]":
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - unchanged trees need none

            self._pool = ThreadPoolExecutor(os.cpu_count())
        return self._pool.submit(self._measure, path)

    def _measure(self, path: bytes) -> CacheRow | Unusable | None:
        try:
            now, at = measure(self._root + path)
        except Vanished:
            return None
        except ContentError as error:
            return Unusable(path, error.failure)
        status = (now.size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino, at.st_dev)
        return (path, *status, now.digest, now.media_type)
