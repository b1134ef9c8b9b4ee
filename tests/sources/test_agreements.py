import os
from pathlib import Path

import pytest

from docbatch.sources.agreements import Agreements
from docbatch.sources.known_stretch import KnownFile, KnownStretch
from docbatch.sources.statcache import StatCache

STRETCH = KnownStretch.of([KnownFile(b"b", b"", "0" * 64, "text/plain")])
TRUST_AT_ONCE = -(10**12)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    (tmp_path / "record").write_text("recorded")
    return tmp_path / "record"


def opened(record: Path, terms: str = "", margin_ns: int = TRUST_AT_ONCE) -> tuple[StatCache, Agreements]:
    cache = StatCache(record.with_name("cache.db"), margin_ns=margin_ns)
    return cache, Agreements(cache, record, "job", terms)


def agree(record: Path, margin_ns: int = TRUST_AT_ONCE) -> None:
    cache, agreements = opened(record, margin_ns=margin_ns)
    agreements.add(b"a", STRETCH, 1)
    agreements.keep()
    cache.close()


def has(record: Path, after: bytes = b"a", recipe: int = 1, terms: str = "") -> bool:
    cache, agreements = opened(record, terms)
    try:
        return agreements.has(after, STRETCH, recipe)
    finally:
        cache.close()


def test_what_was_agreed_on_is_known_for_what_it_was_alone(record: Path) -> None:
    agree(record)
    assert has(record)
    assert not has(record, after=b"")
    assert not has(record, recipe=2)
    assert not has(record, terms="other")


def test_a_record_that_was_written_agrees_to_nothing(record: Path) -> None:
    agree(record)
    before = record.stat()
    record.write_text("reCorded")
    os.utime(record, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not has(record)


def test_nor_does_one_that_lies_in_part_in_its_log(record: Path) -> None:
    agree(record)
    record.with_name("record-wal").write_text("more")
    assert not has(record)


def test_a_record_as_fresh_as_the_look_at_it_is_asked_again(record: Path) -> None:
    agree(record, margin_ns=2_000_000_000)
    assert not has(record)


def test_a_record_that_is_written_meanwhile_agrees_to_nothing(record: Path) -> None:
    cache, agreements = opened(record)
    agreements.add(b"a", STRETCH, 1)
    record.write_text("written")
    agreements.keep()
    cache.close()
    assert not has(record)
