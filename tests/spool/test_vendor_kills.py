"""The real command killed by the kernel anywhere between old results and rewritten packs, at each emulated vendor.

After every kill the state is sound; the runs that follow finish, pay nothing twice, and leave the outputs of an undisturbed run.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.testing.eager import SWITCH
from tests.spool.dying_commands import LARGEST, ORDER, POWER, dying_commands
from tests.spool.vendor_story import OLD, STORY, Kill, Story, vendors

APPLY, COMPACT = range(len(STORY))
ENVIRONMENTS: Sequence[Mapping[str, str]] = ({}, {SWITCH: "0"}, {POWER: "1"}, {LARGEST: "300", POWER: "1"})
NAMES = tuple(vendors())


@pytest.fixture(autouse=True)
def _ours() -> Iterator[None]:
    with dying_commands():
        yield


def told(folder: Path, provider: str) -> Story[Any]:
    return Story(provider, vendors()[provider], folder)


def by_effect(story: Story[Any], number: int, seed: int) -> list[Kill]:
    """Draw effects to die at: every other one from all of them, the rest from their names first, so that rare ones have their turn."""
    dice = random.Random(seed)
    kills = []
    for turn in range(number):
        command = dice.choices((APPLY, COMPACT), (2, 1))[0]
        effects = story.effects[command]
        names = effects if turn % 2 else sorted(set(effects))
        name = dice.choice(names)
        nth = dice.randint(1, effects.count(name))
        again = dice.randint(1, len(story.effects[APPLY]) // 2) if turn % 4 == 3 else 0
        kills.append(Kill(command, f"{nth} {name}", 0.0, again, ENVIRONMENTS[turn % len(ENVIRONMENTS)]))
    return kills


def by_time(story: Story[Any], number: int, seed: int) -> list[Kill]:
    dice = random.Random(seed)
    chosen = dice.choices((APPLY, COMPACT), (2, 1), k=number)
    return [Kill(each, delay=dice.uniform(0.05, story.lengths[each])) for each in chosen]


def wrong(story: Story[Any], kills: Sequence[Kill]) -> list[str]:
    return [fault for kill in kills for fault in story.faults(kill)]


@pytest.mark.parametrize(
    "provider", ["extractpage", *(pytest.param(name, marks=pytest.mark.full) for name in NAMES[:2])]
)
def test_killed_somewhere_nothing_is_lost_and_nothing_is_paid_twice(tmp_path: Path, provider: str) -> None:
    story = told(tmp_path, provider)

    assert wrong(story, by_effect(story, 1, seed=NAMES.index(provider))) == []
    assert story.killed


@pytest.mark.full
@pytest.mark.parametrize("provider", NAMES)
def test_killed_at_a_hundred_effects_nothing_is_lost_and_nothing_is_paid_twice(
    tmp_path: Path, provider: str
) -> None:
    story = told(tmp_path, provider)

    assert wrong(story, by_effect(story, 100, seed=5)) == []
    assert story.killed >= 100


@pytest.mark.full
@pytest.mark.parametrize("provider", NAMES)
def test_killed_while_lost_results_are_brought_back_nothing_is_paid_twice(
    tmp_path: Path, provider: str
) -> None:
    story = replace(told(tmp_path, provider), loses=True)

    assert wrong(story, by_effect(story, 30, seed=7)) == []


@pytest.mark.full
@pytest.mark.parametrize("provider", NAMES)
def test_killed_after_whatever_time_nothing_is_lost_and_nothing_is_paid_twice(
    tmp_path: Path, provider: str
) -> None:
    story = told(tmp_path, provider)

    assert wrong(story, by_time(story, 40, seed=6)) == []
    assert story.killed > 20


OTHER_ORDERS = {
    # Written before are who holds the lock, the beginning of a pack, and what is moved into it, which lies in two places as yet.
    "recorded first": (Kill(APPLY, f"{2 + OLD + 1} before pwrite"), {POWER: "1"}),
    "pack removed first": (Kill(COMPACT, "1 after unlink"), {}),
    "old entries removed first": (Kill(APPLY, "1 after unlink"), {}),
}


def noticed(story: Story[Any], order: str) -> bool:
    kill, environment = OTHER_ORDERS[order]
    return replace(story, removes=False).is_unsound(replace(kill, environment={**environment, ORDER: order}))


@pytest.mark.parametrize("order", OTHER_ORDERS)
def test_another_order_would_be_noticed(tmp_path: Path, order: str) -> None:
    assert noticed(told(tmp_path, "extractpage"), order)


@pytest.mark.full
@pytest.mark.parametrize("order", OTHER_ORDERS)
@pytest.mark.parametrize("provider", NAMES)
def test_another_order_would_be_noticed_at_every_vendor(tmp_path: Path, provider: str, order: str) -> None:
    assert noticed(told(tmp_path, provider), order)


@pytest.mark.full
@pytest.mark.parametrize("order", OTHER_ORDERS)
@pytest.mark.parametrize("provider", NAMES)
def test_the_present_order_is_sound_where_another_is_not(tmp_path: Path, provider: str, order: str) -> None:
    kill, environment = OTHER_ORDERS[order]

    assert not replace(told(tmp_path, provider), removes=False).is_unsound(
        replace(kill, environment=environment)
    )
