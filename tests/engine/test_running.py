"""What the engine does around a submission: preparing, waiting, fetching side by side, and cleaning up."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import Gone, NotSent, ProviderError, Unavailable
from docbatch.core.keys import recipe_key
from docbatch.core.models import Operation, Recipe, RemoteObject, SubmissionStatus
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Intended, Notice, Trouble
from docbatch.engine.running import follow_submission
from docbatch.engine.running.loop import reconcile
from docbatch.engine.running.replan_changed_document import replan
from docbatch.engine.running.run_context import Run
from docbatch.packed import unpacked
from docbatch.providers.base import Batch, Content, Intent, Prepared, Progress, Ready, Step
from docbatch.state.remote_objects import RemoteObjects
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeAnswer, FakeProvider
from docbatch.testing.tripwire import Killed, Meddler, Tripwire
from tests.fake.project import Project
from tests.kept_results import kept_results

DONE = {"succeeded": 3, "partial": 1, "failed": 1}
SIGNED = "https://bucket.example/page.png?X-Amz-Signature=5ec2e7"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path, trait_options={"max_items": 10})
    made.write()
    return made


def acting(patch: pytest.MonkeyPatch, kind: type[FakeProvider]) -> None:
    """Let the project speak to another kind of provider."""
    patch.setattr("tests.fake.project.FakeProvider", kind)


def failing(call: str, *errors: ProviderError) -> type[FakeProvider]:
    """Return a provider whose first calls of a kind fail like this, one after the other."""
    left = list(errors)

    def fail(self: FakeProvider, *arguments: Any) -> Any:
        if left:
            raise left.pop(0)
        return getattr(FakeProvider, call)(self, *arguments)

    return type("Failing", (FakeProvider,), {call: fail})


def failures(project: Project) -> list[tuple[str, str | None, str]]:
    with Store.readable(project.folder) as store:
        found = store.documents.failures(project.job, 10)
        return [(path.decode(), why.code, why.message) for path, _, why in found]


def credits_of(project: Project) -> float | None:
    with Store.readable(project.folder) as store:
        charged: float | None = store.submissions.credits(project.job)
        return charged


class Listing(FakeProvider):
    """Needs a listing of its directory once every file is in it."""

    def steps(self, batch: Batch) -> Sequence[Step]:
        return [*super().steps(batch), Step(f"listing {batch.marker}")]

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        if step.name.startswith("listing"):
            assert all(f"file {item.key}" in prepared for item in batch.items)
        return super().perform(step, batch, prepared, content)


@pytest.mark.parametrize("threads", [1, 4])
def test_steps_are_done_in_their_order_and_uploads_side_by_side(
    project: Project, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    project.trait_options["concurrency"] = threads
    acting(monkeypatch, Listing)

    project.apply()

    assert project.statuses() == DONE


def test_a_directory_that_vanished_is_made_anew_and_what_was_uploaded_is_not(project: Project) -> None:
    project.cloud.expect("perform", 4, "gone")

    run = project.apply()

    assert run.connections.troubles == {}
    assert project.statuses() == DONE
    assert project.cloud.calls("perform") == len(
        ["configuration", "directory", "file", "GONE", "directory", "file", "file", "file"]
    )


def test_a_directory_that_vanishes_again_and_again_is_given_up(project: Project) -> None:
    for nth in range(3, 40):
        project.cloud.expect("perform", nth, "gone")

    run = project.apply()

    assert [type(error) for error in run.connections.troubles.values()] == [Gone]
    assert project.cloud.calls("perform") < 12
    assert project.paid() == {}


def test_all_uploads_are_recorded_also_where_they_come_faster_than_they_are_recorded(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.trait_options |= {"concurrency": 4, "max_items": 100}
    project.write({f"{number}.txt": f"text {number}" for number in range(40)})
    recorded: list[int] = []
    record = RemoteObjects.record

    def counted(self: RemoteObjects, account: str, made: Iterable[RemoteObject]) -> None:
        made = list(made)
        recorded.append(len(made))
        record(self, account, made)

    monkeypatch.setattr(RemoteObjects, "record", counted)
    project.apply()

    assert sum(recorded) == 2 + 44
    assert project.cloud.uploads() == 44


def test_a_vendor_s_own_waits_do_not_lengthen_ours(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    named = [NotSent("slow down", retry_after=2.0)] * 20
    acting(monkeypatch, failing("create", *named))

    project.apply()

    assert project.cloud.now == pytest.approx(20 * 2.0 + 2.0)


def test_uploads_that_went_well_end_the_back_off(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({f"{number}.txt": f"text {number}" for number in range(8)})
    plain = FakeProvider.perform
    calls: list[str] = []

    def every_second_fails(self: FakeProvider, *arguments: Any) -> RemoteObject:
        calls.append("perform")
        if len(calls) % 2 == 0:
            raise Unavailable("not now")
        return plain(self, *arguments)

    monkeypatch.setattr(FakeProvider, "perform", every_second_fails)
    project.apply()

    assert project.cloud.now < 25.0


def test_jobs_of_equal_priority_are_served_in_turn_where_there_is_room_for_one(project: Project) -> None:
    project.trait_options |= {"max_items": 1, "max_in_flight": 1}
    recipes = [Recipe("fake", "acme", Operation.PARSE, {"way": way}) for way in ("fast", "slow")]
    targets = [
        project.target(name=recipe.config["way"], recipe=recipe, recipe_key=recipe_key(recipe), sinks=())
        for recipe in recipes
    ]
    served: list[tuple[str, ...]] = []
    with project.taken_up(*targets) as (session, clock):

        def observe(notice: Notice) -> None:
            if isinstance(notice, Intended):
                served.append(session.store.submissions.wanted_by(notice.submission))

        reconcile(
            Run(
                store=session.store,
                spool=session.spool,
                connections=session.connections,
                targets=session.targets,
                clock=clock,
                observe=observe,
                project="proj",
                replan=replan,
            )
        )

    assert [names for (names,) in served] in (["fast", "slow"] * 4, ["slow", "fast"] * 4)


def test_a_storm_of_too_many_requests_leaves_one_submission(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting(monkeypatch, failing("create", *[NotSent("slow down")] * 30))

    project.apply()

    with Store.readable(project.folder) as store:
        (only,) = store.submissions.all()
        assert only.status is SubmissionStatus.COLLECTED
    assert project.cloud.calls("perform") == 2 + 4
    assert project.statuses() == DONE


@pytest.mark.parametrize("fault", ["not_sent_wait", "out_of_credits", "stop"])
def test_a_connection_that_is_to_wait_or_to_stop_does_so_at_once(project: Project, fault: str) -> None:
    project.trait_options |= {"max_items": 1, "max_in_flight": 4}
    project.cloud.expect("create", 1, fault)

    project.apply(wait=False)

    assert project.cloud.calls("create") == 1
    assert project.statuses() == {"pending": 5}


def test_a_vendor_that_cannot_be_searched_now_is_asked_once_in_a_round(project: Project) -> None:
    project.trait_options |= {"max_items": 1, "max_in_flight": 4}
    project.cloud.expect("survey", 1, "down")

    project.apply(wait=False)

    assert project.cloud.calls("survey") == 1


class Telling(FakeProvider):
    """Says only with a result what it cost, and whether it is whole."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        seen = super().poll(intent, remote_id)
        whole = [replace(each, partial=False) if isinstance(each, Ready) else each for each in seen.ended]
        return replace(seen, ended=whole)

    def read(self, payload: bytes) -> FakeAnswer:
        answer = super().read(payload)
        answer.is_partial, answer.credits = b"partial" in payload, 2.5
        return answer


