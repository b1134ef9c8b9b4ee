"""The protocol taken through every interleaving: nothing is paid twice or lost, and each rule is needed for that."""

from random import Random

import pytest

from docbatch.core.models import Recovery
from tests.state.remote.broken_rules import BROKEN, BrokenRule
from tests.state.remote.explorer import WRONG, Explorer, Scenario, explore
from tests.state.remote.owner_program import Plan

FINDABLE, KEYED, NONE = (Plan(recovery=each) for each in (Recovery.FINDABLE, Recovery.KEYED, Recovery.NONE))
CUT = Plan(snapshots=True)
SHORT = {"findable": Scenario(FINDABLE), "snapshots": Scenario(CUT, lost=0)}
LONG = {
    "keyed": Scenario(KEYED),
    "none": Scenario(NONE),
    "findable, in time": Scenario(FINDABLE, gap=False),
    "keyed, in time, a day passes": Scenario(KEYED, gap=False, days=1),
    "findable, two lost": Scenario(FINDABLE, lost=2),
    "keyed, two lost": Scenario(KEYED, lost=2),
    "two documents": Scenario(Plan(items=("a", "b"))),
    "snapshots, one lost": Scenario(CUT),
    "snapshots made slowly": Scenario(Plan(snapshots=True, late_snapshot=True), lost=0),
    "findable, three owners": Scenario(FINDABLE, owners=3, lost=0),
    "keyed, three owners": Scenario(KEYED, owners=3, lost=0),
    "none, three owners": Scenario(NONE, owners=3, lost=0),
}
RULES = [
    pytest.param(each, id=each.rule, marks=[pytest.mark.full] if each.worlds.owners > 2 else [])
    for each in BROKEN
]


@pytest.mark.parametrize("name", SHORT)
def test_whatever_two_owners_do_nothing_is_paid_twice_or_lost(name: str) -> None:
    found = explore(SHORT[name], until=WRONG)

    assert found.broken == []
    assert found.finished


@pytest.mark.full
@pytest.mark.parametrize("name", LONG)
def test_nor_in_more_worlds(name: str) -> None:
    found = explore(LONG[name], until=WRONG)

    assert found.broken == []
    assert found.finished


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 40))])
def test_nor_on_ways_that_are_drawn_among_three_owners_and_three_lost_answers(seed: int) -> None:
    drawn = Random(seed)
    plan = Plan(drawn.choice(list(Recovery)), snapshots=drawn.random() < 0.5)
    explorer = Explorer(Scenario(plan, owners=3, lost=3, gap=drawn.random() < 0.5))

    found = explorer.wander(200, drawn)

    assert found.broken == []


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_needed(rule: BrokenRule) -> None:
    with rule.in_force() as worlds:
        found = explore(worlds, until=rule.shows)

    assert found.kinds & rule.shows, f"nothing came of it in {found.worlds} worlds"
