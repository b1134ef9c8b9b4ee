"""Guards through the real command: what nobody may have meant is not sent, says why, and is sent with the word for it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import FailureClass
from docbatch.core.spending_guards import TRIAL
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.scenario import DocumentFate, Scenario
from docbatch.testing.attempt import Attempt
from docbatch.testing.matrix import HASTE
from tests.cli.project import JOB, Ended, Project
from tests.counting.countable import paged_pdf
from tests.providers.extend.project import extend_project
from tests.spool.vendor_story import CONFIGS, RECOVERY, vendors
from tests.spool.vendor_story import JOB as VENDOR_JOB

THIRTY = {f"in/{number:02}.txt": f"text {number}" for number in range(30)}
ROTATED = "config: {advancedOptions: {pageRotationEnabled: false}}"


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator


def guarded(root: Path, text: str) -> None:
    """Let a project have these guards and no others; they begin in line 10."""
    file = root / "docbatch.yaml"
    before = re.split("^(?:guards|require_approval_over):", file.read_text(), flags=re.MULTILINE)[0]
    file.write_text(f"{before}{text}\n")


def thirty(root: Path, vendor: ExtendEmulator, guards: str = "", *, applied: bool = False) -> Project:
    project = extend_project(root, vendor, documents=THIRTY)
    if applied:
        assert project.call("apply", "--yes").code == 0
        vendor.ledger.clear()
    guarded(root, guards)
    return project


def otherwise(project: Project) -> None:
    """Let all documents be made in another way."""
    file = project.root / "jobs/job.yaml"
    file.write_text(file.read_text().replace("config: {}", ROTATED))


def edited(project: Project, number: int) -> None:
    project.write({name: "another text " + name for name in list(THIRTY)[:number]})


def recorded(project: Project) -> list[dict[str, Any]]:
    return [line for line in project.call("status", "--json").lines if line["type"] not in {"spool", "error"}]


def refused(project: Project, vendor: ExtendEmulator, guard: str) -> Ended:
    """Require that plan shows and apply refuses, without anything sent or recorded, also where nobody is asked."""
    before = recorded(project)
    planned = project.call("plan")
    told = project.call("apply", "--yes")
    assert (planned.code, told.code) == (6, 6), told.err
    message = told.err.removeprefix("\nerror: ").splitlines()[0].removeprefix("error: ")
    assert guard in message
    assert f"apply would refuse this: {message}" in planned.out
    assert "Will send" in planned.out
    assert "nothing was sent" in told.err
    assert not vendor.ledger
    assert recorded(project) == before
    return told


def test_new_documents(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = thirty(tmp_path, vendor, "guards: {max_new: 29}")

    told = refused(project, vendor, "max_new allows 29 (docbatch.yaml:10)")

    assert "30 documents of job 'job' would be sent for the first time" in told.err
    assert "  00.txt\n" in told.err
    assert project.call("apply", "--allow", "new").code == 0
    assert len(vendor.ledger) == 30


def test_as_many_new_documents_as_are_allowed_and_identical_ones_once(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = thirty(tmp_path, vendor, "guards: {max_new: 30}")
    project.write({"in/twin.txt": "text 1"})

    assert project.call("apply", "--yes").code == 0


def test_changed_documents(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = thirty(tmp_path, vendor, "guards:\n  max_changed: 20%", applied=True)
    edited(project, 6)
    assert project.call("plan").code == 0
    edited(project, 7)

    told = refused(project, vendor, "23.4% of 30 that are known; max_changed allows 20% (docbatch.yaml:11)")

    assert "  00.txt\n" in told.err
    assert project.call("apply", "--yes", "--allow", "changed").code == 0
    assert len(vendor.ledger) == 7


def test_a_share_says_nothing_of_a_few_documents(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor)
    assert project.call("apply", "--yes").code == 0
    guarded(tmp_path, "guards: {max_changed: 1%, max_resent: 1%}")
    otherwise(project)

    assert project.call("apply", "--yes").code == 0
    assert len(vendor.ledger) == 6


def test_documents_paid_again(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = thirty(tmp_path, vendor, "guards: {max_resent: 20}", applied=True)
    otherwise(project)
    edited(project, 5)

    told = refused(project, vendor, "max_resent allows 20 (docbatch.yaml:10)")

    assert "25 documents of job 'job' would be paid again with the same bytes" in told.err
    assert project.call("apply", "--yes", "--allow", "resent").code == 0
    assert len(vendor.ledger) == 30


def test_more_than_a_hundred_are_not_paid_again_where_nobody_said_anything(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    many = {f"in/{number:03}.txt": f"text {number}" for number in range(101)}
    project = extend_project(tmp_path, vendor, documents=many)
    assert project.call("apply", "--yes").code == 0
    vendor.ledger.clear()
    otherwise(project)

    told = refused(project, vendor, "max_resent allows 100 where docbatch.yaml says nothing else")

    assert "'max_resent' below 'guards:' in docbatch.yaml" in told.err
    project.write({"in/000.txt": "another text"})
    assert project.call("plan").code == 0


def test_what_was_never_sent_is_not_paid_again(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = thirty(tmp_path, vendor, "guards: {max_resent: 0}")
    assert project.call("apply", "--yes", "--max-new", "0").code == 4
    otherwise(project)

    assert project.call("apply", "--yes").code == 0
    assert len(vendor.ledger) == 30


def test_what_was_allowed_goes_on_after_an_interruption(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = thirty(tmp_path, vendor, "guards: {max_new: 5, max_resent: 5}")
    assert project.call("apply", "--yes", "--allow", "new", "--max-new", "10").code == 4

    assert project.call("apply", "--yes").code == 0
    assert len(vendor.ledger) == 30


def test_money_that_nobody_can_tell(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = thirty(tmp_path, vendor, "guards: {max_money: 1 USD}")

    told = refused(project, vendor, "max_money allows 1 USD (docbatch.yaml:10)")

    assert "30 documents of job 'job'" in told.err
    assert project.call("apply", "--yes", "--allow", "money").code == 0
    assert len(vendor.ledger) == 30


@pytest.mark.parametrize(("allowed", "code"), [("0.014999", 6), ("0.015", 0)])
@pytest.mark.parametrize("guard", ["guards: {{max_money: {} USD}}", "require_approval_over: {} USD"])
def test_money_is_what_the_plan_comes_to_at_most(tmp_path: Path, guard: str, allowed: str, code: int) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "docbatch.yaml": f"project: {{id: testproject01}}\n{guard.format(allowed)}\n",
            "in/two.pdf": paged_pdf(2),
            "in/three.pdf": paged_pdf(3),
        }
    )
    project.job(JOB.replace("provider: local", "provider: extractpage"))

    planned = project.call("plan")

    assert planned.code == code
    assert ("2 documents of job 'job' may cost 0.015 USD" in planned.out) is bool(code)
    assert project.call("plan", "--no-pages").code == 0, "what nobody counted is judged by apply"


def test_several_guards_are_told_at_once_and_let_pass_by_one_command(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = thirty(
        tmp_path, vendor, "guards: {max_changed: 1, max_resent: 1, max_money: 1 USD}", applied=True
    )
    otherwise(project)

    told = project.call("apply", "--yes", "--allow", "money")

    assert told.code == 6
    assert "'docbatch apply --allow changed,resent'" in told.err
    assert project.call("apply", "--yes", "--allow", "money,changed", "--allow", "resent").code == 0


def approval(project: Project) -> str:
    planned = project.call("plan", "--format", "json").lines[0]
    return str(planned["approval"])


def test_what_costs_too_much_is_approved_by_the_digest_that_plan_prints(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = thirty(tmp_path, vendor, "require_approval_over: 1 USD")
    told = refused(project, vendor, "above 1 USD somebody has to approve (docbatch.yaml:10)")
    digest = approval(project)

    assert f"'docbatch apply --approve {digest}' lets it pass this once" in told.err
    assert f"\ndigest to approve: {digest}\n" in project.call("plan").out
    assert f"- digest to approve: {digest}\n" in project.call("plan", "--format", "markdown").out
    edited(project, 1)
    other = project.call("apply", "--yes", "--approve", digest)
    assert (other.code, len(vendor.ledger)) == (6, 0)
    assert "what was approved is not what would be sent now" in other.err
    assert approval(project) != digest
    assert project.call("apply", "--yes", "--approve", approval(project)).code == 0
    assert len(vendor.ledger) == 30
    assert project.call("apply", "--yes", "--approve", digest).code == 0, "nothing is due any more"
    assert approval(project) == "None"


def test_a_refusal_names_each_item_once_however_many_documents_and_jobs_are_it(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, documents=dict.fromkeys(("in/a.txt", "in/b.txt"), "same"))
    project.write({"in/c.txt": "another"})
    job = (project.root / "jobs/job.yaml").read_text()
    other = job.replace("name: job", "name: other").replace('path: "', 'path: "of-other/')
    project.write({"jobs/other.yaml": other})
    guarded(tmp_path, "require_approval_over: 0 USD")

    told = project.call("apply", "--yes")

    assert told.code == 6
    assert "2 documents of jobs 'job', 'other' cost" in told.err
    assert re.findall(r"^  (?:.*/)?([a-c]\.txt|and .*)$", told.err, re.MULTILINE) == ["a.txt", "c.txt"]


def test_a_reviewed_plan_needs_the_approval_as_well(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = thirty(tmp_path, vendor, "require_approval_over: 1 USD")
    assert project.call("plan", "--out", "plan.json").code == 6
    digest = json.loads((tmp_path / "plan.json").read_text())["plan"]["report"]["approval"]

    assert project.call("apply", "--yes", "--plan", "plan.json").code == 6
    assert project.call("apply", "--yes", "--plan", "plan.json", "--approve", digest).code == 0


def test_free_work_counts_for_no_guard(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "docbatch.yaml": "project: {id: testproject01}\nguards: {max_changed: 0, max_new: 0, max_money: 0 USD,"
            " max_resent: 0, max_failed: 0}\nrequire_approval_over: 0 USD\n",
            "in/a.txt": "a text",
            "in/b.pdf": b"%PDF-1.7\nand no more",
            "in/c.pdf": b"%PDF-1.7\nneither",
        }
    )
    project.job(JOB)
    assert project.call("apply", "--yes", "--approve", "0" * 32).code == 3
    project.write({"in/a.txt": "another text", "in/d.txt": "a new one"})

    assert project.call("plan").code == 0
    assert project.call("apply").code == 3
    assert set(project.outputs()) == {"a.txt.md", "d.txt.md"}


@pytest.mark.parametrize("provider", ["extend", "llamacloud"])
def test_where_too_much_fails_nothing_more_is_sent(tmp_path: Path, provider: str) -> None:
    story = vendors()[provider]
    with story.emulator() as emulator:
        emulator.haste = HASTE
        spoilt = DocumentFate(name="*bad*", fails=FailureClass.CORRUPT, says="it is spoilt")
        emulator.scenario = Scenario(documents=(spoilt,))
        story.write(tmp_path, emulator, RECOVERY)
        for file in (tmp_path / "in").rglob("*.*"):
            file.unlink()
        project = Project(tmp_path)
        names = [f"{'bad' if number % 2 else 'good'}{number}" for number in range(2 * TRIAL)]
        project.write({f"in/{name}.txt": f"document {name}" for name in names})
        project.job(VENDOR_JOB.format(provider=provider, config=CONFIGS[provider]))
        guarded(tmp_path, "guards: {max_failed: 20%}")
        attempt = Attempt(story, emulator, tmp_path, story.environment)

        ended = attempt.run("apply", "--yes")

        assert ended.code == 6, ended
        assert len(emulator.ledger) == TRIAL
        assert "max_failed allows 20% (docbatch.yaml:" in ended.err
        assert f"so {TRIAL} documents wait; failed are " in ended.err
        assert "\\n" not in ended.err
        assert attempt.run("apply", "--yes", "--allow", "failed").code == 3
        assert len(emulator.ledger) == 2 * TRIAL


def test_where_little_fails_all_is_sent(tmp_path: Path, vendor: ExtendEmulator) -> None:
    spoilt = DocumentFate(name="*7.txt", fails=FailureClass.CORRUPT, says="it is spoilt")
    vendor.scenario = Scenario(documents=(spoilt,))
    many = {f"in/{number}.txt": f"text {number}" for number in range(TRIAL + 20)}
    project = extend_project(tmp_path, vendor, documents=many)
    guarded(tmp_path, "guards: {max_failed: 20%}")

    assert project.call("apply", "--yes").code == 3
    assert len(vendor.ledger) == TRIAL + 20


def test_what_cannot_be_asked_about_keeps_no_other_connection_from_sending(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    vendor.latency = 10_000
    many = {f"in/{number}.txt": f"text {number}" for number in range(TRIAL + 10)}
    project = extend_project(tmp_path, vendor, documents=many)
    guarded(tmp_path, "guards: {max_failed: 20%}")
    assert project.call("apply", "--yes", "--no-wait").code == 4
    assert len(vendor.ledger) == TRIAL
    vendor.keys = {}

    with ExtendEmulator() as second:
        second.haste = HASTE
        file = tmp_path / "docbatch.yaml"
        soon = "poll: {initial: 0.05, max: 0.2}, rates: {requests_per_second: 2000}"
        other = f"  second: {{type: extend, base_url: {second.url}, api_key: {{file: key}}, {soon}}}\n"
        file.write_text(file.read_text().replace("guards:", f"{other}guards:"))
        job = (tmp_path / "jobs/job.yaml").read_text().replace("provider: extend", "provider: second")
        project.job(
            job.replace("name: job", "name: other").replace("out/", "other/").replace("json/", "j/"), "other"
        )

        ended = project.call("apply", "--yes")

        assert ended.code == 12, ended.err
        assert len(second.ledger) == TRIAL + 10
    assert len(vendor.ledger) == TRIAL


def test_what_is_selected_is_counted_and_shares_are_of_the_whole_job(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = thirty(tmp_path, vendor, "guards: {max_changed: 20%, max_new: 5}")
    assert project.call("apply", "--yes", "--path", "0*.txt").code == 6
    assert project.call("apply", "--yes", "--path", "0[0-4].txt").code == 0
    assert len(vendor.ledger) == 5

    guarded(tmp_path, "guards: {max_changed: 20%}")
    assert project.call("apply", "--yes").code == 0
    vendor.ledger.clear()
    edited(project, 7)
    assert project.call("apply", "--yes").code == 6
    assert project.call("apply", "--yes", "--path", "0[0-2].txt").code == 0
    assert len(vendor.ledger) == 3
