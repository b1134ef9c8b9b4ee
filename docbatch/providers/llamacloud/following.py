"""Following a batch to the end of each of its jobs."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from docbatch.errors import Gone, Unavailable
from docbatch.models import Failure, FailureClass
from docbatch.providers.base import Failed, Intent, Progress, Ready
from docbatch.providers.http import redact
from docbatch.providers.llamacloud import failures
from docbatch.providers.llamacloud.answers import read
from docbatch.providers.llamacloud.api import Json
from docbatch.providers.llamacloud.batches import Batches, Standing
from docbatch.providers.llamacloud.jobs import Jobs

PATIENCE = 4
"""How often a batch that is over is asked again before what it leaves out counts as failed."""
WINDOW = 64
"""How many answers are fetched in one poll, so that results reach the spool while others are still asked for."""
MOST_HELD = 64 << 20
AT_ONCE = 0.001

End = Ready | Failed


@dataclass
class State:
    """What is known of one submission.

    `jobs` are by document; `completed` jobs, to their documents, wait to be fetched; `flawed` counts answers that could
    not be read.
    """

    jobs: dict[str, str] = field(default_factory=dict)
    completed: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    flawed: dict[str, int] = field(default_factory=dict)
    over_since: float | None = None
    over_polls: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """A submission as it is followed: whose document each directory entry is, and how large the documents are."""

    submission: str
    product: str
    entries: Mapping[str, str]
    refusals: Mapping[str, Failure]
    sizes: Mapping[str, int]

    @classmethod
    def of(
        cls, intent: Intent, product: str, entries: Mapping[str, str], refusals: Mapping[str, Failure]
    ) -> "Course":
        return cls(
            intent.submission,
            product,
            entries,
            refusals,
            {item.key: item.size for item in intent.batch.items},
        )


class Follower:
    """`grace` (seconds) is how long the service may be behind; `clock` is monotonic."""

    def __init__(
        self,
        batches: Batches,
        jobs: Jobs,
        *,
        grace: float,
        threads: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._batches = batches
        self._jobs = jobs
        self._grace = grace
        self._threads = threads
        self._clock = clock
        self._states: dict[str, State] = {}
        self._held: dict[str, bytes] = {}
        self._held_bytes = 0
        self._lock = threading.Lock()

    def poll(self, course: Course, batch: str) -> Progress:
        """Ask once how each document stands. Raises Gone, Unavailable."""
        state = self._states.setdefault(course.submission, State())
        ended: list[End] = [Failed(key, why) for key, why in course.refusals.items()]
        ended += self._without_job(course, batch, state)
        ended += self._through(course, state)
        fresh = [each for each in ended if each.key not in state.ended]
        state.ended.update(each.key for each in fresh)
        if len(state.ended) == len(course.sizes):
            del self._states[course.submission]
        return Progress(fresh, next_poll=AT_ONCE if state.completed else None)

    def _without_job(self, course: Course, batch: str, state: State) -> Iterator[Failed]:
        """Learn the jobs of the batch; yield the documents that have none and will get none."""
        if not _undecided(course, state):
            return
        standing = self._batches.standing(batch)
        for entry, job in standing.jobs.items():
            if entry in course.entries:
                state.jobs.setdefault(course.entries[entry], job)
        errors = {
            course.entries[entry]: said for entry, said in standing.errors.items() if entry in course.entries
        }
        for key, said in errors.items():
            yield Failed(key, failures.failure(said))
        if standing.is_over and self._is_out_of_patience(state):
            for key in _undecided(course, state) - errors.keys():
                yield Failed(key, _left_out(standing, batch))

    def _is_out_of_patience(self, state: State) -> bool:
        now = self._clock()
        state.over_polls += 1
        state.over_since = now if state.over_since is None else state.over_since
        return state.over_polls >= PATIENCE and now - state.over_since >= self._grace

    def _through(self, course: Course, state: State) -> list[End]:
        """Return the documents whose jobs ended, as far as their answers are fetched yet."""
        ended: list[End] = []
        if not state.completed:
            ended += self._stopped(course, state)
        some = dict(islice(state.completed.items(), WINDOW))
        answers = self._answers(course, state, some)
        # What could not be had is found by a later question again.
        for job in some:
            del state.completed[job]
        ended += [each for each in answers if isinstance(each, Ready | Failed)]
        troubles = [each for each in answers if isinstance(each, Unavailable)]
        if troubles and not ended:
            raise troubles[0]
        return ended

    def _stopped(self, course: Course, state: State) -> Iterator[Failed]:
        """Ask how all running jobs stand: note the completed ones, yield those that ended without a result."""
        running = {job: key for key, job in state.jobs.items() if key not in state.ended}
        found = self._jobs.standing(course.product, list(running)) if running else {}
        for job, key in running.items():
            seen = found.get(job, {})
            if seen is not None and seen.get("status") == "COMPLETED":
                state.completed[job] = key
            elif (why := _failure(job, seen)) is not None:
                yield Failed(key, why, job)

    def _answers(
        self, course: Course, state: State, jobs: Mapping[str, str]
    ) -> list[End | Unavailable | None]:
        def one(job: str) -> End | Unavailable | None:
            return self._answer(course, state, job, jobs[job])

        if self._threads == 1 or len(jobs) < 2:
            return [one(job) for job in jobs]
        with ThreadPoolExecutor(min(self._threads, len(jobs))) as pool:
            return list(pool.map(one, jobs))

    def _answer(self, course: Course, state: State, job: str, key: str) -> End | Unavailable | None:
        """Read a finished job's answer: only its pages say whether the document is whole."""
        try:
            payload = self._jobs.payload(course.product, job, course.sizes[key])
            answer = read(payload)
        except Unavailable as error:
            return error
        except Gone as error:
            return Failed(key, Failure(FailureClass.EXPIRED, error.message), job)
        except ValueError as error:
            state.flawed[key] = state.flawed.get(key, 0) + 1
            if state.flawed[key] < PATIENCE:
                return None
            said = f"the result cannot be read: {error}: {redact(payload.decode(errors='replace'), ())}"
            return Failed(key, Failure(FailureClass.VENDOR_ERROR, said, "wrong_shape"), job)
        self._hold(job, payload)
        return Ready(key, job, partial=answer.is_partial)

    def _hold(self, job: str, payload: bytes) -> None:
        """Keep an answer for the fetch that follows, as far as memory allows."""
        with self._lock:
            if self._held_bytes + len(payload) <= MOST_HELD and job not in self._held:
                self._held[job] = payload
                self._held_bytes += len(payload)

    def fetch(self, product: str, job: str, size: int) -> bytes:
        """Return a job's answer. Raises Gone, Unavailable."""
        with self._lock:
            payload = self._held.pop(job, None)
            if payload is not None:
                self._held_bytes -= len(payload)
                return payload
        return self._jobs.payload(product, job, size)


def _undecided(course: Course, state: State) -> set[str]:
    return set(course.entries.values()) - state.jobs.keys() - state.ended


def _failure(job: str, seen: Json | None) -> Failure | None:
    """Return why a job ended without a result; None for one that did not, or has not ended."""
    if seen is None:
        return Failure(FailureClass.EXPIRED, f"LlamaCloud does not know job {job} any more")
    if seen.get("status") == "FAILED":
        return failures.failure(seen.get("error_message"))
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
