"""Two runners over one store and one vendor, killed and stopped at their requests: nothing is paid twice, and nothing is lost.

What is scaled is said in `launcher`. `benchmarks/two_runners.py` tries every point and prints what came of it as a table.
"""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.runners.gate import Point
from tests.runners.scenarios import MODES, SCENARIOS, Mode, RunnerMatrix
from tests.runners.tally import told
from tests.runners.two_runners import SERVICES, STORES

SHORT = [
    ("s3", "extend", ("killed", "put_late")),
    ("azure", "llamacloud", ("covered", "begun")),
    ("s3", "extractpage", ("twice", "answer_lost")),
]
WHOLE = [(store, service) for store in STORES for service in SERVICES]
STEP = 5
"""In the long form each store and vendor has every so-and-so-many-th point, and another first one: all of them are some 5,400."""
Case = tuple[str, Point, Mode]


def _drawn(matrix: RunnerMatrix, scenario: str, dice: random.Random) -> tuple[Point, Mode]:
    """Draw a point without a run that tells which there are, beyond the undisturbed one."""
    record, create = matrix.sending
    number = dice.randint(1, 20)
    match scenario:
        case "twice":
            return create, f"{dice.choice(MODES['stopped'])}:store {number}"
        case "put_late":
            return record, f"killed:store {number}"
        case "begun":
            return Point("a", "store", 5 * number), dice.choice(MODES[scenario])
    return dice.choice(matrix.points(scenario))


def _wrong(matrix: RunnerMatrix, cases: Iterable[Case]) -> list[str]:
    trials = [matrix.trial(*case) for case in cases]
    return [told(each) for each in trials if each.faults]


@pytest.mark.parametrize(
    ("store", "service", "others"), SHORT, ids=[f"{each[0]}-{each[1]}" for each in SHORT]
)
def test_stopped_with_its_create_under_way_and_struck_elsewhere_each_document_is_paid_once(
    store: str, service: str, others: Sequence[str], tmp_path: Path
) -> None:
    matrix = RunnerMatrix(store, service, tmp_path)
    dice = random.Random(f"{store} {service}")
    cases = [(scenario, *_drawn(matrix, scenario, dice)) for scenario in others]

    assert _wrong(matrix, [("stopped", matrix.sending[1], "before"), *cases]) == []


@pytest.mark.full
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("store", "service"), WHOLE)
def test_struck_at_any_request_each_document_is_paid_once_and_none_is_lost(
    store: str, service: str, scenario: str, tmp_path: Path
) -> None:
    matrix = RunnerMatrix(store, service, tmp_path)
    points = matrix.points(scenario)[WHOLE.index((store, service)) % STEP :: STEP]

    assert _wrong(matrix, [(scenario, *each) for each in points]) == []
