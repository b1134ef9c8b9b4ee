"""The workflows of the example on GitHub: from a pull request to outputs, step by step as the files say."""

import re
import subprocess
import sys

import pytest

from docbatch.emulators.server import Emulator
from tests.gitops.github_runner import GitHubRunner, WorkflowRun
from tests.gitops.machine import Machine, git
from tests.gitops.site import EXAMPLE, KEY, Site, paid
from tests.providers.local.pdf_pages import lines, pdf

INVOICE = pdf(lines("Invoice 0002", "Ink 9.00"))
OUTPUT = "out/invoices/inbox/invoice-0002.pdf.md"


def of_main(site: Site, runner: GitHubRunner, name: str) -> WorkflowRun:
    return site.workflow(runner, name, git(site.remote, "rev-parse", "main"))


def succeeded(run: WorkflowRun) -> None:
    assert set(run.conclusions.values()) == {"success"}, [job.log for job in run.jobs.values()]


def test_from_a_pull_request_to_outputs_and_their_drift(site: Site, vendor: Emulator) -> None:
    runner = site.github()
    site.commit(site.clone, "ink", {"inbox/invoice-0002.pdf": INVOICE})
    request = site.request(site.clone, "ink")
    succeeded(site.reviewed(runner, request, site.clone))

    (comment,) = site.forge.comments[request.number]
    first = comment.body.splitlines()[0]
    assert "2 documents" in first
    assert re.search(r"\d+\.\d+ (to \d+\.\d+ )?USD", first), first
    assert "there is no state here: what was paid before is not known" in comment.body

    site.merge(request, site.clone)
    run = of_main(site, runner, "apply")
    succeeded(run)
    assert re.search(r"digest to approve: [0-9a-f]{16}", run.jobs["plan"].summary)
    assert paid(vendor) == ["invoice-0001.pdf", "invoice-0002.pdf"]
    succeeded(of_main(site, runner, "collect"))
    assert "Invoice 0002" in (site.home / OUTPUT).read_text()
    again = of_main(site, runner, "apply")
    assert again.conclusions == {"plan": "success", "apply": "skipped"}, again.jobs["plan"].log

    succeeded(of_main(site, runner, "drift"))
    (site.home / OUTPUT).write_text("edited")
    drifted = of_main(site, runner, "drift").jobs["drift"]
    assert (drifted.conclusion, [step.code for step in drifted.steps.values()]) == ("failure", [2, 2])
    assert OUTPUT in drifted.log
    assert len(paid(vendor)) == 2
    assert KEY not in "".join(job.log for job in (*run.jobs.values(), drifted))


def test_a_pull_request_has_one_comment_that_follows_it(site: Site) -> None:
    runner = site.github()
    site.commit(site.clone, "ink", {"inbox/invoice-0002.pdf": INVOICE})
    request = site.request(site.clone, "ink")
    forged = site.forge.say(request.number, "mallory", "mine\n<!-- docbatch plan -->")
    site.reviewed(runner, request, site.clone)
    site.commit(
        site.clone,
        "ink",
        {"inbox/invoice-0003.pdf": pdf(lines("Invoice 0003")), "jobs/invoices.yaml": "name: [\n"},
    )
    site.request(site.clone, "ink")

    planned = site.reviewed(runner, request, site.clone)

    assert planned.conclusions == {"plan": "failure"}
    _, comment = site.forge.comments[request.number]
    assert (forged.edits, comment.edits) == (0, 1)
    assert comment.body.startswith(
        "### docbatch: there is no plan (exit code 64)\n\n    jobs/invoices.yaml:2:"
    )
    assert [each.installed for each in site.machines if each.installed] == [["pip install docbatch"]] * 2


def test_what_nobody_approved_is_not_sent_and_what_was_sent_is_collected_meanwhile(
    site: Site, vendor: Emulator
) -> None:
    runner = site.github()
    succeeded(of_main(site, runner, "apply"))
    assert paid(vendor) == ["invoice-0001.pdf"]
    site.commit(site.clone, "main", {"inbox/invoice-0002.pdf": INVOICE})
    runner.approves = lambda _run: False

    waiting = of_main(site, runner, "apply")
    collected = of_main(site, runner, "collect")

    assert waiting.conclusions == {"plan": "success", "apply": "waiting"}
    succeeded(collected)
    assert paid(vendor) == ["invoice-0001.pdf"]
    assert (site.home / "out/invoices/inbox/invoice-0001.pdf.md").exists()


