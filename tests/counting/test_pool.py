"""Documents counted in processes: what happens at one of them is no other's concern."""

import hashlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.counting import pool
from docbatch.counting.messages import Asked, Uncounted
from docbatch.counting.pool import CountingBounds, CountingPool
from docbatch.counting.worker import DocumentCounter
from tests.counting.countable import paged_pdf

LATER = 1 << 62
"""A moment (in ns) that all files are older than."""


def named(number: int, kind: str = "calm") -> Uncounted:
    """Return a document of which the harmful process tells its number."""
    return Uncounted(f"k{number}", "", kind, number, b"/nowhere", io.BytesIO)


@pytest.fixture
def harmful() -> Iterator[None]:
    with mock.patch.object(pool, "_MODULE", "tests.counting.harmful"):
        yield


@pytest.mark.usefixtures("harmful")
def test_a_document_that_ends_its_process_is_unknown_and_the_others_are_counted() -> None:
    documents = [named(number, "crash" if number in {3, 40} else "calm") for number in range(100)]

    with CountingPool(CountingBounds(), 0) as counting:
        found = {document.key: counted for document, counted in counting.counted(documents)}

    ended = {key for key, counted in found.items() if counted.ended}
    assert ended == {"k3", "k40"}
    assert all(found[key].extent == UNCOUNTED for key in ended)
    assert {key: each.extent for key, each in found.items() if key not in ended} == {
        f"k{number}": Extent(pages=number) for number in range(100) if number not in {3, 40}
    }


@pytest.mark.usefixtures("harmful")
def test_a_document_that_takes_too_long_is_unknown() -> None:
    with CountingPool(CountingBounds(each=0.5), 0) as counting:
        found = list(counting.counted([named(1, "hang")]))

    assert [(document.key, counted.extent, counted.ended) for document, counted in found] == [
        ("k1", UNCOUNTED, True)
    ]


@pytest.mark.usefixtures("harmful")
def test_when_the_time_for_all_is_up_the_rest_is_not_counted() -> None:
    documents = [named(number, "hang") for number in range(300)]

    with CountingPool(CountingBounds(all=0.2), 0) as counting:
        found = list(counting.counted(documents))

    assert sorted(document.key for document, _ in found) == sorted(document.key for document in documents)
    assert {counted.extent for _, counted in found} == {None}


def test_where_no_process_starts_nothing_is_counted() -> None:
    with (
        mock.patch.object(pool, "_MODULE", "tests.counting.nothing_of_that_name"),
        CountingPool(CountingBounds(), 0) as counting,
    ):
        found = list(counting.counted([named(1), named(2)]))

    assert [counted.extent for _, counted in found] == [None, None]


def test_files_and_what_no_file_has_are_counted(tmp_path: Path) -> None:
    made = tmp_path / "two.pdf"
    made.write_bytes(paged_pdf(2))
    carried = paged_pdf(3)
    digest = hashlib.sha256(carried).hexdigest()
    documents = [
        Uncounted("file", "", "application/pdf", made.stat().st_size, os.fsencode(made), io.BytesIO),
        Uncounted("carried", digest, "application/pdf", len(carried), None, lambda: io.BytesIO(carried)),
        Uncounted("another", digest, "application/pdf", len(carried), None, lambda: io.BytesIO(b"x" * len(carried))),
        Uncounted("large", digest, "application/pdf", 1 << 40, None, lambda: io.BytesIO(b"")),
    ]  # fmt: skip

    with CountingPool(CountingBounds(), LATER) as counting:
        found = {document.key: counted.extent for document, counted in counting.counted(documents)}

    assert found == {"file": Extent(pages=2), "carried": Extent(pages=3), "another": None, "large": None}


def count(path: Path, content: bytes, since_ns: int = LATER) -> Extent | None:
    """Count a file of which this content was planned."""
    asked = Asked(str(path), len(content), hashlib.sha256(content).hexdigest(), "application/pdf")
    return DocumentCounter().count(asked, since_ns, b"")


def test_a_file_that_was_touched_since_is_compared_with_what_was_planned(tmp_path: Path) -> None:
    made, planned = tmp_path / "a.pdf", paged_pdf(2)
    made.write_bytes(planned.replace(b"612", b"613"))

    assert count(made, planned, time.time_ns() - 10**12) is None
    made.write_bytes(planned)
    assert count(made, planned, time.time_ns() - 10**12) == Extent(pages=2)


def test_a_file_of_another_size_a_pipe_and_a_device_are_not_counted(tmp_path: Path) -> None:
    made, planned = tmp_path / "a.pdf", paged_pdf(2)
    made.write_bytes(paged_pdf(3))
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "zero.pdf").symlink_to("/dev/zero")

    for name in ("a.pdf", "pipe.pdf", "zero.pdf", "missing.pdf"):
        assert count(tmp_path / name, planned) is None


def test_what_needs_too_much_memory_or_makes_a_library_fail_is_unknown(tmp_path: Path) -> None:
    made, planned = tmp_path / "a.pdf", paged_pdf(2)
    made.write_bytes(planned)

    for error in (MemoryError, RecursionError, AssertionError):
        with mock.patch("docbatch.counting.pdf.count", side_effect=error):
            assert count(made, planned) == UNCOUNTED
