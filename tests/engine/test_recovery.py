"""What is found after something went wrong: an old state, another account, lost answers, edited files.

Whatever it is, nothing is paid a second time, and what cannot be known is held or refused with its reason.
"""

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import GuardRefused, Refused
from docbatch.core.lifecycle import Event
from docbatch.core.models import Failure, FailureClass, Recovery, RemoteObject, SubmissionStatus
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.running import deliver_results
from docbatch.engine.running.run_context import Run
from docbatch.providers.base import Batch, Content, Prepared, Step
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from docbatch.testing.tripwire import Killed, Meddler, Tripwire, raise_killed
from tests.fake.project import TEXTS, Project

KINDS = list(Recovery)
EXPECTED = {
    "a.txt.md": "# apple\n",
    "copy.txt.md": "# apple\n",
    "c.txt.md": "# cherry\n",
    "d.txt.md": "# partial date\n",
}
PAID = dict.fromkeys(TEXTS.values(), 1)
FAR_TOO_LATE = 500.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made(tmp_path / "project")


def made(root: Path, kind: Recovery = Recovery.FINDABLE, lag: float = 0.0, **traits: Any) -> Project:
    root.mkdir()
    project = Project(root, kind, cloud_options={"lag": lag}, trait_options=traits)
    project.write()
    return project


def source(project: Project, name: str) -> Path:
    return project.root / "in" / name


def output(project: Project, name: str) -> Path:
    return project.root / "out" / f"{name}.md"


def killed(project: Project, wire: Tripwire) -> None:
    with contextlib.suppress(Killed):
        project.apply(wire)


def submissions(project: Project) -> list[tuple[SubmissionStatus, list[Event]]]:
    with Store.readable(project.folder) as store:
        return [
            (each.status, [entry.event for entry in store.events.of(each.id)])
            for each in store.submissions.all()
        ]


def refusals(run: Run) -> list[str]:
    return [error.message for error in run.connections.troubles.values() if isinstance(error, GuardRefused)]


def is_held(project: Project) -> bool:
    return SubmissionStatus.HELD in {status for status, _ in submissions(project)}


def put_back(project: Project, state: Path) -> None:
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (project.folder / name).unlink(missing_ok=True)
    shutil.copy(state, project.folder / "state.db")


@dataclass
class Camera(Tripwire):
    """Copies the state after every committed transaction."""

    state: Path = Path()
    album: Path = Path()

    def __call__(self, name: str) -> None:
        super().__call__(name)
        if name == "after commit":
            copy = self.album / f"{len(self.names):04}.db"
            with (
                contextlib.closing(sqlite3.connect(self.state)) as live,
                contextlib.closing(sqlite3.connect(copy)) as taken,
            ):
                live.backup(taken)


@pytest.mark.parametrize("kind", list(Recovery))
def test_a_state_cut_at_any_transaction_pays_nothing_again(tmp_path: Path, kind: Recovery) -> None:
    (tmp_path / "album").mkdir()
    project = made(tmp_path / "project", kind, lag=30.0)
    project.apply(Camera(state=project.folder / "state.db", album=tmp_path / "album"))
    shutil.copytree(project.root, tmp_path / "end")
    endings = set()

    for state in sorted((tmp_path / "album").iterdir()):
        shutil.rmtree(project.root)
        shutil.copytree(tmp_path / "end", project.root)
        put_back(project, state)
        if kind is not Recovery.NONE:
            (project.folder / "serial").unlink()
        endings.add(ending(project))

    assert endings == {"complete", "refused"} | ({"held"} if kind is Recovery.NONE else set())


def ending(project: Project) -> str:
    """Apply, make sure that nothing was paid for it, and say how it ended."""
    run = project.apply()
    assert project.paid() == PAID
    assert project.outputs() == EXPECTED
    if refusals(run):
        return "refused"
    if is_held(project):
        return "held"
    assert set(project.statuses()) <= {"succeeded", "partial", "failed"}
    return "complete"


