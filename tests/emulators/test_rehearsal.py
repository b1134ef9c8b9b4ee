"""A service that is put on for people: it reads what it is sent, remembers what it did, and takes any account for its own."""

import json
import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from docbatch.core.errors import StateError, StateLocked, UsageError
from docbatch.emulators.exchange import Request
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.rehearsal import LEDGER, accounts, stages
from docbatch.emulators.server import Emulator
from tests.cli.project import Ended, Project
from tests.emulators.rehearsing import KEY, port_of, staged, write

WORDS = "corrupt, locked, torn and bad are only words here"
DOCUMENTS: dict[str, str | bytes] = {
    "in/invoice.html": "<h1>Invoice</h1><p>Number: 17</p><p>Total: 1,200.50</p>",
    "in/words.txt": WORDS,
    "in/unreadable.pdf": b"\0\1\2\3 nothing anybody reads",
}


@dataclass(frozen=True)
class Rehearsed:
    """A project that was rehearsed: the answer to its first create was lost, and the service restarted after it."""

    vendor: str
    project: Project
    port: int
    cut: Ended
    ended: Ended
    paid: list[int]
    errors: list[str]


@pytest.fixture(scope="module", params=list(stages()))
def rehearsed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    vendor, project = request.param, Project(tmp_path_factory.mktemp(request.param))
    project.write(DOCUMENTS)
    write(project, vendor)
    with staged(vendor, project, choose_fault=silent_from_the_create()) as first:
        cut = project.call("apply", "--no-wait")
    with staged(vendor, project, port_of(first)) as second:
        ended = project.call("apply")
    return Rehearsed(
        vendor, project, port_of(first), cut, ended, paid(second), [*first.errors, *second.errors]
    )


def silent_from_the_create() -> Callable[[Request], str]:
    created: list[int] = []

    def choose_fault(request: Request) -> str:
        if created:
            return "lost_before"
        if request.method == "POST" and request.path.endswith(("/batch", "/batches")):
            created.append(request.number)
            return "lost"
        return ""

    return choose_fault


def paid(emulator: Emulator) -> list[int]:
    return [each.times for each in accounts(emulator.payments)]


def test_a_document_is_paid_once_though_an_answer_was_lost_and_the_service_restarted(
    rehearsed: Rehearsed,
) -> None:
    assert rehearsed.cut.code in {1, 4}, rehearsed.cut.out + rehearsed.cut.err
    assert rehearsed.ended.code == 3, rehearsed.ended.out + rehearsed.ended.err
    assert (rehearsed.paid, rehearsed.errors) == ([1, 1, 1], [])


def test_results_are_what_the_documents_say_and_what_cannot_be_read_fails(rehearsed: Rehearsed) -> None:
    outputs = rehearsed.project.outputs()

    assert b"Total: 1,200.50" in outputs["invoice.html.text"]
    assert outputs["words.txt.text"].strip() == WORDS.encode()
    assert outputs.keys() == {"invoice.html.text", "words.txt.text"}
    assert "failed: unreadable.pdf" in rehearsed.ended.out


def test_after_a_rehearsal_nothing_is_sent_there_again(rehearsed: Rehearsed) -> None:
    with staged(rehearsed.vendor, rehearsed.project, rehearsed.port) as emulator:
        again = rehearsed.project.call("apply")

    assert (again.code, emulator.count) == (3, 0)


def test_after_a_rehearsal_everything_is_due_at_the_real_service(rehearsed: Rehearsed) -> None:
    planned = rehearsed.project.call("plan", "--detailed-exitcode")

    assert planned.code == 2, planned.out + planned.err
    assert "3 to be sent" in planned.out


def test_no_key_is_ever_kept(rehearsed: Rehearsed) -> None:
    kept = [path for path in (rehearsed.project.root / ".docbatch").rglob("*") if path.is_file()]

    assert "journal.jsonl" in {path.name for path in kept}
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []


