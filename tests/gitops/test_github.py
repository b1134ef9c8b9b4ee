"""The workflows of the example on GitHub: from a pull request to outputs, step by step as the files say."""

import re

import pytest

from docbatch.emulators.server import Emulator
from tests.gitops.github_runner import GitHubRunner, WorkflowRun
from tests.gitops.lake import READS, WRITES, Lake
from tests.gitops.machine import git
from tests.gitops.site import EXAMPLE, KEY, Site, paid
from tests.providers.local.pdf_pages import lines, pdf

INVOICE = pdf(lines("Invoice 0002", "Ink 9.00"))
NOTHING = "Nothing (will be sent|is due)"
OUTPUT = "out/invoices/inbox/invoice-0002.pdf.md"


def of_main(site: Site, runner: GitHubRunner, name: str) -> WorkflowRun:
    return site.workflow(runner, name, git(site.remote, "rev-parse", "main"))


def succeeded(run: WorkflowRun) -> None:
    assert set(run.conclusions.values()) == {"success"}, [job.log for job in run.jobs.values()]


def test_from_a_pull_request_to_outputs_and_their_drift(site: Site, vendor: Emulator, lake: Lake) -> None:
    runner = site.github()
    succeeded(of_main(site, runner, "drift"))
    site.commit(site.clone, "ink", {"inbox/invoice-0002.pdf": INVOICE})
    request = site.request(site.clone, "ink")
    succeeded(site.reviewed(runner, request, site.clone))

    (comment,) = site.forge.comments[request.number]
    first = comment.body.splitlines()[0]
    assert "2 documents" in first
    assert re.search(r"\d+\.\d+ (to \d+\.\d+ )?USD", first), first

    site.merge(request, site.clone)
    run = of_main(site, runner, "apply")
    succeeded(run)
    assert re.search(r"digest to approve: [0-9a-f]{16}", run.jobs["plan"].summary)
    assert paid(vendor) == ["invoice-0001.pdf", "invoice-0002.pdf"]
    succeeded(of_main(site, runner, "collect"))
    assert "Invoice 0002" in lake.outputs[OUTPUT]
    again = of_main(site, runner, "apply")
    assert again.conclusions == {"plan": "success", "apply": "skipped"}
    assert re.search(NOTHING, again.jobs["plan"].summary)

    succeeded(of_main(site, runner, "drift"))
    lake.bucket.put(OUTPUT, b"edited")
    drifted = of_main(site, runner, "drift").jobs["drift"]
    assert (drifted.conclusion, drifted.steps["Drift"].code) == ("failure", 2)
    assert OUTPUT in drifted.log
    assert len(paid(vendor)) == 2
    told = "".join(job.log for job in (*run.jobs.values(), drifted)) + comment.body
    assert not [secret for secret in (KEY, *READS.values(), *WRITES.values()) if secret in told]


def test_a_pull_request_is_told_what_is_paid_and_its_plan_changes_nothing(site: Site, lake: Lake) -> None:
    runner = site.github()
    succeeded(of_main(site, runner, "apply"))
    before = lake.bucket.objects()
    site.commit(site.clone, "ink", {"inbox/invoice-0002.pdf": INVOICE})
    request = site.request(site.clone, "ink")

    succeeded(site.reviewed(runner, request, site.clone))
    exact = site.forge.comments[request.number][0].body
    site.commit(site.clone, "ink", {"README.md": "changed"})
    site.request(site.clone, "ink")
    succeeded(site.reviewed(runner, request, site.clone))
    nothing = site.forge.comments[request.number][0].body

    assert "1 document" in exact.splitlines()[0]
    assert "Nothing will be sent" in nothing.splitlines()[0]
    assert "there is no state here" not in exact + nothing
    assert lake.bucket.objects() == before


def test_a_fork_has_no_key_and_its_plan_asks_nobody(site: Site, lake: Lake) -> None:
    runner = site.github()
    succeeded(of_main(site, runner, "apply"))
    asked = lake.count
    fork = site.forked()
    site.commit(fork, "ink", {"inbox/invoice-0002.pdf": INVOICE})
    request = site.request(fork, "ink", "mallory")

    succeeded(site.reviewed(runner, request, fork))

    (comment,) = site.forge.comments[request.number]
    assert "2 documents" in comment.body.splitlines()[0]
    assert "there is no state here: what was paid before is not known" in comment.body
    assert lake.count == asked


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
    assert [each.installed for each in site.machines if each.installed] == [
        ["pip install docbatch[stores]"]
    ] * 2


def test_what_nobody_approved_is_not_sent_and_what_was_sent_is_collected_meanwhile(
    site: Site, vendor: Emulator, lake: Lake
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
    assert list(lake.outputs) == ["out/invoices/inbox/invoice-0001.pdf.md"]


def test_what_was_approved_stays_so_while_the_state_moves_on_and_is_refused_once_more_is_due(
    site: Site, vendor: Emulator, lake: Lake
) -> None:
    spec = (site.clone / "jobs/invoices.yaml").read_text()
    spec = spec.replace('include: "inbox/**/*.pdf"', 'store: lake\n  prefix: in/\n  include: "**/*.pdf"')
    site.commit(site.clone, "main", {"jobs/invoices.yaml": spec})
    lake.bucket.put("in/invoice-0001.pdf", pdf(lines("Invoice 0001")))
    runner = site.github()

    def collects_meanwhile(_run: WorkflowRun) -> bool:
        succeeded(of_main(site, site.github(), "collect"))
        return True

    def finds_more(_run: WorkflowRun) -> bool:
        lake.bucket.put("in/by-hand.pdf", pdf(lines("put there meanwhile")))
        return True

    runner.approves = collects_meanwhile
    succeeded(of_main(site, runner, "apply"))
    assert paid(vendor) == ["invoice-0001.pdf"]
    lake.bucket.put("in/invoice-0002.pdf", INVOICE)
    runner.approves = finds_more
    refused = of_main(site, runner, "apply").jobs["apply"]

    assert refused.conclusion == "failure"
    assert refused.steps["Apply"].code == 6
    assert "what was approved is not what would be sent now" in refused.log
    assert paid(vendor) == ["invoice-0001.pdf"]


def test_a_commit_that_brings_a_state_is_not_planned(site: Site) -> None:
    site.commit(site.clone, "main", {".docbatch/state.db": "forged"})

    run = of_main(site, site.github(), "apply")

    assert run.conclusions == {"plan": "failure", "apply": "skipped"}
    assert "this commit has a .docbatch of its own" in run.jobs["plan"].log


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
