"""LlamaCloud as a provider: a directory for each submission, a batch over it, a job for each document."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from docbatch.core.errors import CredentialsError, Gone, NotSent, ProviderError, Refused
from docbatch.core.models import Operation, RemoteObject, Traits
from docbatch.core.results import Answer
from docbatch.providers.base import (
    Accepted,
    Batch,
    Content,
    Intent,
    Prepared,
    Progress,
    Ready,
    Recalled,
    Sighting,
    Step,
    Survey,
    left_by,
)
from docbatch.providers.http.keyed import PresignedClient
from docbatch.providers.http.rates import Limiter
from docbatch.providers.llamacloud import answer, configurations, uploads
from docbatch.providers.llamacloud.batches import Batches
from docbatch.providers.llamacloud.calls import Api
from docbatch.providers.llamacloud.configurations import PRODUCTS, Configurations
from docbatch.providers.llamacloud.directories import Directories, directory_step
from docbatch.providers.llamacloud.following import Course, Follower
from docbatch.providers.llamacloud.jobs import Jobs
from docbatch.providers.llamacloud.lookup import Traces
from docbatch.providers.llamacloud.outcomes import doubts
from docbatch.providers.llamacloud.results.provenance import stamped
from docbatch.providers.llamacloud.uploads import Uploads, contents_step, upload_step


class LlamaCloudProvider:
    """`uploading` limits uploads beside the limit on all requests; `wall` gives seconds since the epoch."""

    type = "llamacloud"

    def __init__(
        self,
        api: Api,
        storage: PresignedClient,
        traits: Traits,
        account: str,
        *,
        uploading: Limiter | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.traits = traits
        self.account = account
        self._api = api
        self._storage = storage
        self._wall = wall
        self._configurations = Configurations(api)
        self._directories = Directories(api, traits.grace)
        self._uploads = Uploads(api, self._directories, uploading)
        self._batches = Batches(api)
        self._jobs = Jobs(api, storage)
        self._follower = Follower(self._batches, self._jobs)
        self._traces = Traces(self._directories, self._batches, self._jobs)

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        return self._configurations.pins(operation, config)

    def steps(self, batch: Batch) -> Sequence[Step]:
        own = "parameters" not in batch.config
        return (
            Step(configurations.step_name(batch), shared=not own),
            Step(directory_step(batch.marker)),
            *(Step(upload_step(item.key), item=item.key, shared=True) for item in batch.items),
            Step(contents_step(batch.marker)),
        )

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        if step.name == directory_step(batch.marker):
            return self._directories.make(step.name, batch.marker)
        if directory_step(batch.marker) in prepared:
            left = left_by(contents_step(batch.marker))
            self._uploads.recall(prepared[directory_step(batch.marker)], left, prepared.get(left))
        if step.name == contents_step(batch.marker):
            return self._complete(step, batch, prepared, content)
        if step.item is None:
            return self._configurations.prepare(step.name, batch, self._wall())
        item = next(item for item in batch.items if item.key == step.item)
        if contents_step(batch.marker) in prepared:
            # The directory is complete: nothing may be added to it any more.
            return uploads.recalled(item, prepared[contents_step(batch.marker)])
        return self._uploads.put(item, batch.operation, prepared[directory_step(batch.marker)], content)

    def _complete(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        directory = prepared[directory_step(batch.marker)]
        contents = self._uploads.complete(step.name, batch, directory, prepared, content)
        self._configurations.confirm(batch, prepared)
        return contents

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        configuration = prepared[configurations.step_name(batch)].remote_id
        request: dict[str, Any] = {
            "source_directory_id": prepared[directory_step(batch.marker)].remote_id,
            "config": {"job": {"type": PRODUCTS[batch.operation], "configuration_id": configuration}},
        }
        if told := batch.config.get("webhook_configuration_ids"):
            request["webhook_configuration_ids"] = told
        return json.dumps(request, sort_keys=True, separators=(",", ":")).encode()

    def create(self, intent: Intent) -> Accepted:
        contents = intent.prepared[contents_step(intent.marker)]
        if not uploads.entries_of(contents):
            why = next(iter(uploads.refusals_of(contents).values()))
            raise Refused(f"none of the documents was taken; the first one: {why.message}", code=why.code)
        directory = intent.prepared[directory_step(intent.marker)]
        notes = (doubts(intent.batch, directory), configurations.moving(intent.batch, intent.prepared))
        return Accepted(self._created(intent.body, directory.remote_id), note="; ".join(filter(None, notes)))

    def _created(self, body: bytes, directory: str) -> str:
        try:
            return self._batches.create(body)
        except NotSent:
            # The service said "not now"; should there be a batch all the same, it is this one.
            found = self._seen(directory)
            if found is None:
                raise
            return found

    def _seen(self, directory: str) -> str | None:
        """Return the oldest batch over a directory, None also when that cannot be asked."""
        try:
            return next(iter(self._batches.of_directory(directory)), None)
        except (ProviderError, CredentialsError):
            return None

    def look(self, intent: Intent) -> Sighting:
        with self._api.client.hearing() as heard:
            sighting = self._traces.look(intent)
        return replace(sighting, date=heard.date)

    def survey(self, prefix: str) -> Survey:
        with self._api.client.hearing() as heard:
            markers = frozenset(self._traces.survey(prefix))
        return Survey(markers, heard.date)

    def recall(self, marker: str) -> Recalled:
        return self._traces.recall(marker)

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        contents = intent.prepared[contents_step(intent.marker)]
        course = Course.of(
            intent,
            PRODUCTS[intent.batch.operation],
            uploads.entries_of(contents),
            uploads.refusals_of(contents),
        )
        try:
            with self._api.client.hearing() as heard:
                progress = self._follower.poll(course, remote_id or self._only(intent))
        except Gone as error:
            raise self._missing(intent, error) from error
        progress = replace(progress, date=heard.date)
        return self._ended(intent, progress) if self._follower.is_through(course) else progress

    def _ended(self, intent: Intent, progress: Progress) -> Progress:
        configuration = intent.prepared.get(configurations.step_name(intent.batch))
        return (
            progress
            if configuration is None
            else replace(progress, note=self._configurations.doubt(configuration))
        )

    def _only(self, intent: Intent) -> str:
        directory = intent.prepared[directory_step(intent.marker)].remote_id
        batches = self._batches.of_directory(directory)
        if not batches:
            raise Gone(f"LlamaCloud shows no batch over directory {directory}")
        return batches[0]

    def _missing(self, intent: Intent, error: Gone) -> Gone | CredentialsError:
        """Tell work that is gone from a key that cannot see it."""
        directory = intent.prepared[directory_step(intent.marker)]
        if self._wall() > float(directory.data["ends"]) or self._directories.exists(directory.remote_id):
            return error
        return CredentialsError(
            f"neither the batch nor its directory {directory.remote_id} can be seen with this key: {error.message}",
            hint="use the key of the project the work was sent with, and run the same command again",
        )

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        size = next((item.size for item in intent.batch.items if item.key == ready.key), 0)
        known = self._configurations.provenance(intent.batch, intent.prepared)
        product = PRODUCTS[intent.batch.operation]
        return stamped(self._jobs.payload(product, ready.remote_id, size, known.asked), known)

    def read(self, payload: bytes) -> Answer:
        return answer.read(payload)

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        self._traces.stop(PRODUCTS[intent.batch.operation], remote_id or self._only(intent))

    def discard(self, intent: Intent) -> None:
        """Remove what was made for a submission whose results are safe, unless its job keeps that."""
        if intent.batch.config.get("cleanup", True):
            self._traces.discard(intent)

    def close(self) -> None:
        self._uploads.close()
        self._api.client.close()
        self._storage.close()
