"""A provider alone on its emulator, called as the engine calls it, with a project's own documents and options."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

import pytest

from docbatch.core.errors import Unavailable
from docbatch.core.keys import item_key, submission_id
from docbatch.core.models import Draft, RemoteObject, Traits, WorkItem
from docbatch.engine.connections.accesses import accesses, connection_settings
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.engine.connections.open_item_content import ItemContent
from docbatch.engine.connections.sink_secrets import SinkSecrets
from docbatch.engine.planning.resolve_jobs import ReachedPlaces, resolve_jobs
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.providers import REGISTRY
from docbatch.providers.base import Batch, Changed, Failed, Intent, Provider, Ready
from docbatch.providers.http import rates
from docbatch.providers.kind import ProviderKind, Settings
from docbatch.sources.base import Source
from docbatch.sources.statcache import StatCache
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import Connection
from docbatch.spool import Spool
from docbatch.testing.attempt import E, Vendor
from docbatch.testing.judged_kind import in_place
from docbatch.testing.patience import comes_true

RECOVERY = "{grace: 0.4, then: hold}"
T = TypeVar("T")
P = ParamSpec("P")
Ended = Ready | Failed | Changed


@dataclass
class Bench(Generic[E]):
    """One emulator, the first job of a project on it, and as many of its providers as are asked for.

    `caught` are the errors so far that were to be expected.
    """

    vendor: Vendor[E]
    emulator: E
    folder: Path
    project: str
    connection: Connection
    stack: ExitStack
    caught: list[Exception] = field(default_factory=list)

    @property
    def kind(self) -> ProviderKind:
        return REGISTRY.kind(self.connection.type)

    @property
    def settings(self) -> Settings:
        return connection_settings(self.connection)

    @property
    def traits(self) -> Traits:
        return self.kind.traits(self.settings)

    @cached_property
    def job(self) -> ResolvedJob:
        (job,) = resolve_jobs(
            load_jobs(project := load_project(self.folder))[:1],
            None,
            self.folder / ".docbatch",
            ask=lambda job: self.provider().pins(job.operation, job.config),
            reached=ReachedPlaces(ObjectStores(project.stores, self.folder), SinkSecrets(self.folder)),
        )
        return job

    @cached_property
    def items(self) -> tuple[WorkItem, ...]:
        return tuple(_items(self.job.source, self.job.recipe_key))

    @cached_property
    def spool(self) -> Spool:
        made = Spool(self.folder / ".spool")
        made.sweep()
        return made

    @cached_property
    def content(self) -> ItemContent:
        return ItemContent([self.job.source], self.spool.incoming)

    def provider(self) -> Provider:
        """Open one more provider, as another process would."""
        (access,) = accesses([self.connection], self.folder, self.spool.incoming, lambda: None)
        opened = access.open()
        self.stack.callback(self.tried, opened.close)
        return opened

    def batch(self, attempt: int = 0, documents: slice = slice(None), project: str = "") -> Batch:
        """Return the job's documents as one batch, under a marker of this project unless another is named."""
        job, items = self.job, self.items[documents]
        project = project or self.project
        identity = submission_id(project, job.recipe.account, [item.key for item in items], attempt)
        files = {item.key: self.content.file(item) for item in items} if self.traits.in_process else {}
        marker = f"{project}-{identity}"
        return Batch(identity, marker, job.operation, items, job.config, job.recipe.pins, files)

    def intent(self, provider: Provider, batch: Batch) -> Intent:
        """Prepare a batch and freeze its request, as is done before the create."""
        made: dict[str, RemoteObject] = {}
        for step in provider.steps(batch):
            made[step.name] = provider.perform(step, batch, dict(made), self.content)
        return Intent(batch.submission, batch.marker, provider.render(batch, made), batch, made)

    def followed(self, provider: Provider, intent: Intent, remote_id: str | None) -> dict[str, Ended]:
        """Poll until everything has ended, and return how; what never does is missing."""
        ended: dict[str, Ended] = {}
        wanted = {item.key for item in intent.batch.items}

        def is_over() -> bool:
            try:
                progress = provider.poll(intent, remote_id)
            except Unavailable as error:
                self.caught.append(error)
                return False
            ended.update((each.key, each) for each in progress.ended)
            return ended.keys() >= wanted

        comes_true(is_over, self.vendor.patience)
        return ended

    def fetched(self, provider: Provider, intent: Intent, ready: Ready) -> bytes:
        """Fetch a result, and return it as it will be read."""
        outcome = provider.fetch(intent, ready)
        if not isinstance(outcome, Draft):
            return outcome
        return self.spool.read(outcome.digest, self.spool.admit(outcome))

    def tried(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T | Exception:
        """Return what a call gives or raises."""
        try:
            return call(*args, **options)
        except Exception as error:  # noqa: BLE001 - what is raised is judged
            self.caught.append(error)
            return error

    def creates_since(self, count: int) -> int:
        """Return how many requests that cost money were made after the `count`-th."""
        return sum(each.number > count and self.vendor.creates(each) for each in self.emulator.requests)

    @contextmanager
    def creates_answered(self, fault: str) -> Iterator[None]:
        """Let every request that costs money go wrong."""
        self.emulator.choose_fault = lambda request: fault if self.vendor.creates(request) else ""
        try:
            yield
        finally:
            self.emulator.choose_fault = lambda _request: ""

    def name(self, key: str) -> str:
        """Return what people call an item."""
        return next((item.name for item in self.items if item.key == key), f"the unknown item {key}")

    def words(self, item: WorkItem) -> frozenset[str]:
        with self.content(item) as stream:
            return frozenset(self.vendor.words(stream.read()))

    @contextmanager
    def elsewhere(self) -> Iterator["Bench[E]"]:
        """Open the same at a vendor that has never seen anything of ours."""
        with bench(self.vendor, self.folder / ".elsewhere") as other:
            yield other


def _items(source: Source, recipe: str) -> Iterator[WorkItem]:
    for window in source.find(StatCache(None)).windows:
        for each in window.documents:
            name = each.path.rpartition(b"/")[2].decode()
            place = source.identity + b"/" + each.path
            key = item_key(recipe, each.media_type, each.digest)
            yield WorkItem(key, recipe, each.digest, each.size, each.media_type, name, place)


@contextmanager
def bench(vendor: Vendor[E], folder: Path) -> Iterator[Bench[E]]:
    """Open a vendor's emulator with a project on it in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in vendor.environment.items():
            patch.setenv(name, value)
        patch.setattr(rates, "PAUSE", 0.04)
        stack.enter_context(in_place(vendor.kind))
        emulator = vendor.emulator()
        stack.enter_context(emulator)
        vendor.write(folder, emulator, RECOVERY)
        project = load_project(folder)
        jobs = load_jobs(project)
        assert project.id is not None, "the project that `write` makes has no id"
        assert jobs, "the project that `write` makes has no job"
        yield Bench(vendor, emulator, folder, project.id, jobs[0].connection, stack)
