"""One document's upload that fails again and again ends that document alone; an outage of all uploads ends none."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import Unavailable
from docbatch.core.models import RemoteObject
from docbatch.engine.connections.failing_uploads import FailingUploads, UploadVerdict
from docbatch.engine.progress_notices import Hindered, Waiting
from docbatch.providers.base import Batch, Content, Prepared, Step
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake.project import Project

BAD = "a.txt"
TEXTS = {BAD: "poison", **{f"{name}.txt": f"text {name}" for name in "bcdefg"}}
REASON = "500 to each of 5 tries to upload it, while other uploads went well: the upload was answered with status 500"


@pytest.fixture(params=[1, 4], ids=["one by one", "side by side"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    options = {"max_items": 3, "max_in_flight": 4, "concurrency": request.param}
    made = Project(tmp_path, trait_options=options)
    made.write(TEXTS)
    return made


class Choosy(FakeProvider):
    """Answers 500 to uploads of some documents, of all between two moments."""

    names = frozenset({BAD})
    outage = (0.0, 0.0)

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        name = next((item.name for item in batch.items if item.key == step.item), "")
        begins, ends = self.outage
        if name and (name in self.names or begins <= self.cloud.now < ends):
            self.cloud.fault(f"refused {name}")
            raise Unavailable("the upload was answered with status 500", cause="answered 500")
        return super().perform(step, batch, prepared, content)


def choosy(patch: pytest.MonkeyPatch, **changes: Any) -> None:
    patch.setattr("tests.fake.project.FakeProvider", type("Chosen", (Choosy,), changes))


def failures(project: Project) -> list[tuple[str, str, str]]:
    with Store.readable(project.folder) as store:
        found = store.documents.failures(project.job)
        return [(path.decode(), str(why.kind), why.message) for path, _, why in found]


def kept(project: Project) -> list[tuple[str, int, int]]:
    with Store.readable(project.folder) as store:
        return store.failed_uploads.of("fake")


def test_the_others_go_on_and_the_document_fails_after_its_tries(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    choosy(monkeypatch)

    project.apply()

    assert project.statuses() == {"failed": 1, "succeeded": 6}
    assert failures(project) == [(BAD, "vendor_error", REASON)]
    assert 5 <= project.cloud.calls(f"refused {BAD}") <= 6
    assert project.cloud.now < 60
    assert set(project.paid().values()) == {1}
    assert [each.call for each in project.notices if isinstance(each, Hindered)] == ["upload"]
    assert kept(project) == []


def test_an_outage_of_all_uploads_fails_no_document(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    choosy(monkeypatch, names=frozenset(), outage=(0.0, 1500.0))

    project.apply()

    assert project.statuses() == {"succeeded": 7}
    assert set(project.paid().values()) == {1}
    (told,) = (each for each in project.notices if isinstance(each, Hindered))
    assert (told.call, told.cause) == ("upload", "answered 500")


def test_an_outage_without_end_gives_the_connection_up_and_fails_no_document(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    choosy(monkeypatch, names=frozenset(), outage=(0.0, 1e9))

    run = project.apply()

    (trouble,) = run.connections.troubles.values()
    assert (trouble.exit_code, "upload answered 500" in trouble.message) == (4, True)
    assert project.statuses() == {"pending": 7}
    assert project.cloud.now <= 1900


def test_several_bad_documents_each_fail_for_themselves(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    choosy(monkeypatch, names=frozenset({BAD, "c.txt", "g.txt"}))

    project.apply()

    assert [path for path, *_ in failures(project)] == [BAD, "c.txt", "g.txt"]
    assert project.statuses() == {"failed": 3, "succeeded": 4}


def test_a_batch_of_one_that_fails_lets_the_others_by(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.trait_options |= {"max_items": 1}
    choosy(monkeypatch)

    project.apply()

    assert project.statuses() == {"failed": 1, "succeeded": 6}


def test_short_runs_come_to_the_same_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    choosy(monkeypatch)

    for _ in range(8):
        project.apply(wait=False)
        project.cloud.pass_time(60.0)

    assert failures(project) == [(BAD, "vendor_error", REASON)]
    assert project.statuses() == {"failed": 1, "succeeded": 6}
    assert set(project.paid().values()) == {1}


def test_another_document_is_sent_once_more_where_all_others_went_well_before(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one, the last of its batch fails after the others; nothing follows that could prove anything."""
    project.trait_options |= {"max_items": 10, "concurrency": 1}
    last: set[str] = set()

    class LastOfAll(Choosy):
        names = last  # type: ignore[assignment]

        def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
            last.update([] if last else [batch.items[-1].name])
            return super().perform(step, batch, prepared, content)

    monkeypatch.setattr("tests.fake.project.FakeProvider", LastOfAll)

    project.apply()

    assert {path for path, *_ in failures(project)} == last
    assert set(project.paid().values()) == {1}
    assert project.cloud.now < 60


@pytest.mark.parametrize("effect", range(3, 60, 4))
def test_a_kill_in_between_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effect: int
) -> None:
    project = Project(tmp_path, trait_options={"max_items": 3, "max_in_flight": 4})
    project.write(TEXTS)
    choosy(monkeypatch)
    with suppress(Killed):
        project.apply(Tripwire(effect))

    project.apply()

    assert project.statuses() == {"failed": 1, "succeeded": 6}
    assert set(project.paid().values()) == {1}


def test_what_waits_for_another_try_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({name: text for name, text in TEXTS.items() if name == BAD})
    choosy(monkeypatch)

    project.apply()

    waits = [each for each in project.notices if isinstance(each, Waiting)]
    assert any(each.cause == "upload answered 500" for each in waits)


def test_only_what_failed_while_others_went_well_counts_against_a_document() -> None:
    uploads = FailingUploads()

    outage = [uploads.failed("a", now, None) for now in range(20)]
    uploads.went_well(["b"], 1)
    later = [uploads.failed("a", 100.0 + now, None) for now in range(4)]

    assert outage == [UploadVerdict.AGAIN, *[UploadVerdict.WAITS] * 19]
    assert later == [*[UploadVerdict.ASIDE] * 3, UploadVerdict.HOPELESS]


def test_an_upload_that_went_well_before_proves_nothing() -> None:
    uploads = FailingUploads()
    uploads.went_well(["b"], 1)

    assert [uploads.failed("a", now, None) for now in range(9)][1:] == [UploadVerdict.WAITS] * 8


def test_a_document_whose_upload_went_well_begins_anew() -> None:
    uploads = FailingUploads()
    uploads.failed("a", 0.0)
    uploads.went_well(["b"], 1)
    uploads.failed("a", 1.0)
    assert uploads.aside("a") == 3.0

    uploads.went_well(["a"], 1)

    assert not uploads
    assert uploads.failed("a", 9.0) is UploadVerdict.AGAIN