@pytest.mark.parametrize(
    ("kind", "with_serial"),
    [
        (Recovery.KEYED, True),
        (Recovery.KEYED, False),
        (Recovery.FINDABLE, True),
        (Recovery.FINDABLE, False),
        (Recovery.NONE, True),
    ],
)
def test_a_restored_backup_creates_nothing(tmp_path: Path, kind: Recovery, *, with_serial: bool) -> None:
    project = made(tmp_path / "project", kind)
    project.apply(may_create=False)
    shutil.copy(project.folder / "state.db", tmp_path / "backup.db")
    project.apply()
    creates = project.cloud.calls("create")

    put_back(project, tmp_path / "backup.db")
    if not with_serial:
        (project.folder / "serial").unlink()
    run = project.apply()

    assert project.cloud.calls("create") == creates
    (refusal,) = refusals(run)
    assert ("restored from a backup" if with_serial else "that the state does not know") in refusal


def test_a_run_that_is_refused_still_follows_what_it_knows(tmp_path: Path) -> None:
    project = made(tmp_path / "project", max_in_flight=1)
    project.apply(wait=False)
    shutil.copy(project.folder / "state.db", tmp_path / "backup.db")
    project.apply()
    output(project, "a.txt").unlink()
    put_back(project, tmp_path / "backup.db")

    run = project.apply()

    assert len(refusals(run)) == 1
    assert {status for status, _ in submissions(project)} == {SubmissionStatus.COLLECTED}
    assert project.paid() == PAID


def test_a_restored_state_stays_refused_however_often_it_is_applied(tmp_path: Path) -> None:
    project = made(tmp_path / "project", Recovery.NONE)
    project.apply(wait=False, allowance=3)
    shutil.copy(project.folder / "state.db", tmp_path / "backup.db")
    project.apply()
    put_back(project, tmp_path / "backup.db")

    runs = [project.apply() for _ in range(3)]

    assert [len(refusals(run)) for run in runs] == [1, 1, 1]
    assert project.paid() == PAID


def test_another_account_neither_settles_nor_repeats_what_was_sent(project: Project) -> None:
    killed(project, Meddler(effect="after create"))
    sent = project.paid()
    project.account = "other"

    run = project.apply()

    assert "which was sent for acme, is not through" in " ".join(refusals(run))
    assert submissions(project) == [(SubmissionStatus.UNANSWERED, [Event.INTENDED, Event.UNANSWERED])]
    assert project.paid() == sent


def test_back_with_its_own_account_a_submission_is_settled(project: Project) -> None:
    killed(project, Meddler(effect="after create"))
    project.account = "other"
    project.apply()
    project.account = "acme"
    project.apply()

    assert {status for status, _ in submissions(project)} == {SubmissionStatus.COLLECTED}
    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


def test_when_all_is_through_another_account_is_another_world(project: Project) -> None:
    project.apply()
    project.account = "other"
    project.apply()

    assert project.cloud.paid("acme") == project.cloud.paid("other") == PAID


def test_under_a_connection_of_its_own_another_account_may_be_used_at_once(project: Project) -> None:
    killed(project, Meddler(effect="after create"))
    project.account, project.connection = "other", "second"
    project.apply()

    assert project.cloud.paid("other") == PAID


def test_work_that_shows_only_after_the_grace_is_held_and_settles_itself_later(tmp_path: Path) -> None:
    project = made(tmp_path / "project", lag=FAR_TOO_LATE, resend=False)
    project.cloud.expect("create", 1, "after uncertain")

    project.apply()
    assert is_held(project)
    assert project.paid() == PAID

    project.cloud.pass_time(FAR_TOO_LATE)
    project.apply()
    assert not is_held(project)
    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


def test_a_held_submission_that_cannot_be_looked_for_is_looked_for_later(tmp_path: Path) -> None:
    project = made(tmp_path / "project", lag=FAR_TOO_LATE, resend=False)
    project.cloud.expect("create", 1, "after uncertain")
    project.apply()
    looks = project.cloud.calls("look")
    for nth in (1, 2):
        project.cloud.expect("look", looks + nth, "down")

    project.apply()

    assert project.cloud.calls("look") == looks + 3
    assert project.outputs() == EXPECTED


