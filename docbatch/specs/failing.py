"""What a job says of documents that fail, take too long or are no longer wanted, as users write it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from docbatch.core.retry_policy import RetryRule
from docbatch.fields import Duration, SpecModel, seconds

RetryName = Literal[
    "refused_input", "unsupported", "too_large", "encrypted", "corrupt", "empty", "needs_ocr", "unreadable",
    "timeout", "memory", "crashed", "vendor_error", "out_of_credits", "expired", "auth", "cancelled", "unknown", "lost",
]  # fmt: skip
"""Failure classes, but for what is never sent; `lost` stands for partial documents."""
OnTimeout = Literal["report", "cancel"]
OnRemoval = Literal["collect", "cancel"]


class RetrySpec(SpecModel):
    """How documents that failed in one way are tried again by themselves. At a service each try may be charged, as anything that is sent."""

    times: Annotated[int, Field(ge=1, le=10)] = Field(
        description="how often a document is tried again at most, tries that `docbatch retry` asked for included"
    )
    wait: Duration = Field(
        default="5m",
        description="the pause before the first of them, which doubles with each, up to 6h",
    )

    @property
    def rule(self) -> RetryRule:
        return RetryRule(self.times, seconds(self.wait))


class TimeoutSpec(SpecModel):
    """How long a submission may take, and what is done then."""

    after: Duration = Field(description="a number and s, m, h or d")
    then: OnTimeout = Field(
        default="report",
        description="`cancel` asks the vendor once to stop it: what stops has failed as `timeout`",
    )


def _spelt_out(value: object) -> object:
    return value if isinstance(value, dict) else {"after": value}


Timeout = Annotated[TimeoutSpec, BeforeValidator(_spelt_out, json_schema_input_type=Duration | TimeoutSpec)]
Retries = dict[RetryName, RetrySpec]
