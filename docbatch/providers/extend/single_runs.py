"""Extend's older API version 2025-04-21: one run a document, without batches, lists or any mark of ours."""

import json
from urllib.parse import quote

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.core.models import Operation, Traits
from docbatch.providers.base import (
    Accepted,
    Batch,
    Intent,
    Prepared,
    Progress,
    Ready,
    Recalled,
    Sighting,
    Survey,
)
from docbatch.providers.extend import marks, uploads
from docbatch.providers.extend.calls import Row, document
from docbatch.providers.extend.lookup import Witness
from docbatch.providers.extend.outcomes import ended
from docbatch.providers.extend.provider import ExtendProvider
from docbatch.providers.http.keyed import KeyedClient, PresignedClient
from docbatch.providers.linked_objects import Link

NAMES = {"id": "fileId", "url": "fileUrl", "name": "fileName"}


class SingleRuns(ExtendProvider):
    """A run here carries nothing of ours, so an unanswered create cannot be told; it is held."""

    def __init__(
        self, account: str, traits: Traits, client: KeyedClient, storage: PresignedClient, link: Link
    ) -> None:
        super().__init__(account, traits, client, storage, link)
        # This version has no lists of runs.
        self._witness = Witness(client, None)

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        (item,) = batch.items
        given = uploads.given(marks.project_of(batch.marker), item, prepared)
        config = {
            name: value for name, value in batch.config.items() if value is not None and name != "priority"
        }
        request = {
            "file": {NAMES[name]: value for name, value in given.items()},
            **({"config": config} if config else {}),
        }
        return json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def create(self, intent: Intent) -> Accepted:
        if intent.batch.operation is not Operation.PARSE:
            raise Refused(
                f"API version 2025-04-21 has no {intent.batch.operation} for single files here",
                hint="remove api_version from the connection; nothing of it was sent",
            )
        accepted = self._created(intent, "/parse/async")
        assert accepted.remote_id is not None
        return Accepted(accepted.remote_id, {intent.batch.items[0].key: accepted.remote_id})

    def look(self, intent: Intent) -> Sighting:  # noqa: ARG002 - there is nothing to look at
        return Sighting(None, witness=False)

    def survey(self, prefix: str) -> Survey:  # noqa: ARG002 - there is nothing to look at
        return Survey(())

    def recall(self, marker: str) -> Recalled:
        raise Gone(
            f"API version 2025-04-21 lists no runs, so what {marker} is cannot be read back",
            hint="nothing was changed; look in Extend's dashboard, or put the state back that knows it",
        )

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        (item,) = intent.batch.items
        run = self._run(intent, str(remote_id))
        reason = run.get("failureReason")
        row = Row(str(remote_id), str(run.get("status")), reason=reason if isinstance(reason, str) else None)
        outcome = ended(item.key, row)
        return Progress([outcome] if outcome else [])

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        return self._kept(self._run(intent, ready.remote_id))

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        """This version cannot stop a run."""

    def _run(self, intent: Intent, identity: str) -> dict[str, object]:
        path = f"/parser_runs/{quote(identity, safe='')}"
        reply = self._client.ask("GET", path, params=[("responseType", "json")])
        if reply.status in (404, 410):
            raise self._missing(intent, f"Extend no longer has run {identity}")
        found = document(reply)
        run = found.get("parserRun", found)
        if not isinstance(run, dict):
            raise Unavailable(f"the answer has no run: {reply.excerpt}")
        return run
