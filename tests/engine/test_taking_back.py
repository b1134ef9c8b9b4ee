"""Taking back what was queued again: what was not sent stands as before, what was sent is left, and nothing is paid for it."""

from pathlib import Path

import pytest

from docbatch.core.lifecycle import Event
from docbatch.core.models import ItemStatus
from docbatch.engine.administration.check_state import check
from docbatch.engine.administration.failures.retry_failures import Wish, retry
from docbatch.engine.administration.failures.select_failures import FailureSelectors
from docbatch.engine.administration.failures.take_back_retries import TakenBack, take_back
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake.moments import moments
from tests.fake.project import Project

UNWELL = {"b.txt", "d.txt"}


def made(root: Path) -> Project:
    root.mkdir(exist_ok=True)
    project = Project(root)
    project.write({"a.txt": "apple", "b.txt": "a bad one", "d.txt": "partial date"})
    project.apply()
    assert project.statuses() == {"succeeded": 1, "failed": 1, "partial": 1}
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made(tmp_path / "project")


def queue(project: Project, *classes: str) -> set[str]:
    wish = Wish(FailureSelectors(classes=classes), every=not classes)
    return {each.path for each in retry(project.folder, wish, 0.0, dry_run=False)}


def undo(project: Project, *, dry_run: bool = False) -> TakenBack:
    return take_back(project.folder, FailureSelectors(), 0.0, dry_run=dry_run)


def items(project: Project) -> dict[str, RecordedItem]:
    with Store.readable(project.folder) as store:
        rows = {name: store.documents.item_row("job", name.encode()) for name in ("a.txt", *UNWELL)}
        return {name: store.items.by_row(row) for name, row in rows.items() if row is not None}


def test_documents_stand_as_before(project: Project) -> None:
    before, paid = items(project), project.paid()
    assert queue(project) == UNWELL
    assert {each.path for each in undo(project, dry_run=True).documents} == UNWELL
    assert {each.status for name, each in items(project).items() if name in UNWELL} == {ItemStatus.PENDING}

    taken = undo(project)
    project.apply()

    assert ({each.path for each in taken.documents}, taken.left) == (UNWELL, ())
    assert (items(project), project.paid()) == (before, paid)
    assert list(check(project.folder)) == []
    assert undo(project) == TakenBack((), ())


def test_only_what_a_person_queued_is_taken_back(project: Project) -> None:
    project.write({"e.txt": "elder"})
    project.cloud.expect("create", project.cloud.calls("create") + 1, "not_sent_wait")
    project.apply(wait=False)

    assert project.statuses()["pending"] == 1
    assert undo(project) == TakenBack((), ())


def test_what_certainly_was_not_sent_is_taken_back(project: Project) -> None:
    before, paid = items(project), project.paid()
    queue(project)
    project.cloud.expect("create", project.cloud.calls("create") + 1, "not_sent_wait")
    project.apply(wait=False)

    assert intended(project) == 2
    assert {each.path for each in undo(project).documents} == UNWELL
    assert (items(project), project.paid()) == (before, paid)


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.full), False])
def test_killed_anywhere_what_was_sent_is_left_and_nothing_is_lost(tmp_path: Path, *, every: bool) -> None:
    undisturbed = made(tmp_path / "undisturbed")
    queue(undisturbed)
    wire = Tripwire()
    undisturbed.apply(wire)
    before = items(made(tmp_path / "before"))
    for at in moments(wire.names, every=every):
        project = made(tmp_path / str(at))
        queue(project)
        with pytest.raises(Killed):
            project.apply(Tripwire(at))
        standing, events = items(project), intended(project)
        taken = undo(project)
        freed, left = ({each.path for each in part} for part in (taken.documents, taken.left))
        project.apply()

        assert (freed | left, freed & left) == (UNWELL, set())
        assert bool(freed) == (events == 1), (at, events)
        assert all(standing[name].status is ItemStatus.PENDING for name in freed)
        after = items(project)
        assert all(after[name] == before[name] for name in freed)
        sent = {name: 1 + (name in left) for name in UNWELL}
        assert project.paid() == {"apple": 1, "a bad one": sent["b.txt"], "partial date": sent["d.txt"]}
        assert project.statuses() == {"succeeded": 1, "failed": 1, "partial": 1}
        assert list(check(project.folder)) == []


def intended(project: Project) -> int:
    with Store.readable(project.folder) as store:
        events = store.database.execute("SELECT count(*) FROM event WHERE kind = ?", (Event.INTENDED,))
        return int(events.fetchone()[0])


def test_a_partial_document_whose_result_was_lost_meanwhile_has_to_be_read_again(project: Project) -> None:
    queue(project)
    with Store.writable(project.folder) as store, store.write():
        store.items.let_earlier_go(items(project)["d.txt"])

    taken = undo(project)

    assert [each.path for each in taken.documents] == ["b.txt"]
    assert [each.reason.partition(",")[0] for each in taken.left] == [
        "what had been read of it was lost here"
    ]


def test_selectors_mean_what_failures_were(project: Project) -> None:
    queue(project)

    taken = take_back(project.folder, FailureSelectors(classes=["lost"]), 0.0, dry_run=False)

    assert [each.path for each in taken.documents] == ["d.txt"]
    none = take_back(project.folder, FailureSelectors(paths=["none"]), 0.0, dry_run=False)
    assert none.remark == "nothing that was queued again matches --path none; 1 document would"
    assert project.statuses() == {"succeeded": 1, "pending": 1, "partial": 1}


def test_what_the_vendor_took_and_did_not_process_counts_as_sent(project: Project) -> None:
    queue(project, "lost")
    project.apply(wait=False)
    key = items(project)["d.txt"].key
    with Store.writable(project.folder) as store:
        (submission,) = store.submissions.open()
        store.submissions.release(submission.id, [key])

    taken = undo(project)

    assert (taken.documents, [each.reason for each in taken.left]) == (
        (),
        ["it was tried since, and waits to be sent once more"],
    )
