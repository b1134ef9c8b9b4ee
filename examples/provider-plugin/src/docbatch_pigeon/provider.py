"""Pigeon as docbatch's engine sees it: uploads, one create, looks by our marker, polls, results.

A method asks one question and returns. It never sleeps, never tries again and keeps nothing: the engine does all that.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from docbatch.core.errors import CredentialsError, Gone, Refused, Stale, Unavailable, Uncertain
from docbatch.core.models import Failure, FailureClass, Operation, RemoteObject, Traits
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
from docbatch.providers.http.keyed import KeyedClient, Reply
from docbatch_pigeon.answer import PigeonAnswer

UPLOAD_LASTS = 23 * 3600.0
"""Seconds for which an upload is used again; the service keeps it for a day."""
MOST_PAGES = 1000


class Pigeon:
    type = "pigeon"

    def __init__(self, client: KeyedClient, account: str, traits: Traits) -> None:
        self.account = account
        self.traits = traits
        self._client = client

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        return {}

    def steps(self, batch: Batch) -> Sequence[Step]:
        return [Step(f"document {item.key}", item=item.key, shared=True) for item in batch.items]

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        item = next(item for item in batch.items if item.key == step.item)
        with content(item) as stream:
            headers = {"Content-Type": item.media_type, "X-Name": quote(item.name)}
            reply = self._client.ask("POST", "/documents", content=stream.read(), headers=headers)
        _refuse_refusal(reply, f"the upload of {item.name}")
        return RemoteObject(step.name, _text(reply.json(), "id"), expires=reply.date + UPLOAD_LASTS)

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        documents = [
            {"id": prepared[f"document {item.key}"].remote_id, "ref": item.key} for item in batch.items
        ]
        request = {"marker": batch.marker, "config": dict(batch.config), "documents": documents}
        return json.dumps(request, sort_keys=True).encode()

    def create(self, intent: Intent) -> Accepted:
        """Send the request once. The client raises NotSent or Uncertain for all but a yes or a clear no."""
        reply = self._client.create("/batches", intent.body)
        if reply.status == 410:
            raise Stale("an upload is gone; it is made anew", code="410", stale=list(intent.prepared))
        _refuse_refusal(reply, "the batch")
        try:
            return Accepted(_text(reply.json(), "id"))
        except Unavailable as error:
            raise Uncertain(error.message) from None

    def look(self, intent: Intent) -> Sighting:
        """Look for our marker; an upload of this very batch is the witness that we see what is ours."""
        with self._client.hearing() as heard:
            for batch in self._listed(intent.marker):
                if batch["marker"] == intent.marker:
                    return Sighting(Accepted(_text(batch, "id")), witness=True, date=heard.date)
            return Sighting(None, witness=self._sees(intent), date=heard.date)

    def survey(self, prefix: str) -> Survey:
        with self._client.hearing() as heard:
            markers = {batch["marker"] for batch in self._listed(prefix)}
        return Survey({marker for marker in markers if marker.startswith(prefix)}, heard.date)

    def recall(self, marker: str) -> Recalled:
        found = [batch for batch in self._listed(marker) if batch["marker"] == marker]
        if not found:
            raise Gone(f"Pigeon lists no batch with the marker {marker} any more")
        identity = _text(found[0], "id")
        rows = self._documents(identity)
        if rows is None:
            raise Gone(f"Pigeon does not know the batch {identity} any more")
        made = {f"document {_text(row, 'ref')}": _text(row, "id") for row in rows}
        prepared = {step: RemoteObject(step, remote_id) for step, remote_id in made.items()}
        return Recalled(identity, {_text(row, "ref"): None for row in rows}, prepared)

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        rows = None if remote_id is None else self._documents(remote_id)
        if rows is None:
            # What other credentials do not see is not gone, and what was paid for it is not lost.
            if not self._sees(intent):
                raise CredentialsError(
                    f"this key sees neither the batch {remote_id} nor what was uploaded for it"
                )
            raise Gone(f"Pigeon does not know the batch {remote_id} any more")
        ours = {item.key for item in intent.batch.items}
        shown = {_text(row, "ref"): row for row in rows}
        ended = [end for key in sorted(ours & shown.keys()) if (end := _end(key, shown[key])) is not None]
        return Progress(ended, unseen=frozenset(ours - shown.keys()))

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        reply = self._client.ask("GET", f"/results/{quote(ready.remote_id, safe='')}")
        if reply.status == 404:
            raise Gone(f"Pigeon does not have the result {ready.remote_id} any more")
        _expect_yes(reply, f"the result {ready.remote_id}")
        return reply.body

    def read(self, payload: bytes) -> PigeonAnswer:
        return PigeonAnswer(payload)

    def discard(self, intent: Intent) -> None:
        """Nothing is made for one submission alone: uploads serve others, and expire by themselves."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        if remote_id is not None:
            self._client.ask("POST", f"/batches/{quote(remote_id, safe='')}/cancel")

    def close(self) -> None:
        self._client.close()

    def _listed(self, prefix: str) -> list[dict[str, Any]]:
        """Return all batches whose marker starts with a prefix, page by page. A list that has no end is no list."""
        found: list[dict[str, Any]] = []
        after = ""
        for _ in range(MOST_PAGES):
            reply = self._client.ask("GET", "/batches", params=[("marker", prefix), ("after", after)])
            _expect_yes(reply, "the list of batches")
            rows = _rows(reply.json(), "batches")
            found += [{**row, "marker": _text(row, "marker")} for row in rows]
            if not rows:
                return found
            after = _text(rows[-1], "id")
        raise Unavailable("the list of batches does not come to an end")

    def _documents(self, batch: str) -> list[dict[str, Any]] | None:
        """Return how the documents of a batch stand, None where the service does not know it."""
        reply = self._client.ask("GET", f"/batches/{quote(batch, safe='')}")
        if reply.status == 404:
            return None
        _expect_yes(reply, f"the batch {batch}")
        return _rows(reply.json(), "documents")

    def _sees(self, intent: Intent) -> bool:
        """Say whether something is visible that was certainly made with our credentials."""
        for made in list(intent.prepared.values())[:1]:
            return self._client.ask("GET", f"/documents/{quote(made.remote_id, safe='')}").status == 200
        return False


def _end(key: str, row: Mapping[str, Any]) -> Ready | Failed | Changed | None:
    """Say how a document ended. A state that is not known means that it has not."""
    match row.get("state"):
        case "done":
            return Ready(key, _text(row, "result"))
        case "failed":
            return Failed(
                key, Failure(FailureClass.VENDOR_ERROR, str(row.get("message") or "no reason given"))
            )
        case "stopped":
            return Failed(key, Failure(FailureClass.CANCELLED, "it was cancelled"))
    return None


def _expect_yes(reply: Reply, subject: str) -> None:
    if reply.status != 200:
        raise Unavailable(f"{subject} was answered with status {reply.status}: {reply.excerpt}")


def _refuse_refusal(reply: Reply, subject: str) -> None:
    if reply.status >= 400:
        raise Refused(f"{subject} was refused: {reply.excerpt}", code=str(reply.status))


def _rows(answer: object, name: str) -> list[dict[str, Any]]:
    rows = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unavailable(f"an answer of Pigeon has no list of {name}")
    return rows


def _text(answer: object, name: str) -> str:
    text = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(text, str) or not text:
        raise Unavailable(f"an answer of Pigeon has no {name}")
    return text
