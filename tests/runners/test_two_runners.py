"""Two runners over one store and one vendor, killed and stopped at their requests: nothing is paid twice, and nothing is lost.

What is scaled is said in `launcher`. `benchmarks/two_runners.py` tries every point and prints what came of it as a table.
"""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.runners.gate import Point
from tests.runners.scenarios import SCENARIOS, Mode, RunnerMatrix
from tests.runners.tally import told
from tests.runners.two_runners import SERVICES, STORES

SHORT = [("s3", "extend"), ("azure", "llamacloud"), ("s3", "extractpage")]
WHOLE = [(store, service) for store in STORES for service in SERVICES]
EACH = 2
Case = tuple[str, Point, Mode]


def _wrong(matrix: RunnerMatrix, cases: Iterable[Case]) -> list[str]:
    trials = [matrix.trial(*case) for case in cases]
    return [told(each) for each in trials if each.faults]


@pytest.mark.parametrize(("store", "service"), SHORT)
def test_stopped_with_its_create_under_way_and_elsewhere_each_document_is_paid_once(
    store: str, service: str, tmp_path: Path
) -> None:
    matrix = RunnerMatrix(store, service, tmp_path)
    drawn = random.Random(f"{store} {service}")
    others = drawn.sample(sorted(SCENARIOS), EACH)
    cases = [(scenario, *drawn.choice(matrix.points(scenario))) for scenario in others]

    assert _wrong(matrix, [("stopped", matrix.sending[1], "before"), *cases]) == []


@pytest.mark.full
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("store", "service"), WHOLE)
def test_struck_at_every_request_each_document_is_paid_once_and_none_is_lost(
    store: str, service: str, scenario: str, tmp_path: Path
) -> None:
    matrix = RunnerMatrix(store, service, tmp_path)

    assert _wrong(matrix, [(scenario, *each) for each in matrix.points(scenario)]) == []
