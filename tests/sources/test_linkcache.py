from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.sources.linkcache import LastLook, LinkCache
from docbatch.sources.statcache import StatCache

LOOK = LastLook("link", "etag", None, 1_700_000_000, 5, 7, 11)
FAILED = LastLook("other", None, None, 1_700_000_001, problem=Failure(FailureClass.UNREADABLE, "gone"))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[StatCache]:
    made = StatCache(tmp_path / "cache.db")
    yield made
    made.close()


def test_one_link_is_looked_up_as_all_of_them_are(cache: StatCache) -> None:
    table = LinkCache(cache)
    table.keep(b"/root", {b"a": LOOK, b"b": FAILED})
    table.keep(b"/elsewhere", {b"a": FAILED})

    assert {path: table.last(b"/root", path) for path in (b"a", b"b")} == table.of(b"/root")
    assert table.last(b"/root", b"a") == LOOK


def test_an_unknown_link_was_never_looked_at(cache: StatCache) -> None:
    LinkCache(cache).keep(b"/root", {b"a": LOOK})

    assert LinkCache(cache).last(b"/root", b"c") is None
    assert LinkCache(StatCache(None)).last(b"/root", b"a") is None
