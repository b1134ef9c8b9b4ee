"""What a job's rules for documents that fail, take long or are gone come to."""

from collections.abc import Mapping

from docbatch.core.result_warnings import WarningKind
from docbatch.core.retry_policy import FailingRules, RetryRule
from docbatch.fields import seconds
from docbatch.specs.job import JobSpec

ONCE_MORE = RetryRule(times=1, wait=300.0)
"""What `on_partial: retry` comes to where `retry:` says nothing of partial documents."""


def timeout_of(spec: JobSpec, defaults: Mapping[str, object]) -> float:
    """Return the seconds of a job's timeout, the project's where it says none."""
    return seconds(spec.timeout.after if "timeout" in spec.model_fields_set else str(defaults["timeout"]))


def rules_of(spec: JobSpec) -> FailingRules:
    usual = {WarningKind.LOST.value: ONCE_MORE} if spec.on_partial == "retry" else {}
    return FailingRules(
        {**usual, **{name: each.rule for name, each in spec.retry.items()}},
        cancels_stuck=spec.timeout.then == "cancel",
        cancels_removed=spec.on_removal == "cancel",
    )
