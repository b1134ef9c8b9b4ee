"""Work in this process that costs nothing: it is recorded once it is done, and what is lost of it is done again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.engine.progress_notices import Ended, Fetched
from docbatch.engine.running.in_process.do_unrecorded_work import LOST
from docbatch.providers.base import Intent, Progress
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from docbatch.testing.tripwire import Killed, Tripwire
from tests.engine.test_follow_submission import Swapping
from tests.fake.moments import moments
from tests.fake.observed import Seen, broke
from tests.fake.project import TEXTS, Project
from tests.fake.table import Row

HERE = {"free": True, "in_process": True}
ONE, TWO, THREE = (f"accepted: batch-{number}" for number in (1, 2, 3))
UNCERTAIN = "unanswered: scripted"


def seen(*answers: str, **differs: Any) -> Seen:
    """Return a run that hands over three documents in two batches, and of which no submission is recorded."""
    usual = Seen(
        (), answers, counted=3, documents="3 succeeded", calls="create 2, poll 4, fetch 3, discard 2"
    )
    return replace(usual, **differs)


def row(call: str, faults: Sequence[str], first: Seen, then: Seen | None = None, **given: Any) -> Row:
    return Row({call: faults}, first, then, traits=HERE, **given)


def cut(why: str, message: str, calls: str, **differs: Any) -> Seen:
    return seen(
        ONE, TWO, f"trouble: connection: {message}", connection=f"cut by {why}: {message}",
        **{"documents": "3 pending", "calls": calls, **differs},
    )  # fmt: skip


def all_again(first: int) -> Seen:
    """Return a run that does everything again, at no charge."""
    return seen(f"accepted: batch-{first}", f"accepted: batch-{first + 1}")


def lost_for_good(*answers: str, **differs: Any) -> Seen:
    reason = "expired None: what was done of it was lost again and again in one run"
    return seen(*answers, queued=5, counted=12, documents="3 failed", reasons=(reason,), **differs)


class Doubtful(FakeProvider):
    """Has no trace of what it was given first, and says so as long as it is asked."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        found = super().poll(intent, remote_id)
        if remote_id != "batch-1":
            return found
        return replace(found, ended=[], doubted={item.key: LOST for item in intent.batch.items})


