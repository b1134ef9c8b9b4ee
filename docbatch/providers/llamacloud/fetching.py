"""Fetching a job's result, and telling one that cannot be used from an answer that went wrong once."""

from docbatch.errors import Refused, Unavailable
from docbatch.providers.base import Fetched
from docbatch.providers.llamacloud.answers import read
from docbatch.providers.llamacloud.jobs import Jobs
from docbatch.providers.redaction import shape_complaint

PATIENCE = 4
"""How often a result is asked for again whose answer cannot be read."""


class Fetcher:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._flawed: dict[str, int] = {}

    def fetch(self, product: str, job: str, size: int) -> Fetched:
        """Return the result of a job for a document of `size` bytes; only its pages say whether it is whole.

        Raises Unavailable, Gone, and Refused once the answer has the wrong shape time and again.
        """
        payload = self._jobs.payload(product, job, size)
        try:
            answer = read(payload)
        except ValueError as error:
            raise self._unreadable(job, payload, error) from error
        self._flawed.pop(job, None)
        return Fetched(payload, answer.is_partial, answer.credits, answer)

    def _unreadable(self, job: str, payload: bytes, error: ValueError) -> Unavailable | Refused:
        times = self._flawed.get(job, 0) + 1
        self._flawed[job] = times
        said = f"job {job}: {shape_complaint(payload, error)}"
        return Unavailable(said) if times < PATIENCE else Refused(said, code="wrong_shape")
