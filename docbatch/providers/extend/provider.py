"""Extend's batches as a provider, API version 2026-02-09.

A batch cannot be listed, its children do not say which input they are, and nothing takes an idempotency key. So each run
carries our metadata, and each upload a name that the vendor's only free filter finds.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from docbatch.errors import CredentialsError, Gone, Unavailable, Uncertain
from docbatch.models import Failure, FailureClass, Operation, RemoteObject, Traits
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
)
from docbatch.providers.extend import marks, payloads, uploads, versions
from docbatch.providers.extend.answer import ExtendAnswer
from docbatch.providers.extend.listing import Row, TooLong, document, pages, rows, since
from docbatch.providers.extend.outcomes import RUNNING, accepted, ended
from docbatch.providers.extend.routes import ROUTES, Route
from docbatch.providers.http import Storage, Wire

# How far the vendor's machines may disagree about the time.
SKEW = 300.0
# Uploads whose names are searched for in one look.
NAMES = 3
# Polls, over the grace at least, that must find a finished batch short of a run before the run counts as lost.
SHORT = 3
LARGE = 2 << 20
LARGEST = 512 << 20


class ExtendProvider:
    type = "extend"

    def __init__(self, account: str, traits: Traits, wire: Wire, storage: Storage) -> None:
        self.account = account
        self.traits = traits
        self._wire = wire
        self._storage = storage
        self._short: dict[str, tuple[int, float]] = {}

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        route = ROUTES[operation]
        return {} if route.processor is None else versions.resolve(self._wire, route, config["processor"])

    def steps(self, batch: Batch) -> Sequence[Step]:
        project = marks.project_of(batch.marker)
        return [Step(marks.upload_step(project, item), item=item.key, shared=True) for item in batch.items]

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:  # noqa: ARG002
        item = next(item for item in batch.items if item.key == step.item)
        name = marks.file_name(marks.project_of(batch.marker), item)
        with content(item) as stream:
            reply = self._wire.ask("POST", "/files/upload", files={"file": (name, stream, item.media_type)})
        return uploads.uploaded(step, item, reply)

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        project = marks.project_of(batch.marker)
        options = {name: value for name, value in batch.config.items() if value is not None}
        priority = options.pop("priority", None)
        request = _how(ROUTES[batch.operation], options, batch.pins)
        request["inputs"] = [
            {
                "file": {"id": prepared[marks.upload_step(project, item)].remote_id},
                "metadata": marks.metadata(batch.marker, item),
            }
            for item in batch.items
        ]
        if priority is not None:
            request["priority"] = priority
        return json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def create(self, intent: Intent) -> Accepted:
        try:
            return accepted(self._wire.create(ROUTES[intent.batch.operation].batch, intent.body))
        except Unavailable as error:
            raise Uncertain(error.message) from error

    def look(self, intent: Intent) -> Sighting:
        """Search by the names of several uploads, then through all that batches made since the uploads."""
        found: dict[str, Row] = {}
        try:
            for name in _spread(intent):
                found = self._ours(intent, self._named(intent, name))
                if found:
                    break
            else:
                found = self._ours(intent, self._made_since(intent))
        except TooLong:
            # More was made since than is read at once, so what was not seen may still be there.
            return Sighting(None, witness=False)
        if found:
            # The batch's id stays out: with it, runs that the vendor never shows would be waited for in vain.
            return Sighting(Accepted(None, {key: row.id for key, row in found.items()}), witness=True)
        return Sighting(None, self._sees_uploads(intent))

    def survey(self, prefix: str) -> Iterable[str]:
        # How the filter treats a dash is not documented.
        name = ("fileNameContains", prefix.rstrip("-"))
        for route in ROUTES.values():
            try:
                for row in rows(self._wire, route.runs, [name]):
                    marker = row.metadata.get("submission")
                    if isinstance(marker, str) and marker.startswith(prefix):
                        yield marker
            except TooLong:
                # Work that a state does not know is the newest there is, and lists begin with that.
                continue

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        found = self._children(intent, remote_id)
        over: list[Ready | Failed | Changed] = [
            outcome for key, row in found.items() if (outcome := ended(key, row))
        ]
        unseen = frozenset(item.key for item in intent.batch.items) - found.keys()
        if remote_id is not None and unseen and self._is_short(intent, remote_id):
            return Progress([*over, *(Failed(key, _lost(remote_id)) for key in sorted(unseen))])
        return Progress(over, unseen)

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        route = ROUTES[intent.batch.operation]
        path = f"{route.runs}/{quote(ready.remote_id, safe='')}"
        large = route.processor is None and _is_large(intent, ready.key)
        reply = self._wire.ask("GET", path, params=[("responseType", "url")] if large else ())
        if reply.status in (404, 410):
            raise self._missing(intent, f"Extend no longer has run {ready.remote_id}")
        run = document(reply)
        if run.get("status") in RUNNING:
            raise Unavailable(f"run {ready.remote_id} is not over yet")
        if run.get("output") is None and isinstance(run.get("outputUrl"), str):
            run["output"] = payloads.loads(self._storage.get(run["outputUrl"], limit=LARGEST))
        return payloads.payload(run)

    def read(self, payload: bytes) -> ExtendAnswer:
        return payloads.read(payload)

    def recall(self, marker: str) -> Recalled:
        """Read the runs that carry the marker: each says which item it is."""
        found: dict[str, str | None] = {}
        for route in ROUTES.values():
            name = ("fileNameContains", marks.project_of(marker))
            for row in rows(self._wire, route.runs, [name]):
                key = marks.item_of(row.metadata, marker)
                if key is not None:
                    found.setdefault(key, row.id)
        if not found:
            raise Gone(f"Extend shows no run of {marker}")
        return Recalled(None, found)

    def discard(self, intent: Intent) -> None:
        """Nothing is made for a submission alone: uploads serve all that their document is sent with."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        """Stop what runs. The vendor stops single runs only, and none that still waits."""
        route = ROUTES[intent.batch.operation]
        for row in self._children(intent, remote_id).values():
            if row.status == "PROCESSING":
                self._wire.ask("POST", f"{route.runs}/{quote(row.id, safe='')}/cancel", json={})

    def close(self) -> None:
        self._wire.close()
        self._storage.close()

    def _children(self, intent: Intent, remote_id: str | None) -> dict[str, Row]:
        """Return the submission's runs by item: of its batch, or, where that is not known, as far as they can be found."""
        if remote_id is not None:
            return self._ours(intent, self._of_batch(intent, remote_id))
        found = self._ours(intent, self._named_since(intent))
        batch = next((row.batch for row in found.values() if row.batch), None)
        if batch is not None:
            found |= self._ours(intent, self._of_batch(intent, batch))
        elif len(found) < len(intent.batch.items):
            # Runs whose file could not be read have no name to be found by.
            found |= self._ours(intent, self._made_since(intent))
        return found

    def _of_batch(self, intent: Intent, batch: str) -> Iterator[Row]:
        return rows(self._wire, ROUTES[intent.batch.operation].runs, [("batchId", batch)])

    def _named(self, intent: Intent, name: str) -> Iterator[Row]:
        return rows(self._wire, ROUTES[intent.batch.operation].runs, [("fileNameContains", name)])

    def _named_since(self, intent: Intent) -> Iterator[Row]:
        name = ("fileNameContains", marks.project_of(intent.marker))
        return self._newest(intent, [name])

    def _made_since(self, intent: Intent) -> Iterator[Row]:
        return self._newest(intent, [("source", ROUTES[intent.batch.operation].source)])

    def _newest(self, intent: Intent, params: list[tuple[str, str]]) -> Iterator[Row]:
        """Yield rows that may be as new as the submission: it was sent after the last of its uploads."""
        route = ROUTES[intent.batch.operation]
        if route.processor is not None:
            processor = (f"{route.processor}Id", str(intent.batch.config["processor"]["id"]))
            params = [*params, processor, ("sortBy", "createdAt"), ("sortDir", "desc")]
        last = max((uploads.created(made) for made in intent.prepared.values()), default=0.0)
        return since(pages(self._wire, route.runs, params), last - SKEW)

    def _ours(self, intent: Intent, found: Iterable[Row]) -> dict[str, Row]:
        """Join rows to items by metadata, never by order or name; of two runs of one item the earlier counts."""
        known = {item.key for item in intent.batch.items}
        ours: dict[str, Row] = {}
        for row in found:
            key = marks.item_of(row.metadata, intent.marker)
            if key in known and (
                key not in ours or (row.created, row.id) < (ours[key].created, ours[key].id)
            ):
                ours[key] = row
        return ours

    def _is_short(self, intent: Intent, batch: str) -> bool:
        """Say whether a batch is over and still short of runs, after all the time that lists may need to catch up."""
        reply = self._wire.ask("GET", f"/batch_runs/{quote(batch, safe='')}")
        if reply.status in (404, 410):
            raise self._missing(intent, f"Extend no longer has batch {batch}")
        if document(reply).get("status") in RUNNING:
            self._short.pop(intent.submission, None)
            return False
        polls, began = self._short.get(intent.submission, (0, time.monotonic()))
        self._short[intent.submission] = (polls + 1, began)
        return polls + 1 >= SHORT and time.monotonic() - began >= self.traits.grace

    def _missing(self, intent: Intent, text: str) -> Gone | CredentialsError:
        """Tell work that is gone from work that these credentials do not show."""
        if self._sees_uploads(intent) or self._ours(intent, self._named_since(intent)):
            return Gone(text)
        return CredentialsError(
            f"{text}, nor the files sent for it",
            hint="the key or workspace is likely another one than the work was sent with; nothing was changed",
        )

    def _sees_uploads(self, intent: Intent) -> bool:
        """Say whether something we are sure we made is visible with these credentials."""
        made = [each.remote_id for each in intent.prepared.values()]
        return any(
            self._wire.ask("GET", f"/files/{quote(each, safe='')}").status == 200 for each in made[:NAMES]
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


def _spread(intent: Intent) -> list[str]:
    """Return the names of a few uploads from all over the batch."""
    project, items = marks.project_of(intent.marker), intent.batch.items
    chosen = {0, len(items) // 2, len(items) - 1}
    return [marks.token(project, items[index]) for index in sorted(chosen)][:NAMES]


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
