"""What goes wrong while a submission is prepared: every row of the table in `prepare_submission`, and the run after it.

Nothing was sent then, so nothing is recorded of a submission, and nothing is paid.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import BudgetStop
from docbatch.core.models import RemoteObject
from docbatch.engine.connections.provider_connections import Connections
from docbatch.engine.running.prepare_submission import SOON, TOGETHER
from docbatch.providers.base import Batch, Content, Prepared, Step
from docbatch.state.remote_objects import RemoteObjects
from docbatch.testing.fake.provider import FakeProvider
from docbatch.testing.patience import comes_true
from tests.fake.observed import Seen, broke
from tests.fake.project import Project
from tests.fake.table import TEXTS, Row

DONE = "intended accepted collected"
ONE, TWO = "accepted: batch-1", "accepted: batch-2"
THREE = "accepted: batch-3"
APART: dict[str, Any] = {"histories": (DONE,) * 3, "connection": "rests 1 s", "queued": 2}
"""How it goes on where an upload failed twice and another went well: the others are sent, and it by itself."""
CUT = "trouble: connection: "
DIRECTORY, UPLOAD = [""], ["", ""]
"""What comes before the first step of its kind."""


def seen(*told: str, **differs: Any) -> Seen:
    """Return a run that sends all three documents in two creates, but for what differs."""
    usual = Seen((DONE, DONE), told, counted=3, documents="3 succeeded", calls="create 2, perform 6")
    return replace(usual, **differs)


def nothing(connection: str, performed: int, *told: str, **differs: Any) -> Seen:
    """Return a run in which nothing is sent."""
    calls = f"create 0, perform {performed}"
    return replace(Seen((), told, connection, documents="3 pending", calls=calls), **differs)


def row(
    before: Sequence[str], faults: Sequence[str], first: Seen, then: Seen | None = None, **given: Any
) -> Row:
    """Return the row of preparations whose steps fail like this from the first of a kind on."""
    return Row({"perform": [*before, *faults]}, first, then, **given)


class Editing(FakeProvider):
    """Somebody edits the first document that is sent, just before it is read."""

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        if step.item is not None and self.cloud.calls("perform") == 2:
            _file(batch, step).write_text("edited")
        return super().perform(step, batch, prepared, content)


class Flickering(FakeProvider):
    """Somebody edits the first document that is sent, and thinks better of it as soon as it was read."""

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        if step.item is None or self.cloud.calls("perform") != 2:
            return super().perform(step, batch, prepared, content)
        file = _file(batch, step)
        text = file.read_text()
        file.write_text("edited")
        try:
            return super().perform(step, batch, prepared, content)
        finally:
            file.write_text(text)


class EditedEarly(FakeProvider):
    """Reads a document for a step that serves all of the batch, after somebody edited it."""

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        made = super().perform(step, batch, prepared, content)
        if step.name.startswith("directory"):
            if self.cloud.calls("perform") == 2:
                Path(batch.items[0].place.decode()).write_text("edited")
            content(batch.items[0]).close()
        return made


class Deleting(FakeProvider):
    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        if step.item is not None and self.cloud.calls("perform") == 2:
            _file(batch, step).unlink()
        return super().perform(step, batch, prepared, content)


def _file(batch: Batch, step: Step) -> Path:
    return Path(next(item.place for item in batch.items if item.key == step.item).decode())


ALL = seen(ONE, TWO)
WITHOUT_ONE = seen(
    ONE,
    TWO,
    queued=2,
    counted=2,
    documents="1 failed, 2 succeeded",
    reasons=("unsupported E7: scripted",),
    calls="create 2, perform 7",
)
CHANGED = "its bytes changed after it was planned"
MISSING = "cannot be read: No such file or directory"

ROWS = {
    "nothing": row([], [], ALL),
    # The configuration is made anew, what was uploaded is not.
    "stale": row(UPLOAD, ["stale"], seen(ONE, TWO, queued=2, calls="create 2, perform 8")),
    "stale again and again": row(
        UPLOAD, ["stale"] * 5,
        nothing("blocked by Stale: no longer good", 7, CUT + "no longer good", queued=3), seen(ONE, TWO, calls="create 2, perform 5"),
    ),
    # The directory is made anew, what all may use is not.
    "gone": row(UPLOAD, ["gone"], seen(ONE, TWO, queued=2, calls="create 2, perform 8")),
    "gone again and again": row(
        UPLOAD, ["gone"] * 5,
        nothing("blocked by Gone: scripted", 7, CUT + "scripted", queued=3), seen(ONE, TWO, calls="create 2, perform 5"),
    ),
    "refused, what all need": row(
        DIRECTORY, ["refused"],
        seen(
            ONE, histories=(DONE,), queued=2, counted=1, documents="2 failed, 1 succeeded", reasons=("unsupported E7: scripted",),
            calls="create 1, perform 4",
        ),
        paid=1,
    ),
    "refused, an upload": row(UPLOAD, ["refused"], WITHOUT_ONE, paid=2),
    "refused, and the next is unavailable": row(
        UPLOAD, ["refused", "down"],
        replace(WITHOUT_ONE, histories=(DONE,), told=(ONE,), connection="rests 1 s", calls="create 1, perform 7"),
        paid=2,
    ),
    "not sent": row(UPLOAD, ["not_sent"], seen(ONE, TWO, connection="rests 1 s", calls="create 2, perform 7")),
    "not sent, and the vendor names a wait": row(UPLOAD, ["not_sent_wait"], seen(ONE, TWO, connection="rests 9 s", calls="create 2, perform 7")),
    "not sent, and nothing more is to be": row(
        UPLOAD, ["stop"], nothing("blocked by BudgetStop: no credits", 4, CUT + "no credits"), seen(ONE, TWO, calls="create 2, perform 3")
    ),
    "out of credits": row(
        UPLOAD, ["out_of_credits"], nothing("blocked by BudgetStop: no credits", 4, CUT + "no credits"), seen(ONE, TWO, calls="create 2, perform 3")
    ),
    "unavailable": row(UPLOAD, ["down"], seen(ONE, TWO, connection="rests 1 s", calls="create 2, perform 7")),
    "unavailable, twice": row(
        UPLOAD, ["down", "", "down"], seen(ONE, TWO, THREE, **APART, calls="create 3, perform 10")
    ),
    "unavailable, twice, with an upload between": row(
        UPLOAD, ["down", "down", "", "down"], seen(ONE, TWO, THREE, **APART, calls="create 3, perform 11")
    ),
    "unavailable, what all need, with something made between": row(
        [], ["down", "", "down"], seen(ONE, TWO, connection="rests 1 s, rests 1 s", calls="create 2, perform 8")
    ),
    "unavailable, what all need, twice": row(
        [], ["down", "down"], seen(ONE, TWO, connection="rests 1 s, rests 2 s", calls="create 2, perform 8")
    ),
    "unavailable, what all need": row([], ["down"], seen(ONE, TWO, connection="rests 1 s", calls="create 2, perform 7")),
    "unavailable, and the vendor names a wait": row(UPLOAD, ["down_wait"], seen(ONE, TWO, connection="rests 9 s", calls="create 2, perform 7")),
    "credentials": row(
        UPLOAD, ["credentials"],
        nothing("cut by CredentialsError: the key is refused", 4, CUT + "the key is refused"), seen(ONE, TWO, calls="create 2, perform 3"),
    ),
    "what steps never raise": row(
        UPLOAD, ["uncertain"],
        nothing("cut by Uncertain: scripted", 4, CUT + "scripted"), seen(ONE, TWO, calls="create 2, perform 3"),
    ),
    "unexpected": row(UPLOAD, ["unexpected"], nothing(f"cut by Unexpected: {broke('perform')}", 4, CUT + broke("perform")), seen(ONE, TWO, calls="create 2, perform 3")),
    "changed": row(
        [], [],
        seen(f"replanned: a.txt: {CHANGED}", ONE, TWO, queued=2, calls="create 2, perform 8"),
        speaks_as=Editing,
    ),
    # The directory is made anew: what it holds may be the other bytes.
    "changed, and back at once": row(
        [], [], seen(f"replanned: a.txt: {CHANGED}", ONE, TWO, queued=2, calls="create 2, perform 8"), speaks_as=Flickering
    ),
    "changed, what was read for all": row(
        [], [],
        seen(f"replanned: a.txt: {CHANGED}", ONE, TWO, queued=2, calls="create 2, perform 7"),
        speaks_as=EditedEarly,
    ),
    "gone from its folder": row(
        [], [],
        seen(
            f"replanned: a.txt: {MISSING}", ONE, TWO,
            queued=2, counted=2, documents="1 problem, 2 succeeded", reasons=(f"unreadable None: {MISSING}",),
            calls="create 2, perform 7",
        ),
        Seen((DONE,) * 3, ("accepted: batch-3",), counted=1, documents="3 succeeded", calls="create 1, perform 2"),
        speaks_as=Deleting, between=lambda project: (project.root / "in" / "a.txt").write_text("apple"),
    ),
}  # fmt: skip
SIDE_BY_SIDE = (
    "stale",
    "gone",
    "refused, an upload",
    "refused, and the next is unavailable",
    "not sent",
    "not sent, and nothing more is to be",
    "unavailable",
    "credentials",
    "what steps never raise",
)


@pytest.mark.parametrize("name", ROWS)
def test_what_goes_wrong_while_a_submission_is_prepared(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


@pytest.mark.parametrize("name", SIDE_BY_SIDE)
def test_the_same_where_uploads_go_side_by_side(tmp_path: Path, name: str) -> None:
    replace(ROWS[name], traits={"concurrency": 4}).check(tmp_path)


def test_a_vendor_that_wants_money_for_uploads_ends_the_run_as_a_budget_does(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(TEXTS)
    project.cloud.expect("perform", 1, "stop")

    (trouble,) = project.apply().connections.troubles.values()

    assert (type(trouble), trouble.exit_code, trouble.hint) == (BudgetStop, 5, "add some")


class Kept:
    """How many uploads were recorded at a time, with calls made in threads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        record = RemoteObjects.record

        def noted(objects: RemoteObjects, account: str, made: Sequence[RemoteObject]) -> None:
            record(objects, account, made)
            self.sizes.append(sum(each.step.startswith("file") for each in made))

        monkeypatch.setattr(RemoteObjects, "record", noted)
        monkeypatch.setattr(
            "tests.fake.project.Connections",
            lambda lines, threads, now: Connections(lines, threads=not threads, now=now),
        )

    @property
    def uploads(self) -> list[int]:
        return [size for size in self.sizes if size]


def project_of(root: Path, documents: int) -> Project:
    project = Project(root, trait_options={"concurrency": 4, "max_items": documents})
    project.write({f"{number}.txt": f"text {number}" for number in range(documents)})
    return project


def test_uploads_that_take_no_time_are_recorded_many_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(monkeypatch)

    project_of(tmp_path, 40).apply()

    assert sum(kept.uploads) == 40
    assert all(number >= TOGETHER for number in kept.uploads[:-1])


def test_an_upload_that_takes_long_does_not_keep_others_from_being_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(monkeypatch)

    class Slow(FakeProvider):
        def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
            if step.item == batch.items[0].key:
                assert comes_true(lambda: kept.uploads)
            elif step.item is not None:
                self.cloud.pass_time(SOON)
            return super().perform(step, batch, prepared, content)

    monkeypatch.setattr("tests.fake.project.FakeProvider", Slow)
    project = project_of(tmp_path, 3)

    project.apply()

    assert sum(kept.uploads) == 3
    assert len(kept.uploads) > 1
