"""Extend in runs that never wait: a lost answer is settled by the runs that come after it."""

from pathlib import Path

import pytest

from docbatch.testing.matrix import Matrix
from docbatch.testing.short_runs import RECOVERY, requests, unsettled
from tests.providers.extend.test_matrix import vendor


@pytest.mark.parametrize("gap", [10.0, 25.0])
def test_a_lost_answer_to_a_create_is_settled(tmp_path: Path, gap: float) -> None:
    matrix = Matrix(vendor(), tmp_path, RECOVERY)

    assert unsettled(matrix, [matrix.create], gap=gap) == []


@pytest.mark.full
@pytest.mark.parametrize("gap", [10.0, 14.0, 25.0, 70.0])
def test_a_lost_answer_to_anything_is_settled(tmp_path: Path, gap: float) -> None:
    matrix = Matrix(vendor(), tmp_path, RECOVERY)

    assert unsettled(matrix, requests(matrix), gap=gap) == []
