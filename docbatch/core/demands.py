"""What a job asks of results: whether documents that show nothing, or were read in part, are good enough for it."""

from dataclasses import dataclass
from typing import Literal

from docbatch.core.models import Failure, FailureClass
from docbatch.core.result_warnings import OnEmpty

OnPartial = Literal["report", "accept", "retry", "fail"]
"""What a job makes of a document that was read in part."""

EMPTY = Failure(
    FailureClass.EMPTY, "there is nothing to see in the document, and the job says on_empty: fail"
)
INCOMPLETE = Failure(FailureClass.LOST, "something in it was not read, and the job says on_partial: fail")


@dataclass(frozen=True, slots=True)
class Demands:
    """The job's words about it. A result that is refused is not delivered, and its document counts as failed in that job."""

    on_empty: OnEmpty = "ok"
    on_partial: OnPartial = "report"

    @property
    def refuses_empty(self) -> bool:
        return self.on_empty == "fail"

    @property
    def refuses_partial(self) -> bool:
        return self.on_partial == "fail"

    def refusal(self, *, empty: bool, partial: bool) -> Failure | None:
        """Return why a result is refused; None for one that is taken."""
        if empty and self.refuses_empty:
            return EMPTY
        return INCOMPLETE if partial and self.refuses_partial else None
