"""What counts as stuck: work that is with a vendor for longer than a job which wants its documents allows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.lifecycle import Event
from docbatch.core.models import (
    Failure,
    FailureClass,
    Operation,
    Recipe,
    Submission,
    SubmissionStatus,
    WorkItem,
)
from docbatch.state.documents import RecordedJob
from docbatch.state.records import Frozen
from docbatch.state.store import Store
from tests.state.made_digests import digest_of

SENT = 1000.0
BROKEN = Failure(FailureClass.CORRUPT, "cannot be read")


def item(name: str) -> WorkItem:
    return WorkItem(digest_of(name), "1", digest_of(name), 5, "text/plain", name, b"/in/" + name.encode())


def declare(store: Store, job: str, timeout: float | None, *documents: str) -> None:
    with store.write():
        recipe = store.documents.declare_recipe("recipe", Recipe("fake", "acme", Operation.PARSE))
        store.documents.declare_job(RecordedJob(job, "fake", recipe, {}, b"/in", 50, timeout=timeout))
        for name in documents:
            row = store.items.want(item(name), recipe)
            store.documents.put(job, name.encode(), row, None)


def intend(store: Store, name: str, *items: str) -> None:
    submission = Submission(name, 0, "fake", "acme", SubmissionStatus.INTENDED)
    frozen = Frozen(name, 1, f"proj-{name}", {}, b"the bytes", {}, tuple(map(item, items)))
    store.submissions.intend(submission, frozen, now=SENT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a state with one submission of two documents, sent at SENT for a job that allows 100 seconds."""
    with Store.writable(tmp_path) as store:
        declare(store, "job", 100.0, "a", "b")
        intend(store, "s1", "a", "b")
        store.submissions.accept("s1", Event.ACCEPTED, "batch-1", {})
        yield store


def stuck(store: Store, after: float) -> list[str]:
    return [each.submission for each in store.deadlines.passed(SENT + after)]


def test_a_submission_is_stuck_once_it_takes_longer_than_its_job_allows(store: Store) -> None:
    assert stuck(store, 100) == []
    (found,) = store.deadlines.passed(SENT + 101)

    assert (found.submission, found.connection, found.remote_id) == ("s1", "fake", "batch-1")
    assert (found.documents, found.seconds, found.timeout, found.jobs) == (2, 101.0, 100.0, ("job",))


def test_the_shortest_timeout_of_the_jobs_that_want_its_documents_counts(store: Store) -> None:
    declare(store, "patient", 500.0, "a")
    declare(store, "hasty", 10.0, "b")
    declare(store, "stranger", 1.0)

    (found,) = store.deadlines.passed(SENT + 11)

    assert (found.timeout, found.jobs, found.documents) == (10.0, ("hasty", "job", "patient"), 2)


def test_a_raised_timeout_holds_at_once(store: Store) -> None:
    assert stuck(store, 200) == ["s1"]
    declare(store, "job", 300.0)

    assert stuck(store, 200) == []


def test_without_a_timeout_nothing_is_stuck(store: Store) -> None:
    declare(store, "job", None)

    assert stuck(store, 1e9) == []


def test_documents_that_ended_or_are_no_longer_wanted_are_not_waited_for(store: Store) -> None:
    declare(store, "hasty", 10.0, "b")
    store.submissions.progress("s1", [], {digest_of("b"): BROKEN})
    assert stuck(store, 50) == []

    with store.write():
        store.documents.unwant("job", b"a")
    assert stuck(store, 1e9) == []


@pytest.mark.parametrize("event", [Event.UNANSWERED, Event.NOT_SENT])
def test_only_what_a_vendor_certainly_has_can_be_stuck(store: Store, event: Event) -> None:
    declare(store, "job", 100.0, "c")
    intend(store, "s2", "c")
    store.submissions.record("s2", event)

    assert stuck(store, 1e9) == ["s1"]
