"""Partial documents that are tried again: what was read of them is kept until there is something better."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.models import FailureClass, ItemStatus
from docbatch.engine.administration.check_state import check
from docbatch.engine.administration.failures.retry_failures import Wish, retry
from docbatch.engine.administration.failures.select_failures import FailureSelectors
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store
from docbatch.testing.fake.cloud import Cloud
from docbatch.testing.tripwire import Killed, Tripwire
from tests.engine.test_bring_back_results import write_lines
from tests.fake.moments import moments
from tests.fake.project import Project
from tests.kept_results import kept_results

KEPT = "# partial date\n"
REFUSED = "trying it again failed, so what was read before stays: unsupported: scripted"


def made(root: Path, *, free: bool = False) -> Project:
    root.mkdir(exist_ok=True)
    project = Project(root, trait_options={"free": free})
    project.write({"d.txt": "partial date", "a.txt": "apple"})
    project.apply()
    assert project.statuses() == {"succeeded": 1, "partial": 1}
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made(tmp_path / "project")


def queue(project: Project) -> None:
    queued = retry(project.folder, Wish(FailureSelectors(classes=["lost"])), 0.0, dry_run=False)
    assert [each.path for each in queued] == ["d.txt"]


def item(project: Project) -> RecordedItem:
    with Store.readable(project.folder) as store:
        row = store.documents.item_row("job", b"d.txt")
        assert row is not None
        return store.items.by_row(row)


def next_fails(cloud: Cloud, call: str, fault: str) -> None:
    cloud.expect(call, cloud.calls(call) + 1, fault)


def read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the vendor miss nothing any more."""
    rows = Cloud.rows

    def whole(self: Cloud, batch: str) -> object:
        return [replace(each, content="a whole date") for each in rows(self, batch)]

    monkeypatch.setattr(Cloud, "rows", whole)


def test_a_better_result_takes_the_place_of_the_partial_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(project)
    read_whole(monkeypatch)
    project.apply()

    assert project.statuses() == {"succeeded": 2}
    assert item(project).warnings == ()


def test_a_try_that_is_refused_leaves_the_document_as_it_was_and_says_so(project: Project) -> None:
    before = item(project)
    queue(project)
    next_fails(project.cloud, "create", "refused")
    project.apply()
    after = item(project)

    assert (after.status, after.result, after.failure) == (ItemStatus.PARTIAL, before.result, None)
    assert after.warnings == (*before.warnings, REFUSED)
    assert project.outputs()["d.txt.md"] == KEPT
    assert project.paid() == {"apple": 1, "partial date": 1}
    assert list(check(project.folder)) == []


def test_a_second_failure_is_told_in_the_place_of_the_first(project: Project) -> None:
    for call, fault in (("fetch", "gone"), ("create", "refused")):
        queue(project)
        next_fails(project.cloud, call, fault)
        project.apply()

    assert [each for each in item(project).warnings if "again" in each] == [REFUSED]


def test_a_result_that_cannot_be_had_leaves_the_document_as_it_was(project: Project) -> None:
    queue(project)
    next_fails(project.cloud, "fetch", "gone")
    project.apply()

    assert item(project).status is ItemStatus.PARTIAL
    assert f"stays: {FailureClass.EXPIRED}: " in item(project).warnings[-1]
    assert project.outputs()["d.txt.md"] == KEPT


def test_what_is_lost_while_it_waits_does_not_come_back_as_a_result(project: Project) -> None:
    queue(project)
    shutil.rmtree(project.folder / "spool")
    next_fails(project.cloud, "create", "refused")
    project.apply()

    assert project.statuses() == {"succeeded": 1, "failed": 1}
    assert project.paid() == {"apple": 1, "partial date": 1}
    assert list(check(project.folder)) == []


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.full), False])
@pytest.mark.parametrize("free", [False, True])
def test_killed_anywhere_the_partial_result_stays_and_nothing_is_paid_twice(
    tmp_path: Path, *, free: bool, every: bool
) -> None:
    undisturbed = made(tmp_path / "undisturbed", free=free)
    queue(undisturbed)
    wire = Tripwire()
    undisturbed.apply(wire)
    for at in moments(wire.names, every=every):
        project = made(tmp_path / str(at), free=free)
        queue(project)
        with pytest.raises(Killed):
            project.apply(Tripwire(at))
        while_it_waits = item(project).result
        project.apply()

        assert while_it_waits is not None
        assert while_it_waits in {each.digest for each in kept_results(project.folder)}
        assert project.paid() == {"apple": 1, "partial date": 2}
        assert project.statuses() == {"succeeded": 1, "partial": 1}
        assert list(check(project.folder)) == []


def test_a_file_of_all_results_keeps_the_line_while_its_document_waits(project: Project) -> None:
    before = write_lines(project)
    queue(project)
    project.write({"e.txt": "elder"})
    next_fails(project.cloud, "create", "refused")
    after = write_lines(project)

    assert before.count("\n") == 2
    assert set(before.splitlines()) <= set(after.splitlines())


PLAIN: Mapping[bool, tuple[list[str], dict[str, int]]] = {True: (["d.txt"], {}), False: ([], {"lost": 1})}


@pytest.mark.parametrize("free", [True, False])
def test_plain_retry_takes_partial_documents_where_that_is_free(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, free: bool
) -> None:
    monkeypatch.setattr(
        "docbatch.engine.administration.failures.retry_failures.charges", lambda _store, _job: not free
    )
    found = retry(project.folder, Wish(), 0.0, dry_run=True)

    assert ([each.path for each in found], found.left_out) == PLAIN[free]
    assert [each.path for each in retry(project.folder, Wish(every=True), 0.0, dry_run=True)] == ["d.txt"]
