"""A plan that was reviewed costs no more where it is applied, whatever is recorded or priced there."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.testing.matrix import HASTE
from tests.cli.project import Ended, Project
from tests.counting.countable import paged_pdf
from tests.providers.extend.project import extend_project

PRICE = "prices: [{{provider: extend, item: {item}, usd_per_1000_pages: {usd}, source: contract, date: '2026-11'}}]\n"


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        emulator.haste = HASTE
        yield emulator


@pytest.fixture
def project(tmp_path: Path, vendor: ExtendEmulator) -> Project:
    """Where the state is: of one.txt, which is through, nothing is known elsewhere."""
    made = extend_project(
        tmp_path / "home",
        vendor,
        operation="extract",
        documents={"in/one.txt": "one"},
        source="{root: in, include: '**/*'}",
    )
    made.applied("--yes")
    return made


def elsewhere(project: Project, files: dict[str, str | bytes]) -> None:
    """Write files, and bring a plan of all of it that was made where there is no state."""
    project.write(files)
    other = project.root.parent / "checkout"
    shutil.copytree(project.root, other, ignore=shutil.ignore_patterns(".docbatch", "out", "json"))
    planned = Project(other).call("plan", "--out", "plan.json")
    assert planned.code == 0, planned.err
    shutil.copy(other / "plan.json", project.root)


def priced(project: Project, usd: int, item: str = "parse_performance") -> None:
    text = (project.root / "docbatch.yaml").read_text().split("prices:")[0]
    project.write({"docbatch.yaml": text + PRICE.format(item=item, usd=usd)})


def apply(project: Project) -> Ended:
    return project.call("apply", "--plan", "plan.json", "--yes", "--json")


def test_the_version_recorded_there_is_kept_and_only_what_was_reviewed_is_paid(
    project: Project, vendor: ExtendEmulator
) -> None:
    vendor.versions["ex_one"].append("3.0")
    elsewhere(project, {"in/two.txt": "two"})
    project.write({"in/three.txt": "three"})
    paid = len(vendor.ledger)

    done = apply(project)

    assert vendor.sent("POST")[-1].json()["extractor"] == {"id": "ex_one", "version": "2.0"}
    assert len(vendor.ledger) == paid + 1
    (plan,) = (line for line in done.lines if line["type"] == "plan")
    assert plan["versions"] == [{"job": "job", "versions": {"ex_one": "2.0"}, "known": True}]
    assert "job 'job': three.txt" in done.out
    assert apply(project).code == 7


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("http://127.0.0.1:", "http://localhost:", "two.txt: is made in another way: account: 127.0.0.1:"),
        ("api_key:", "workspace: ws_other\n    api_key:", "nothing that was reviewed is to be sent here"),
    ],
)
def test_what_was_reviewed_is_not_sent_to_another_account(
    project: Project, vendor: ExtendEmulator, old: str, new: str, said: str
) -> None:
    elsewhere(project, {"in/two.txt": "two"})
    paid = len(vendor.ledger)
    declared = (project.root / "docbatch.yaml").read_text()
    project.write({"docbatch.yaml": declared.replace(old, new, 1)})

    refused = project.call("apply", "--plan", "plan.json", "--yes", "--allow", "resent,changed")

    assert refused.code == 7, refused.err
    assert said in refused.err
    assert "ws_other" not in refused.err
    assert len(vendor.ledger) == paid


@pytest.mark.parametrize("has_state", [True, False])
def test_a_plan_of_another_project_is_stale(tmp_path: Path, has_state: bool) -> None:
    project = of_extract_page(tmp_path, 3)
    project.write({"in/a.pdf": paged_pdf(2)})
    if has_state:
        project.call("apply", "--max-new", "0")
    assert project.call("plan", "--out", "plan.json").code == 0
    declared = (project.root / "docbatch.yaml").read_text()
    project.write({"docbatch.yaml": declared.replace("pabcdef012345", "pother0123456")})

    refused = project.call("apply", "--plan", "plan.json", "--yes")

    assert refused.code == 7
    assert "it was made for another project" in refused.err


def of_extract_page(root: Path, usd: int) -> Project:
    made = Project(root)
    made.write(
        {
            "docbatch.yaml": "project: {id: pabcdef012345}\n"
            "providers: {extractpage: {base_url: 'http://127.0.0.1:9', api_key: {env: NO_SUCH_KEY}}}\n"
            + PRICE.format(item="parse", usd=usd).replace("extend", "extractpage")
        }
    )
    made.job(
        """
        apiVersion: docbatch/v1
        name: job
        source: {root: in, include: "**/*"}
        provider: extractpage
        sink: [{type: files, path: "out/{{ doc.path }}.md"}]
        """
    )
    return made


@pytest.mark.parametrize("has_state", [True, False])
def test_a_plan_is_stale_where_its_documents_come_to_more_than_was_reviewed(
    tmp_path: Path, has_state: bool
) -> None:
    project = of_extract_page(tmp_path, 3)
    project.write({"in/a.pdf": paged_pdf(2)})
    if has_state:
        project.call("apply", "--max-new", "0")
    assert project.call("plan", "--out", "plan.json").code == 0
    of_extract_page(tmp_path, 5)

    refused = project.call("apply", "--plan", "plan.json", "--yes")

    assert refused.code == 7
    assert "1 document comes to more here than was reviewed:\n" in refused.err
    assert "  job 'job': a.pdf: 0.01 USD at most, 0.006 USD as reviewed\n" in refused.err
    assert "nothing was sent" in refused.err


@pytest.mark.parametrize("usd", [3, 2])
def test_a_plan_that_costs_no_more_is_not(tmp_path: Path, usd: int) -> None:
    project = of_extract_page(tmp_path, 3)
    project.write({"in/a.pdf": paged_pdf(2)})
    assert project.call("plan", "--out", "plan.json").code == 0
    of_extract_page(tmp_path, usd)

    ended = project.call("apply", "--plan", "plan.json", "--yes")

    # It goes as far as the key that is not there.
    assert ended.code == 12, ended.err


def test_a_document_whose_cost_has_no_bound_any_more_comes_to_more(tmp_path: Path) -> None:
    project = of_extract_page(tmp_path, 3)
    project.write({f"in/{number:02}.pdf": paged_pdf(1) + str(number).encode() for number in range(12)})
    assert project.call("plan", "--out", "plan.json").code == 0
    saved = (project.root / "plan.json").read_text()
    project.write(
        {
            "docbatch.yaml": (project.root / "docbatch.yaml").read_text().split("prices:")[0]
            + "prices: [{provider: extractpage, item: parse, unbounded: surcharges, usd_per_1000_pages: 1, source: contract, date: '2026-11'}]\n"
        }
    )

    refused = project.call("apply", "--plan", "plan.json", "--yes")

    assert json.loads(saved)["plan"]["documents"]["job"]["00.pdf"].endswith("/3000")
    assert refused.code == 7
    assert "12 documents come to more here than was reviewed" in refused.err
    assert "00.pdf: nobody knows how much at most, 0.003 USD as reviewed" in refused.err
    assert "and 2 more documents" in refused.err