def test_a_version_that_was_resolved_in_a_rehearsal_is_resolved_again_at_the_real_service(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    project.write({"in/a.txt": "Number: 17\nPaid: yes"})
    override = "{schema: {type: object, properties: {number: {type: integer}, paid: {type: boolean}}}}"
    write(
        project, "extend", operation="extract", config=f"{{processor: {{id: ex_mine, override: {override}}}}}"
    )
    with staged("extend", project) as emulator:
        project.applied()
        assert isinstance(emulator, ExtendEmulator)
        assert [run.version for run in emulator.runs.values()] == ["1.0"]
    assert json.loads(project.outputs()["a.txt.text"]) == {"number": 17, "paid": True}

    with ExtendEmulator(key=KEY) as real, mock.patch.dict(os.environ, {"EXTEND_BASE_URL": real.url}):
        real.versions["ex_mine"] = ["2.0", "3.0"]
        project.applied()
        assert [run.version for run in real.runs.values()] == ["3.0"]


def test_llamacloud_takes_any_saved_configuration_for_one_that_parses_unless_it_is_told(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    project.write({"in/a.txt": "Number: 17"})
    write(project, "llamacloud", config="{configuration_id: cfg-mine}")
    with staged("llamacloud", project, extracting=["cfg-other"]):
        project.applied()
        assert project.outputs() == {"a.txt.text": b"Number: 17\n"}

        write(project, "llamacloud", operation="extract", config="{configuration_id: cfg-other}")
        project.applied()
        assert json.loads(project.outputs()["a.txt.text"]) == {"number": "17"}


def test_the_ledger_is_a_page_of_the_emulator_that_needs_no_key(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"in/a.txt": "one", "in/sub/a.txt": "another"})
    write(project, "extractpage")
    with staged("extractpage", project) as emulator:
        project.applied()
        with urllib.request.urlopen(emulator.url + LEDGER) as answer:
            ledger = json.load(answer)

    shown = Counter((each["operation"], each["document"], each["times"], each["pages"]) for each in ledger)
    assert shown == {("parse", "a.txt", 1, 1): 2}


def test_a_service_is_put_on_once_in_a_folder_and_once_on_a_port(tmp_path: Path) -> None:
    first, second = Project(tmp_path / "first"), Project(tmp_path / "second")
    with staged("extend", first) as emulator:
        with pytest.raises(StateLocked), staged("extend", first):
            pass
        taken = port_of(emulator)
        with pytest.raises(UsageError, match=f"on port {taken}") as caught, staged("extend", second, taken):
            pass

    assert "--port" in (caught.value.hint or "")


def test_it_listens_on_this_machine_alone(tmp_path: Path) -> None:
    with staged("extend", Project(tmp_path)) as emulator:
        hosts = {listener.server_address[0] for listener in emulator._listeners}

    assert hosts == {"127.0.0.1"}


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    with (
        staged("extractpage", Project(tmp_path)) as emulator,
        pytest.raises(urllib.error.HTTPError, match="401"),
    ):
        urllib.request.urlopen(f"{emulator.url}/v1/batches")


def test_a_memory_that_was_tampered_with_is_refused_and_one_that_was_cut_is_not(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"in/a.txt": "one"})
    write(project, "extend")
    with staged("extend", project) as emulator:
        port = port_of(emulator)
        project.applied()
    folder = tmp_path / ".docbatch" / "emulate" / "extend"
    with (folder / "journal.jsonl").open("a") as stream:
        stream.write('{"at": 1, "requ')
    with staged("extend", project, port) as emulator:
        assert paid(emulator) == [1]
        project.write({"in/b.txt": "two"})
        project.applied()
    with staged("extend", project, port) as emulator:
        assert paid(emulator) == [1, 1]

    for body in (folder / "bodies").iterdir():
        body.unlink()
    with pytest.raises(StateError, match="cannot be taken up"), staged("extend", project, port):
        pass
