"""What the state keeps of warnings, and what a job makes of documents that show nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.demands import Demands
from docbatch.core.lifecycle import Event
from docbatch.core.models import FailureClass, Operation, Recipe, Submission, SubmissionStatus, WorkItem
from docbatch.core.result_warnings import NOTHING_TO_SEE, OnEmpty
from docbatch.state.documents import RecordedJob
from docbatch.state.records import Collected, Frozen
from docbatch.state.store import Store
from tests.state.made_digests import digest_of

WARNINGS = {
    "a": (),
    "blank": (NOTHING_TO_SEE,),
    "half": ("lost: sheet S2: it is damaged", "lost: sheet S3: the same", "guessed: cp1251"),
    "part": ("lost: page 2",),
    "some": ("empty: page 2 shows nothing", "it was mended"),
}
OUTPUT = b"out"


def item(name: str) -> WorkItem:
    return WorkItem(digest_of(name), "1", digest_of(name), 5, "text/plain", name, b"/in/" + name.encode())


def declare(store: Store, job: str, on_empty: OnEmpty = "ok") -> None:
    with store.write():
        recipe = store.documents.declare_recipe("recipe", Recipe("fake", "acme", Operation.PARSE))
        store.documents.declare_job(
            RecordedJob(job, "fake", recipe, {}, b"/in", 50, demands=Demands(on_empty))
        )
        if on_empty == "fail":
            store.deliveries.let_void_go(job)
        sink = store.deliveries.declare(job, "files", b"/out", None)
        for name in WARNINGS:
            row = store.items.want(item(name), recipe)
            store.documents.put(job, name.encode(), row, None)
            due = name.encode() in store.documents.items_done(job, [name.encode()])
            store.deliveries.put(sink, name.encode(), OUTPUT, None, due=due)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a state with a document of each kind, collected by a job that takes what is empty."""
    with Store.writable(tmp_path) as store:
        declare(store, "job")
        frozen = Frozen("s1", 1, "proj-s1", {}, b"", {}, tuple(map(item, WARNINGS)))
        store.submissions.intend(
            Submission("s1", 0, "fake", "acme", SubmissionStatus.INTENDED), frozen, now=0.0
        )
        store.submissions.accept("s1", Event.ACCEPTED, "r1", {})
        store.submissions.collect(
            "s1",
            [
                Collected(
                    digest_of(name),
                    digest_of(f"result of {name}"),
                    name in {"half", "part"},
                    warnings=warnings,
                )
                for name, warnings in WARNINGS.items()
            ],
        )
        yield store


def due(store: Store, job: str) -> set[bytes]:
    (sink,) = store.deliveries.sinks(job)
    return {each.path for each in store.deliveries.due(sink.row, 10)}


def test_documents_count_once_for_each_kind_and_warnings_come_back_as_they_were(store: Store) -> None:
    assert store.warned.counts("job") == {"lost": 2, "empty": 1, "empty_pages": 1, "guessed": 1, "other": 1}
    assert list(store.warned.counts("job")) == ["lost", "empty", "empty_pages", "guessed", "other"]
    assert {path.decode(): told for path, told in store.warned.first("job")} == {
        name: warnings for name, warnings in WARNINGS.items() if warnings
    }
    assert store.warned.counts("another") == {}


def test_of_many_those_come_first_that_say_more_than_what_was_lost(store: Store) -> None:
    assert [path for path, _ in store.warned.first("job", 3)] == [b"blank", b"half", b"some"]


def test_a_partial_document_has_what_it_lacks_for_a_reason(store: Store) -> None:
    told = {path: (status, why.kind, why.message) for path, status, why in store.documents.failures("job")}

    assert told == {
        b"half": ("partial", "lost", "sheet S2: it is damaged (and 1 more)"),
        b"part": ("partial", "lost", "page 2"),
    }


def test_one_that_was_recorded_without_warnings_says_where_they_are(store: Store) -> None:
    with store.write():
        store.database.execute("UPDATE item SET warnings = NULL, warned = NULL")

    assert all("format: json" in why.message for _, _, why in store.documents.failures("job"))


def test_a_job_may_take_what_is_empty_as_failed_and_another_not(store: Store) -> None:
    declare(store, "strict", "fail")

    (sink,) = store.deliveries.sinks("strict")
    assert {each.path for each in store.deliveries.holdings(sink)} == {b"a", b"half", b"part", b"some"}
    assert due(store, "strict") == {b"a", b"half", b"part", b"some"}
    assert store.documents.standing("strict") == {"partial": 2, "failed": 1}
    assert store.documents.tally("strict") == {"succeeded": 2, "partial": 2, "failed": 1}
    failed = next(why for path, _, why in store.documents.failures("strict") if path == b"blank")
    assert (failed.kind, failed.has_result) == (FailureClass.EMPTY, True)
    assert "empty" not in store.warned.counts("strict")
    assert store.documents.tally("job") == {"succeeded": 3, "partial": 2}
    assert due(store, "job") == {name.encode() for name in WARNINGS}


def test_what_was_to_be_written_is_let_go_when_a_job_changes_its_mind(store: Store) -> None:
    before = store.documents.job("job")
    (sink,) = store.deliveries.sinks("job")
    store.deliveries.fault(sink.row, [b"blank", b"part"])

    declare(store, "job", "fail")
    store.deliveries.forgive()

    assert due(store, "job") == {b"a", b"half", b"part", b"some"}
    assert store.deliveries.counts_due(["job"]) == [("job", sink.row, 4)]
    after = store.documents.job("job")
    assert before is not None
    assert after is not None
    assert after.revision == before.revision + 1


def test_collecting_makes_nothing_due_for_a_job_that_takes_it_as_failed(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        declare(store, "strict", "fail")
        frozen = Frozen("s1", 1, "proj-s1", {}, b"", {}, (item("blank"),))
        store.submissions.intend(
            Submission("s1", 0, "fake", "acme", SubmissionStatus.INTENDED), frozen, now=0.0
        )
        store.submissions.accept("s1", Event.ACCEPTED, "r1", {})
        store.submissions.collect(
            "s1",
            [Collected(digest_of("blank"), digest_of("result"), partial=False, warnings=(NOTHING_TO_SEE,))],
        )

        assert due(store, "strict") == set()
        assert store.deliveries.counts_due(["strict"]) == []


def test_warnings_go_with_the_result_they_are_of(store: Store) -> None:
    row = store.documents.item_row("job", b"half")
    assert row is not None

    store.queued_again.queue([row])

    recorded = store.items.by_row(row)
    assert (recorded.status, recorded.is_read) == ("pending", False)
    assert "guessed" not in store.warned.counts("job")


def test_text_that_is_no_text_is_kept_all_the_same(store: Store) -> None:
    half = store.items.get(digest_of("some"))
    assert half is not None
    with store.write():
        store.items.set(half, half.status, result=half.result, warnings=("half \ud800 a letter",))

    assert store.items.by_row(half.row).warnings == ("half \ud800 a letter",)
