"""Why documents end as failed whose work or results are not to be had any more."""

from docbatch.core.models import Failure, FailureClass

RESULT_LOST = Failure(
    FailureClass.EXPIRED,
    "its stored result was lost, and no run of the provider is known of which it could be fetched again",
)
EXPIRED = Failure(
    FailureClass.EXPIRED,
    "the vendor no longer has the work or its result; it is not sent again without consent",
)
