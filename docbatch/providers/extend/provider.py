"""Extend's batches as a provider, API version 2026-02-09.

A batch cannot be listed, its children do not say which input they are, and nothing takes an idempotency key. So each run
carries our metadata, and each upload a name that the vendor's only free filter finds.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from docbatch.core.errors import CredentialsError, Gone, Refused, Stale, Unavailable, Uncertain
from docbatch.core.models import Failure, FailureClass, Operation, RemoteObject, Traits, WorkItem
from docbatch.core.results import Answer
from docbatch.providers import linked_objects
from docbatch.providers.base import (
    Accepted,
    Batch,
    Changed,
    Content,
    Failed,
    Intent,
    Prepared,
    Progress,
    Ready,
    Recalled,
    Sighting,
    Step,
    Survey,
)
from docbatch.providers.extend import answer, marks, passwords, uploads, versions
from docbatch.providers.extend.calls import ROUTES, Route, Row, TooLong, document
from docbatch.providers.extend.lookup import Runs, Witness, remembered, spread
from docbatch.providers.extend.outcomes import RUNNING, accepted, dropped, ended
from docbatch.providers.http.keyed import Files, KeyedClient, PresignedClient
from docbatch.providers.linked_objects import Link
from docbatch.providers.linked_pictures import fetched

# Polls in which no run of a batch ended, before the batch itself is asked how it stands.
QUIET = 3
DOMAINS = ("extend.ai", "extend.app")
"""Where the service is, in all regions."""
LARGE = 2 << 20
LARGEST = 512 << 20


class ExtendProvider:
    type = "extend"

    def __init__(
        self, account: str, traits: Traits, client: KeyedClient, storage: PresignedClient, link: Link
    ) -> None:
        self.account = account
        self.traits = traits
        self._client = client
        self._storage = storage
        self._link = link
        self._runs = Runs(client)
        self._witness = Witness(client, self._runs)
        self._doubted: set[str] = set()
        self._moved: dict[str, tuple[int, int]] = {}

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        route = ROUTES[operation]
        return {} if route.processor is None else versions.resolve(self._client, route, config["processor"])

    def steps(self, batch: Batch) -> Sequence[Step]:
        project = marks.project_of(batch.marker)
        return [Step(marks.upload_step(project, item), item=item.key, shared=True) for item in batch.items]

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:  # noqa: ARG002
        item = next(item for item in batch.items if item.key == step.item)
        with content(item) as stream:
            if item.is_reference:
                return self._checked(item, uploads.referred(step, item, stream))
            name = marks.file_name(marks.project_of(batch.marker), item)
            password = passwords.wanted(item, stream, batch.passwords)
            files: Files = {"file": (name, stream, item.media_type), **password}
            reply = self._client.ask("POST", "/files/upload", files=files)
        return uploads.uploaded(step, item, passwords.hidden(reply, batch.passwords))

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        project = marks.project_of(batch.marker)
        options = {name: value for name, value in batch.config.items() if value is not None}
        priority = options.pop("priority", None)
        request = _how(ROUTES[batch.operation], options, batch.pins)
        request["inputs"] = [
            {
                "file": uploads.given(project, item, prepared),
                "metadata": marks.metadata(batch.marker, item),
            }
            for item in batch.items
        ]
        if priority is not None:
            request["priority"] = priority
        return json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def create(self, intent: Intent) -> Accepted:
        return self._created(intent, ROUTES[intent.batch.operation].batch)

    def look(self, intent: Intent) -> Sighting:
        """Search by the names of several uploads, then through all that batches made since."""
        with self._client.hearing() as heard:
            found, witness = self._seen(intent)
        return Sighting(found, witness, heard.date)

    def _seen(self, intent: Intent) -> tuple[Accepted | None, bool]:
        try:
            found = self._sought(intent)
        except TooLong:
            # More was made since than is read at once, so what was not seen may still be there.
            return None, False
        if found:
            # The batch's id stays out: with it, runs that the vendor never shows would be waited for in vain.
            return Accepted(None, {key: row.id for key, row in found.items()}), True
        if linked_objects.by_placeholder(intent.prepared):
            # What is fetched by a link shows when it is fetched, whatever uploads show: it is never taken for absent.
            return None, False
        return None, self._witness.shows_file(uploads.uploads(intent.prepared))

    def survey(self, prefix: str) -> Survey:
        with self._client.hearing() as heard:
            markers = self._runs.markers(prefix)
        return Survey(markers, heard.date)

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        with self._client.hearing() as heard:
            found = self._children(intent, remote_id)
            over: list[Ready | Failed | Changed] = [
                outcome for key, row in found.items() if (outcome := ended(key, row))
            ]
            unseen = frozenset(item.key for item in intent.batch.items) - found.keys()
            doubted = self._doubted_ones(intent, remote_id, found, len(over))
        return Progress(over, unseen, doubted=doubted, date=heard.date)

    def _doubted_ones(
        self, intent: Intent, remote_id: str | None, found: Mapping[str, Row], over: int
    ) -> dict[str, Failure]:
        """Return the documents that a batch which is over has not begun, or shows no run of, and why they count as failed.

        Lists may be behind, so that is asked where runs are missing or none has moved for some polls, and must stay so.
        """
        batch = remote_id or next((row.batch for row in found.values() if row.batch), None)
        keys = {item.key for item in intent.batch.items}
        unseen = keys - found.keys() if remote_id is not None else set()
        pending = [key for key, row in found.items() if row.status == "PENDING"]
        is_quiet = self._is_quiet(intent, over)
        if batch is None or not (unseen or (pending and is_quiet)):
            return {}
        status = self._status(intent, batch)
        if status in RUNNING:
            return {}
        left = {key: dropped(batch, status) for key in pending if status in {"FAILED", "CANCELLED"}}
        return {**left, **{key: _lost(batch) for key in sorted(unseen)}}

    def _is_quiet(self, intent: Intent, over: int) -> bool:
        """Say whether none ended in the last polls; a process that did not send it knows of none, and asks at once."""
        before, polls = self._moved.pop(intent.submission, (over, QUIET))
        polls = polls + 1 if over == before else 0
        if over < len(intent.batch.items):
            self._moved[intent.submission] = (over, polls)
        return polls > QUIET

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        route = ROUTES[intent.batch.operation]
        path = f"{route.runs}/{quote(ready.remote_id, safe='')}"
        large = route.processor is None and _is_large(intent, ready.key)
        reply = self._client.ask("GET", path, params=[("responseType", "url")] if large else ())
        if reply.status in (404, 410):
            raise self._missing(intent, f"Extend no longer has run {ready.remote_id}")
        run = document(reply)
        if str(run.get("status")) in RUNNING:
            raise Unavailable(f"run {ready.remote_id} is not over yet")
        if run.get("output") is None and isinstance(run.get("outputUrl"), str):
            run["output"] = answer.loads(self._storage.get(run["outputUrl"], limit=LARGEST))
        return self._kept(run)

    def _kept(self, run: Mapping[str, Any]) -> bytes:
        """Return the payload of a run, with the pictures it links to: whoever asks later finds expired links."""
        links = answer.links(run)
        base = self._client.base_url
        return answer.payload(run, fetched(self._storage, base, DOMAINS, links) if links else None)

    def read(self, payload: bytes) -> Answer:
        return answer.read(payload)

    def recall(self, marker: str) -> Recalled:
        found = self._runs.marked(marker)
        if not found:
            raise Gone(f"Extend shows no run of {marker}")
        batch = next((row.batch for row in found.values() if row.batch), None)
        return Recalled(batch, {key: row.id for key, row in found.items()}, remembered(found))

    def discard(self, intent: Intent) -> None:
        """Nothing is made for a submission alone: uploads serve all that their document is sent with."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        """Stop what runs. The vendor stops single runs only, and none that still waits."""
        route = ROUTES[intent.batch.operation]
        for row in self._children(intent, remote_id).values():
            if row.status == "PROCESSING":
                self._client.ask("POST", f"{route.runs}/{quote(row.id, safe='')}/cancel", json={})

    def close(self) -> None:
        self._client.close()
        self._storage.close()

    def _created(self, intent: Intent, path: str) -> Accepted:
        body = uploads.signed(intent.body, intent.prepared, self._link)
        try:
            answered = accepted(self._client.create(path, body))
        except Unavailable as error:
            raise Uncertain(error.message, cause=error.cause) from error
        except Refused as error:
            steps = uploads.refused(error.message, intent.batch, intent.prepared)
            if not steps:
                raise
            made = [intent.prepared[step] for step in steps]
            self._doubted |= {each.remote_id for each in made if uploads.is_known_id(each)}
            raise Stale(error.message, code=error.code or "", stale=steps) from error
        self._moved[intent.submission] = (0, 0)
        return answered

    def _checked(self, item: WorkItem, made: RemoteObject) -> RemoteObject:
        """Ask for a file that a batch was refused for, so that its document fails alone. Raises Refused, CredentialsError."""
        if linked_objects.is_one(made):
            # Credentials that sign nothing are told of before anything is recorded as sent.
            linked_objects.linked(made, self._link)
        if made.remote_id in self._doubted and not self._witness.shows_file([made.remote_id]):
            raise Refused(
                f"{item.name}: Extend has no file {made.remote_id} in this workspace",
                code="NOT_FOUND",
                hint="nothing was paid for it; correct its id, or take it from the list",
            )
        return made

    def _sought(self, intent: Intent) -> dict[str, Row]:
        for name in spread(intent):
            found = self._runs.named(intent, name)
            if found:
                return found
        return self._runs.lately_made(intent)

    def _children(self, intent: Intent, remote_id: str | None) -> dict[str, Row]:
        """Return the submission's runs by item: of its batch, or, where that is not known, as far as they can be found."""
        return self._runs.found(intent) if remote_id is None else self._runs.of_batch(intent, remote_id)

    def _status(self, intent: Intent, batch: str) -> str:
        """Return what the batch says of itself."""
        reply = self._client.ask("GET", f"/batch_runs/{quote(batch, safe='')}")
        if reply.status in (404, 410):
            raise self._missing(intent, f"Extend no longer has batch {batch}")
        return str(document(reply).get("status"))

    def _missing(self, intent: Intent, text: str) -> Gone | CredentialsError:
        """Tell work that is gone from work that these credentials do not show."""
        if self._witness.is_there(intent):
            return Gone(text)
        return CredentialsError(
            f"{text}, nor anything else that this project sent",
            hint="the key or workspace is likely another one than the work was sent with; nothing was changed",
        )


def _how(route: Route, options: Mapping[str, Any], pins: Mapping[str, str]) -> dict[str, Any]:
    """Return the part of a request that says what is done with the documents."""
    if route.processor is None:
        return {"config": dict(options)} if options else {}
    written = options["processor"]
    reference = {
        "id": written["id"],
        "version": versions.chosen(written, pins),
        "overrideConfig": written.get("override"),
    }
    return {route.processor: {name: value for name, value in reference.items() if value is not None}}


def _is_large(intent: Intent, key: str) -> bool:
    """Say whether a result is likely too large to come inline."""
    ocr = (intent.batch.config.get("advancedOptions") or {}).get("returnOcr") or {}
    return any(ocr.values()) or any(item.size >= LARGE for item in intent.batch.items if item.key == key)


def _lost(batch: str) -> Failure:
    return Failure(
        FailureClass.UNKNOWN,
        f"batch {batch} is over and shows no run of this document; whether it was charged is not known",
        "lost",
    )
