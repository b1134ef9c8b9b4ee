"""The pipelines of the example on GitLab: from a merge request to outputs, step by step as the file says."""

import re
from typing import Any

import pytest

from docbatch.emulators.server import Emulator
from tests.gitops.forge import GITLAB_TOKEN, PullRequest
from tests.gitops.gitlab_runner import GitLabRunner, Pipeline
from tests.gitops.lake import READS, WRITES, Lake
from tests.gitops.machine import git
from tests.gitops.site import EXAMPLE, KEY, Site, paid
from tests.providers.local.pdf_pages import lines, pdf

OUTPUT = "out/invoices/inbox/invoice-0002.pdf.md"


@pytest.fixture
def runner(site: Site) -> GitLabRunner:
    return GitLabRunner(
        site.machine,
        site.root,
        f"{site.forge.url}/api/v4",
        scoped={"": READS, "docbatch": {"EXTEND_API_KEY": KEY, **WRITES}},
    )


def pipeline(site: Site, runner: GitLabRunner, commit: str, source: str, **more: Any) -> Pipeline:
    text = git(site.remote, "show", f"{commit}:.gitlab-ci.yml")
    manual = more.pop("manual", True)
    return runner.run(text, site.remote, commit, {"CI_PIPELINE_SOURCE": source, **more}, manual=manual)


def of_main(site: Site, runner: GitLabRunner, source: str = "push", **more: Any) -> Pipeline:
    return pipeline(
        site, runner, git(site.remote, "rev-parse", "main"), source, CI_COMMIT_BRANCH="main", **more
    )


def reviewed(site: Site, runner: GitLabRunner, request: PullRequest, **more: str) -> Pipeline:
    return pipeline(
        site, runner, request.commit, "merge_request_event", CI_MERGE_REQUEST_IID=str(request.number), **more
    )


def test_from_a_merge_request_to_outputs_and_their_drift(
    site: Site, runner: GitLabRunner, vendor: Emulator, lake: Lake
) -> None:
    site.commit(site.clone, "ink", {"inbox/invoice-0002.pdf": pdf(lines("Invoice 0002", "Ink 9.00"))})
    request = site.request(site.clone, "ink")

    planned = reviewed(site, runner, request, COMMENT_TOKEN=GITLAB_TOKEN)

    assert planned.codes == {"review": 0, "comment": 0}, planned.ran
    (comment,) = site.forge.comments[request.number]
    assert re.search(r"2 documents.* USD", comment.body.splitlines()[0])

    site.merge(request, site.clone)
    merged = of_main(site, runner)
    assert merged.codes == {"plan": 0, "apply": 0}, merged.ran
    assert paid(vendor) == ["invoice-0001.pdf", "invoice-0002.pdf"]
    collected = of_main(site, runner, "schedule", TASK="collect")
    assert collected.codes == {"collect": 0}, collected.ran
    assert "Invoice 0002" in lake.outputs[OUTPUT]
    later = reviewed(site, runner, request)
    plan = (later.artifacts["review"] / "plan.md").read_text()
    assert re.match(r"### docbatch plan: Nothing (will be sent|is due)", plan)

    assert of_main(site, runner, "schedule", TASK="drift").codes == {"drift": 0}
    lake.bucket.put(OUTPUT, b"edited")
    assert of_main(site, runner, "schedule", TASK="drift").codes == {"drift": 2}


@pytest.mark.full
def test_nothing_is_sent_before_somebody_starts_it_and_the_comment_follows_the_merge_request(
    site: Site, runner: GitLabRunner, vendor: Emulator
) -> None:
    site.commit(site.clone, "ink", {"inbox/invoice-0002.pdf": pdf(lines("Invoice 0002"))})
    request = site.request(site.clone, "ink")
    forged = site.forge.say(request.number, "mallory", "mine <!-- docbatch plan -->")
    for _ in range(2):
        reviewed(site, runner, request, COMMENT_TOKEN=GITLAB_TOKEN)
    waiting = of_main(site, runner, manual=False)

    assert (waiting.codes, waiting.waiting, paid(vendor)) == ({"plan": 0}, ["apply"], []), waiting.ran
    assert [each.edits for each in site.forge.comments[request.number]] == [0, 1]
    assert forged.body.startswith("mine")


def test_a_merge_request_of_a_fork_has_a_plan_and_neither_token_nor_comment(
    site: Site, runner: GitLabRunner
) -> None:
    site.commit(site.clone, "bad", {"jobs/invoices.yaml": "name: [\n"})
    request = site.request(site.clone, "bad", "mallory")

    forked = {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8"}
    planned = reviewed(site, runner, request, **forked)
    site.commit(site.clone, "bad", {"jobs/invoices.yaml": (EXAMPLE / "jobs/invoices.yaml").read_text()})
    site.request(site.clone, "bad", "mallory")
    repaired = reviewed(site, runner, request, **forked)

    assert (planned.codes, repaired.codes) == ({"review": 64}, {"review": 0})
    assert (planned.artifacts["review"] / "plan.md").read_text().startswith("### docbatch: there is no plan")
    assert site.forge.comments[request.number] == []
