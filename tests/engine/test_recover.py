"""Taking over what a vendor has and the state does not know, after the state was lost or went back.

Nothing is sent by it, nothing is paid a second time for it, and where it cannot tell it leaves the decision to a person.
"""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import GuardRefused, UsageError
from docbatch.core.keys import item_key, recipe_key
from docbatch.core.models import Operation, Recipe, Recovery
from docbatch.engine.administration.adopt_unknown_work import UnknownWork, UnknownWorkVerdict, judge
from docbatch.engine.administration.recover_work import Recovered
from docbatch.engine.progress_notices import Waiting
from docbatch.engine.running.run_context import Run
from docbatch.providers.base import Recalled
from docbatch.state.store import Store
from docbatch.testing.fake.provider import GRACE
from docbatch.testing.tripwire import Killed, Meddler, Tripwire
from tests.fake.moments import moments
from tests.fake.project import TEXTS, Project

EXPECTED = {
    "a.txt.md": "# apple\n",
    "copy.txt.md": "# apple\n",
    "c.txt.md": "# cherry\n",
    "d.txt.md": "# partial date\n",
}
PAID = dict.fromkeys(TEXTS.values(), 1)
LOOKED_FOR = [Recovery.KEYED, Recovery.FINDABLE]


def made(root: Path, kind: Recovery = Recovery.FINDABLE, lag: float = 0.0, **traits: Any) -> Project:
    root.mkdir()
    project = Project(root, kind, cloud_options={"lag": lag}, trait_options=traits)
    project.write()
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made(tmp_path / "project")


def lose(project: Project) -> None:
    for path in project.folder.glob("state.db*"):
        path.unlink()


def lose_all(project: Project) -> None:
    shutil.rmtree(project.folder)


def go_back(project: Project) -> None:
    lose(project)
    shutil.copy(project.root / "backup.db", project.folder / "state.db")


def back_up(project: Project) -> None:
    project.apply(may_create=False)
    shutil.copy(project.folder / "state.db", project.root / "backup.db")


def killed(project: Project, wire: Tripwire) -> None:
    with contextlib.suppress(Killed):
        project.apply(wire)


def refusals(run: Run) -> list[str]:
    return [error.message for error in run.connections.troubles.values() if isinstance(error, GuardRefused)]


def verdicts(outcome: Recovered) -> list[UnknownWorkVerdict]:
    return [each.verdict for each in outcome.judgements]


@pytest.mark.parametrize("kind", LOOKED_FOR)
@pytest.mark.parametrize("happen", [lose, lose_all, go_back])
def test_what_was_sent_is_taken_over_and_collected(
    tmp_path: Path, kind: Recovery, happen: Callable[[Project], None]
) -> None:
    project = made(tmp_path / "project", kind)
    back_up(project)
    project.apply()
    shutil.rmtree(project.root / "out")
    happen(project)
    assert len(refusals(project.apply())) == 1

    outcome = project.recover()
    run = project.apply()

    assert outcome.exit_code == 0
    assert verdicts(outcome) == [UnknownWorkVerdict.TAKEN, UnknownWorkVerdict.TAKEN]
    assert refusals(run) == []
    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


@pytest.mark.parametrize("kind", LOOKED_FOR)
def test_what_the_state_lost_while_it_ran_is_followed_to_its_end(tmp_path: Path, kind: Recovery) -> None:
    project = made(tmp_path / "project", kind, max_in_flight=1)
    project.apply(wait=False)
    lose(project)

    project.recover()
    project.apply()

    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


@pytest.mark.parametrize("kind", LOOKED_FOR)
def test_work_that_lists_do_not_show_yet_is_waited_for(tmp_path: Path, kind: Recovery) -> None:
    project = made(tmp_path / "project", kind, lag=30.0)
    back_up(project)
    killed(project, Meddler(effect="after create"))
    go_back(project)

    outcome = project.recover()
    project.apply()

    assert "may not show yet" in " ".join(
        each.reason for each in project.notices if isinstance(each, Waiting)
    )
    assert verdicts(outcome) == [UnknownWorkVerdict.TAKEN]
    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


