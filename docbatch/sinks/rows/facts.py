"""What rows say beside results: their job, and documents that failed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docbatch.core.models import Failure
from docbatch.sinks.base import Delivery
from docbatch.sinks.formats import content, json_value, one_line
from docbatch.sinks.kind import Opening

if TYPE_CHECKING:
    from docbatch.core.results import DocumentInfo

FAILURE_VERSION = "docbatch/failure/v1"


@dataclass(frozen=True, slots=True)
class RowFacts:
    """The job that rows belong to, its labels, and what `columns` a list has of a document, given its path.

    No row says the id of the job's `project`: it tells jobs of one name apart where rows of several projects lie together.
    """

    job: str
    labels: Mapping[str, str]
    columns: Callable[[bytes], Mapping[str, str]]
    project: str = ""

    @classmethod
    def of(cls, at: Opening) -> "RowFacts":
        return cls(at.job, at.labels, at.columns, at.project)

    def led(self, line: bytes, path: bytes) -> bytes:
        """Return a line with one JSON object, led by these facts."""
        facts = {"job": self.job, "labels": dict(self.labels), "columns": dict(self.columns(path))}
        return one_line(json_value(facts))[:-2] + b"," + line[1:]


def row(delivery: Delivery, facts: RowFacts | None) -> bytes:
    """Return a document's result, or its failure, as one line. Raises ValueError, StateError when there is none."""
    if delivery.failure is None:
        line = content(delivery, "line")
    else:
        line = one_line(json_value(failure_value(delivery.document, delivery.failure)))
    return line if facts is None else facts.led(line, delivery.path)


def failure_value(document: "DocumentInfo", failure: Failure) -> dict[str, Any]:
    """Return what stands in the place of a result for a document that failed."""
    known = {"sha256": document.sha256, "size": document.size, "media_type": document.media_type}
    return {
        "version": FAILURE_VERSION,
        "outcome": "failed",
        "document": {"path": document.path, **(known if document.sha256 else dict.fromkeys(known))},
        "failure": {"class": str(failure.kind), "code": failure.code, "message": failure.message},
    }
