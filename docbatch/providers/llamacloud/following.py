"""Following a batch to the end of each of its jobs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.base import Failed, Intent, Progress, Ready
from docbatch.providers.llamacloud import outcomes
from docbatch.providers.llamacloud.batches import TERMINAL, Batches, Standing
from docbatch.providers.llamacloud.calls import Json
from docbatch.providers.llamacloud.jobs import Jobs

USUAL = TERMINAL | {"PENDING", "RUNNING"}

End = Ready | Failed


@dataclass
class State:
    """What is known of one submission.

    `jobs` are by document, `left_out` those that a batch which is over says nothing of, `waits` is the last unusual status
    of its batch.
    """

    jobs: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    left_out: dict[str, Failure] = field(default_factory=dict)
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """A submission as it is followed: its documents, and which directory entry is whose."""

    submission: str
    product: str
    documents: frozenset[str]
    entries: Mapping[str, str]
    refusals: Mapping[str, Failure]

    @classmethod
    def of(
        cls, intent: Intent, product: str, entries: Mapping[str, str], refusals: Mapping[str, Failure]
    ) -> "Course":
        """Return the course of an intent, which may have fewer documents than its directory."""
        documents = frozenset(item.key for item in intent.batch.items)
        return cls(
            intent.submission,
            product,
            documents,
            {entry: key for entry, key in entries.items() if key in documents},
            {key: why for key, why in refusals.items() if key in documents},
        )


class Follower:
    def __init__(self, batches: Batches, jobs: Jobs) -> None:
        self._batches = batches
        self._jobs = jobs
        self._states: dict[str, State] = {}

    def poll(self, course: Course, batch: str) -> Progress:
        """Ask once how each document stands. Raises Gone, Unavailable."""
        state = self._states.setdefault(course.submission, State())
        before = state.waits
        ended: list[End] = [Failed(key, why) for key, why in course.refusals.items()]
        ended += self._without_job(course, batch, state)
        ended += self._through(course, state)
        fresh = [each for each in ended if each.key not in state.ended]
        state.ended.update(each.key for each in fresh)
        if len(state.ended) == len(course.documents):
            del self._states[course.submission]
        note = _waiting(batch, state.waits) if state.waits != before else ""
        return Progress(fresh, note=note, doubted=dict(state.left_out))

    def is_through(self, course: Course) -> bool:
        """Say whether the last poll saw the last document end."""
        return course.submission not in self._states

    def _without_job(self, course: Course, batch: str, state: State) -> Iterator[Failed]:
        """Learn the jobs of the batch; yield the documents that have none and will get none, and note those it leaves out."""
        state.left_out.clear()
        if not _undecided(course, state):
            return
        standing = self._batches.standing(batch)
        if standing.status not in USUAL:
            state.waits = standing.status
        for entry, job in standing.jobs.items():
            if entry in course.entries:
                state.jobs.setdefault(course.entries[entry], job)
        errors = {
            course.entries[entry]: said for entry, said in standing.errors.items() if entry in course.entries
        }
        for key, said in errors.items():
            yield Failed(key, outcomes.failure(said))
        if standing.is_over:
            for key in sorted(_undecided(course, state) - errors.keys()):
                state.left_out[key] = _left_out(standing, batch)

    def _through(self, course: Course, state: State) -> Iterator[End]:
        """Ask how all running jobs stand; yield those that ended."""
        running = {job: key for key, job in state.jobs.items() if key not in state.ended}
        found = self._jobs.standing(course.product, list(running)) if running else {}
        for job, key in running.items():
            seen = found.get(job, {})
            if seen is not None and seen.get("status") == "COMPLETED":
                yield Ready(key, job)
            elif (why := _failure(job, seen)) is not None:
                yield Failed(key, why, job)


def _waiting(batch: str, status: str) -> str:
    return f"batch {batch} is {status} at LlamaCloud; it is waited for"


def _undecided(course: Course, state: State) -> set[str]:
    return set(course.entries.values()) - state.jobs.keys() - state.ended


def _failure(job: str, seen: Json | None) -> Failure | None:
    """Return why a job ended without a result; None for one that did not, or has not ended."""
    if seen is None:
        return Failure(FailureClass.EXPIRED, f"LlamaCloud does not know job {job} any more")
    if seen.get("status") == "FAILED":
        return outcomes.failure(seen.get("error_message"))
    if seen.get("status") == "CANCELLED":
        return Failure(FailureClass.CANCELLED, str(seen.get("error_message") or f"job {job} was cancelled"))
    return None


def _left_out(standing: Standing, batch: str) -> Failure:
    if standing.status == "CANCELLED":
        return Failure(FailureClass.CANCELLED, f"batch {batch} was cancelled before this document's turn")
    return Failure(
        FailureClass.VENDOR_ERROR,
        f"batch {batch} ended as {standing.status} and says nothing of this document; it may have been paid",
        "no_result",
    )
