"""What docbatch left at the service: found again after a lost answer or a lost state, read back, and removed."""

from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.core.errors import Gone
from docbatch.core.models import RemoteObject
from docbatch.providers.base import Accepted, Intent, Recalled, Sighting, left_by_looks
from docbatch.providers.llamacloud.batches import Batches, Standing
from docbatch.providers.llamacloud.calls import JOBS, Json, identity
from docbatch.providers.llamacloud.configurations import PRODUCTS
from docbatch.providers.llamacloud.directories import Directories, Found, directory_step, known
from docbatch.providers.llamacloud.jobs import Jobs
from docbatch.providers.llamacloud.upload_form import key_in
from docbatch.providers.llamacloud.uploads import contents_step


@dataclass(frozen=True, slots=True)
class Traces:
    directories: Directories
    batches: Batches
    jobs: Jobs

    def look(self, intent: Intent) -> Sighting:
        """Look for batches over the submission's directory.

        Lists may be behind by any time. What shows how far is a directory made after the create, by the first look: only
        when lists show that one as well does a batch they do not show not exist.
        """
        directory = intent.prepared[directory_step(intent.marker)]
        found = self._adopted(intent, directory.remote_id)
        if found is not None:
            return Sighting(found, witness=True)
        step = left_by_looks(intent.marker)
        probe = intent.prepared.get(step) or self.directories.make(step, intent.marker)
        shown = all(
            self.directories.is_shown(each.remote_id, each.data["name"]) for each in (probe, directory)
        )
        # The lists may have caught up between the two questions.
        found = self._adopted(intent, directory.remote_id) if shown else None
        return Sighting(found, witness=shown, left=probe)

    def _adopted(self, intent: Intent, directory: str) -> Accepted | None:
        """Return the oldest batch over a directory; others do the same work again and are stopped."""
        batches = self.batches.of_directory(directory)
        if not batches:
            return None
        for twin in batches[1:]:
            self.stop(PRODUCTS[intent.batch.operation], twin)
        return Accepted(batches[0], note=_twins_told(batches))

    def stop(self, product: str, batch: str) -> None:
        """Stop a batch and then each of its jobs: whether the one stops the others is not said anywhere."""
        self.batches.cancel(batch)
        self.jobs.cancel_unfinished(product, list(self.batches.standing(batch).jobs.values()))

    def survey(self, prefix: str) -> Iterator[str]:
        """Yield the markers of directories that have a batch; without one, nothing was paid.

        Removed directories count: a lost state must not find an empty world because results were once safe.
        """
        found = list(self.directories.all_of(prefix))
        if not found:
            return
        used = set(self.batches.directories(min(each.made for each in found)))
        yield from dict.fromkeys(each.marker for each in found if each.id in used)

    def recall(self, marker: str) -> Recalled:
        """Read the work of a marker back. Raises Gone when nothing tells whose its results are, Unavailable."""
        directory, batch = self._oldest(marker)
        standing = self.batches.standing(batch)
        owners = self._owners(directory, standing)
        contents = RemoteObject(contents_step(marker), directory.id, owners)
        prepared = {each.step: each for each in (known(directory), contents)}
        return Recalled(batch, _runs(owners, standing), prepared)

    def _oldest(self, marker: str) -> tuple[Found, str]:
        made = [
            (*when_and_id, directory)
            for directory in self.directories.all_of(marker)
            if directory.marker == marker
            for when_and_id in self.batches.made(directory.id)
        ]
        if not made:
            raise Gone(f"LlamaCloud shows no batch over a directory of {marker}")
        _, batch, directory = min(made, key=lambda each: each[:2])
        return directory, batch

    def _owners(self, directory: Found, standing: Standing) -> dict[str, str]:
        """Return whose document each entry is: as the directory says, or, where it is removed, the names of the jobs."""
        found = self._entries(directory)
        owners = {identity(entry): str(entry.get("unique_id") or "") for entry in found}
        owners = owners or self._named_by_jobs(standing)
        if not owners:
            raise _untold(directory, len(standing.jobs))
        return owners

    def _named_by_jobs(self, standing: Standing) -> dict[str, str]:
        entries = {job: entry for entry, job in standing.jobs.items()}
        jobs: dict[str, Json | None] = {}
        for product in JOBS:
            if len(jobs) < len(entries):
                seen = self.jobs.standing(product, [job for job in entries if job not in jobs])
                jobs |= {job: shown for job, shown in seen.items() if shown is not None}
        return {
            entries[job]: key
            for job, shown in jobs.items()
            if job in entries and shown is not None and (key := key_in(shown.get("name")))
        }

    def _entries(self, directory: Found) -> list[Json]:
        """List a directory, or what was in it before it was removed."""
        try:
            found = self.directories.entries(directory.id) or self.directories.former_entries(directory.id)
        except Gone:
            found = self._former_entries(directory)
        return found

    def _former_entries(self, directory: Found) -> list[Json]:
        try:
            return self.directories.former_entries(directory.id)
        except Gone:
            return []

    def discard(self, intent: Intent) -> None:
        """Remove the submission's directory, and those made for it that no batch was ever made over.

        Ours alone are named by its marker, and of these its one create named one: the others were probes, or given up.
        """
        own = intent.prepared.get(directory_step(intent.marker))
        if own is not None:
            self.directories.remove(own.remote_id)
        for each in self.directories.all_of(intent.marker, removed=False):
            if each.marker == intent.marker and not self.batches.of_directory(each.id):
                self.directories.remove(each.id)


def _twins_told(batches: list[str]) -> str:
    if len(batches) == 1:
        return ""
    return (
        f"LlamaCloud had {len(batches)} batches over one directory: {batches[0]}, the oldest, is kept and"
        f" {', '.join(batches[1:])} cancelled; what those had begun may be charged"
    )


def _untold(directory: Found, jobs: int) -> Gone:
    return Gone(
        f"directory {directory.id} ({directory.name}) is removed, and with it what tells which of its batch's {jobs} jobs"
        " belongs to which document",
    )


def _runs(owners: dict[str, str], standing: Standing) -> dict[str, str | None]:
    """Return each document's job; of twins in a directory, one that has a job."""
    runs: dict[str, str | None] = dict.fromkeys(owners.values())
    for entry, key in owners.items():
        runs[key] = runs[key] or standing.jobs.get(entry)
    return runs