REFUSED_KEY = "the key is refused"
ROWS = {
    "done": row("create", [], seen(ONE, TWO)),
    "create refused": row(
        "create", ["refused"],
        seen("refused: scripted", ONE, queued=2, documents="2 failed, 1 succeeded", reasons=("unsupported E7: scripted",), calls="create 2, poll 2, fetch 1, discard 1"),
        paid=1,
    ),
    "create not sent": row(
        "create", ["not_sent"],
        seen("not_sent: scripted", ONE, TWO, connection="rests 1 s", queued=2, calls="create 3, poll 4, fetch 3, discard 2"),
    ),
    "create, its answer is lost": row(
        "create", ["after uncertain"],
        seen(UNCERTAIN, TWO, THREE, queued=2, counted=5, calls="create 3, poll 4, fetch 3, discard 2"),
    ),
    "create, all answers are lost": row(
        "create", ["uncertain"] * 9,
        lost_for_good(*[UNCERTAIN] * 8, calls="create 8, poll 0, fetch 0, discard 0"), paid=0,
    ),
    "create, credentials": row(
        "create", ["credentials"],
        seen(f"not_sent: {REFUSED_KEY}", f"trouble: connection: {REFUSED_KEY}", connection=f"cut by CredentialsError: {REFUSED_KEY}",
             queued=2, counted=0, documents="3 pending", calls="create 1, poll 0, fetch 0, discard 0"),
        all_again(1),
    ),
    "poll unavailable": row("poll", ["down"], seen(ONE, TWO)),
    "poll, gone": row("poll", ["gone"], seen(ONE, TWO, THREE, queued=2, counted=5, calls="create 3, poll 5, fetch 3, discard 3")),
    "poll, gone again and again": row(
        "poll", ["gone"] * 20,
        lost_for_good(*(f"accepted: batch-{number}" for number in range(1, 9)), calls="create 8, poll 8, fetch 0, discard 8"),
    ),
    "poll, credentials": row("poll", ["credentials"], cut("CredentialsError", REFUSED_KEY, "create 2, poll 1, fetch 0, discard 0"), all_again(3)),
    "poll unexpected": row("poll", ["unexpected"], cut("Unexpected", broke("poll"), "create 2, poll 1, fetch 0, discard 0"), all_again(3)),
    "poll, without a trace of some": row(
        "poll", [], seen(ONE, TWO, THREE, queued=2, counted=5, calls="create 3, poll 5, fetch 3, discard 3"), speaks_as=Doubtful,
    ),
    "poll, other bytes were read": row(
        "poll", [],
        seen(ONE, TWO, "replanned: a.txt: other bytes were read", THREE, queued=2, counted=4, calls="create 3, poll 6, fetch 3, discard 3"),
        speaks_as=Swapping,
    ),
    "fetch unavailable": row(
        "fetch", ["down"], seen(ONE, TWO, calls="create 2, poll 4, fetch 4, discard 2"), at={"fetch": [2.0, 2.0, 2.0, 3.0]},
    ),
    "fetch, gone": row("fetch", ["gone"], seen(ONE, TWO, THREE, queued=2, counted=4, calls="create 3, poll 6, fetch 4, discard 3")),
    "fetch, refused": row(
        "fetch", ["refused"], seen(ONE, TWO, documents="1 failed, 2 succeeded", reasons=("vendor_error E7: scripted",)),
    ),
    "fetch, credentials": row(
        "fetch", ["credentials"],
        cut("CredentialsError", REFUSED_KEY, "create 2, poll 3, fetch 2, discard 0", documents="2 pending, 1 succeeded"),
        seen(THREE, counted=2, calls="create 1, poll 2, fetch 2, discard 1"),
    ),
    "discard unavailable": row(
        "discard", ["down"],
        seen(ONE, TWO, "trouble: submission: what was made for it at the provider is still there: scripted"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_is_answered_about_work_that_is_not_recorded(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


def here(root: Path) -> Project:
    root.mkdir()
    project = Project(root, trait_options=HERE)
    project.write()
    return project


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.full), False])
def test_killed_at_any_effect_nothing_is_lost(tmp_path: Path, *, every: bool) -> None:
    wire = Tripwire()
    undisturbed = here(tmp_path / "undisturbed")
    undisturbed.apply(wire)
    for at in moments(wire.names, every=every):
        project = here(tmp_path / str(at))
        with pytest.raises(Killed):
            project.apply(Tripwire(at))
        project.apply()

        assert project.outputs() == undisturbed.outputs(), wire.names[at - 1]
        assert project.statuses() == undisturbed.statuses(), wire.names[at - 1]


def test_what_is_under_way_waits_as_far_as_the_state_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = here(tmp_path / "project")
    standing = list[dict[str, int]]()

    class Watched(FakeProvider):
        def poll(self, intent: Intent, remote_id: str | None) -> Progress:
            with Store.readable(project.folder) as store:
                assert not list(store.submissions.all())
            standing.append(project.statuses())
            return super().poll(intent, remote_id)

    monkeypatch.setattr("tests.fake.project.FakeProvider", Watched)
    project.apply()

    assert {"pending", "succeeded", "failed"} <= {status for each in standing for status in each}
    assert "live" not in {status for each in standing for status in each}


def test_what_ended_is_told_with_the_jobs_that_want_it(tmp_path: Path) -> None:
    project = here(tmp_path / "project")
    project.apply()

    ends = [each for each in project.notices if isinstance(each, Ended)]
    fetched = [each for each in project.notices if isinstance(each, Fetched)]

    assert sum(each.documents for each in ends) == len(set(TEXTS.values()))
    assert sum(each.failed for each in ends) == 1
    assert sum(each.documents for each in fetched) == len(set(TEXTS.values())) - 1
    assert {each.jobs for each in ends} | {each.jobs for each in fetched} == {(project.job,)}
