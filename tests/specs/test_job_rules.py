"""What a job says about documents that fail, as rules."""

from typing import Any

import pytest

from docbatch.core.retry_policy import RetryRule
from docbatch.specs.job import JobSpec
from docbatch.specs.job_rules import ONCE_MORE, rules_of

JOB = {
    "apiVersion": "docbatch/v1",
    "name": "job",
    "source": {"include": "in/*"},
    "sink": [{"type": "files", "path": "out/{{ doc.path }}"}],
}
TWICE = {"lost": {"times": 2, "wait": "1h"}}


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ({}, None),
        ({"on_partial": "report"}, None),
        ({"on_partial": "retry"}, ONCE_MORE),
        ({"on_partial": "retry", "retry": TWICE}, RetryRule(2, 3600.0)),
        ({"on_partial": "accept", "retry": TWICE}, RetryRule(2, 3600.0)),
    ],
)
def test_partial_documents_are_tried_again_once_where_that_is_asked_for(
    said: dict[str, Any], lost: RetryRule | None
) -> None:
    assert rules_of(JobSpec.model_validate({**JOB, **said})).retry.get("lost") == lost