@pytest.mark.parametrize("kind", LOOKED_FOR)
def test_what_was_sent_only_after_the_state_was_copied_is_not_taken_for_unsent(
    tmp_path: Path, kind: Recovery
) -> None:
    project = made(tmp_path / "project", kind)
    project.cloud.expect("create", 1, "not_sent")
    project.apply(wait=False, allowance=3)
    shutil.copy(project.folder / "state.db", project.root / "backup.db")
    project.apply()
    go_back(project)
    (project.folder / "serial").unlink()
    assert len(refusals(project.apply())) == 1

    project.recover()
    project.apply()

    assert project.paid() == PAID
    assert project.outputs() == EXPECTED


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.full), False])
def test_killed_at_any_point_it_can_be_run_again(tmp_path: Path, *, every: bool) -> None:
    project = made(tmp_path / "project", max_in_flight=1)
    back_up(project)
    project.apply()
    go_back(project)
    shutil.copytree(project.root, tmp_path / "before")
    wire = Tripwire()
    project.recover(wire)

    for at in moments(wire.names, every=every):
        shutil.rmtree(project.root)
        shutil.copytree(tmp_path / "before", project.root)
        with contextlib.suppress(Killed):
            project.recover(Tripwire(at))
        assert project.recover().exit_code == 0
        project.apply()

        assert project.paid() == PAID, wire.names[at - 1]
        assert project.outputs() == EXPECTED, wire.names[at - 1]


def test_a_second_time_there_is_nothing_to_take_over(project: Project) -> None:
    project.apply()
    lose(project)
    project.recover()

    outcome = project.recover()

    assert (outcome.judgements, outcome.restored, outcome.exit_code) == ((), None, 0)


def test_a_vendor_that_cannot_be_searched_keeps_the_state_from_being_trusted(tmp_path: Path) -> None:
    project = made(tmp_path / "project", Recovery.NONE)
    back_up(project)
    project.apply()
    go_back(project)

    outcome = project.recover()

    assert outcome.exit_code == 6
    assert outcome.unsearched == {"fake": "the vendor offers no way to look for work"}
    assert len(refusals(project.apply())) == 1
    assert project.paid() == PAID


def test_a_person_can_say_that_a_connection_has_nothing_else(tmp_path: Path) -> None:
    project = made(tmp_path / "project", Recovery.NONE)
    project.apply()
    project.write({"new.txt": "new"})
    shutil.copy(project.folder / "state.db", tmp_path / "copy.db")
    killed(project, Meddler(effect="before create"))
    lose(project)
    shutil.copy(tmp_path / "copy.db", project.folder / "state.db")

    outcome = project.recover(absent=frozenset({"fake"}))
    run = project.apply()

    assert outcome.exit_code == 0
    assert refusals(run) == []
    assert project.paid() == {**PAID, "new": 1}


def test_a_vendor_that_does_not_answer_keeps_the_state_from_being_trusted(project: Project) -> None:
    back_up(project)
    project.apply()
    go_back(project)
    asked = project.cloud.calls("survey")
    for nth in range(1, 6):
        project.cloud.expect("survey", asked + nth, "down")

    assert project.recover().exit_code == 1
    assert len(refusals(project.apply())) == 1
    assert project.recover().exit_code == 0


def test_every_connection_that_the_state_names_has_to_be_searched(project: Project) -> None:
    project.apply(allowance=1)
    shutil.copy(project.folder / "state.db", project.root / "backup.db")
    project.apply()
    go_back(project)
    project.connection = "second"

    outcome = project.recover(only="second")

    assert outcome.unsearched == {"fake": "docbatch.yaml no longer has it"}
    assert outcome.exit_code == 6
    assert project.recover(absent=frozenset({"fake"})).exit_code == 0
    with pytest.raises(UsageError, match="no recorded work uses a connection 'third'"):
        project.recover(only="third")


def changed(project: Project) -> Project:
    """Let every document be another one than the one that was sent, in a state that was lost."""
    project.write({"a.txt": "apple"})
    project.apply()
    lose(project)
    project.write({name: f"{text} edited" for name, text in TEXTS.items()})
    return project


def test_work_that_matches_nothing_is_left_to_a_person_while_documents_wait(project: Project) -> None:
    outcome = changed(project).recover()

    assert set(verdicts(outcome)) == {UnknownWorkVerdict.LEFT}
    assert outcome.exit_code == 6
    assert len(refusals(project.apply())) == 1
    assert project.paid() == PAID


def test_what_a_person_gave_up_is_left_behind_and_the_rest_is_sent(project: Project) -> None:
    left = changed(project).recover()

    outcome = project.recover(abandoned=frozenset(each.found.marker for each in left.judgements))
    run = project.apply()

    assert outcome.exit_code == 0
    assert refusals(run) == []
    assert project.paid() == {**PAID, **{f"{text} edited": 1 for text in TEXTS.values()}}


def test_what_was_given_up_is_sent_again_under_another_name(project: Project) -> None:
    project.apply()
    lose(project)
    for nth in range(1, 9):
        project.cloud.expect("recall", nth, "gone")
    left = project.recover()
    project.recover(abandoned=frozenset(each.found.marker for each in left.judgements))

    project.apply()

    assert set(verdicts(left)) == {UnknownWorkVerdict.LEFT}
    assert set(project.paid().values()) == {2}
    assert len(project.cloud.markers("acme")) == 4
    assert project.outputs() == EXPECTED


