"""A plan says what documents come to if it is as with those before, and how long handing them over takes at least."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.testing.matrix import HASTE
from tests.cli.project import Project
from tests.counting.countable import paged_pdf
from tests.providers.extend.project import extend_project

SPENT = 20
"""How many documents are through before."""


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        emulator.haste = HASTE
        yield emulator


def booklet(number: int, pages: int = 2) -> bytes:
    return paged_pdf(pages) + f"\n%% {number}\n".encode()


def spent(root: Path, vendor: ExtendEmulator, documents: int = SPENT) -> Project:
    """Return a project of which documents are through, with others to be sent: two of four pages each."""
    project = extend_project(
        root, vendor, documents={}, config="{engine: parse_performance, engineVersion: '2.0.1'}"
    )
    project.write({f"in/{number}.pdf": booklet(number) for number in range(documents)})
    project.applied("--yes")
    project.write({f"in/new{number}.pdf": booklet(number, 4) for number in range(2)})
    return project


def cost(project: Project) -> dict[str, Any]:
    (found,) = project.call("plan", "--format", "json").lines[0]["costs"]
    return found  # type: ignore[no-any-return]


def test_what_documents_came_to_says_what_others_come_to(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = spent(tmp_path, vendor)

    told = project.call("plan").out

    # The vendor charged two credits for each document of two pages, where its prices say four.
    assert (
        "0.20 USD (16 credits); about 0.10 USD (8 credits) if it is as with the last 20 documents\n" in told
    )
    assert cost(project)["expected"] == {"credits": 8_000_000, "money": 100_000, "documents": 20}
    assert cost(project)["credits"] == {"low": 16_000_000, "high": 16_000_000}


def test_documents_made_in_another_way_say_nothing(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = spent(tmp_path, vendor)
    job = (project.root / "jobs/job.yaml").read_text()
    project.write(
        {"jobs/job.yaml": job.replace("config: {", "config: {blockOptions: {formulas: {enabled: true}}, ")}
    )

    assert cost(project)["expected"] is None


def test_what_bounds_are_not_known_of_has_an_expectation_all_the_same(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, operation="extract", documents={})
    project.write({f"in/{number}.pdf": booklet(number) for number in range(SPENT)})
    project.applied("--yes")
    project.write({"in/new.pdf": booklet(SPENT)})

    found = cost(project)

    assert found["credits"]["high"] is None
    assert found["expected"]["documents"] == SPENT
    assert "; about " in project.call("plan").out


def test_a_few_documents_say_nothing(tmp_path: Path, vendor: ExtendEmulator) -> None:
    assert cost(spent(tmp_path, vendor, documents=SPENT - 1))["expected"] is None


def test_how_long_handing_over_takes_at_least_is_said_before(tmp_path: Path, vendor: ExtendEmulator) -> None:
    documents = {f"in/{number}.txt": f"number {number}" for number in range(30)}
    project = extend_project(tmp_path, vendor, documents=documents)
    assert "Handing them over" not in project.call("plan").out
    declared = (project.root / "docbatch.yaml").read_text()
    project.write(
        {"docbatch.yaml": declared.replace("requests_per_second: 2000", "requests_per_second: 0.5")}
    )

    for form in ("text", "markdown", "html"):
        assert "Handing them over takes 1 min at least." in project.call("plan", "--format", form).out
    assert project.call("plan", "--format", "json").lines[0]["least_seconds"] == {"extend": 60.0}
