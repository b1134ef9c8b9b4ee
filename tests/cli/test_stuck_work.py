"""Work that takes longer than its job allows: it is reported, not waited for, and can be stopped."""

from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.state.store import Store
from tests.cli.project import Project
from tests.providers.extend.project import DOCUMENTS, extend_project
from tests.providers.extractpage import project as extractpage


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        emulator.latency = 3600
        yield emulator
        assert emulator.errors == []
        assert emulator.leaks == []


def allowing(project: Project, timeout: str) -> Project:
    """Write the job's timeout, instead of the one it has."""
    path = project.root / "jobs" / "job.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("timeout:")]
    path.write_text("\n".join([*lines, f"timeout: {timeout}", ""]))
    return project


def sent_hours_ago(project: Project) -> Project:
    """Submit, and let two hours have passed since, where the job allows one."""
    assert allowing(project, "1h").call("apply", "--no-wait").code == 4
    with Store.writable(project.root / ".docbatch") as store, store.write():
        store.database.execute("UPDATE submission SET intended_at = intended_at - 7200")
    return project


@pytest.fixture
def stuck(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    return sent_hours_ago(extend_project(tmp_path, vendor))


def submission(project: Project) -> str:
    with Store.readable(project.root / ".docbatch") as store:
        return next(store.submissions.all()).id


def hold_back(vendor: ExtendEmulator, name: str) -> None:
    """Let the vendor not begin a document yet."""
    for run in vendor.runs.values():
        if run.file is not None and name in run.file.name:
            run.visible = inf


def finish(vendor: ExtendEmulator) -> None:
    for run in vendor.runs.values():
        run.visible = run.ends = 0.0


def test_apply_reports_stuck_work_and_waits_for_it_no_longer(stuck: Project, vendor: ExtendEmulator) -> None:
    told = stuck.call("apply")
    (batch,) = vendor.batches

    assert told.code == 4
    assert f"submission {submission(stuck)} on extend is stuck:\n" in told.out
    assert f"3 documents of job 'job' did not end in 2 h; timeout is 1 h; remote id {batch}\n" in told.out
    assert f"'docbatch cancel {submission(stuck)}'" in told.out
    assert "waits for it once the job's timeout is raised" in told.out


def test_status_tells_stuck_work_without_a_network(stuck: Project, vendor: ExtendEmulator) -> None:
    asked = len(vendor.requests)

    assert f"submission {submission(stuck)} on extend: submitted, stuck, " in stuck.call("status").out
    told = next(line for line in stuck.call("status", "--json").lines if line["type"] == "submission")

    assert told["stuck"]["jobs"] == ["job"]
    assert told["stuck"]["seconds"] > told["stuck"]["timeout"] == 3600.0
    assert told["remote_id"] == told["stuck"]["remote_id"] == next(iter(vendor.batches))
    assert len(vendor.requests) == asked


def test_stuck_work_is_still_followed_and_collected(stuck: Project, vendor: ExtendEmulator) -> None:
    finish(vendor)

    ended = stuck.applied()

    assert ended.lines[-1]["stuck"] == []
    assert len(vendor.ledger) == len(DOCUMENTS)
    assert len(stuck.outputs()) == 2 * len(DOCUMENTS)


def test_what_hangs_can_be_given_up_and_is_sent_again_only_knowingly(
    stuck: Project, vendor: ExtendEmulator
) -> None:
    hold_back(vendor, "")
    cancelled = stuck.call("cancel", submission(stuck))
    refused = stuck.call("resolve", submission(stuck), "--absent")
    asked = len(vendor.requests)
    dry = stuck.call("resolve", submission(stuck), "--give-up", "--dry-run")
    told = stuck.call("resolve", submission(stuck), "--give-up")
    (batch,) = vendor.batches

    assert cancelled.code == 4
    assert f"'docbatch resolve {submission(stuck)} --give-up' waits for it no longer" in cancelled.out
    assert refused.code == 64
    assert "--give-up ends it here" in refused.err
    assert "would be given up: 3 documents would count as failed" in dry.out
    assert "is given up: 3 documents count as failed" in told.out
    assert f"may still work on them and charge for them ({batch})" in told.out
    assert "paid twice" in told.out
    assert len(vendor.requests) == asked
    after = stuck.call("apply", "--json")
    assert after.code == 3
    assert "given up by 'docbatch resolve'" in after.lines[-1]["jobs"][0]["failures"][0]["message"]
    assert len(vendor.batches) == 1
    assert stuck.call("resolve", submission(stuck), "--give-up").code == 64

    finish(vendor)
    vendor.latency = 0.0
    assert stuck.call("retry").code == 0
    stuck.applied()
    assert len(vendor.batches) == 2


def test_what_is_ready_is_kept_when_the_rest_is_given_up(stuck: Project, vendor: ExtendEmulator) -> None:
    first = next(iter(vendor.runs.values()))
    first.visible = first.ends = 0.0
    stuck.call("apply", "--no-wait")
    stuck.call("resolve", submission(stuck), "--give-up")

    assert stuck.call("apply", "--json").lines[-1]["jobs"][0]["standing"] == {"failed": 2}
    assert len(stuck.outputs()) == 2


def test_a_held_submission_is_not_given_up(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.create_faults = ["lost_before"]
    project = extend_project(tmp_path, vendor)
    project.call("apply", "--no-wait")

    told = project.call("resolve", submission(project), "--give-up")

    assert told.code == 64
    assert "say --absent or --remote-id ID" in told.err


def test_a_raised_timeout_is_waited_for_again_and_costs_nothing(
    stuck: Project, vendor: ExtendEmulator
) -> None:
    for run in vendor.runs.values():
        run.ends = vendor.clock() + 0.4

    ended = allowing(stuck, "3h").applied()

    assert any(line["type"] == "waiting" and line["jobs"] == ["job"] for line in ended.lines)
    assert {tuple(line["jobs"]) for line in ended.lines if line["type"] == "ended"} == {("job",)}
    assert len(vendor.batches) == 1


def test_what_is_not_stuck_yet_is_waited_for(stuck: Project, vendor: ExtendEmulator) -> None:
    vendor.latency = 0.3
    stuck.write({"in/new.txt": "a new one"})

    ended = stuck.call("apply", "--json")

    assert ended.lines[-1]["jobs"][0]["standing"] == {"live": 3}
    assert len(ended.lines[-1]["stuck"]) == 1
    assert "new.txt.txt" in stuck.outputs()


def test_a_file_of_all_results_shows_what_there_is_and_grows(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor)
    job = tmp_path / "jobs" / "job.yaml"
    job.write_text(job.read_text().partition("sink:")[0] + "sink: [{type: jsonl, path: out/all.jsonl}]\n")
    project.call("apply", "--no-wait")
    hold_back(vendor, "three.txt")
    for run in vendor.runs.values():
        run.ends = 0.0

    shown = []
    for _ in range(2):
        project.call("apply", "--no-wait")
        shown.append(len((tmp_path / "out/all.jsonl").read_text().splitlines()))
        finish(vendor)

    assert shown == [2, 3]


def test_cancelling_stops_what_the_vendor_has_begun_and_says_what_it_cannot_stop(
    stuck: Project, vendor: ExtendEmulator
) -> None:
    hold_back(vendor, "three.txt")

    first = stuck.call("cancel", submission(stuck))
    finish(vendor)
    applied = stuck.call("apply", "--json")

    assert first.code == 4
    assert "2 documents stopped, 0 ended otherwise" in first.out
    assert "1 document still with the vendor, which stops only what it has begun" in first.out
    assert {each["class"] for each in applied.lines[-1]["jobs"][0]["failures"]} == {"cancelled"}
    assert sorted(stuck.outputs()) == ["three.txt.md", "three.txt.txt"]
    assert (
        stuck.call("retry").out.partition("\nuntil")[0].endswith("2 documents queued; run 'docbatch apply'")
    )


def test_what_waits_as_a_whole_is_asked_to_stop_again_once_it_is_begun(
    stuck: Project, vendor: ExtendEmulator
) -> None:
    allowing(stuck, "{after: 1h, then: cancel}")
    hold_back(vendor, "")

    waiting = stuck.call("apply", "--json")
    for run in vendor.runs.values():
        run.visible = 0.0
    begun = stuck.call("apply", "--json")

    assert (waiting.code, waiting.lines[-1]["jobs"][0]["standing"]) == (4, {"live": 3})
    assert begun.code == 3
    assert {each["class"] for each in begun.lines[-1]["jobs"][0]["failures"]} == {"timeout"}
    assert all(run.cancelled for run in vendor.runs.values())
    assert len(vendor.batches) == 1


def test_what_ended_before_it_could_be_stopped_is_collected(stuck: Project, vendor: ExtendEmulator) -> None:
    finish(vendor)

    ended = stuck.call("cancel", "--job", "job")
    stuck.applied()

    assert ended.code == 0
    assert "0 documents stopped, 3 ended otherwise" in ended.out
    assert len(stuck.outputs()) == 2 * len(DOCUMENTS)


def test_a_dry_run_asks_nobody(stuck: Project, vendor: ExtendEmulator) -> None:
    (stuck.root / "key").unlink()
    asked = len(vendor.requests)

    ended = stuck.call("cancel", submission(stuck), "--dry-run")

    assert ended.code == 0
    assert f"{submission(stuck)} on extend: 3 documents running" in ended.out
    assert len(vendor.requests) == asked
    assert stuck.call("cancel", submission(stuck)).code == 12


def test_a_key_goes_to_no_other_host_to_stop_work(stuck: Project) -> None:
    project = stuck.root / "docbatch.yaml"
    project.write_text(
        project.read_text().replace(
            "base_url:", "workspace: ws_one\n    base_url: https://elsewhere.example #"
        )
    )

    ended = stuck.call("cancel", submission(stuck))

    assert ended.code == 12
    assert "belongs to account" in ended.err


def test_only_what_a_vendor_has_can_be_stopped(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.latency = 0
    vendor.create_faults = ["lost_before"]
    project = extend_project(tmp_path, vendor, then="hold")
    assert project.call("apply").code == 4
    held = project.call("cancel", submission(project))
    project.call("resolve", submission(project), "--absent")
    project.applied()

    assert held.code == 64
    assert (
        f"'docbatch resolve {submission(project)} --absent' or '--remote-id ID' settles it by hand"
        in held.err
    )
    assert "there is nothing left to stop" in project.call("cancel", submission(project)).err
    assert project.call("cancel", "--job", "job").out == "job 'job' has nothing with a vendor\n"
    assert project.call("cancel", "--job", "none").code == 64
    assert project.call("cancel", "s0").code == 64
    assert project.call("cancel").code == 64


def test_a_vendor_that_stops_nothing_is_not_asked(
    tmp_path: Path, vendor: ExtendEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_API_VERSION", "2025-04-21")
    project = sent_hours_ago(extend_project(tmp_path, vendor, documents={"in/a.txt": "one"}))
    asked = len(vendor.requests)

    ended = project.call("cancel", "--job", "job")
    shown = project.call("status")

    assert ended.code == 4
    assert "still with the vendor, which cannot stop work" in ended.out
    assert len(vendor.requests) == asked
    for told in (shown, project.call("apply")):
        assert f"'docbatch resolve {submission(project)} --give-up' waits for it no longer" in told.out
        assert "docbatch cancel" not in told.out


def test_a_vendor_that_stops_all_leaves_nothing_running(tmp_path: Path) -> None:
    with ExtractPage(pace=10**6) as emulator:
        project = extractpage.project(tmp_path, emulator)
        sent_hours_ago(project)

        ended = project.call("cancel", "--job", "job", "--yes")
        applied = project.call("apply", "--json")

    assert ended.code == 0
    assert "5 documents stopped, 0 ended otherwise" in ended.out
    assert applied.code == 3
    assert {each["class"] for each in applied.lines[-1]["jobs"][0]["failures"]} == {"cancelled"}