def test_a_look_that_sees_no_witness_proves_nothing(tmp_path: Path) -> None:
    project = made(tmp_path / "project", lag=FAR_TOO_LATE, resend=True)
    killed(project, Meddler(effect="after create"))
    project.cloud.forget_objects()

    project.apply()

    assert is_held(project)
    assert max(project.paid().values()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_answer_is_not_a_second_payment(tmp_path: Path, kind: Recovery) -> None:
    project = made(tmp_path / "project", kind, lag=30.0)
    project.cloud.expect("create", 1, "after uncertain")

    project.apply()

    assert project.paid() == PAID
    assert is_held(project) is (kind is Recovery.NONE)


@pytest.mark.parametrize("first", ["after uncertain", "uncertain"])
@pytest.mark.parametrize("answer", ["refused", "not_sent", "uncertain"])
@pytest.mark.parametrize("findable", [False, True])
def test_an_answer_to_a_replay_says_nothing_about_the_first_attempt(
    tmp_path: Path, first: str, answer: str, *, findable: bool
) -> None:
    project = made(tmp_path / "project", Recovery.KEYED, findable=findable)
    project.cloud.expect("create", 1, first)
    project.cloud.expect("create", 3, answer)

    project.apply()

    assert max(project.paid().values()) == 1
    if answer == "refused" and (first == "uncertain" or not findable):
        assert is_held(project)
        assert project.cloud.calls("create") == 3
    else:
        assert project.outputs() == EXPECTED


def test_a_refused_create_fails_its_documents_with_the_reason_and_stops_no_others(project: Project) -> None:
    project.cloud.expect("create", 1, "refused")

    project.apply()

    assert submissions(project)[0] == (SubmissionStatus.REFUSED, [Event.INTENDED, Event.REFUSED])
    assert project.statuses()["failed"] >= 3
    assert len(project.outputs()) >= 1


def test_a_create_that_was_not_sent_is_sent_again(project: Project) -> None:
    project.cloud.expect("create", 1, "not_sent")

    project.apply()

    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


def test_work_the_vendor_lost_is_not_sent_again_unasked(project: Project) -> None:
    project.cloud.expect("gone", 1, "gone")

    project.apply()
    project.apply()

    assert project.paid() == PAID
    assert SubmissionStatus.EXPIRED in {status for status, _ in submissions(project)}
    with Store.readable(project.folder) as store:
        lost = [each.failure.kind for each in store.items.all() if each.failure and each.result is None]
    assert lost.count(FailureClass.EXPIRED) == 3


def test_work_that_cost_nothing_is_sent_again_when_it_was_lost(tmp_path: Path) -> None:
    project = made(tmp_path / "project", free=True)
    project.cloud.expect("gone", 1, "gone")

    project.apply()

    assert project.outputs() == EXPECTED


@pytest.mark.parametrize("call", ["survey", "perform", "poll", "fetch"])
def test_a_repeatable_call_that_fails_is_made_again(project: Project, call: str) -> None:
    for nth in (1, 2):
        project.cloud.expect(call, nth, "down")

    project.apply()

    assert project.cloud.calls(call) > 2
    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


def test_a_look_that_fails_is_not_a_look(tmp_path: Path) -> None:
    project = made(tmp_path / "project", lag=30.0)
    project.cloud.expect("create", 1, "after uncertain")
    for nth in range(1, 9):
        project.cloud.expect("look", nth, "down")

    project.apply()

    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


def test_a_document_edited_after_it_was_planned_is_sent_as_it_is_now(project: Project) -> None:
    edit = Meddler(
        effect="after configuration", act=lambda: source(project, "c.txt").write_text("cherry pie")
    )

    project.apply(edit)

    assert project.paid() == {text: 1 for text in (*TEXTS.values(), "cherry pie") if text != "cherry"}
    assert project.outputs() == {**EXPECTED, "c.txt.md": "# cherry pie\n"}


def test_a_document_that_keeps_changing_is_set_aside_and_taken_up_by_the_next_run(project: Project) -> None:
    versions = iter(range(99))
    path = source(project, "c.txt")
    edit = Meddler(
        effect="after directory", act=lambda: path.write_text(f"cherry {next(versions)}"), times=99
    )

    project.apply(edit)
    assert project.statuses()["problem"] == 1
    assert project.paid() == {text: 1 for text in TEXTS.values() if text != "cherry"}

    project.apply()
    assert project.outputs() == {**EXPECTED, "c.txt.md": f"# {path.read_text()}\n"}
    assert max(project.paid().values()) == 1


def test_a_document_deleted_after_it_was_planned_stops_no_others(project: Project) -> None:
    project.apply(Meddler(effect="after configuration", act=source(project, "c.txt").unlink))

    assert project.statuses()["problem"] == 1
    assert project.outputs() == {name: text for name, text in EXPECTED.items() if name != "c.txt.md"}


def test_a_renamed_document_is_not_paid_again(project: Project) -> None:
    project.apply()
    source(project, "c.txt").rename(source(project, "renamed.txt"))
    project.apply()

    assert project.paid() == PAID
    assert project.outputs() == {**EXPECTED, "renamed.txt.md": "# cherry\n"}


def test_an_edited_document_is_paid_once_more(project: Project) -> None:
    project.apply()
    source(project, "c.txt").write_text("cherry pie")
    project.apply()

    assert project.paid() == {**PAID, "cherry pie": 1}
    assert project.outputs() == {**EXPECTED, "c.txt.md": "# cherry pie\n"}


def test_a_document_edited_back_is_delivered_from_the_spool(project: Project) -> None:
    project.apply()
    source(project, "c.txt").write_text("apple")
    project.apply()

    assert project.paid() == PAID
    assert output(project, "c.txt").read_text() == "# apple\n"


def test_the_same_bytes_under_two_names_are_one_payment_and_two_outputs(project: Project) -> None:
    project.apply()

    assert project.paid()["apple"] == 1
    assert output(project, "a.txt").read_bytes() == output(project, "copy.txt").read_bytes()


def test_with_nothing_changed_nothing_is_done(project: Project) -> None:
    project.apply()
    calls = [project.cloud.calls(call) for call in ("create", "poll", "fetch", "perform", "look", "survey")]
    written = {path: path.stat().st_mtime_ns for path in project.root.joinpath("out").iterdir()}
    project.notices.clear()

    project.apply()

    assert [
        project.cloud.calls(call) for call in ("create", "poll", "fetch", "perform", "look", "survey")
    ] == calls
    assert {path: path.stat().st_mtime_ns for path in project.root.joinpath("out").iterdir()} == written
    assert project.notices == []


def trash(project: Project) -> list[str]:
    return [path.read_text() for path in (project.folder / "trash").rglob("*") if path.is_file()]


def test_an_edited_output_is_written_again_and_the_edit_is_kept(project: Project) -> None:
    project.apply()
    output(project, "c.txt").write_text("my own notes")
    project.apply()

    assert project.outputs() == EXPECTED
    assert "my own notes" in trash(project)
    assert project.paid() == PAID


def test_a_truncated_output_is_written_again(project: Project) -> None:
    project.apply()
    os.truncate(output(project, "c.txt"), 3)
    project.apply()

    assert project.outputs() == EXPECTED
    assert project.paid() == PAID


def test_a_deleted_output_is_written_again(project: Project) -> None:
    project.apply()
    shutil.rmtree(project.root / "out")
    project.apply()

    assert project.outputs() == EXPECTED
    assert project.paid() == PAID


def killed_before_delivery(project: Project) -> None:
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(deliver_results, "deliver", lambda _run, _action: raise_killed())
        project.apply()


def test_a_document_removed_before_its_result_was_written_is_forgotten(project: Project) -> None:
    killed_before_delivery(project)
    source(project, "a.txt").unlink()
    source(project, "copy.txt").unlink()

    project.apply()

    assert project.outputs() == {name: EXPECTED[name] for name in ("c.txt.md", "d.txt.md")}


@pytest.mark.parametrize("text", ["apple pie", "a bad apple"])
def test_a_document_edited_before_its_result_was_written_is_processed_anew(
    project: Project, text: str
) -> None:
    killed_before_delivery(project)
    source(project, "a.txt").write_text(text)

    project.apply()

    assert project.paid() == {**PAID, text: 1}
    assert output(project, "copy.txt").read_text() == "# apple\n"


def failures(project: Project) -> dict[str, Failure]:
    with Store.readable(project.folder) as store:
        found = store.documents.failures(project.job)
        return {
            path.decode(): Failure(FailureClass(why.kind), why.message, why.code)
            for path, status, why in found
            if status == "failed"
        }


@pytest.mark.parametrize("refused", sorted(set(TEXTS) - {"b.txt"}))
def test_a_refused_upload_fails_its_own_document_only(
    project: Project, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    class Choosy(FakeProvider):
        """Takes every document but those with one text."""

        def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
            for item in batch.items:
                if item.key == step.item and Path(os.fsdecode(item.place)).read_text() == TEXTS[refused]:
                    raise Refused("no documents about that", code="E7", kind="unsupported")
            return super().perform(step, batch, prepared, content)

    monkeypatch.setattr("tests.fake.project.FakeProvider", Choosy)
    alike = {name for name, text in TEXTS.items() if text == TEXTS[refused]}

    project.apply()

    assert failures(project) == {
        "b.txt": Failure(FailureClass.CORRUPT, "cannot be read", "E42"),
        **{name: Failure(FailureClass.UNSUPPORTED, "no documents about that", "E7") for name in alike},
    }
    assert project.outputs() == {
        name: text for name, text in EXPECTED.items() if name.removesuffix(".md") not in alike
    }
    assert project.paid() == {text: 1 for text in TEXTS.values() if text != TEXTS[refused]}


@pytest.mark.parametrize(
    "kind",
    [
        Recovery.KEYED,
        Recovery.FINDABLE,
        Recovery.NONE,
    ],
)
def test_a_lost_state_is_not_an_empty_world(tmp_path: Path, kind: Recovery) -> None:
    project = made(tmp_path / "project", kind)
    project.apply()
    for path in project.folder.glob("state.db*"):
        path.unlink()

    run = project.apply()

    assert len(refusals(run)) == 1
    assert project.paid() == PAID


def test_what_was_not_sent_does_not_use_up_what_is_allowed(project: Project) -> None:
    project.cloud.expect("create", 1, "not_sent")

    project.apply(allowance=4)

    assert project.paid() == PAID


def test_a_free_result_lost_before_it_was_fetched_is_made_again(tmp_path: Path) -> None:
    project = made(tmp_path / "project", free=True)
    project.cloud.expect("fetch", 1, "gone")

    project.apply()

    assert project.outputs() == EXPECTED


def test_a_paid_result_lost_before_it_was_fetched_is_not_paid_again(tmp_path: Path) -> None:
    project = made(tmp_path / "project")
    project.cloud.expect("fetch", 1, "gone")

    project.apply()
    project.apply()

    assert project.paid() == PAID
    assert len(EXPECTED.items() - project.outputs().items()) > 0


def test_free_work_that_is_always_lost_is_given_up(tmp_path: Path) -> None:
    project = made(tmp_path / "project", free=True)
    for nth in range(1, 500):
        project.cloud.expect("gone", nth, "gone")

    project.apply()

    assert set(project.statuses()) == {"failed"}


class Named(Project):
    """A project whose outputs are named by the documents' bytes."""

    def target(self, **changes: Any) -> ResolvedJob:
        target = super().target(**changes)
        (sink,) = target.sinks
        return replace(
            target, sinks=(replace(sink, place=lambda _path, digest, _size: digest[:8].encode() + b".md"),)
        )


def test_an_output_named_by_its_bytes_moves_with_them_even_where_adopting_was_killed(tmp_path: Path) -> None:
    project = Named(tmp_path, Recovery.FINDABLE)
    project.write({"c.txt": "cherry"})
    project.apply()
    source(project, "c.txt").write_text("cherry pie")
    killed(project, Meddler(effect="after commit"))

    project.apply()

    assert sorted(project.outputs().values()) == ["# cherry\n", "# cherry pie\n"]


def test_open_work_on_a_connection_that_is_not_selected_is_left_alone(project: Project) -> None:
    project.apply(wait=False)
    shutil.rmtree(source(project, ""))
    project.write({"z.txt": "zebra"})
    project.job, project.connection = "other", "second"

    project.apply()

    assert project.outputs() == {"z.txt.md": "# zebra\n"}