class Sinkless(Project):
    def target(self, **changes: Any) -> ResolvedJob:
        return super().target(sinks=(), **changes)


def test_what_only_a_result_tells_is_recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    acting(monkeypatch, Telling)

    project.apply()

    assert project.statuses() == DONE
    assert credits_of(project) == 3 * 2.5


def test_where_no_vendor_tells_what_it_cost_nothing_is_made_up(project: Project) -> None:
    project.apply()

    assert credits_of(project) is None


def test_the_credits_of_a_shared_document_are_charged_to_one_job(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    acting(monkeypatch, Telling)
    project.apply()
    other = Sinkless(project.root, job="archive", trait_options=project.trait_options)
    other.apply()

    assert other.statuses() == DONE
    assert credits_of(other) == 3 * 2.5
    assert credits_of(project) is None


@pytest.mark.parametrize("threads", [1, 4])
def test_results_fetched_ahead_are_all_recorded_and_fetched_once(
    project: Project, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(follow_submission, "WINDOW", 5)
    monkeypatch.setattr(follow_submission, "AHEAD", 5)
    project.trait_options |= {"concurrency": threads, "max_items": 100}
    project.write({f"{number}.txt": f"text {number}" for number in range(40)})

    project.apply()

    assert project.statuses() == {**DONE, "succeeded": 43}
    assert project.cloud.calls("fetch") == 43
    assert project.outputs()["17.txt.md"] == "# text 17\n"


def test_results_are_on_the_disk_before_they_are_recorded(project: Project) -> None:
    wire = Tripwire()

    project.apply(wire)

    fetched = max(place for place, name in enumerate(wire.names) if name == "before fetch")
    recorded = wire.names.index("before transaction", fetched)
    assert wire.names[fetched:recorded].count("after fsync") >= project.cloud.calls("fetch")


def test_what_is_there_when_the_time_is_up_is_delivered(project: Project) -> None:
    late = Meddler(effect="before fetch", act=lambda: project.cloud.pass_time(1000.0))

    project.apply(late, deadline=500.0)

    assert project.cloud.now > 500.0
    assert len(project.outputs()) == 4


@pytest.mark.parametrize("threads", [1, 4])
def test_fetches_that_fail_are_made_again(project: Project, threads: int) -> None:
    project.trait_options["concurrency"] = threads
    project.cloud.expect("fetch", 2, "down")

    project.apply()

    assert project.statuses() == DONE
    assert project.cloud.calls("fetch") == 4


def test_an_answer_of_the_wrong_shape_is_kept_in_the_failure_cut_and_redacted(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"oops": f"<b>{SIGNED}</b>", "rest": "z" * 5000}).encode()
    monkeypatch.setattr(FakeProvider, "fetch", lambda *_: body)

    project.apply()

    told = [message for _, code, message in failures(project) if code == "wrong_shape"]
    assert len(told) == 4
    for message in told:
        assert "the answer has no text" in message
        assert '{"oops": "<b>https://bucket.example/page.png</b>"' in message
        assert "5ec2e7" not in message
        assert 1900 < len(message) < 2200


def test_a_signed_link_in_an_answer_never_reaches_the_spool(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"text": "apple", "picture": SIGNED}).encode()
    monkeypatch.setattr(FakeProvider, "fetch", lambda *_: body)

    project.apply()

    (kept,) = kept_results(project.folder)
    assert json.loads(unpacked(kept.read_bytes(), kept.digest)) == {
        "text": "apple",
        "picture": SIGNED.partition("?")[0],
    }


