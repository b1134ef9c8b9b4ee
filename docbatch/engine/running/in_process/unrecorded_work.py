"""Submissions that only memory holds."""

from dataclasses import dataclass, field

from docbatch.core.models import Submission, SubmissionStatus, WorkItem
from docbatch.providers.base import Intent
from docbatch.state.records import ReadyItem


@dataclass(slots=True)
class UnrecordedWork:
    """What is under way of one batch: the items that have not ended, and those whose results were not fetched yet, by key.

    The state has all of them as waiting, which is what they are after a kill.
    """

    intent: Intent
    remote_id: str | None
    connection: str
    account: str
    sequence: int
    running: dict[str, WorkItem]
    ready: dict[str, ReadyItem] = field(default_factory=dict)

    @property
    def is_through(self) -> bool:
        return not (self.running or self.ready)

    def submission(self) -> Submission:
        """Return it as planning sees what is recorded."""
        return Submission(
            self.intent.submission,
            self.sequence,
            self.connection,
            self.account,
            SubmissionStatus.SUBMITTED,
            remote_id=self.remote_id,
            ready=len(self.ready),
            running=len(self.running),
        )
