"""What writers said of objects, under names that templates can say, and kept apart from what lay there before."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.sources.object_metadata import LearnedMetadata, packed_metadata, sayable, unpacked_metadata
from docbatch.sources.statcache import StatCache


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({"Customer-Id": "acme"}, {"customer_id": "acme"}),
        ({"2026 year": "x"}, {"_2026_year": "x"}),
        ({"Content-Type": "text/plain", "content-type": "letter"}, {"content_type": "letter"}),
        ({"customer-id": "one", "customer_id": "other"}, {"customer_id": "other"}),
        ({"team-a": "one", "team.a": "other"}, {"team_a": "one"}),
        ({"title": "=?UTF-8?B?TcO8bGxlcg==?="}, {"title": "Müller"}),
        ({"title": "=?nonsense?B?TcO8?="}, {"title": "=?nonsense?B?TcO8?="}),
        ({"title": "=?UTF-8"}, {"title": "=?UTF-8"}),
        ({}, {}),
    ],
)
def test_names_are_such_as_templates_can_say(said: Mapping[str, str], known: Mapping[str, str]) -> None:
    assert sayable(said) == known


@pytest.mark.parametrize("damaged", ["", "[]", "{", "null"])
def test_of_what_is_damaged_nothing_is_known(damaged: str) -> None:
    assert unpacked_metadata(damaged) == {}


def test_the_cache_keeps_what_is_said_and_forgets_what_is_said_no_more(tmp_path: Path) -> None:
    cache = StatCache(tmp_path / "cache.db")
    assert cache.file is not None
    said = packed_metadata({"team": "red"})
    learned = LearnedMetadata(b"s3://lake")
    learned.learn({b"a": said, b"b": said, b"c": packed_metadata({})})
    assert cache.file.write(learned.changes())
    learned.settle()
    assert learned.changes() == []

    later = LearnedMetadata(b"s3://lake")
    later.attach(cache.file)
    assert [later.of(path) for path in (b"a", b"b", b"c")] == [said, said, None]

    later.learn({b"a": packed_metadata({})})
    later.learn({b"b": packed_metadata({})}, is_kept=True)
    assert cache.file.write(later.changes())
    again = LearnedMetadata(b"s3://lake")
    again.attach(cache.file)
    assert [again.of(path) for path in (b"a", b"b")] == [None, "{}"]
    cache.close()


def test_what_the_cache_did_not_take_is_told_again() -> None:
    learned = LearnedMetadata(b"s3://lake")
    learned.learn({b"a": packed_metadata({"team": "red"})})
    first = learned.changes()
    learned.learn({b"b": packed_metadata({"team": "blue"})})
    assert len(learned.changes()[0][1]) == len(first[0][1]) + 1