@pytest.mark.parametrize(("faults", "held"), [(["after uncertain"], 1), ([], 0)])
def test_rows_that_stay_away_are_held_where_the_work_was_found_and_waited_for_where_it_was_answered(
    project: Project, faults: list[str], held: int
) -> None:
    for fault in faults:
        project.cloud.expect("create", 1, fault)

    project.apply(Meddler(effect="after create", act=project.cloud.hide_a_run))

    assert project.statuses().get("held", 0) == held
    assert (project.cloud.now > 300.0) == (held == 0)


def test_what_was_made_for_a_submission_is_removed_once_its_results_are_safe(project: Project) -> None:
    wire = Tripwire()
    project.apply(wire)

    assert project.cloud.directories() == set()
    assert wire.names.index("after discard") > max(
        place for place, name in enumerate(wire.names) if name == "before fetch"
    )
    assert project.cloud.calls("discard") == 1
    project.apply()
    assert project.cloud.calls("discard") == 1


def test_what_could_not_be_removed_fails_no_run_and_is_removed_by_the_next(project: Project) -> None:
    project.cloud.expect("discard", 1, "down")

    run = project.apply()

    assert run.errors == []
    assert run.connections.troubles == {}
    assert project.cloud.calls("discard") == 1
    told = [each for each in project.notices if isinstance(each, Trouble)]
    assert ["still there" in each.message for each in told] == [True]
    project.apply()
    assert project.cloud.directories() == set()


@pytest.mark.parametrize("effect", ["before discard", "after discard"])
def test_a_kill_around_the_removal_is_made_up_for(project: Project, effect: str) -> None:
    with pytest.raises(Killed):
        project.apply(Meddler(effect=effect))

    project.apply()

    assert project.cloud.directories() == set()
    assert project.statuses() == DONE


def test_nothing_is_removed_while_the_work_is_under_way(project: Project) -> None:
    project.apply(wait=False)

    assert project.cloud.calls("discard") == 0
    assert len(project.cloud.directories()) == 1
