"""extract.page in runs that never wait: a lost answer is settled by the runs that come after it."""

from pathlib import Path

import pytest

from docbatch.testing.matrix import Matrix
from docbatch.testing.short_runs import RECOVERY, requests, unsettled
from tests.providers.extractpage.test_matrix import vendor

DAY = 24 * 3600.0


@pytest.mark.parametrize("after", [0.0, DAY], ids=["under its key", "past its key's life"])
def test_a_lost_answer_to_a_create_is_settled(tmp_path: Path, after: float) -> None:
    matrix = Matrix(vendor(), tmp_path, RECOVERY)

    assert unsettled(matrix, [matrix.create], gap=25.0, after=after) == []


@pytest.mark.full
@pytest.mark.parametrize("after", [0.0, DAY])
@pytest.mark.parametrize("gap", [10.0, 14.0, 25.0, 70.0])
def test_a_lost_answer_to_anything_is_settled(tmp_path: Path, gap: float, after: float) -> None:
    matrix = Matrix(vendor(), tmp_path, RECOVERY)

    assert unsettled(matrix, requests(matrix), gap=gap, after=after) == []