def test_work_that_nothing_waits_for_is_known_from_then_on(project: Project) -> None:
    project.apply()
    lose(project)
    for name in ("b.txt", "c.txt", "d.txt"):
        (project.root / "in" / name).unlink()

    outcome = project.recover()

    assert sorted(verdicts(outcome)) == [UnknownWorkVerdict.KNOWN, UnknownWorkVerdict.TAKEN]
    assert outcome.exit_code == 0
    assert refusals(project.apply()) == []
    assert project.paid() == PAID


def test_documents_that_no_job_wants_any_more_are_counted_and_the_others_taken_over(project: Project) -> None:
    project.apply()
    lose(project)
    (project.root / "in" / "c.txt").unlink()

    outcome = project.recover()
    project.apply()

    assert sum(each.unwanted for each in outcome.judgements) == 1
    assert project.outputs() == EXPECTED
    assert project.paid() == PAID


def test_a_failed_document_takes_over_the_attempt_that_is_not_known(project: Project) -> None:
    project.apply()
    shutil.copy(project.folder / "state.db", project.root / "backup.db")
    with Store.writable(project.folder) as store:
        store.queued_again.queue([each.row for each in store.items.all() if each.failure and not each.result])
    project.apply()
    go_back(project)

    outcome = project.recover()
    project.apply()

    assert verdicts(outcome) == [UnknownWorkVerdict.TAKEN]
    assert project.paid() == {**PAID, "a bad one": 2}
    with Store.readable(project.folder) as store:
        (failed,) = [each for each in store.items.all() if each.failure and each.failure.code == "E42"]
        assert failed.attempt == 1


def test_work_of_several_recipes_is_nobodys_submission(project: Project) -> None:
    split = Recipe("fake", "acme", Operation.SPLIT)
    other = project.target(name="other", recipe=split, recipe_key=recipe_key(split), sinks=())
    with project.taken_up(project.target(), other) as (session, _clock):
        keys = [each.key for each in session.store.items.all()]
        apple = next(each for each in session.store.items.all())
        mixed = UnknownWork("proj-s1", "fake", "acme", Recalled("batch-1", dict.fromkeys(keys)))
        whole = UnknownWork(
            "proj-s2", "fake", "acme",
            Recalled("batch-2", {item_key(other.recipe_key, apple.media_type, apple.digest): None}),
        )  # fmt: skip
        refused, taken = judge(session, [mixed, whole], ())

    assert (refused.verdict, taken.verdict) == (UnknownWorkVerdict.LEFT, UnknownWorkVerdict.TAKEN)
    assert "different provider options" in refused.why


def test_what_was_sent_twice_is_followed_once(project: Project) -> None:
    with project.taken_up(project.target()) as (session, _clock):
        key = next(each.key for each in session.store.items.all())
        twins = [
            UnknownWork(f"proj-s{n}", "fake", "acme", Recalled(f"batch-{n}", {key: None})) for n in (1, 2)
        ]
        first, second = judge(session, twins, ())

    assert (first.verdict, second.verdict) == (UnknownWorkVerdict.TAKEN, UnknownWorkVerdict.KNOWN)


def put_back(project: Project, copy: Path) -> None:
    """Put the whole folder back as it was, with all that lies beside the state."""
    shutil.rmtree(project.folder)
    shutil.copytree(copy, project.folder)


@pytest.mark.parametrize("kind", LOOKED_FOR)
def test_a_folder_that_was_put_back_as_a_whole_sends_nothing_that_lists_may_not_show_yet(
    tmp_path: Path, kind: Recovery
) -> None:
    project = made(tmp_path / "project", kind, lag=30.0)
    project.apply()
    project.write({"new.txt": "new"})
    shutil.copytree(project.folder, tmp_path / "copy")
    killed(project, Meddler(effect="after create"))
    put_back(project, tmp_path / "copy")

    refused = refusals(project.apply())
    project.recover()
    project.apply()

    assert "work of this project that the state does not know" in " ".join(refused)
    assert project.paid() == {**PAID, "new": 1}


def test_a_folder_that_was_only_copied_goes_on_after_the_grace(tmp_path: Path) -> None:
    project = made(tmp_path / "project")
    project.apply()
    project.write({"new.txt": "new"})
    shutil.copytree(project.folder, tmp_path / "copy")
    put_back(project, tmp_path / "copy")
    before = project.cloud.now

    run = project.apply()

    assert project.cloud.now - before >= GRACE
    assert refusals(run) == []
    assert project.paid() == {**PAID, "new": 1}
