"""Prices of quiet hours in plans, and in what limits reserve."""

from typing import Any

import pytest

from docbatch.core.models import Recovery
from docbatch.engine.planning.amounts.sending_hours import hours_of
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


@pytest.mark.parametrize(("kind", "may_leave"), [(Recovery.KEYED, True), (Recovery.FINDABLE, False)])
def test_what_is_reserved_holds_where_a_key_is_sent_again_at_any_hour(
    tmp_path: Any, kind: Recovery, *, may_leave: bool
) -> None:
    target = FakeProject(tmp_path, kind).target()

    assert hours_of(target, 0, reserved=True).may_leave is may_leave
    assert hours_of(target, 0).may_leave is False
