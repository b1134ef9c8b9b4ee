"""A batch that is refused as a whole without a reason is halved until the culprit is alone; nothing is paid twice for it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

import tests.providers.extractpage.project as extractpage
import tests.providers.llamacloud.project as llamacloud
from docbatch.core.errors import Refused
from docbatch.emulators.exchange import Request, Response
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.engine.running.rounds.bisection import MOST_REFUSALS
from docbatch.providers.base import Accepted, Intent
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake.project import Project

MANY = {f"{number:03}.txt": f"text {number}" for number in range(40)}


class Picky(FakeProvider):
    """Refuses what holds poison, for no reason it names unless it is `explained`."""

    explained = False

    def create(self, intent: Intent) -> Accepted:
        if b"poison" in intent.body:
            self.cloud.fault("refusal")
            raise Refused("too much", code="413", unexplained=not self.explained)
        return super().create(intent)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr("tests.fake.project.FakeProvider", Picky)
    project = Project(tmp_path, trait_options={"max_items": 100})
    project.write(MANY | {"017.txt": "poison"})
    return project


def failures(project: Project) -> list[str]:
    with Store.readable(project.folder) as store:
        return [f"{each.failure.kind}: {each.failure.message}" for each in store.items.all() if each.failure]


def test_the_culprit_alone_fails_and_says_what_was_tried(project: Project) -> None:
    project.apply()

    assert project.statuses() == {"succeeded": 39, "failed": 1}
    (told,) = failures(project)
    assert told.startswith("refused_input: too much; it was refused with others ")
    assert told.endswith(" times before it was sent alone")
    assert set(project.paid().values()) == {1}
    assert project.cloud.calls("refusal") <= 8


def test_a_reason_that_is_named_decides_at_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picky, "explained", True)
    project.apply()

    assert project.statuses() == {"failed": 40}
    assert project.cloud.calls("refusal") == 1
    assert set(failures(project)) == {"refused_input: too much"}


def test_there_is_an_end_to_it_where_everything_is_refused(project: Project) -> None:
    project.write({name: f"poison {name}" for name in MANY})
    project.apply()

    assert project.statuses() == {"failed": 40}
    assert MOST_REFUSALS < project.cloud.calls("refusal") <= 2 * MOST_REFUSALS + 2


def test_killed_anywhere_nothing_is_paid_twice(project: Project) -> None:
    died = 0
    for point in range(1, 600, 41):
        try:
            project.apply(Tripwire(point))
        except Killed:
            died += 1
    project.apply()

    assert died > 2
    assert project.statuses() == {"succeeded": 39, "failed": 1}
    assert set(project.paid().values()) == {1}


class LlamaCloudOnce(LlamaCloud):
    """Refuses the first batch with a status."""

    status = 413

    def route(self, request: Request) -> Response:
        if (request.method, request.path) == ("POST", "/api/v2/batches") and self.status:
            status, self.status = self.status, 0
            return Response.of({"detail": "no"}, status)
        return super().route(request)


class LlamaCloudThatKills(LlamaCloud):
    """Refuses the first two batches without a reason, and kills who sends a certain one, before it is answered."""

    asked = 0
    fatal = 0
    process: "subprocess.Popen[str] | None" = None

    def route(self, request: Request) -> Response:
        if (request.method, request.path) != ("POST", "/api/v2/batches"):
            return super().route(request)
        self.asked += 1
        response = Response.of({"detail": "no"}, 413) if self.asked <= 2 else super().route(request)
        if self.asked == self.fatal and self.process is not None:
            self.process.kill()
            self.process.wait()
        return response


@pytest.mark.parametrize("fatal", [1, 2, 3, 4])
def test_killed_while_halves_are_sent_nothing_is_lost_or_paid_twice_at_llamacloud(
    tmp_path: Path, fatal: int
) -> None:
    with LlamaCloudThatKills() as vendor:
        project = llamacloud.project(tmp_path / "project", vendor)
        vendor.fatal = fatal
        environment = {**os.environ, "LLAMA_CLOUD_API_KEY": KEY, "NO_COLOR": "1"}
        with project.start("apply", "--yes", env=environment) as process:
            vendor.process = process
            process.communicate(timeout=60)
        after = project.call("apply", "--yes")

        assert process.returncode == -signal.SIGKILL
        assert (after.code, project.outputs()) == (0, llamacloud.EXPECTED), after.err
        assert len(set(vendor.ledger)) == len(vendor.ledger) == 5


class ExtractPageOnce(ExtractPage):
    """The same at the other vendor of which no answer says why."""

    status = 413

    def route(self, request: Request) -> Response:
        if (request.method, request.path) == ("POST", "/v1/batches") and self.status:
            status, self.status = self.status, 0
            return Response.of({"detail": "no"}, status)
        return super().route(request)


@pytest.mark.parametrize(("status", "code", "creates"), [(413, 0, 3), (422, 3, 1)])
def test_at_llamacloud_the_status_says_whether_halves_are_worth_it(
    tmp_path: Path, status: int, code: int, creates: int
) -> None:
    with LlamaCloudOnce() as vendor:
        vendor.status = status
        project = llamacloud.project(tmp_path / "project", vendor)

        assert project.call("apply", "--yes").code == code
        asked = [each for each in vendor.sent("POST") if each.path == "/api/v2/batches"]
        assert len(asked) == creates
        assert len(set(vendor.ledger)) == len(vendor.ledger) == (5 if code == 0 else 0)


@pytest.mark.parametrize(("status", "code", "creates"), [(413, 0, 3), (422, 3, 1)])
def test_at_extract_page_the_status_says_whether_halves_are_worth_it(
    tmp_path: Path, status: int, code: int, creates: int
) -> None:
    with ExtractPageOnce() as vendor:
        vendor.status = status
        project = extractpage.project(tmp_path / "project", vendor)

        assert project.call("apply", "--yes").code == code
        asked = [each for each in vendor.sent("POST") if each.path == "/v1/batches"]
        assert len(asked) == creates
        assert len(set(vendor.ledger)) == len(vendor.ledger) == (5 if code == 0 else 0)
