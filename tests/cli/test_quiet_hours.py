"""Prices of quiet hours in plans, and in what limits reserve."""

from datetime import UTC, time
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.amounts import exactly
from docbatch.core.models import Recovery, WorkItem
from docbatch.core.prices import Price, PriceList
from docbatch.core.tariffs import Charge, Tariff, pages_as_counted
from docbatch.core.windows import SendingWindow
from docbatch.engine.planning.amounts.item_costs import ItemCosts
from docbatch.engine.planning.differences_database import Differences
from tests.cli.project import Project
from tests.cli.test_plan_amounts import charged, costs
from tests.fake.project import Project as FakeProject

PRICES = 'prices: [{provider: extractpage, item: parse, usd_per_1000_pages: 4, off_peak: 0.5, off_peak_hours: {hours: "21:00-06:00"}}]'
NIGHT = 'window: {hours: "22:00-05:00"}'
DAY = 'window: {hours: "09:00-17:00"}'
EVENING = 'window: {hours: "20:00-23:00"}'


def declare(project: Project, *lines: str) -> None:
    """Let a job send two documents of five pages in all, at 0.01 or 0.02 US dollars."""
    charged(project, "extractpage", prices=PRICES)
    file = project.root / "jobs" / "job.yaml"
    file.write_text(file.read_text() + "".join(f"\n{line}" for line in lines) + "\n")


@pytest.mark.parametrize(
    ("lines", "low", "high", "note"),
    [
        ((NIGHT,), 10_000, 10_000, "sent in quiet hours (21:00-06:00 UTC) alone, at their price"),
        ((DAY,), 20_000, 20_000, None),
        (
            (EVENING,),
            10_000,
            20_000,
            "less in quiet hours (21:00-06:00 UTC), and not all of it need be sent in them",
        ),
        ((), 10_000, 20_000, "less in quiet hours (21:00-06:00 UTC), and not all of it need be sent in them"),
        (
            (NIGHT, "deadline: 2d"),
            10_000,
            20_000,
            "less in quiet hours (21:00-06:00 UTC); after its deadline a document is sent at any hour",
        ),
    ],
)
def test_a_plan_takes_the_prices_of_the_hours_in_which_it_is_sent(
    project: Project, lines: tuple[str, ...], low: int, high: int, note: str | None
) -> None:
    declare(project, *lines)

    cost: Any = costs(project)

    assert cost["money"] == {"low": low, "high": high}
    assert [each for each in cost["notes"] if "quiet" in each] == ([note] if note else [])
    assert (note or "0.02 USD") in project.call("plan").out


@pytest.mark.parametrize(("kind", "most"), [(Recovery.KEYED, 4_000), (Recovery.FINDABLE, 2_000)])
def test_what_is_reserved_holds_where_a_key_is_sent_again_at_any_hour(
    tmp_path: Path, kind: Recovery, most: int
) -> None:
    night = SendingWindow(time(22), time(5), UTC)
    price = Price("fake", "page", money=exactly(4_000_000), off_peak=500_000, quiet=night)
    target = FakeProject(tmp_path, kind).target(
        window=night, tariff=lambda: Tariff((Charge(("page",)),), pages_as_counted)
    )
    item = WorkItem("key", "1", "digest", 9, "application/pdf", "a.pdf", b"a.pdf")

    with Differences() as differences:
        costs = ItemCosts([target], differences, lambda: PriceList("", (price,)))
        reserved = costs.cost("job", item, 1)

    assert reserved.money == most
