"""LlamaCloud in runs that never wait: a lost answer is settled by the runs that come after it."""

from pathlib import Path

import pytest

from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.testing.matrix import Matrix
from docbatch.testing.short_runs import RECOVERY, Hand, requests, unsettled
from tests.providers.llamacloud.project import project
from tests.providers.llamacloud.test_matrix import vendor

FIRST_UPLOAD = 5  # after the survey, the configuration, its reading back, and the directory


@pytest.mark.parametrize("gap", [10.0, 25.0])
def test_a_lost_answer_to_a_create_is_settled(tmp_path: Path, gap: float) -> None:
    matrix = Matrix(vendor(), tmp_path, RECOVERY)

    assert unsettled(matrix, [matrix.create], gap=gap) == []


def test_a_lost_answer_to_an_upload_is_settled(tmp_path: Path) -> None:
    matrix = Matrix(vendor(), tmp_path, RECOVERY)

    assert unsettled(matrix, [FIRST_UPLOAD], gap=25.0) == []


@pytest.mark.full
@pytest.mark.parametrize("gap", [10.0, 14.0, 25.0, 70.0])
def test_a_lost_answer_to_anything_is_settled(tmp_path: Path, gap: float) -> None:
    matrix = Matrix(vendor(), tmp_path, RECOVERY)

    assert unsettled(matrix, requests(matrix), gap=gap) == []


def test_after_a_cancel_and_a_retry_short_runs_get_on(tmp_path: Path) -> None:
    with LlamaCloud() as emulator:
        made = project(tmp_path, emulator, {"a.txt": "apple", "b.txt": "banana"}, recovery=RECOVERY)
        emulator.working = 3600.0
        clock = Hand(emulator.clock())
        emulator.clock, emulator.haste = clock, 0.0
        made.call("apply", "--no-wait")
        made.call("cancel", "--job", "job", "--yes")
        assert made.call("apply", "--no-wait").code == 3
        emulator.working = 0.0
        assert made.call("retry").code == 0

        codes = []
        for _ in range(7):
            codes.append(made.call("apply", "--no-wait").code)
            clock.now += 25.0
        assert codes[-1] == 0, codes
        assert len(made.outputs()) == 2
