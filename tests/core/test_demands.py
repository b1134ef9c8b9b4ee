import pytest

from docbatch.core.demands import EMPTY, INCOMPLETE, Demands
from docbatch.core.models import Failure


@pytest.mark.parametrize(
    ("demands", "empty", "partial", "refusal"),
    [
        (Demands(), True, True, None),
        (Demands(on_empty="fail"), True, False, EMPTY),
        (Demands(on_empty="fail"), False, True, None),
        (Demands(on_partial="fail"), False, True, INCOMPLETE),
        (Demands(on_partial="fail"), True, False, None),
        (Demands(on_partial="accept"), False, True, None),
        (Demands(on_partial="retry"), False, True, None),
    ],
)
def test_what_a_job_refuses(demands: Demands, *, empty: bool, partial: bool, refusal: Failure | None) -> None:
    assert demands.refusal(empty=empty, partial=partial) == refusal