def test_what_was_approved_stays_so_while_the_state_moves_on_and_is_refused_once_more_is_due(
    site: Site, vendor: Emulator
) -> None:
    runner = site.github()

    def collects_meanwhile(_run: WorkflowRun) -> bool:
        succeeded(of_main(site, site.github(), "collect"))
        return True

    def finds_more(_run: WorkflowRun) -> bool:
        (site.home / "inbox/by-hand.pdf").write_bytes(pdf(lines("put there by hand")))
        return True

    runner.approves = collects_meanwhile
    succeeded(of_main(site, runner, "apply"))
    assert paid(vendor) == ["invoice-0001.pdf"]
    site.commit(site.clone, "main", {"inbox/invoice-0002.pdf": INVOICE})
    runner.approves = finds_more
    refused = of_main(site, runner, "apply").jobs["apply"]

    assert refused.conclusion == "failure"
    assert [step.code for step in refused.steps.values()] == [6]
    assert "what was approved is not what would be sent now" in refused.log
    assert paid(vendor) == ["invoice-0001.pdf"]


def test_a_commit_that_brings_a_state_does_not_take_the_place_of_ours(site: Site) -> None:
    runner = site.github()
    (site.home / ".docbatch").mkdir(parents=True)
    (site.home / ".docbatch/state.db").write_text("ours")
    site.commit(site.clone, "main", {".docbatch/state.db": "forged"})

    run = of_main(site, runner, "apply")

    assert run.conclusions == {"plan": "failure", "apply": "skipped"}
    assert "this commit has a .docbatch of its own" in run.jobs["plan"].log
    assert (site.home / ".docbatch/state.db").read_text() == "ours"


@pytest.mark.full
def test_where_the_disk_is_new_nothing_is_paid_twice_and_recover_goes_on(
    site: Site, vendor: Emulator
) -> None:
    runner = site.github()
    succeeded(of_main(site, runner, "apply"))
    site.home.rename(site.home.with_name("lost"))

    refused = of_main(site, runner, "apply").jobs["apply"]
    recovered = runner.own.shell(
        "ci/with-state docbatch recover && ci/with-state docbatch collect --no-wait || [ $? = 4 ]",
        {"EXTEND_API_KEY": KEY, "DOCBATCH_HOME": str(site.home)},
    )

    assert [step.code for step in refused.steps.values()] == [6]
    assert paid(vendor) == ["invoice-0001.pdf"]
    assert recovered.code == 0, recovered.log


def test_one_job_at_a_time_works_where_the_state_is(site: Site) -> None:
    machine = Machine(site.root / "own")
    machine.clone(site.remote, "main")
    lock = f"{site.home}.lock"
    holder = subprocess.Popen(
        ["flock", lock, sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdout.readline()
    script = machine.work / "ci/with-state"
    script.write_text(script.read_text().replace("--timeout 600", "--timeout 0"))

    held = machine.shell("ci/with-state true", {"DOCBATCH_HOME": str(site.home)})
    holder.communicate(b"\n")
    free = machine.shell("ci/with-state pwd", {"DOCBATCH_HOME": str(site.home)})

    assert held.code == 11
    assert (free.code, free.log.strip()) == (0, str(site.home))


@pytest.mark.full
def test_where_environments_have_no_reviewers_a_person_names_the_digest(site: Site, vendor: Emulator) -> None:
    page = (EXAMPLE.parents[1] / "docs/gitops.md").read_text()
    condition = re.search(r"```yaml\n    (if: .*inputs\.digest.*)\n```", page)
    assert condition is not None
    file = site.clone / ".github/workflows/apply.yml"
    text = file.read_text().replace("if: ${{ needs.plan.outputs.due == 'true' }}", condition[1])
    site.commit(site.clone, "main", {".github/workflows/apply.yml": text})
    commit, runner = git(site.remote, "rev-parse", "main"), site.github()

    pushed = site.workflow(runner, "apply", commit)
    digest = pushed.jobs["plan"].outputs["digest"]
    other = site.workflow(runner, "apply", commit, inputs={"digest": digest[::-1]})
    approved = site.workflow(runner, "apply", commit, inputs={"digest": digest})

    assert digest in pushed.jobs["plan"].summary
    assert [run.conclusions["apply"] for run in (pushed, other, approved)] == [
        "skipped",
        "skipped",
        "success",
    ]
    assert paid(vendor) == ["invoice-0001.pdf"]
