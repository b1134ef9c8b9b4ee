"""What the last lines of apply advise: each document is spoken of once."""

import pytest

from docbatch.cli.words import outcome_text
from docbatch.engine.running.apply import ApplyOutcome, JobOutcome

AGAIN = "'docbatch retry' queues them"
PAID = "'docbatch retry --class expired' queues them"


@pytest.mark.parametrize(
    ("failed", "advised"), [(2, (True, False)), (3, (True, True))], ids=["only lost results", "others, too"]
)
def test_results_that_have_to_be_paid_again_are_advised_about_once(
    failed: int, advised: tuple[bool, bool]
) -> None:
    job = JobOutcome("job", 5, {"failed": failed}, expired=2, charges=True)

    told = outcome_text(ApplyOutcome((job,)))

    assert (PAID in told, AGAIN in told) == advised
