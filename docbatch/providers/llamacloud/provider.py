"""LlamaCloud as a provider: a directory for each submission, a batch over it, a job for each document."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from docbatch.errors import CredentialsError, Gone, Refused, Unavailable
from docbatch.models import Operation, RemoteObject, Traits
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
)
from docbatch.providers.http import Storage
from docbatch.providers.llamacloud import answers, configurations, uploads
from docbatch.providers.llamacloud.api import Api
from docbatch.providers.llamacloud.batches import Batches
from docbatch.providers.llamacloud.configurations import PRODUCTS, Configurations
from docbatch.providers.llamacloud.directories import Directories
from docbatch.providers.llamacloud.following import Course, Follower
from docbatch.providers.llamacloud.jobs import Jobs
from docbatch.providers.llamacloud.uploads import Uploads, upload_step
from docbatch.providers.rates import Limiter


def directory_step(batch: Batch) -> str:
    return f"directory {batch.marker}"


def contents_step(batch: Batch) -> str:
    return f"contents {batch.marker}"


class LlamaCloudProvider:
    """`uploading` limits uploads beside the limit on all requests; `clock` is monotonic, `wall` seconds since the epoch."""

    type = "llamacloud"

    def __init__(
        self,
        api: Api,
        storage: Storage,
        traits: Traits,
        account: str,
        *,
        uploading: Limiter | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.traits = traits
        self.account = account
        self._api = api
        self._storage = storage
        self._wall = wall
        self._configurations = Configurations(api)
        self._directories = Directories(api, traits.grace, clock)
        self._uploads = Uploads(api, self._directories, uploading)
        self._batches = Batches(api)
        self._jobs = Jobs(api, storage)
        self._follower = Follower(
            self._batches, self._jobs, grace=traits.grace, threads=traits.concurrency, clock=clock
        )
        self._probes: dict[str, RemoteObject] = {}

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        return self._configurations.pins(operation, config)

    def steps(self, batch: Batch) -> Sequence[Step]:
        own = "parameters" not in batch.config
        return (
            Step(configurations.step_name(batch), shared=not own),
            Step(directory_step(batch)),
            *(Step(upload_step(item.key), item=item.key, shared=True) for item in batch.items),
            # Naming a document makes this step one of the uploads, so that it comes after them.
            Step(contents_step(batch), item=batch.items[-1].key),
        )

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        if step.name == directory_step(batch):
            return self._directories.make(step.name, batch.marker)
        if step.name == contents_step(batch):
            return self._complete(step, batch, prepared, content)
        if step.item is None:
            return self._configurations.prepare(step.name, batch, self._wall())
        item = next(item for item in batch.items if item.key == step.item)
        if contents_step(batch) in prepared:
            # The directory is complete: nothing may be added to it any more.
            return uploads.recalled(item, prepared[contents_step(batch)])
        return self._uploads.put(item, batch.operation, prepared[directory_step(batch)], content)

    def _complete(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        directory = prepared[directory_step(batch)]
        where = directory.remote_id
        if not all(
            upload_step(item.key) in prepared or self._uploads.is_refused(item.key, where)
            for item in batch.items
        ):
            # Uploads are still under way, or failed: their own trouble says when to go on.
            trouble = self._directories.watch(where).trouble
            raise trouble or Unavailable("the uploads are not through yet", retry_after=0.0)
        return self._uploads.complete(step.name, batch, directory, prepared, content)

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        configuration = prepared[configurations.step_name(batch)].remote_id
        request = {
            "source_directory_id": prepared[directory_step(batch)].remote_id,
            "config": {"job": {"type": PRODUCTS[batch.operation], "configuration_id": configuration}},
        }
        return json.dumps(request, sort_keys=True, separators=(",", ":")).encode()

    def create(self, intent: Intent) -> Accepted:
        contents = intent.prepared[contents_step(intent.batch)]
        if not uploads.entries_of(contents):
            why = next(iter(uploads.refusals_of(contents).values()))
            raise Refused(f"none of the documents was taken; the first one: {why.message}", code=why.code)
        return Accepted(self._batches.create(intent.body))

    def look(self, intent: Intent) -> Sighting:
        """Look for batches over the submission's directory.

        Lists may be behind by any time. What shows how far is a directory made after the create: only when lists show
        that one as well does a batch they do not show not exist.
        """
        directory = intent.prepared[directory_step(intent.batch)]
        found = self._adopted(intent, directory.remote_id)
        if found is not None:
            return Sighting(found, witness=True)
        probe = self._probes.get(intent.submission)
        if probe is None:
            self._probes[intent.submission] = self._directories.make("probe", intent.marker)
            return Sighting(None, witness=False)
        shown = all(
            self._directories.is_shown(each.remote_id, each.data["name"]) for each in (probe, directory)
        )
        # The lists may have caught up between the two questions.
        return Sighting(self._adopted(intent, directory.remote_id) if shown else None, witness=shown)

    def _adopted(self, intent: Intent, directory: str) -> Accepted | None:
        """Return the oldest batch over a directory; others do the same work again and are stopped."""
        batches = self._batches.of_directory(directory)
        if not batches:
            return None
        for twin in batches[1:]:
            self._batches.cancel(twin)
        probe = self._probes.pop(intent.submission, None)
        if probe is not None:
            self._directories.remove(probe.remote_id)
        return Accepted(batches[0])

    def survey(self, project: str) -> Iterable[str]:
        """Yield the markers of directories that have a batch; without one, nothing was paid.

        Removed directories count: a lost state must not find an empty world because results were once safe.
        """
        found = list(self._directories.all_of(project))
        if not found:
            return
        since = min(made for _, _, made in found)
        used = set(self._batches.directories(since))
        for directory, marker, _ in found:
            if directory in used:
                yield marker

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        contents = intent.prepared[contents_step(intent.batch)]
        course = Course.of(
            intent,
            PRODUCTS[intent.batch.operation],
            uploads.entries_of(contents),
            uploads.refusals_of(contents),
        )
        try:
            return self._follower.poll(course, remote_id or self._only(intent))
        except Gone as error:
            raise self._missing(intent, error) from error

    def _only(self, intent: Intent) -> str:
        directory = intent.prepared[directory_step(intent.batch)].remote_id
        batches = self._batches.of_directory(directory)
        if not batches:
            raise Gone(f"LlamaCloud shows no batch over directory {directory}")
        return batches[0]

    def _missing(self, intent: Intent, error: Gone) -> Gone | CredentialsError:
        """Tell work that is gone from a key that cannot see it."""
        directory = intent.prepared[directory_step(intent.batch)]
        if self._wall() > float(directory.data["ends"]) or self._directories.exists(directory.remote_id):
            return error
        return CredentialsError(
            f"neither the batch nor its directory {directory.remote_id} can be seen with this key: {error.message}",
            hint="use the key of the project the work was sent with, and run the same command again",
        )

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        size = next((item.size for item in intent.batch.items if item.key == ready.key), 0)
        return self._follower.fetch(PRODUCTS[intent.batch.operation], ready.remote_id, size)

    def read(self, payload: bytes) -> answers.ParseAnswer | answers.ExtractAnswer:
        return answers.read(payload)

    def recall(self, marker: str) -> Recalled:
        raise Gone(f"{marker} cannot be read back yet")

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        """Stop the batch and then each of its jobs: whether the one stops the others is not said anywhere."""
        batch = remote_id or self._only(intent)
        self._batches.cancel(batch)
        product = PRODUCTS[intent.batch.operation]
        jobs = list(self._batches.standing(batch).jobs.values())
        for job, seen in self._jobs.standing(product, jobs).items():
            if seen is not None and seen.get("status") not in {"COMPLETED", "FAILED", "CANCELLED"}:
                self._jobs.cancel(product, job)

    def discard(self, intent: Intent) -> None:
        """Remove the submission's directory, unless the job keeps them. Only for work whose results are safe."""
        directory = intent.prepared.get(directory_step(intent.batch))
        if directory is not None and intent.batch.config.get("cleanup", True):
            self._directories.remove(directory.remote_id)

    def close(self) -> None:
        self._api.wire.close()
        self._storage.close()
