"""Listings of objects turned into windows: order, selection, and what stands for the bytes."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.sources.found_files import size_of
from docbatch.sources.globs import compile_globs
from docbatch.sources.litter import Litter
from docbatch.sources.object_listing import ObjectListing, packed_status
from docbatch.sources.reading_ahead import ahead
from docbatch.testing.patience import LONG

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
MD5 = "9e107d9d372bb6826bd81d3542a419d6"


def listed(key: str, size: int = 1, etag: str | None = f'"{MD5}"', version: str | None = None) -> Any:
    return {"path": key, "size": size, "e_tag": etag, "version": version, "last_modified": WHEN}


def paths(
    *windows: Sequence[Any], include: str = "**", prefix: str = "in/", there: Sequence[str] = ()
) -> list[bytes]:
    """Return what a listing of these windows selects."""
    globs = compile_globs([include])
    listing = ObjectListing("lake", prefix, globs, Litter([include]), lambda key: key in there)
    return [path for window in listing.windows(iter(windows)) for path, _ in window.files]


def keys(*names: str) -> list[Any]:
    return [listed(f"in/{name}") for name in names]


@pytest.mark.parametrize(
    ("include", "selected"),
    [
        ("**", [b"a.pdf", b"b/c.pdf", b"b/d.txt", b"e.pdf"]),
        ("**/*.pdf", [b"a.pdf", b"b/c.pdf", b"e.pdf"]),
        ("*.pdf", [b"a.pdf", b"e.pdf"]),
        ("b/**", [b"b/c.pdf", b"b/d.txt"]),
        ("b/*.txt", [b"b/d.txt"]),
        ("none/**", []),
    ],
)
def test_patterns_select_keys_as_they_select_files(include: str, selected: list[bytes]) -> None:
    window = keys("a.pdf", "b/.hidden.pdf", "b/c.pdf", "b/d.txt", "b/~$c.pdf", "e.pdf")

    assert paths(sorted(window, key=lambda each: each["path"]), include=include) == selected


@pytest.mark.parametrize("own", [".docbatch/x.pdf", ".docbatch-trash/a/x.pdf"])
def test_what_is_our_own_is_no_document(own: str) -> None:
    globs = compile_globs(["**"], hidden=True)
    listing = ObjectListing("lake", "in/", globs, Litter(["**"]), lambda _key: True)

    (window,) = listing.windows(iter([keys(own, "a.pdf")]))

    assert [path for path, _ in window.files] == [b"a.pdf"]


def test_what_is_listed_again_as_it_was_is_there_once() -> None:
    assert paths(keys("a", "b", "b"), keys("a", "b", "c"), keys("d")) == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize(
    "again",
    [listed("in/b", size=2), listed("in/b", etag='"0"'), listed("in/b", version="1"), listed("in/a0")],
)
def test_what_is_listed_again_as_another_is_refused(again: Any) -> None:
    with pytest.raises(GuardRefused, match="does not list in the order of keys"):
        paths(keys("a", "b"), [again])


def test_a_list_that_goes_round_is_refused() -> None:
    with pytest.raises(GuardRefused, match="lists the same again and again"):
        paths(*[keys("a", "b")] * 1000)


@pytest.mark.parametrize("also", [(), (listed("in/a", size=0),)])
def test_a_size_that_nothing_has_is_refused(also: tuple[Any, ...]) -> None:
    with pytest.raises(GuardRefused, match="more bytes than any can have"):
        paths([*also, listed("in/b", size=2**63)], there=["in/a"])


def test_keys_that_lie_elsewhere_are_refused() -> None:
    with pytest.raises(GuardRefused, match="'other/a', which is not below 'in/'"):
        paths([listed("other/a")])


def test_what_stands_for_a_folder_is_none_wherever_it_is_listed() -> None:
    marker = [
        listed("in", size=0),
        *keys("c!x"),
        listed("in/c", size=0),
        *keys("c/d"),
        listed("in/e", size=0),
    ]

    assert paths(marker) == [b"c!x", b"c/d"]


def test_an_object_without_bytes_is_a_document_that_fails() -> None:
    listing = ObjectListing("lake", "", compile_globs(["**"]), Litter(["**"]), lambda _key: True)

    (window,) = listing.windows(iter([[listed("a", size=0), listed("b")]]))

    assert [each.path for each in window.unusable] == [b"a"]
    assert [path for path, _ in window.files] == [b"b"]


def test_windows_of_digests_are_packed_as_each_of_them_is() -> None:
    mixed = [listed("a"), listed("b", etag=f'"{MD5}-2"'), listed("c", etag=None), listed("d", version="v")]
    for window in (mixed[:1] * 1, mixed):
        listing = ObjectListing("lake", "", compile_globs(["**"]), Litter(["**"]), lambda _key: True)
        (found,) = listing.windows(iter([window]))
        assert [status for _, status in found.files] == [
            packed_status(each["size"], each["e_tag"], each["version"], WHEN.timestamp()) for each in window
        ]


def test_a_status_tells_objects_apart_and_does_not_hang_on_quotes() -> None:
    statuses = {
        packed_status(1, MD5, None, 0.0),
        packed_status(2, MD5, None, 0.0),
        packed_status(1, f"{MD5}-2", None, 0.0),
        packed_status(1, "0x8DC", None, 0.0),
        packed_status(1, MD5, "v", 0.0),
        packed_status(1, None, None, 0.0),
        packed_status(1, None, None, 1.0),
    }

    assert len(statuses) == 7
    assert packed_status(1, f'"{MD5}"', None, 0.0) in statuses
    assert size_of(packed_status(5 << 40, MD5, None, 0.0)) == 5 << 40


def test_what_is_asked_for_ahead_comes_in_order_with_its_error_behind() -> None:
    def numbers() -> Iterator[int]:
        yield from range(20)
        raise ValueError("broken")

    found: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        found.extend(ahead(numbers()))
    assert found == list(range(20))


def test_how_long_one_has_been_waited_for_is_told() -> None:
    heard = threading.Event()
    waited: list[float] = []

    def numbers() -> Iterator[int]:
        yield 1
        assert heard.wait(LONG)
        yield 2

    def silent(seconds: float) -> None:
        waited.append(seconds)
        heard.set()

    assert list(ahead(numbers(), silent=silent)) == [1, 2]
    assert waited == sorted(waited)
    assert waited[0] > 0


def test_who_waits_no_more_ends_the_asking() -> None:
    asked: list[int] = []

    def numbers() -> Iterator[int]:
        for each in range(10_000):
            asked.append(each)
            yield each

    coming = ahead(numbers())
    assert next(coming) == 0
    del coming

    assert len(asked) < 100
