"""Results that were recorded and are not in the spool any more: free work is done again, what was paid is fetched again."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.errors import Gone
from docbatch.core.keys import recipe_key
from docbatch.core.models import ItemStatus, Recovery, ResultPlace
from docbatch.engine.administration.check_state import check, repair
from docbatch.engine.administration.failures.retry_failures import Wish, retry
from docbatch.engine.administration.failures.select_failures import FailureSelectors
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import ResultsLost, Trouble
from docbatch.engine.running.loop import reconcile
from docbatch.providers.base import Intent, Ready
from docbatch.sinks import jsonl
from docbatch.sinks.job_file import JsonlSink
from docbatch.sinks.trash import Trash
from docbatch.spool import Spool
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake.moments import moments
from tests.fake.project import TEXTS, Project
from tests.kept_results import KeptResult

KINDS = list(Recovery)
PAID = dict.fromkeys(TEXTS.values(), 1)
OUTPUTS = {
    "a.txt.md": "# apple\n",
    "copy.txt.md": "# apple\n",
    "c.txt.md": "# cherry\n",
    "d.txt.md": "# partial date\n",
}


def applied(root: Path, kind: Recovery = Recovery.FINDABLE, **traits: object) -> Project:
    root.mkdir(exist_ok=True)
    project = Project(root, kind, trait_options=dict(traits))
    project.write()
    project.apply()
    assert project.outputs() == OUTPUTS
    project.notices.clear()
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return applied(tmp_path / "project")


def entry(project: Project, path: bytes) -> KeptResult:
    with Store.readable(project.folder) as store:
        row = store.documents.item_row("job", path)
        assert row is not None
        digest = store.items.by_row(row).result
    assert digest is not None
    return KeptResult(project.folder, digest)


def items_without_results(project: Project) -> set[int]:
    return {fault.item for fault in check(project.folder) if fault.item is not None}


def lose_outputs(project: Project) -> None:
    shutil.rmtree(project.root / "out")


def empty_spool(project: Project) -> None:
    shutil.rmtree(project.folder / "spool")


def told(project: Project) -> list[ResultsLost]:
    return [notice for notice in project.notices if isinstance(notice, ResultsLost)]


@contextlib.contextmanager
def vendor_forgot() -> Iterator[None]:
    def fetch(_self: FakeProvider, _intent: Intent, ready: Ready) -> bytes:
        raise Gone(f"{ready.remote_id} has expired")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeProvider, "fetch", fetch)
        yield


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", ["missing", "cut", "altered"])
def test_a_lost_result_is_fetched_again_and_not_paid_again(
    tmp_path: Path, kind: Recovery, damage: str
) -> None:
    project = applied(tmp_path / "project", kind)
    lost = entry(project, b"c.txt")
    match damage:
        case "missing":
            lost.remove()
        case "cut":
            lost.write_bytes(lost.read_bytes()[:10])
        case "altered":
            lost.write_bytes(entry(project, b"a.txt").read_bytes())
    (project.root / "out/c.txt.md").unlink()
    run = project.apply()

    assert project.outputs() == OUTPUTS
    assert project.paid() == PAID
    assert told(project) == [ResultsLost("job", 1, read_again=0, fetched_again=1)]
    assert not run.errors
    assert list(check(project.folder)) == []
    assert project.statuses() == {"succeeded": 3, "partial": 1, "failed": 1}


def test_work_that_is_free_is_done_again(tmp_path: Path) -> None:
    project = applied(tmp_path / "project", free=True)
    entry(project, b"c.txt").remove()
    (project.root / "out/c.txt.md").unlink()
    project.apply()

    assert project.outputs() == OUTPUTS
    assert told(project) == [ResultsLost("job", 1, read_again=1, fetched_again=0)]
    assert project.paid()["cherry"] == 2
    assert list(check(project.folder)) == []


@pytest.mark.parametrize("free", [False, True])
def test_an_emptied_spool_is_filled_again_although_all_outputs_are_there(
    tmp_path: Path, *, free: bool
) -> None:
    project = applied(tmp_path / "project", free=free)
    empty_spool(project)
    assert len(list(check(project.folder))) == 3
    project.apply()

    assert list(check(project.folder)) == []
    assert project.outputs() == OUTPUTS
    assert sum(notice.documents for notice in told(project)) == 3
    if not free:
        assert project.paid() == PAID


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.full), False])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_anywhere_while_results_come_back_nothing_is_paid_again(
    tmp_path: Path, kind: Recovery, *, every: bool
) -> None:
    undisturbed = applied(tmp_path / "undisturbed", kind)
    wire = Tripwire()
    empty_spool(undisturbed)
    lose_outputs(undisturbed)
    undisturbed.apply(wire)
    for at in moments(wire.names, every=every):
        project = applied(tmp_path / str(at), kind)
        empty_spool(project)
        lose_outputs(project)
        with contextlib.suppress(Killed):
            project.apply(Tripwire(at))
        project.apply()

        assert project.outputs() == OUTPUTS, at
        assert project.paid() == PAID, at
        assert list(check(project.folder)) == [], at


def test_what_the_vendor_no_longer_has_is_sent_again_only_when_asked(project: Project) -> None:
    entry(project, b"c.txt").remove()
    (project.root / "out/c.txt.md").unlink()
    with vendor_forgot():
        project.apply()
    assert project.paid() == PAID
    assert project.statuses() == {"succeeded": 2, "partial": 1, "failed": 2}
    project.apply()
    assert project.paid() == PAID

    queued = retry(project.folder, Wish(FailureSelectors(classes=["expired"])), 0.0, dry_run=False)
    project.apply()
    assert [(each.path, each.reason.split(":")[0]) for each in queued] == [("c.txt", "expired")]
    assert project.outputs() == OUTPUTS
    assert project.paid() == {**PAID, "cherry": 2}


def test_a_result_whose_run_is_not_known_is_not_sent_again_by_itself(project: Project) -> None:
    entry(project, b"c.txt").remove()
    (project.root / "out/c.txt.md").unlink()
    with Store.writable(project.folder) as store, store.write():
        store.database.execute("UPDATE submission_item SET remote_id = NULL")
    project.apply()

    assert told(project) == [ResultsLost("job", 1, read_again=0, fetched_again=0)]
    assert project.paid() == PAID
    assert project.statuses()["failed"] == 2


def test_repair_has_what_is_lost_brought_back_where_no_output_needs_it(project: Project) -> None:
    entry(project, b"c.txt").write_bytes(b"")
    project.apply()
    assert len(list(check(project.folder))) == 1

    lost = items_without_results(project)
    assert len(lost) == 1
    repair(project.folder, lost)
    project.apply()
    assert list(check(project.folder)) == []
    assert items_without_results(project) == set()
    assert project.paid() == PAID


@pytest.mark.parametrize("free", [False, True])
def test_a_disk_that_keeps_nothing_is_given_up_and_told(tmp_path: Path, *, free: bool) -> None:
    project = applied(tmp_path / "project", free=free)
    (project.root / "out/c.txt.md").unlink()
    lost = entry(project, b"c.txt")
    lost.remove()
    read = Spool.read

    def forgetful(self: Spool, digest: str, place: ResultPlace | None = None) -> bytes:
        if digest == lost.digest:
            lost.remove()
            place = None
        return read(self, digest, place)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "read", forgetful)
        run = project.apply()

    assert len(told(project)) == 3
    assert any("is missing" in error.message for error in run.errors)
    assert any(isinstance(notice, Trouble) and "is missing" in notice.message for notice in project.notices)
    project.apply()
    assert project.outputs() == OUTPUTS


def with_lines(project: Project) -> ResolvedJob:
    """Return the job with a file for all its documents."""
    target = project.target()
    out = project.root / "out"
    whole = replace(
        target.sinks[0],
        kind=jsonl.KIND,
        identity="lines",
        output=b"all.jsonl",
        place=lambda _path, _digest, _size: b"all.jsonl",
        open=lambda: JsonlSink(out, b"all.jsonl", trash=Trash(project.folder / "trash")),
    )
    assert isinstance(whole, ResolvedSink)
    return replace(target, sinks=(whole,))


def write_lines(project: Project) -> str:
    with project.taken_up(with_lines(project)) as (session, clock):
        reconcile(project.run(session, clock))
    return (project.root / "out/all.jsonl").read_text()


def test_a_whole_output_is_not_replaced_by_one_that_lacks_what_may_come_back(project: Project) -> None:
    before = write_lines(project)
    entry(project, b"a.txt").remove()
    entry(project, b"c.txt").write_bytes(b"junk")
    project.write({"e.txt": "elder"})
    after = write_lines(project)

    assert before.count("\n") == 4
    assert after.count("\n") == 5
    assert set(before.splitlines()) < set(after.splitlines())
    assert project.paid() == {**PAID, "elder": 1}


def test_a_whole_output_that_holds_what_is_lost_for_good_is_kept_aside(project: Project) -> None:
    before = write_lines(project)
    entry(project, b"c.txt").remove()
    project.write({"e.txt": "elder"})
    with vendor_forgot(), pytest.MonkeyPatch.context():
        write_lines(project)
    after = write_lines(project)

    assert '"c.txt"' in before
    assert '"c.txt"' not in after
    kept = [
        each.read_text() for each in (project.folder / "trash").iterdir() if each.name.endswith("all.jsonl")
    ]
    assert before in kept


def test_documents_read_under_an_older_recipe_are_read_under_the_present_one(tmp_path: Path) -> None:
    project = applied(tmp_path / "project", free=True)
    lost = entry(project, b"c.txt")
    newer = replace(project.target().recipe, pins={"engine": "2"})
    target = project.target()

    present = replace(target, recipe=newer, recipe_key=recipe_key(newer), standing=(target.recipe_key,))
    lost.remove()
    (project.root / "out/c.txt.md").unlink()
    with project.taken_up(present) as (session, clock):
        reconcile(project.run(session, clock))
        row = session.store.documents.item_row("job", b"c.txt")
        assert row is not None
        item = session.store.items.by_row(row)
        assert item.status is ItemStatus.SUCCEEDED
        assert dict(session.store.documents.recipe(item.recipe).pins) == {"engine": "2"}

    assert project.outputs() == OUTPUTS
