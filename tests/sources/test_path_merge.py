"""Streams in path order as one."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as some

from docbatch.sources.documents import Observed
from docbatch.sources.path_merge import PathMerge

PATHS = some.lists(some.binary(min_size=1, max_size=3), unique=True).map(sorted)


def stream(*paths: bytes) -> Iterator[Observed]:
    return iter([Observed(path, path.hex(), "text/plain", 1) for path in paths])


def test_streams_come_in_the_order_of_bytes() -> None:
    merge = PathMerge(b"!")
    merge.add(stream(b"a.zip!b", b"a.zip!d"))

    assert [each.path for each in merge.before(b"a.zip!c")] == [b"a.zip!b"]
    merge.add(stream(b"a.zip!c!x"))
    assert [each.path for each in merge.before(None)] == [b"a.zip!c!x", b"a.zip!d"]
    assert not merge


def test_what_has_a_taken_path_comes_by_another_that_is_remembered() -> None:
    merge = PathMerge(b"!")
    merge.add(stream(b"a!x", b"a!x!2"))
    merge.passed(b"a!x")

    assert [each.path for each in merge.before(None)] == [b"a!x!2", b"a!x!3"]
    assert merge.renamed[b"a!x!2"] == b"a!x"


@given(some.lists(PATHS, max_size=5))
def test_nothing_is_lost_and_no_path_is_there_twice(streams: list[list[bytes]]) -> None:
    merge = PathMerge(b"!")
    for paths in streams:
        merge.add(stream(*paths))
    found = list(merge.before(None))

    names = [each.path for each in found]
    assert names == sorted(set(names))
    assert sorted(each.digest for each in found if isinstance(each, Observed)) == sorted(
        path.hex() for paths in streams for path in paths
    )
