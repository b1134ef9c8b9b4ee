"""Stretches that a state was not told of yet."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.sources.documents import Seen
from docbatch.sources.found_files import Window
from docbatch.sources.globs import compile_globs
from docbatch.sources.known_stretch import KnownFile
from docbatch.sources.object_listing import packed_status
from docbatch.sources.scan import observed
from docbatch.sources.statcache import StatCache
from docbatch.sources.unrecorded_stretches import UnrecordedStretches

GLOBS = compile_globs(["**"])
ROOT = b"s3://bucket/in"


class Digests:
    """Knows of every object what it would be."""

    def measure(self, files: object) -> Iterator[KnownFile]:
        for path, status in files:  # type: ignore[attr-defined]
            yield KnownFile(path, status, status.hex()[-64:].zfill(64), "text/plain")

    def close(self) -> None: ...


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StatCache]:
    with closing(StatCache(tmp_path / "cache.db")) as opened:
        yield opened


def scan(cache: StatCache, **etags: str) -> None:
    """Let the cache know objects, in two windows."""
    windows = []
    names = sorted(etags)
    for half in (names[:2], names[2:]):
        window = Window()
        for name in half:
            window.add(b"", [name.encode()], packed_status(1, etags[name], None, 0.0))
        windows.append(window)
    seen: list[Seen] = list(observed(windows, cache.known(ROOT, GLOBS), Digests()))
    assert sum(len(each.documents) for each in seen) == len(etags)


def told(cache: StatCache, state: str = "one", *, note: bool = True) -> list[bytes]:
    stretches = UnrecordedStretches(cache, ROOT, GLOBS, state)
    found = [each.path for stretch in stretches for each in stretch.files()]
    if note:
        stretches.note()
    return found


def test_what_is_new_is_told_once(cache: StatCache) -> None:
    scan(cache, a="1", b="1", c="1", d="1")
    assert told(cache) == [b"a", b"b", b"c", b"d"]
    assert told(cache) == []

    scan(cache, a="1", b="1", c="1", d="1")
    assert told(cache) == []

    scan(cache, a="1", b="1", c="1", d="2")
    assert told(cache) == [b"c", b"d"]


def test_what_was_not_noted_is_told_again(cache: StatCache) -> None:
    scan(cache, a="1", b="1", c="1")

    assert told(cache, note=False) == told(cache) == [b"a", b"b", b"c"]


def test_another_state_is_told_all(cache: StatCache) -> None:
    scan(cache, a="1", b="1", c="1")
    told(cache)

    assert told(cache, "another") == [b"a", b"b", b"c"]


def test_without_a_cache_nothing_is_told() -> None:
    assert told(StatCache(None)) == []
