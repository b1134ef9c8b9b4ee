"""What a person can have befall documents at an emulated service, and what it tells while it goes on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from docbatch.core.errors import UsageError
from docbatch.emulators.exchange import Request
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.reading import Page, Reading
from docbatch.emulators.rehearsal import Receiver
from docbatch.emulators.scenario import Scenario, load_scenario
from docbatch.providers.extend.webhook import WEBHOOK as EXTEND
from docbatch.providers.llamacloud.webhook import WEBHOOK as LLAMACLOUD
from tests.cli.project import Project
from tests.emulators.rehearsing import staged, write

WRITTEN = """
latency: 0.2
results_last: 60
documents:
  - {name: "bad*", fails: corrupt, says: "CORRUPT, it says"}
  - {name: gone.txt, missing: true}
  - {name: torn.txt, lost_pages: [2], latency: 0}
"""
SECRET = "a-secret-of-rehearsals"


def scenario(folder: Path, text: str = WRITTEN) -> Scenario:
    path = folder / "scenario.yaml"
    path.write_text(text)
    return load_scenario(path)


def test_a_scenario_says_how_documents_end(tmp_path: Path) -> None:
    found = scenario(tmp_path)
    two = Reading((Page("one", "one"), Page("two", "two")))
    own = f"testproject01-{'a' * 20}-"

    assert found.reading(f"{own}bad.pdf", two).failure is not None
    assert [page.is_lost for page in found.reading("torn.txt", two).pages] == [False, True]
    assert found.reading(f"{'a' * 64}-good.pdf", two) == two
    assert (found.takes("x.txt"), found.takes("torn.txt")) == (0.2, 0)
    assert [found.hides(name) for name in ("gone.txt", "not-gone.txt")] == [True, False]
    assert [found.is_gone(100.0, now) for now in (159.0, 161.0)] == [False, True]


@pytest.mark.parametrize("text", ["latency: soon", "late: 1", "documents: [{fails: corrupt}]", "[1, 2]"])
def test_a_scenario_that_cannot_be_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"scenario\.yaml"):
        scenario(tmp_path, text)


@pytest.mark.parametrize("vendor", ["extend", "llamacloud", "extractpage"])
def test_a_batch_ends_in_part_as_the_scenario_says(tmp_path: Path, vendor: str) -> None:
    project = Project(tmp_path)
    project.write({"in/bad.txt": "one", "in/good.txt": "two"})
    write(project, vendor)

    with staged(vendor, project, scenario=scenario(tmp_path)) as emulator:
        ended = project.call("apply")
        assert emulator.errors == []

    assert ended.code == 3
    assert "bad.txt: " in ended.out
    assert project.outputs() == {"good.txt.text": b"two\n"}


class Failing(ExtendEmulator):
    def _upload(self, *_: object) -> object:
        raise AssertionError("the emulator is wrong here")


def test_a_fault_of_the_emulator_itself_is_told_at_once_and_not_remembered() -> None:
    told: list[str] = []
    kept: list[str] = []
    with Failing() as vendor:
        vendor.failed = lambda subject, _trace: told.append(subject)
        vendor.committed = lambda request: kept.append(request.path)
        headers = {"authorization": "Bearer sk_test_0123456789", "x-extend-api-version": "2026-02-09"}
        answer, _ = vendor.receive(Request(0, "POST", "/files/upload", headers, b""))
        assert answer is not None
        assert answer.status == 500

    assert told == ["POST /files/upload"]
    assert kept == []
    assert "wrong here" in vendor.errors[0]


@contextmanager
def listening(heard: list[tuple[dict[str, str], bytes]]) -> Iterator[str]:
    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhooks/x"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("vendor", "webhook"), [("extend", EXTEND), ("llamacloud", LLAMACLOUD)])
def test_what_ended_is_told_once_and_signed(tmp_path: Path, vendor: str, webhook: object) -> None:
    project = Project(tmp_path)
    project.write({"in/a.txt": "one"})
    write(project, vendor)
    heard: list[tuple[dict[str, str], bytes]] = []
    told: list[tuple[str, int]] = []

    with listening(heard) as url:
        receiver = Receiver(url, SECRET, lambda event, status: told.append((event, status)))
        with staged(vendor, project, receiver=receiver) as emulator:
            assert project.call("apply").code == 0
        with staged(vendor, project, int(emulator.url.rpartition(":")[2]), receiver=receiver):
            pass

    assert heard
    assert len({body for _, body in heard}) == len(heard)
    assert {status for _, status in told} == {200}
    for headers, body in heard:
        assert webhook.given(headers) == webhook.due(headers, body, SECRET)  # type: ignore[attr-defined]
        assert webhook.read(headers, body).ids  # type: ignore[attr-defined]


def test_a_mail_reaches_the_emulated_service_whole(tmp_path: Path) -> None:
    project = Project(tmp_path)
    mail = (
        "Subject: hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nthe words of the mail\r\n--b--\r\n"
    )
    project.write({"in/a.eml": mail})
    write(project, "extend")

    with staged("extend", project) as emulator:
        ended = project.call("apply")
        assert emulator.errors == []

    assert ended.code == 0, ended.out + ended.err
    assert b"the words of the mail" in project.outputs()["a.eml.text"]
