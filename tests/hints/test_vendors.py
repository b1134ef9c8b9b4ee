"""Hints of work with vendors: what failed there, is held, hangs, is not known to the state, or moved."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.server import Request
from docbatch.engine.connections import accesses
from docbatch.providers import REGISTRY
from docbatch.providers.extend import KIND as EXTEND
from docbatch.state.store import Store
from tests.cli.project import Project
from tests.cli.test_stuck_work import finish, hold_back, sent_hours_ago, submission
from tests.fake import outside
from tests.hints.table import Hints, helps
from tests.providers.extend.project import DOCUMENTS, extend_project
from tests.providers.extractpage import project as extractpage
from tests.providers.llamacloud import project as llamacloud

ALL = 2 * len(DOCUMENTS)


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []


@pytest.fixture
def stuck(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    """A project whose documents take longer than their job allows."""
    vendor.latency = 3600
    return sent_hours_ago(extend_project(tmp_path, vendor))


def failing(root: Path, vendor: ExtendEmulator, **documents: str) -> Project:
    """Return a project after a run in which documents of these words failed."""
    made = extend_project(
        root, vendor, documents={f"in/{name}.txt": text for name, text in documents.items()}
    )
    assert made.call("apply").code == 3
    return made


def paid(vendor: ExtendEmulator) -> int:
    return len(vendor.ledger)


@helps(
    "{} left out ({}): the same bytes end the same way, and may be charged again; 'docbatch retry{}{}' queues them all the same",
    " --class {}",
    "'docbatch retry --class {}'",
)
def test_failures_that_would_come_again(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = failing(tmp_path, vendor, a="corrupt", b="locked", d="fine")
    told = made.call("retry")
    hints.see(told, " --class {}")
    queued = hints.follow(made, told, "left out")
    again = made.call("apply")
    explained = made.call("explain", "in/b.txt")

    assert "2 documents queued" in queued.out
    assert (again.code, paid(vendor)) == (3, 5)
    assert "1 document queued" in hints.follow(made, explained, "'docbatch retry --class {}'").out


@helps(
    "Failed documents are not sent again by themselves; they would fail again, and 'docbatch retry --all' queues them all the same."
)
@pytest.mark.parametrize("text", ["corrupt", "locked"])
def test_a_run_in_which_nothing_else_failed(
    tmp_path: Path, vendor: ExtendEmulator, hints: Hints, text: str
) -> None:
    made = failing(tmp_path, vendor, a=text)

    assert "1 document queued" in hints.follow(made, made.call("apply")).out


@helps("'docbatch retry'")
def test_a_failure_that_may_be_gone(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = failing(tmp_path, vendor, c="novel")

    assert "1 document queued" in hints.follow(made, made.call("explain", "in/c.txt")).out
    assert made.call("apply").code == 3
    assert paid(vendor) == 2


@helps("for a PDF, set passwords: in the job, then run 'docbatch retry'")
def test_a_vendor_that_needs_a_password(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = failing(tmp_path, vendor, a="locked")
    told = made.call("status")
    job = (tmp_path / "jobs/job.yaml").read_text()
    made.write({"words.txt": "sesame", "jobs/job.yaml": job + "passwords: {file: words.txt}\n"})

    assert "1 document queued" in hints.follow(made, told).out


@helps(
    "  and {} more; 'docbatch status {}' lists them",
    "    and {} more; 'docbatch status {}' lists them",
)
def test_more_than_a_run_shows(project: Project, hints: Hints) -> None:
    guessed = "Счёт на оплату".encode("cp1251")
    project.write({f"in/{number:02}.txt": guessed for number in range(30)})
    project.write({f"in/{number:02}.pdf": b"%PDF-1.7\n" for number in range(30)})
    told = project.call("apply")
    lines = [line for line in told.out.splitlines() if "more; 'docbatch status" in line]
    listed = [hints.follow(project, line, text) for line, text in zip(lines, hints.texts, strict=True)]

    assert "29.pdf" not in told.out.rpartition("\njob: ")[2]
    for name in ("29.pdf", "29.txt"):
        assert all(name in each.out for each in listed)


@helps(
    "The {} of {} can only be had by sending {} again: 'docbatch retry --class {}' queues {}, and a paid provider charges again."
)
def test_results_that_nobody_has(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = extend_project(tmp_path, vendor)
    made.applied()
    for folder in (".docbatch/spool", "out", "json"):
        shutil.rmtree(tmp_path / folder)
    with Store.writable(tmp_path / ".docbatch") as store, store.write():
        store.database.execute("UPDATE submission_item SET remote_id = NULL")
    told = made.call("apply")

    assert told.code == 3
    assert "3 documents queued" in hints.follow(made, told).out
    made.applied()
    assert len(made.outputs()) == ALL


@helps(
    "submission {} is held: {}; 'docbatch status' names what to decide",
    "'docbatch resolve {} --absent' or '--remote-id ID'",
    "decide with 'docbatch resolve {} --absent' or '--remote-id ID'",
    "'docbatch apply' looks for it; 'docbatch resolve {} --absent' or '--remote-id ID' settles it by hand",
    "say --absent or --remote-id ID",
    "say one of --remote-id ID, --absent and --give-up",
    "cannot be told; it is held for 'docbatch resolve'",
    "api_version {}: single parse runs, no batches; an unanswered create is held for 'docbatch resolve'",
    "'docbatch status' shows the submission it travels in",
)
def test_a_create_that_nobody_can_look_for(
    tmp_path: Path, vendor: ExtendEmulator, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    vendor.create_faults = ["lost_before"]
    made = extend_project(tmp_path, vendor, documents={"in/a.txt": "one"})
    told = made.call("apply")
    held = submission(made)
    with REGISTRY.added(outside.KIND):
        abilities = made.call("providers")
    hints.see(abilities, "api_version {}")
    hints.see(abilities, "cannot be told")
    looked = hints.follow(made, made.call("explain", "in/a.txt"), "travels in")
    status = hints.follow(made, told, "names what to decide")
    assert looked.out == status.out
    asked = made.call("resolve", held)
    refused = made.call("resolve", held, "--give-up")
    cancelled = made.call("cancel", held)
    commands = [
        *hints.see(made.call("plan"), "decide with"),
        *hints.see(told, "'docbatch resolve {} --absent' or '--remote-id ID'"),
        *hints.see(cancelled, "looks for it")[1:],
    ]
    options = [*hints.see(asked, "say one of"), *hints.see(refused, "say --absent")]
    resolved = hints.follow(made, status, "decide with")

    assert set(commands) == {f"resolve {held} --absent"}
    assert options == []
    assert (told.code, asked.code, refused.code, cancelled.code, resolved.code) == (4, 64, 64, 64, 0)
    made.applied()
    assert paid(vendor) == 1


@helps(
    "Held documents may have been sent; 'docbatch status' names what to decide.",
    "it may have been sent, but the provider shows no trace of it; it is not sent again by itself; once you made sure"
    " that the provider does not have it, 'docbatch retry --class held' queues it",
    "will not be sent; once you made sure that the provider does not have it, 'docbatch retry --class held' queues it",
)
def test_a_document_without_a_trace(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    vendor.create_faults, vendor.dropped = ["lost"], {1}
    made = extend_project(tmp_path, vendor)
    told = made.call("apply")
    status = hints.follow(made, told, "Held documents")
    (document,) = re.findall(r"held for a decision: (\w+\.txt): ", status.out)
    named = hints.see(made.call("explain", f"in/{document}"), "will not be sent")
    left = [made.call("retry", *options).out for options in ((), ("--all",))]
    queued = hints.follow(made, status, "it may have been sent")
    vendor.dropped = set()
    made.applied()

    assert told.code == 4
    assert named == ["retry --class held"]
    assert left == ["nothing to retry\n"] * 2
    assert "1 document queued" in queued.out
    assert (paid(vendor), len(made.outputs())) == (4, ALL)


@helps(
    "  stop it with 'docbatch cancel {}', or keep waiting: 'docbatch apply' looks again,",
    "'docbatch apply' collects what ended; what was stopped is sent again only after 'docbatch retry'",
    "stops only what it has begun, not what still waits there: ask again later, or let 'docbatch apply' collect it",
    "  'docbatch resolve {} --give-up' waits for it no longer; it may be charged all the same",
    "  'docbatch retry' sends them again, and what the vendor finishes is then paid twice",
    "given up by 'docbatch resolve' while the vendor worked on it: it may have been charged, and its result is not fetched",
    "where it hangs, 'docbatch cancel {}' asks the vendor to stop it, and --give-up ends it here",
)
def test_work_that_hangs(stuck: Project, vendor: ExtendEmulator, hints: Hints) -> None:
    hold_back(vendor, "three.txt")
    refused = stuck.call("resolve", submission(stuck), "--absent")
    told = stuck.call("apply")
    named = hints.see(refused, "where it hangs")
    stopped = hints.follow(stuck, told, "stop it with")
    hints.see(stopped, "stops only")
    given_up = hints.follow(stuck, stopped, "--give-up' waits")
    hints.see(stuck.call("status"), "given up by")
    queued = hints.follow(stuck, given_up, "sends them again")
    vendor.latency = 0
    collected = hints.follow(stuck, stopped, "collects what ended")

    assert named == [f"cancel {submission(stuck)}"]
    assert (told.code, stopped.code, given_up.code) == (4, 4, 0)
    assert "3 documents queued" in queued.out
    assert collected.code == 0
    assert len(vendor.batches) == 2


@helps(
    "  the vendor cannot stop it; 'docbatch resolve {} --give-up' waits for it no longer, though it may",
    "  be charged, or keep waiting: 'docbatch apply' looks again,",
)
def test_stuck_work_that_nobody_stops(
    tmp_path: Path, vendor: ExtendEmulator, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    vendor.latency = 3600
    made = sent_hours_ago(extend_project(tmp_path, vendor, documents={"in/a.txt": "one"}))
    told = made.call("status")
    again = hints.follow(made, told, "keep waiting")
    given_up = hints.follow(made, told, "cannot stop it")

    assert (again.code, given_up.code) == (4, 0)
    assert "1 document counts as failed" in given_up.out


@helps("cannot stop work: 'docbatch apply' collects it, or raise the job's timeout")
def test_work_that_nobody_stops(
    tmp_path: Path, vendor: ExtendEmulator, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    vendor.latency = 3600
    made = sent_hours_ago(extend_project(tmp_path, vendor, documents={"in/a.txt": "one"}))
    told = made.call("cancel", "--job", "job")
    finish(vendor)

    assert told.code == 4
    assert hints.follow(made, told).code == 0


@helps("was asked to stop them; 'docbatch apply' follows them to their end")
def test_work_that_stops_later(tmp_path: Path, hints: Hints) -> None:
    with ExtractPage(pace=10**6) as emulator:
        made = sent_hours_ago(extractpage.project(tmp_path, emulator))
        with mock.patch.object(ExtractPage, "_cancelled", ExtractPage._shown):
            told = made.call("cancel", "--job", "job", "--yes")
        for batch in list(emulator.batches.values()):
            emulator._cancelled(batch)
        ended = hints.follow(made, told)

    assert (told.code, ended.code) == (4, 3)
    assert "cancelled" in ended.out


@helps("'docbatch status' lists those open", "see 'docbatch state list'")
def test_names_that_the_state_does_not_know(stuck: Project, hints: Hints) -> None:
    told = stuck.call("cancel", "s0")
    unlisted = stuck.call("state", "rm", "job", "on.txt")

    assert (told.code, unlisted.code) == (64, 64)
    assert submission(stuck) in hints.follow(stuck, told, "lists those").out
    assert "one.txt" in hints.follow(stuck, unlisted, "state list").out


@helps(
    "'docbatch status' lists submissions that are open, 'docbatch explain DOCUMENT' names a document's item"
)
def test_records_that_the_state_does_not_know(stuck: Project, hints: Hints) -> None:
    told = stuck.call("state", "show", "x")
    explained = hints.follow(stuck, told, nth=1, DOCUMENT="in/one.txt")
    item = next(line.split()[1] for line in explained.out.splitlines() if line.startswith("  item "))

    assert told.code == 64
    assert submission(stuck) in hints.follow(stuck, told).out
    assert stuck.call("state", "show", item).code == 0


@helps("if that is meant, set allow_host: true on it and run with --allow-host {}")
def test_a_key_for_a_host_of_somebody_else(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = extend_project(tmp_path, vendor)
    settings = (tmp_path / "docbatch.yaml").read_text()
    with mock.patch.object(accesses, "is_loopback", return_value=False):
        told = made.call("apply")
        made.write({"docbatch.yaml": settings.replace("    api_key", "    allow_host: true\n    api_key")})
        ended = made.call("apply", "--allow-host", "extend")

    assert told.code == 12
    assert hints.see(told) == []
    assert "--allow-host extend" in told.err
    assert ended.code == 0


@helps(
    "job '{}' keeps {} {}, {} is installed; 'docbatch apply --upgrade {}' sends its documents again under the new one"
)
def test_a_version_that_moved(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = extend_project(tmp_path, vendor)
    with REGISTRY.added(replace(EXTEND, pins=lambda _operation, _config: {"edition": "1"}), replacing=True):
        made.applied()
    with REGISTRY.added(replace(EXTEND, pins=lambda _operation, _config: {"edition": "2"}), replacing=True):
        ended = hints.follow(made, made.call("plan"))
        after = made.call("plan")

    assert ended.code == 0
    assert (paid(vendor), "keeps" in after.out) == (6, False)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[tuple[Project, LlamaCloud]]:
    """A project that names a configuration of its account, after a first document."""
    with LlamaCloud() as emulator:
        llamacloud.project(tmp_path / "first", emulator, {"a.txt": "apple"}).applied()
        (saved,) = emulator.saved.values()
        config = f"{{configuration_id: {saved.id}}}"
        settings = llamacloud.connection(emulator).replace(llamacloud.PROJECT_ID, "panotherone01")
        made = llamacloud.project(tmp_path / "second", emulator, {"b.txt": "banana"}, config=config)
        made.write({"docbatch.yaml": settings})
        made.applied()
        made.write({"in/c.txt": "cherry"})
        yield made, emulator


@helps(
    "configuration {} was edited: it is at {}, the job keeps to {}; run 'docbatch apply --upgrade JOB' to take the new one"
)
def test_a_configuration_that_was_edited(cloud: tuple[Project, LlamaCloud], hints: Hints) -> None:
    made, emulator = cloud
    (saved,) = emulator.saved.values()
    saved.version = "2027-01-01T00:00:00Z"
    told = made.call("apply")

    assert told.code == 3, told
    assert hints.follow(made, told, JOB="job").code == 0
    assert "c.txt.md" in made.outputs()


@helps(
    "configuration {} was edited while the documents were sent; nothing was paid; put it back and"
    " run 'docbatch retry --class cancelled', or 'docbatch apply --upgrade JOB' to take the new one"
)
def test_a_configuration_that_was_edited_during_the_uploads(
    cloud: tuple[Project, LlamaCloud], hints: Hints
) -> None:
    made, emulator = cloud
    (saved,) = emulator.saved.values()
    before = saved.parameters

    def edit(request: Request) -> str:
        if request.method == "POST" and "configurations" not in request.path:
            saved.parameters = {**before, "tier": "agentic_plus"}
        return ""

    emulator.choose_fault = edit
    told = made.call("apply")
    saved.parameters = before
    emulator.choose_fault = lambda _request: ""

    assert told.code == 3, told
    assert "1 document queued" in hints.follow(made, told).out
    made.applied()


@helps(
    "nothing more is sent there; 'docbatch recover' takes it over, or put the state back that knows it",
    "'docbatch apply' follows and collects what was taken over.",
)
def test_a_state_that_was_lost(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = extend_project(tmp_path, vendor, grace=0.2)
    made.applied()
    for path in (tmp_path / ".docbatch").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(tmp_path / "out")
    shutil.rmtree(tmp_path / "json")
    told = made.call("apply")
    recovered = hints.follow(made, told, "takes it over")
    ended = hints.follow(made, recovered, "follows and collects")

    assert (told.code, recovered.code, ended.code) == (6, 0, 0)
    assert (paid(vendor), len(made.outputs())) == (3, ALL)


@helps("; where docbatch wrote them and its state was lost, 'docbatch recover' takes its work over first")
def test_a_state_that_was_lost_beside_its_outputs(
    tmp_path: Path, vendor: ExtendEmulator, hints: Hints
) -> None:
    made = extend_project(tmp_path, vendor, grace=0.2)
    made.applied()
    shutil.rmtree(tmp_path / ".docbatch")
    told = made.call("apply")
    recovered = hints.follow(made, told)
    made.applied()

    assert (told.code, recovered.code) == (6, 0)
    assert (paid(vendor), len(made.outputs())) == (3, ALL)


@helps("nothing was sent; 'docbatch recover' takes over what vendors have, or put the newer state back")
def test_a_state_that_was_put_back(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = extend_project(tmp_path, vendor, grace=0.2)
    made.applied()
    made.write({"in/four.txt": "four"})
    for path in (tmp_path / ".docbatch").glob("state.db*"):
        path.unlink()
    told = made.call("apply")

    assert told.code == 6
    assert hints.follow(made, told).code == 0
    made.applied()
    assert paid(vendor) == 4


@helps("  'docbatch recover --abandon {}'")
def test_work_that_no_job_wants(tmp_path: Path, vendor: ExtendEmulator, hints: Hints) -> None:
    made = extend_project(tmp_path, vendor, operation="extract", grace=0.2)
    made.applied()
    for path in (tmp_path / ".docbatch").glob("state.db*"):
        path.unlink()
    vendor.versions["ex_one"].append("3.0")
    told = made.call("recover")

    assert told.code == 6
    assert hints.follow(made, told).code == 0
    made.applied()


@helps("  Search it as well, or look there yourself and say so with '--absent CONNECTION'.")
def test_a_connection_that_cannot_be_searched(
    tmp_path: Path, vendor: ExtendEmulator, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    made = extend_project(tmp_path, vendor, grace=0.2)
    made.call("apply", "--max-new", "0")
    (tmp_path / ".docbatch/serial").write_text('"another" 7\n')
    told = made.call("recover")

    assert told.code == 6
    assert hints.see(told) == []
    assert made.call("recover", "--absent", "extend").code == 0
    made.applied()


@helps("it was sent already; 'docbatch status' shows the submission it travels in")
def test_a_document_that_was_sent_before_its_retry_is_taken_back(
    tmp_path: Path, vendor: ExtendEmulator, hints: Hints
) -> None:
    made = failing(tmp_path, vendor, a="novel")
    made.call("retry")
    vendor.latency = 3600
    assert made.call("apply", "--no-wait").code == 4
    told = made.call("retry", "--undo")

    assert "nothing to undo" in told.out
    assert "submitted, bpar_2, 1 running" in hints.follow(made, told).out
    assert paid(vendor) == 2
