"""`docbatch recover` with an emulated Extend: what was paid is found again and collected, whatever became of the state."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Emulator
from tests.cli.project import Project
from tests.counting.countable import paged_pdf
from tests.providers.extend.project import DOCUMENTS, extend_project
from tests.providers.extractpage import project as extractpage
from tests.providers.llamacloud import project as llamacloud


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []
        assert emulator.leaks == []


def lose(project: Project) -> None:
    for path in (project.root / ".docbatch").glob("state.db*"):
        path.unlink()


def is_complete(project: Project, vendor: ExtendEmulator) -> bool:
    return len(vendor.ledger) == len(set(vendor.ledger)) and len(project.outputs()) == 2 * len(DOCUMENTS)


@pytest.mark.parametrize("operation", ["parse", "extract"])
def test_a_lost_state_is_made_good(tmp_path: Path, vendor: ExtendEmulator, operation: str) -> None:
    project = extend_project(tmp_path, vendor, operation=operation, grace=0.2)
    project.applied()
    shutil.rmtree(tmp_path / "out")
    lose(project)
    assert "'docbatch recover' takes" in project.call("apply").err

    ended = project.call("recover")
    project.applied()

    assert ended.code == 0
    assert "3 documents: 3 taken over\nThe state is trusted again.\n" in ended.out
    assert is_complete(project, vendor)
    assert project.call("state", "check").code == 0
    assert project.call("recover").out == "no vendor was found to have work that the state does not know\n"


def test_outputs_that_are_still_there_stay_when_a_lost_state_is_made_good(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    lose(project)

    (tmp_path / ".docbatch/serial").unlink()
    refused = project.call("apply")
    assert refused.code == 6
    assert "its state was lost, 'docbatch recover' takes" in refused.err
    assert project.call("recover").code == 0
    project.applied()

    assert is_complete(project, vendor)
    assert not (tmp_path / ".docbatch/trash").exists()


def test_a_restored_state_is_made_good_while_the_work_still_runs(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.call("apply", "--max-new", "0")
    project.call("state", "backup", "--without-results", "backup.db")
    vendor.latency = 3600
    project.call("apply", "--no-wait")
    lose(project)
    shutil.copy(tmp_path / "backup.db", tmp_path / ".docbatch" / "state.db")

    assert project.call("recover").code == 0
    for run in vendor.runs.values():
        run.ends = 0.0
    project.applied()

    assert is_complete(project, vendor)


def test_a_dry_run_only_looks(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    lose(project)

    ended = project.call("recover", "--dry-run")

    assert ended.out.endswith(
        "3 documents: 3 taken over\nThe state would be trusted again.\nNothing was changed.\n"
    )
    assert not (tmp_path / ".docbatch" / "state.db").exists()
    assert {request.method for request in vendor.requests[-3:]} == {"GET"}
    assert project.call("apply").code == 6


def test_a_latest_version_that_moved_leaves_the_decision_to_a_person(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, operation="extract", grace=0.2)
    project.applied()
    lose(project)
    vendor.versions["ex_one"].append("3.0")

    left = project.call("recover")
    (batch,) = vendor.batches
    marker = next(iter(vendor.runs.values())).metadata["submission"]
    refused = project.call("apply")
    given_up = project.call("recover", "--abandon", marker)
    project.applied()

    assert (left.code, refused.code, given_up.code) == (6, 6, 0)
    assert f"{marker}: 3 documents: left: no job wants its documents as they were sent" in left.out
    assert f"'docbatch recover --abandon {marker}'" in left.out
    assert len(vendor.batches) == 2
    assert batch in vendor.batches


def test_without_a_key_nothing_is_trusted(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    lose(project)
    paid = list(vendor.ledger)
    (tmp_path / "key").unlink()

    ended = project.call("recover")

    assert ended.code == 12
    assert "The state is not trusted yet" in ended.out
    assert "'extend' was not searched" in ended.out
    assert not (tmp_path / ".docbatch/state.db").exists()
    assert (project.call("apply").code, vendor.ledger) == (6, paid)


def test_one_connection_is_searched_with_its_key_alone(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    lose(project)
    settings = (tmp_path / "docbatch.yaml").read_text()
    connection = settings.partition("  extend:")[2].replace("{file: key}", "{file: nowhere}")
    job = (tmp_path / "jobs" / "job.yaml").read_text()
    for old, new in {
        "name: job": "name: later",
        "out/": "late/",
        "json/": "late/",
        "provider: extend": "provider: second",
        "operation: parse": "operation: extract",
        "config: {}": "config: {processor: {id: ex_one}}",
    }.items():
        job = job.replace(old, new)
    project.write(
        {"docbatch.yaml": f"{settings}  second:\n    type: extend{connection}", "jobs/later.yaml": job}
    )

    ended = project.call("recover", "--connection", "extend")

    assert ended.code == 6, "the other connection was not searched"
    assert "3 documents: 3 taken over" in ended.out
    assert "'second' was not searched: it was left out" in ended.out
    assert "nowhere" not in ended.err


def test_it_needs_connections_that_are_there(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)

    assert "uses a connection 'other' that charges" in project.call("recover", "--connection", "other").err
    assert project.call("recover", "--absent", "other").code == 64


def test_what_a_person_says_of_a_connection_that_cannot_be_searched_is_taken(
    tmp_path: Path, vendor: ExtendEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.call("apply", "--max-new", "0")
    (tmp_path / ".docbatch" / "serial").write_text(f"{json.dumps('another')} 7\n")

    first = project.call("recover")
    second = project.call("recover", "--absent", "extend")
    project.applied()

    assert (first.code, second.code) == (6, 0)
    assert "the vendor offers no way to look for work" in first.out
    assert is_complete(project, vendor)


@pytest.mark.full
@pytest.mark.parametrize(
    ("service", "builder"),
    [(ExtractPage, extractpage), (LlamaCloud, llamacloud)],
    ids=["extractpage", "llamacloud"],
)
def test_what_jobs_still_want_of_a_submission_is_taken_over(
    tmp_path: Path, service: Callable[[], Emulator], builder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    with service() as emulator:
        project = builder.project(tmp_path, emulator)
        project.call("apply", "--no-wait")
        lose(project)
        (tmp_path / "in" / "b.txt").unlink()
        (tmp_path / "in" / "c.txt").write_text("another one")

        ended = project.call("recover")
        project.applied()

        assert "5 documents: 3 taken over, 2 that no job wants\n" in ended.out
        assert len(emulator.ledger) == 6
        assert project.outputs()["c.txt.md"] == b"another one\n"


def test_finished_work_whose_directory_was_removed_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    with LlamaCloud() as emulator:
        project = llamacloud.project(tmp_path, emulator)
        project.applied()
        paid, outputs = list(emulator.ledger), project.outputs()
        assert all(each.deleted is not None for each in emulator.directories.values())
        shutil.rmtree(tmp_path / "out")
        lose(project)

        ended = project.call("recover")
        project.applied()

        assert "5 documents: 5 taken over\n" in ended.out
        assert (emulator.ledger, project.outputs()) == (paid, outputs)


@pytest.mark.parametrize("limit", ["documents: 2", "pages: 4", "credits: 8", "money: 0.1 USD"])
def test_what_is_taken_over_counts_for_limits_as_if_it_had_been_sent_now(
    tmp_path: Path, vendor: ExtendEmulator, limit: str
) -> None:
    # A form feed is what the emulator takes for the end of a page.
    documents = {f"in/{name}.pdf": paged_pdf(2) + b"%% \f" + name.encode() for name in "abc"}
    project = extend_project(tmp_path, vendor, grace=0.2, config="{engine: parse_performance}", documents={})
    project.write(documents)
    with (tmp_path / "docbatch.yaml").open("a") as file:
        file.write(f"limits: [{{per: month, {limit}}}]\n")
    assert project.call("apply").code == 5
    costs = project.call("costs").out
    shutil.rmtree(tmp_path / "out")
    lose(project)

    recovered = project.call("recover").out
    codes = [project.call("apply").code for _ in range(2)]

    assert "2 taken over" in recovered
    assert codes == [5, 5]
    assert len(vendor.ledger) == 2
    assert project.call("costs").out == costs


def test_a_vendor_that_does_not_answer_is_not_said_to_have_nothing(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    (tmp_path / "key").unlink()

    ended = project.call("recover", "--dry-run")

    assert ended.code == 12
    assert ended.out.startswith("'extend' could not be searched, see below; no other work was found")
    assert "no vendor was found" not in ended.out


def test_a_name_that_no_connection_has_leaves_no_state_behind(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)

    assert project.call("recover", "--connection", "extent").code == 64
    assert not (tmp_path / ".docbatch/state.db").exists()
