"""Batches: created once, found again by their directory, asked what became of each document."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from docbatch.core.errors import Refused, Uncertain
from docbatch.providers.http import identities
from docbatch.providers.http.keyed import Reply
from docbatch.providers.http.reply import EXPLAINED
from docbatch.providers.llamacloud.calls import BATCHES, Api, detail, identity, under

TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a batch says of its documents, by directory entry. `jobs` run on their own, whatever the batch's status."""

    status: str
    jobs: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL


class Batches:
    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, body: bytes) -> str:
        """Create a batch and return its id. Raises Refused, NotSent, Uncertain, CredentialsError."""
        scope = urlencode(self._api.scope)
        reply = self._api.client.create(f"{BATCHES}?{scope}" if scope else BATCHES, body)
        if reply.status == 409:
            raise Uncertain(f"LlamaCloud sees a conflict: {detail(reply)}")
        if 400 <= reply.status < 500:
            kind = "out_of_credits" if reply.status == 402 else "refused_input"
            message = f"LlamaCloud refused the batch: {detail(reply)}"
            unexplained = reply.status not in EXPLAINED
            raise Refused(message, code=str(reply.status), kind=kind, unexplained=unexplained)
        return _created(reply)

    def of_directory(self, directory: str) -> list[str]:
        """Return the batches over a directory, oldest first."""
        return [batch for _, batch in self.made(directory)]

    def made(self, directory: str) -> list[tuple[str, str]]:
        """Return when the batches over a directory were made, and their ids, oldest first."""
        return sorted(
            (str(batch.get("created_at") or ""), identity(batch))
            for batch in self._api.every(BATCHES, [("source_directory_id", directory)])
            if batch.get("source_directory_id") == directory
        )

    def directories(self, since: str) -> Iterator[str]:
        """Yield the directories of all batches made since a time of the service's."""
        asked = [("created_at_on_or_after", since)] if since else []
        for batch in self._api.every(BATCHES, asked):
            yield str(batch.get("source_directory_id"))

    def standing(self, batch: str) -> Standing:
        """Raises Gone, Unavailable."""
        found = self._api.get(under(BATCHES, batch), [("expand", "results")])
        standing = Standing(str(found.get("status")))
        rows = found.get("results")
        for row in rows if isinstance(rows, list) else ():
            _take(standing, row)
        return standing

    def cancel(self, batch: str) -> None:
        """Ask for a batch to stop; one that is over cannot be stopped, which is as good."""
        try:
            self._api.post(under(BATCHES, batch, "cancel"))
        except Refused:
            if not self.standing(batch).is_over:
                raise


def _created(reply: Reply) -> str:
    found = reply.json()
    created = identities.identity(found.get("id")) if isinstance(found, dict) else None
    if not 200 <= reply.status < 300 or created is None:
        raise Uncertain(
            f"LlamaCloud answered the batch with status {reply.status} and no id: {reply.excerpt}"
        )
    return created


def _take(standing: Standing, row: object) -> None:
    """Note one result; keys may be null or absent, and one with neither job nor error is not decided yet."""
    if not isinstance(row, dict):
        return
    entry, job = str(row.get("source_directory_file_id")), row.get("job_reference")
    if isinstance(job, dict) and (made := identities.identity(job.get("id"))):
        standing.jobs.setdefault(entry, made)
    elif row.get("error_message"):
        standing.errors.setdefault(entry, str(row["error_message"]))
