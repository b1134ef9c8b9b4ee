"""What a run of a fake project was seen to do, as one value that a row of a table can hold."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from docbatch.core.errors import DocbatchError
from docbatch.core.models import WorkItem
from docbatch.engine.progress_notices import Answered, Notice, Remark, Replanned, Trouble, Waiting
from docbatch.engine.running.run_context import Run
from docbatch.state.store import Store
from docbatch.state.waiting_documents import LateJobs, WaitingDocuments
from tests.fake.project import Project

REST = "waits before the next attempt"
ENOUGH = 1000
_SUBMISSION = re.compile(r"\bs[0-9a-f]{20}\b")
_PLACE = re.compile(r"\(\w+\.py, line \d+\)")


@dataclass(frozen=True, slots=True)
class Seen:
    """One run.

    `histories`: the events of every submission so far, in sequence. `told`: what became of creates, and troubles.
    `connection`: open, or what kept it from being used. `queued`: how often what waits to be sent was read from the
    state. `counted`: documents that count as newly sent. `documents`: how they stand when the run is over, and
    `reasons` why some have no result. `calls`: the calls of interest at the vendor. Submissions are called S.
    """

    histories: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    connection: str = "open"
    queued: int = 1
    counted: int = 0
    documents: str = ""
    reasons: tuple[str, ...] = ()
    calls: str = ""

    def again(self, calls: str = "") -> "Seen":
        """Return what is seen of a run after this one that finds nothing to do, but for calls."""
        none = ", ".join(f"{each.split()[0]} 0" for each in self.calls.split(", "))
        return replace(self, told=(), connection="open", queued=1, counted=0, calls=calls or none)


def observe(project: Project, *calls: str, **run_options: Any) -> Seen:
    """Apply and return what was seen."""
    cloud = project.cloud
    before = {call: cloud.calls(call) for call in calls}
    project.notices.clear()
    with queue_reads() as reads:
        try:
            run = project.apply(allowance=ENOUGH, **run_options)
        except (DocbatchError, KeyError) as error:
            connection, left = f"raised {type(error).__name__}", ENOUGH
        else:
            connection, left = standing(run, project), run.allowance or 0
    made = {call: cloud.calls(call) - before[call] for call in calls}
    return Seen(
        histories=histories(project),
        told=tuple(map(steady, told(project.notices))),
        connection=connection,
        queued=len(reads),
        counted=ENOUGH - left,
        documents=", ".join(f"{number} {status}" for status, number in sorted(project.statuses().items())),
        reasons=reasons(project),
        calls=", ".join(f"{call} {number}" for call, number in made.items()),
    )


@contextmanager
def queue_reads() -> Iterator[list[int]]:
    """Note each time that what waits to be sent is read from the state."""
    plain = WaitingDocuments.pending
    reads: list[int] = []

    def pending(
        self: WaitingDocuments,
        recipe: int,
        jobs: Sequence[str],
        late: LateJobs,
        limit: int,
        *,
        under: str = "",
    ) -> list[WorkItem]:
        found = plain(self, recipe, jobs, late, limit, under=under)
        reads.append(len(found))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WaitingDocuments, "pending", pending)
        yield reads


def histories(project: Project) -> tuple[str, ...]:
    with Store.readable(project.folder) as store:
        return tuple(
            " ".join(str(entry.event) for entry in store.events.of(each.id))
            for each in store.submissions.all()
        )


def reasons(project: Project) -> tuple[str, ...]:
    with Store.readable(project.folder) as store:
        found = store.documents.failures(project.job)
        return tuple(
            sorted(
                {f"{why.kind} {why.code}: {why.message}" for _, status, why in found if status != "partial"}
            )
        )


def told(notices: Sequence[Notice]) -> Iterator[str]:
    for each in notices:
        match each:
            case Answered(outcome=outcome, reason=reason):
                yield f"{outcome}: {reason}"
            case Trouble(subject=subject, message=message):
                yield f"trouble: {subject.split()[0]}: {message}"
            case Remark(text=text):
                yield f"remark: {text}"
            case Replanned(document=document, reason=reason):
                yield f"replanned: {document}: {reason}"


def standing(run: Run, project: Project) -> str:
    """Say what kept the connection from being used in the run."""
    view = run.connections.views()[project.connection]
    trouble = run.connections.troubles.get(project.connection)
    rests = [each.seconds for each in project.notices if isinstance(each, Waiting) and each.reason == REST]
    parts = [f"rests {seconds:g} s" for seconds in rests]
    if view.unreachable is not None:
        parts.append(f"cut by {type(trouble).__name__}: {view.unreachable}")
    if view.blocked is not None:
        parts.append(f"blocked by {type(trouble).__name__}: {view.blocked}")
    return steady(", ".join(parts)) or "open"


def steady(text: str) -> str:
    """Return a text without what is another in each project or version."""
    return _PLACE.sub("(there)", _SUBMISSION.sub("S", text))


def broke(call: str) -> str:
    """Return what is told of a provider that raises what it never should."""
    text = f"connection 'fake': its provider broke its contract in '{call}': it raised KeyError (there)"
    return text + "; whether the work exists is not known" * (call in {"create", "replay"})
