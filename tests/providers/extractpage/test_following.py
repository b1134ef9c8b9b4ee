"""Following a batch: a feed that repeats itself, breaks off, leaves things out, and ends in a scan of everything."""

from collections.abc import Iterator
from typing import Any

import pytest

from docbatch.core.errors import Gone, Unavailable
from docbatch.core.models import RETRY_CLASS, FailureClass, RetryClass
from docbatch.providers.base import Failed, Progress, Ready
from docbatch.providers.extractpage.following import CursorRefused, Feed
from docbatch.providers.extractpage.replies import Page, RemoteBatch, RemoteItem


def row(number: int, status: str = "succeeded", *, updated: float = 0.0, **changes: Any) -> RemoteItem:
    values = {"pages": 1, "seconds": 1.0, "completed": status == "succeeded", "code": None, "message": None}
    return RemoteItem(f"i{number}", f"f{number}", status, updated=updated, **{**values, **changes})


def batch(*, running: int = 0, total: int = 2) -> RemoteBatch:
    counts = {"pending": 0, "running": running, "succeeded": total - running, "failed": 0, "cancelled": 0}
    return RemoteBatch(
        "b1", "running" if running else "completed", total, counts, {}, None, 0.0, completed=not running
    )


def feed(count: int = 2) -> Feed:
    return Feed({f"f{number}": (f"k{number}",) for number in range(count)})


class Script:
    """Answers in order, and remembers the cursors asked for."""

    def __init__(self, *answers: Page | Exception) -> None:
        self._answers: Iterator[Page | Exception] = iter(answers)
        self.cursors: list[str | None] = []

    def __call__(self, cursor: str | None) -> Page:
        self.cursors.append(cursor)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def keys(progress: Progress) -> list[str]:
    return [each.key for each in progress.ended]


def test_a_feed_reads_on_from_its_last_cursor_and_tells_each_end_once() -> None:
    subject = feed()
    first = Script(
        Page(batch(running=1), (row(0), row(1, "running")), "c1"), Page(batch(running=1), (), "c1")
    )
    assert keys(subject.follow(first)) == ["k0"]
    assert first.cursors == [None, "c1"]

    second = Script(Page(batch(running=1), (row(0), row(1, "running")), None))
    assert keys(subject.follow(second)) == []
    assert second.cursors == ["c1"]


def test_what_the_feed_missed_the_closing_scan_finds() -> None:
    subject = feed()
    script = Script(
        Page(batch(), (row(1),), "c1"),
        Page(batch(), (), "c1"),
        Page(batch(), (row(0),), "c0"),
        Page(batch(), (row(1),), None),
    )

    assert keys(subject.follow(script)) == ["k1", "k0"]
    assert script.cursors == [None, "c1", None, "c0"]


def test_a_reading_that_breaks_off_counts_as_nothing_told() -> None:
    subject = feed()
    broken = Script(Page(batch(), (row(0),), "c1"), Page(batch(), (), None), Unavailable("lost"))
    with pytest.raises(Unavailable):
        subject.follow(broken)
    again = Script(Page(batch(), (row(0), row(1)), None))

    assert keys(subject.follow(again)) == ["k0", "k1"]
    assert again.cursors == [None]


def test_a_refused_cursor_is_dropped() -> None:
    subject = feed()
    subject.mark = "c1"
    script = Script(CursorRefused("no"), Page(batch(), (row(0), row(1)), None))

    assert keys(subject.follow(script)) == ["k0", "k1"]
    assert script.cursors == ["c1", None]


def test_a_batch_that_is_gone_is_gone() -> None:
    with pytest.raises(Gone):
        feed().follow(Script(Gone("no such batch")))


def test_the_later_row_of_an_item_counts() -> None:
    page = Page(batch(running=1), (row(0, updated=2.0), row(0, "running", updated=1.0), row(9)), None)

    assert keys(feed().follow(Script(page))) == ["k0"]


@pytest.mark.parametrize(
    ("item", "kind", "code"),
    [
        (row(0, "failed", code="bad_page", message="page 3"), FailureClass.VENDOR_ERROR, "bad_page"),
        (row(0, "failed", code="upload_missing"), FailureClass.EXPIRED, "upload_missing"),
        (row(0, "failed"), FailureClass.VENDOR_ERROR, "failed"),
        (row(0, "cancelled"), FailureClass.CANCELLED, "cancelled"),
        (row(0, "abandoned", code="odd"), FailureClass.VENDOR_ERROR, "odd"),
    ],
)
def test_a_failure_keeps_the_vendors_code_and_is_never_repeated_unasked(
    item: RemoteItem, kind: FailureClass, code: str
) -> None:
    page = Page(batch(total=1), (item,), None)
    (ended,) = feed(1).follow(Script(page, page)).ended

    assert isinstance(ended, Failed)
    assert (ended.failure.kind, ended.failure.code) == (kind, code)
    assert RETRY_CLASS[kind] is RetryClass.ASKED


def test_an_unknown_word_is_an_end_only_in_a_finished_batch() -> None:
    item = row(0, "brewed", completed=True)
    going = Page(batch(running=1, total=1), (item,), None)
    done = Page(batch(total=1), (item,), None)

    assert keys(feed(1).follow(Script(going))) == []
    assert isinstance(feed(1).follow(Script(done, done)).ended[0], Ready)


def test_an_item_a_finished_batch_does_not_account_for_is_doubted() -> None:
    page = Page(batch(), (row(1, "running"),), None)
    seen = feed().follow(Script(page, page))

    first, second = seen.doubted.values()
    assert (seen.ended, first.code, second.code) == ([], "unaccounted", "unaccounted")
    assert "does not list it" in first.message
    assert "'running'" in second.message
