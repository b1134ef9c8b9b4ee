"""What cannot be taken back comes only after every successor can know of it: a home that stands in sees it in that order."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.acceptances import Acceptance
from docbatch.core.errors import DocbatchError, Refused
from docbatch.core.models import Recovery, Stops
from docbatch.core.retry_policy import FailingRules
from docbatch.engine.administration import edit_state
from docbatch.engine.administration.failures.accept_failures import accept, undo, withdraw
from docbatch.engine.administration.failures.retry_failures import Wish, retry
from docbatch.engine.administration.failures.select_failures import FailureSelectors
from docbatch.engine.administration.failures.take_back_retries import take_back
from docbatch.engine.administration.renaming import move_records
from docbatch.engine.running.loop import reconcile
from docbatch.providers.base import Accepted, Intent
from docbatch.state.home import Publication
from docbatch.state.store import Store
from tests.fake.project import Project
from tests.fake.watched_home import UNREACHABLE, WatchedProvider, watched

ONE = {"a.txt": "apple"}
NOW = 1_700_000_000.0
SENT = ("intent 1: intended", "create 1")
DONE = ("pack", "removal 1: collected", "discard 1")


def sent(
    root: Path,
    *faults: str,
    kind: Recovery = Recovery.FINDABLE,
    call: str = "create",
    refused: Sequence[Publication] = (),
    texts: dict[str, str] = ONE,
    **traits: Any,
) -> tuple[str, ...]:
    """Apply a project at a vendor that fails in this way; return what a home and the vendor saw."""
    project = Project(root, kind, trait_options=traits)
    project.write(texts)
    for number, fault in enumerate(faults, 1):
        if fault:
            project.cloud.expect(call, number, fault)
    with watched(*refused) as journal:
        try:
            project.apply()
        except DocbatchError as error:
            journal.entries.append(error.message)
    return tuple(journal.entries)


@pytest.mark.parametrize(
    ("kind", "faults", "seen"),
    [
        (Recovery.FINDABLE, [], (*SENT, "answer 1: submitted", *DONE)),
        (Recovery.FINDABLE, ["refused"], (*SENT, "answer 1: refused")),
        (Recovery.FINDABLE, ["not_sent"], (*SENT, "answer 1: unsent", *SENT, "answer 1: submitted", *DONE)),
        (Recovery.FINDABLE, ["after uncertain"], (*SENT, "answer 1: submitted", *DONE)),
        (
            Recovery.FINDABLE,
            ["uncertain"],
            (*SENT, "answer 1: void", "intent 2: intended", "create 2", "answer 2: submitted", "pack", "removal 2: collected", "discard 2"),
        ),
        (Recovery.KEYED, ["uncertain"], (*SENT, "replay 1: unanswered", "create 1", "answer 1: submitted", *DONE)),
        (
            Recovery.KEYED,
            ["uncertain", "not_sent"],
            (*SENT, "replay 1: unanswered", "create 1", "replay 1: unanswered", "create 1", "answer 1: submitted", *DONE),
        ),
        (Recovery.NONE, ["uncertain"], (*SENT, "answer 1: held")),
    ],
)  # fmt: skip
def test_a_create_follows_its_publication_and_its_answer_is_published_before_the_next(
    tmp_path: Path, kind: Recovery, faults: Sequence[str], seen: Sequence[str]
) -> None:
    assert sent(tmp_path, *faults, kind=kind) == tuple(seen)


def test_of_several_submissions_each_is_published_and_answered_before_the_next(tmp_path: Path) -> None:
    texts = {f"{number}.txt": f"document {number}" for number in range(3)}

    seen = sent(tmp_path, texts=texts, max_items=1, max_in_flight=3)

    creates = [entry for entry in seen if entry.startswith(("intent", "create", "answer"))]
    assert creates == [
        entry
        for number in (1, 2, 3)
        for entry in (f"intent {number}: intended", f"create {number}", f"answer {number}: submitted")
    ]


class TooMuchAtOnce(WatchedProvider):
    """Refuses more than one document, and does not say why."""

    def create(self, intent: Intent) -> Accepted:
        if len(intent.batch.items) == 1:
            return super().create(intent)
        self.journal.asked("create", intent.submission)
        raise Refused("too much", code="413", unexplained=True)


def test_halves_of_a_refused_batch_are_sent_after_the_refusal_is_published(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"a.txt": "apple", "b.txt": "beet"})

    with watched(speaks_as=TooMuchAtOnce) as journal:
        project.apply()

    assert journal.entries[:5] == [*SENT, "answer 1: unsent", "intent 2: intended", "create 2"]


@pytest.mark.parametrize(
    ("refused", "kind", "faults", "seen"),
    [
        (Publication.INTENT, Recovery.KEYED, [], ()),
        (Publication.REPLAY, Recovery.KEYED, ["uncertain"], SENT),
        (Publication.ANSWER, Recovery.KEYED, [], SENT),
        (Publication.PACK, Recovery.KEYED, [], (*SENT, "answer 1: submitted")),
        (Publication.REMOVAL, Recovery.KEYED, [], (*SENT, "answer 1: submitted", "pack")),
    ],
)
def test_what_cannot_be_published_is_not_done(
    tmp_path: Path, refused: Publication, kind: Recovery, faults: Sequence[str], seen: Sequence[str]
) -> None:
    assert sent(tmp_path, *faults, kind=kind, refused=[refused]) == (*seen, UNREACHABLE)


def test_results_whose_pack_cannot_be_published_do_not_count_as_collected(tmp_path: Path) -> None:
    sent(tmp_path, refused=[Publication.PACK])

    with Store.readable(tmp_path / ".docbatch") as store:
        assert not store.results.is_any_collected()


def test_after_a_home_was_out_of_reach_the_next_run_goes_on_and_pays_once(tmp_path: Path) -> None:
    for refused in (Publication.INTENT, Publication.ANSWER, Publication.PACK, Publication.REMOVAL):
        sent(tmp_path, refused=[refused], kind=Recovery.KEYED)

    sent(tmp_path, kind=Recovery.KEYED)

    project = Project(tmp_path, Recovery.KEYED)
    assert list(project.paid().values()) == [1]
    assert project.outputs() == {"a.txt.md": "# apple\n"}


def test_a_vendor_is_asked_to_stop_after_that_is_published(tmp_path: Path) -> None:
    traits = {"stops": Stops.ALL}
    project = Project(tmp_path, timeout=100.0, cloud_options={"latency": 5000.0}, trait_options=traits)
    project.write(ONE)
    target = project.target(failing=FailingRules(cancels_stuck=True))

    with watched() as journal, project.taken_up(target) as (session, clock):
        reconcile(project.run(session, clock))

    assert journal.entries[3:5] == ["removal 1: submitted", "cancel 1"]


class TestDecisions:
    """Of a person: published when the command is done, and by none that only looks."""

    CHOSEN = FailureSelectors(classes=("corrupt",))
    DECIDED: tuple[tuple[str, Callable[[Path, bool], object]], ...] = (
        ("retry", lambda folder, dry: retry(folder, Wish(TestDecisions.CHOSEN), NOW, dry_run=dry)),
        ("accept", lambda folder, dry: accept(folder, TestDecisions.CHOSEN, Acceptance("known", "me", NOW), dry_run=dry)),
        ("forget", lambda folder, dry: edit_state.forget(folder, "job", "a.txt", dry_run=dry)),
        ("rename a job", lambda folder, dry: move_records.move_job(folder, "job", "other", dry_run=dry)),
        ("rename a document", lambda folder, dry: move_records.move_document(folder, "job", "a.txt", "b.txt", dry_run=dry)),
        ("rename a connection", lambda folder, dry: move_records.move_connection(folder, "fake", "other", dry_run=dry)),
    )  # fmt: skip

    @pytest.mark.parametrize(("name", "decide"), DECIDED)
    def test_each_is_published_once_it_is_recorded(
        self, tmp_path: Path, name: str, decide: Callable[[Path, bool], object]
    ) -> None:
        project = Project(tmp_path)
        project.write({"a.txt": "a bad one"})
        project.apply()

        with watched() as journal:
            decide(project.folder, True)
            assert journal.entries == [], name
            decide(project.folder, False)

        assert journal.entries == ["decision"]

    def test_so_is_what_takes_one_back(self, tmp_path: Path) -> None:
        project = Project(tmp_path)
        project.write({"a.txt": "a bad one"})
        project.apply()
        folder, chosen = project.folder, self.CHOSEN
        retry(folder, Wish(chosen), NOW, dry_run=False)

        with watched() as journal:
            take_back(folder, FailureSelectors(), NOW, dry_run=False)
            accept(folder, chosen, Acceptance("known", "me", NOW), dry_run=False)
            undo(folder, chosen, NOW, dry_run=False)
            accept(folder, chosen, Acceptance("known", "me", NOW), dry_run=False)
            withdraw(folder, chosen, NOW, who="me", dry_run=False)

        assert journal.entries == ["decision"] * 5

    @pytest.mark.parametrize("remote_id", [None, "batch-1"])
    def test_so_is_what_becomes_of_held_work(self, tmp_path: Path, remote_id: str | None) -> None:
        project = Project(tmp_path, Recovery.NONE)
        project.write(ONE)
        project.cloud.expect("create", 1, "after uncertain")
        project.apply()
        with Store.readable(project.folder) as store:
            (held,) = store.submissions.open()

        with watched() as journal:
            edit_state.resolve(project.folder, held.id, remote_id, dry_run=True)
            assert journal.entries == []
            edit_state.resolve(project.folder, held.id, remote_id, dry_run=False)

        assert journal.entries == ["decision"]
