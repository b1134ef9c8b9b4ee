"""The documents of one source, in path order: found, recalled or measured.

Everything comes in windows, because most runs find a million unchanged files and a call for each would be what they
spend their time on.
"""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from docbatch.sources.content import ContentError, Vanished, empty, measure
from docbatch.sources.documents import Observed, Seen, Unusable
from docbatch.sources.found_files import Window, packed, size_of, told
from docbatch.sources.globs import Globs
from docbatch.sources.known_stretch import KnownFile
from docbatch.sources.statcache import KnownFiles, StatCache
from docbatch.sources.walk import walk

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from docbatch.sources.settling import Withholding

LARGE = 1 << 20
"""From this size on, in bytes, hashing on another core is worth the handing over."""


def scan(root: Path, globs: Globs, cache: StatCache) -> Generator[Seen, None, None]:
    """Yield the documents below an existing folder. Raises GuardRefused when it cannot be listed."""
    return scan_windows(root, walk(root, globs), globs, cache)


def scan_windows(
    root: Path,
    windows: Iterable[Window],
    globs: Globs,
    cache: StatCache,
    withholding: "Withholding | None" = None,
) -> Generator[Seen, None, None]:
    """Yield the documents of windows over a folder, of which `globs` tell all that the windows may hold.

    What is withheld is neither read nor yielded.
    """
    known = cache.known(os.path.realpath(bytes(root)), globs)
    yield from observed(windows, known, _FileMeter(bytes(root) + b"/"), withholding)


class Meter(Protocol):
    """Measures what is not known. To be closed; used by one thread."""

    def measure(self, files: Sequence[tuple[bytes, bytes]]) -> Iterator[KnownFile | Unusable | None]:
        """Yield one outcome for each file, given by path and packed status; None for one that is gone."""

    def close(self) -> None: ...


def observed(
    windows: Iterable[Window], known: KnownFiles, meter: Meter, withholding: "Withholding | None" = None
) -> Generator[Seen, None, None]:
    """Yield the documents of windows, as they are known or else measured."""
    try:
        for window in windows:
            whole = known.whole(window)
            if whole is None:
                yield _measured(window, known, meter, withholding)
            else:
                yield Seen(whole if withholding is None else withholding.rest(whole), window.unusable)
        known.finish()
    finally:
        known.flush()
        meter.close()


def _measured(window: Window, known: KnownFiles, meter: Meter, withholding: "Withholding | None") -> Seen:
    documents = []
    files = list(zip(window.files, known.recall(window), strict=True))
    if withholding is not None:
        files = _without_held(files, withholding)
    fresh = meter.measure([file for file, row in files if row is None])
    for file, row in files:
        outcome = next(fresh) if row is None else row
        if withholding is not None and row is None and outcome is not None and withholding.is_other(*file):
            continue
        if isinstance(outcome, Unusable):
            window.unusable.append(outcome)
        elif outcome is not None:
            path, status, digest, media_type = outcome
            documents.append(Observed(path, digest, media_type, size_of(status)))
            known.keep(outcome, fresh=row is None)
    window.unusable.sort()
    return Seen(documents, window.unusable)


def _without_held(
    files: Sequence[tuple[tuple[bytes, bytes], KnownFile | None]], withholding: "Withholding"
) -> list[tuple[tuple[bytes, bytes], KnownFile | None]]:
    unknown = [file for file, row in files if row is None]
    held = withholding.held(unknown, [file[0] for file, row in files if row is not None])
    return [each for each in files if each[0][0] not in held]


class _FileMeter:
    """Measures files in order; large ones side by side, since hashing them leaves the interpreter free."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._pool: Executor | None = None

    def measure(self, files: Sequence[tuple[bytes, bytes]]) -> Iterator[KnownFile | Unusable | None]:
        """Yield one outcome for each file, given by path and packed status; None for one that is gone."""
        found = [(path, size_of(status)) for path, status in files]
        large = [path for path, size in found if size >= LARGE]
        ahead = {path: self._submit(path) for path in large} if len(large) > 1 else {}
        for path, size in found:
            if path in ahead:
                yield ahead.pop(path).result()
            else:
                yield self._measure(path) if size else Unusable(path, empty())

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _submit(self, path: bytes) -> "Future[KnownFile | Unusable | None]":
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - unchanged trees need none

            self._pool = ThreadPoolExecutor(os.cpu_count())
        return self._pool.submit(self._measure, path)

    def _measure(self, path: bytes) -> KnownFile | Unusable | None:
        try:
            now, at = measure(self._root + path)
        except Vanished:
            return None
        except ContentError as error:
            return Unusable(path, error.failure)
        return KnownFile(path, packed(told(at)), now.digest, now.media_type)
