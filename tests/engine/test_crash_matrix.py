"""The promise: killed at any effect, and again, nothing is paid twice and nothing is lost."""

import random
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import DocbatchError
from docbatch.core.models import Recovery
from docbatch.engine.progress_notices import ResultsLost
from docbatch.spool import Spool
from docbatch.testing.tripwire import Killed, Tripwire
from tests.fake import mutants, victim
from tests.fake.moments import of_each_kind
from tests.fake.project import TEXTS, Project
from tests.spool.power_cut import power_cuts

LAG = {"lag": 30.0, "trickle": 1.0}
EXPECTED = {
    "a.txt.md": "# apple\n",
    "copy.txt.md": "# apple\n",
    "c.txt.md": "# cherry\n",
    "d.txt.md": "# partial date\n",
}
PAID = dict.fromkeys(TEXTS.values(), 1)
KINDS = list(Recovery)


def project(root: Path, kind: Recovery, **options: Any) -> Project:
    root.mkdir()
    made = Project(root, kind, cloud_options=LAG, trait_options=options)
    made.write()
    return made


def effects(root: Path, kind: Recovery) -> list[str]:
    """Return the effects of an undisturbed run in order."""
    wire = Tripwire()
    undisturbed = project(root, kind)
    undisturbed.apply(wire)
    assert undisturbed.outputs() == EXPECTED
    return wire.names


def points(root: Path, kind: Recovery) -> int:
    """Return the number of effect points of an undisturbed run."""
    return len(effects(root, kind))


def near(root: Path, effect: str) -> list[tuple[int, ...]]:
    """Return the points just before and after each time an effect happens in an undisturbed run."""
    names = effects(root, Recovery.FINDABLE)
    happens = [at for at, name in enumerate(names, start=1) if name == effect]
    return [(at,) for at in range(1, len(names) + 1) if any(abs(at - each) <= 6 for each in happens)]


def kill(subject: Project, at: int) -> None:
    try:
        subject.apply(Tripwire(at))
    except Killed:
        return


def kill_for_real(subject: Project, at: int) -> None:
    assert victim.apply(subject.root, subject.kind, at) in {0, -signal.SIGKILL}


def wrong(subject: Project) -> str | None:
    """Return what is wrong after everything was done to finish, None when all is well."""
    paid = subject.paid()
    if any(times > 1 for times in paid.values()):
        return f"paid twice: {paid}"
    if any(isinstance(notice, ResultsLost) for notice in subject.notices):
        return "lost: a result that was recorded, and had to be fetched again"
    if subject.kind is Recovery.NONE and subject.statuses().get("live"):
        return None if subject.outputs().items() <= EXPECTED.items() else "a wrong output"
    if subject.cloud.directories():
        return f"left behind: {subject.cloud.directories()}"
    if subject.outputs() != EXPECTED or paid != PAID:
        return f"lost: {sorted(EXPECTED.keys() - subject.outputs().keys())}, paid {paid}"
    return None


def finish(subject: Project) -> str | None:
    try:
        subject.apply()
    except DocbatchError as error:
        return f"lost: {error.message}"
    return wrong(subject)


def faults(
    folder: Path,
    kind: Recovery,
    kills: Iterable[tuple[int, ...]],
    killer: Callable[[Project, int], None] = kill,
    **options: Any,
) -> Iterator[str]:
    """Kill a run at each of the points in turn, finish, and yield what is wrong, as soon as it is known."""
    for number, ats in enumerate(kills):
        subject = project(folder / f"{kind}-{number}", kind, **options)
        for at in ats:
            killer(subject, at)
        fault = finish(subject)
        if fault is not None:
            yield f"killed at {ats}: {fault}"


def chosen(total: int, seed: int, step: int) -> Iterator[tuple[int, ...]]:
    """Yield every `step`-th point from a seeded start, alone and followed by a second one."""
    dice = random.Random(seed)
    for at in range(1 + dice.randrange(step), total + 1, step):
        yield (at,)
        yield (at, 1 + dice.randrange(total))


def dealt(names: list[str], kind: Recovery) -> Iterator[tuple[int, ...]]:
    """Yield a point of each kind of effect, dealt to the kinds of recovery but for those of a create; half with a second one."""
    dice = random.Random(11)
    drawn = of_each_kind(names)
    creates = {at for at in drawn if names[at - 1].endswith(" create")}
    for number, at in enumerate(sorted({*drawn[KINDS.index(kind) :: len(KINDS)], *creates})):
        yield (at, 1 + dice.randrange(len(names))) if number % 2 else (at,)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_paid_twice_or_lost_where_a_run_is_killed(tmp_path: Path, kind: Recovery) -> None:
    names = effects(tmp_path / "undisturbed", kind)

    assert list(faults(tmp_path, kind, dealt(names, kind))) == []


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_paid_twice_or_lost_at_any_point_at_all(tmp_path: Path, kind: Recovery) -> None:
    total = points(tmp_path / "undisturbed", kind)

    assert list(faults(tmp_path, kind, chosen(total, seed=11, step=1))) == []


def test_the_same_holds_for_processes_killed_by_the_kernel(tmp_path: Path) -> None:
    total = points(tmp_path / "undisturbed", Recovery.FINDABLE)

    assert list(faults(tmp_path, Recovery.FINDABLE, chosen(total, seed=3, step=67), kill_for_real)) == []


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_holds_for_processes_killed_by_the_kernel_at_any_point(
    tmp_path: Path, kind: Recovery
) -> None:
    total = points(tmp_path / "undisturbed", kind)

    assert list(faults(tmp_path, kind, chosen(total, seed=5, step=1), kill_for_real)) == []


def test_the_matrix_notices_a_missing_intent(tmp_path: Path) -> None:
    kills = near(tmp_path / "undisturbed", "before create")

    with mutants.without_intent():
        assert any("paid twice" in each for each in faults(tmp_path, Recovery.FINDABLE, kills))


def test_the_matrix_notices_belief_in_the_first_look(tmp_path: Path) -> None:
    kills = near(tmp_path / "undisturbed", "before create")

    found = faults(tmp_path, Recovery.FINDABLE, kills, looks=1, grace=0.0)

    assert any("paid twice" in each for each in found)


def test_a_power_cut_loses_no_result_that_was_recorded(tmp_path: Path) -> None:
    kills = near(tmp_path / "undisturbed", "before fetch")[::3]

    with power_cuts():
        assert list(faults(tmp_path, Recovery.FINDABLE, kills)) == []


def test_the_matrix_notices_a_result_that_is_recorded_and_not_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = near(tmp_path / "undisturbed", "before fetch")
    monkeypatch.setattr(Spool, "flush", lambda _self: None)

    with power_cuts():
        assert any("lost" in each for each in faults(tmp_path, Recovery.FINDABLE, kills))


def test_the_matrix_notices_a_record_before_the_result_is_safe(tmp_path: Path) -> None:
    kills = near(tmp_path / "undisturbed", "before fetch")

    with mutants.record_before_spool():
        assert any("lost" in each for each in faults(tmp_path, Recovery.FINDABLE, kills))
