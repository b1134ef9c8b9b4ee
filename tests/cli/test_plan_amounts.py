"""What a plan says of money and limits, before anybody is asked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cli.project import Project
from tests.counting.countable import paged_pdf

JOB = """
    apiVersion: docbatch/v1
    name: job
    source: {root: in, include: "**/*"}
    provider: PROVIDER
    config: CONFIG
    sink: [{type: files, path: "out/{{ doc.path }}.md"}]
"""
AGENTIC = "{parameters: {tier: agentic, version: '2026-10-16'}}"


def charged(
    project: Project,
    provider: str,
    config: str = "{}",
    *,
    limits: str = "",
    prices: str = "",
    text: bool = False,
) -> None:
    lines = ["project: {id: pabcdef012345}", *(line for line in (limits, prices) if line)]
    project.write(
        {
            "docbatch.yaml": "\n".join(lines) + "\n",
            "in/two.pdf": paged_pdf(2),
            "in/three.pdf": paged_pdf(3),
            **({"in/a.txt": "some text"} if text else {}),
        }
    )
    project.job(JOB.replace("PROVIDER", provider).replace("CONFIG", config))


def costs(project: Project) -> Mapping[str, Any]:
    (cost,) = project.call("plan", "--format", "json").lines[0]["costs"]
    return cost  # type: ignore[no-any-return]


def test_pages_are_multiplied_by_what_a_page_costs(project: Project) -> None:
    charged(project, "extractpage")

    told = project.call("plan").out

    assert "      5 pages in 2 documents\n      0.015 USD\n" in told
    assert "to 'extractpage': charged by the provider, 0.015 USD.\n" in told
    assert costs(project)["money"] == {"low": 15_000, "high": 15_000}


def test_credits_are_told_beside_the_money_they_cost(project: Project) -> None:
    charged(project, "llamacloud", AGENTIC)

    assert "      0.0625 USD (50 credits)\n" in project.call("plan").out
    assert costs(project)["credits"] == {"low": 50_000_000, "high": 50_000_000}


def test_a_documents_unknown_length_leaves_no_upper_bound(project: Project) -> None:
    charged(project, "extractpage", text=True)

    told = project.call("plan").out

    assert "charged by the provider, at least 0.018 USD; nothing says how much at most." in told
    assert costs(project)["money"]["high"] is None


def test_prices_of_the_project_stand_in_the_place_of_those_shipped(project: Project) -> None:
    charged(
        project,
        "extractpage",
        prices="prices: [{provider: extractpage, item: parse, usd_per_1000_pages: 1, source: contract, date: '2026-11'}]",
    )

    assert costs(project)["money"]["high"] == 5_000


def test_where_nothing_is_counted_no_money_is_told(project: Project) -> None:
    charged(project, "extractpage")

    assert " USD" not in project.call("plan", "--no-pages").out


def test_free_work_comes_to_nothing(project: Project) -> None:
    charged(project, "local")

    assert project.call("plan", "--format", "json").lines[0]["costs"] == []


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("documents: 2", "0 documents counted, 2 documents due; that fits"),
        (
            "documents: 1",
            "0 documents counted, 2 documents due; apply sends what fits and stops there with exit code 5",
        ),
        ("pages: 4", "0 pages counted, 5 pages due; apply sends what fits and stops there with exit code 5"),
        ("money: 0.02 USD", "0 USD counted, 0.015 USD due; that fits"),
        ("money: 0.01 USD, mode: audit", "0.015 USD due; apply sends all of it and says how much it was"),
    ],
)
def test_what_limits_will_do_is_said_before(project: Project, limit: str, said: str) -> None:
    charged(project, "extractpage", limits=f"limits: [{{per: run, {limit}}}]")

    told = project.call("plan").out

    assert "of the project (docbatch.yaml:2)" in told
    assert said in told


@pytest.mark.parametrize(
    ("assume", "said"),
    [
        (
            "",
            "6 pages or more due; apply sends nothing of which is unknown how much it is, and nothing beyond the limit",
        ),
        (", assume_pages: 2", "6 pages or more due; apply sends what fits and stops there with exit code 5"),
    ],
)
def test_what_happens_to_documents_of_unknown_length_is_said_before(
    project: Project, assume: str, said: str
) -> None:
    charged(project, "extractpage", limits=f"limits: [{{per: total, pages: 50{assume}}}]", text=True)

    assert said in project.call("plan").out


def test_a_plan_says_of_a_closed_window_when_it_opens(project: Project) -> None:
    charged(project, "extractpage")
    hour = (datetime.now(UTC).hour + 2) % 24
    file = project.root / "jobs" / "job.yaml"
    file.write_text(file.read_text() + f'\nwindow: {{hours: "{hour:02}:00-{(hour + 1) % 24:02}:00"}}\n')

    assert f"job 'job' sends between {hour:02}:00-" in project.call("plan").out


def test_identical_documents_count_for_the_job_that_goes_first(project: Project) -> None:
    charged(project, "extractpage")
    urgent = (
        JOB.replace("name: job", "name: urgent").replace("PROVIDER", "extractpage").replace("CONFIG", "{}")
    )
    project.job(urgent.replace("out/", "urgent/") + "    priority: 1\n", "urgent")

    plan = project.call("plan", "--format", "json").lines[0]

    assert [(each["job"], each["pages"]) for each in plan["pages"]] == [("urgent", 5)]
    assert [each["job"] for each in plan["costs"]] == ["urgent"]
