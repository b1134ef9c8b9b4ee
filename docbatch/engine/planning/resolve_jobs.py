"""Resolving jobs: from what specs declare to what the engine runs, with the versions that were pinned."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from docbatch.core.errors import CredentialsError, SinkRefused
from docbatch.core.keys import SPLIT_PAGES, canonical, recipe_key
from docbatch.core.models import Recipe
from docbatch.engine.connections.accesses import connection_settings
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.engine.connections.sink_secrets import SinkSecrets
from docbatch.engine.planning.origins.open_source import open_source
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.planning.selection.selected_documents import selected
from docbatch.engine.planning.sink_versions import sink_versions
from docbatch.naming.declared_sinks import ROWS_SAY
from docbatch.naming.pathtext import escape
from docbatch.naming.state_folders import project_root
from docbatch.naming.templates import NO_METADATA, doc_fields
from docbatch.providers import REGISTRY
from docbatch.providers.kind import ProviderKind, Settings
from docbatch.sinks.faults import SAFE
from docbatch.sinks.kind import Bucket, Opening
from docbatch.sinks.paths import output_path
from docbatch.sources.base import Source
from docbatch.specs.columns import columns
from docbatch.specs.values import Connection, FilePlace, Job, JobSink, StorePlace
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.core.tariffs import Tariff
    from docbatch.engine.planning.items.job_split import JobSplit
    from docbatch.sources.settling import Settling
    from docbatch.stores.object_store import ObjectStore

Pins = Mapping[str, str]
Ask = Callable[[Job], Pins | None]


class ReachedPlaces(NamedTuple):
    """What jobs reach beyond this disk: stores, and what opens the places of sinks. `project` is the id by which they are known there.

    Files that may still be written are left for later where there is a `settling`.
    """

    stores: ObjectStores
    secrets: SinkSecrets
    project: str = ""
    settling: "Settling | None" = None


def resolve_jobs(
    jobs: Iterable[Job],
    store: Store | None,
    folder: Path,
    upgrade: Collection[str] = (),
    ask: Ask = lambda _job: {},
    *,
    reached: ReachedPlaces,
) -> Iterator[ResolvedJob]:
    """Resolve jobs. What moves by itself stays as it was recorded, but for the jobs named in `upgrade`.

    What works on this machine can only be run as it is installed: there it is the documents read before that stay. `ask` is
    called for versions that only the vendor knows; a job for which it returns None is left out. Nothing is asked of what is `reached`.
    """
    for job in jobs:
        kind = REGISTRY.kind(job.connection.type)
        own = connection_settings(job.connection)
        today, pins = _known_pins(job, store, upgrade)
        if (pins := ask(job) if pins is None else pins) is None:
            continue
        recipe = replace(today, pins=dict(pins))
        standing = _standing(job, recipe, store) if kind.service is None and job.name not in upgrade else ()
        yield ResolvedJob(
            name=job.name,
            connection=job.connection.name,
            operation=job.operation,
            traits=(traits := kind.traits(own)),
            recipe=recipe,
            recipe_key=(key := recipe_key(recipe)),
            oldest_key=standing[-1] if standing else None,
            standing=tuple(each for each in standing if each != key),
            source=(source := selected(job, open_source(job, kind, reached.stores, store, reached.settling))),
            allow_empty=job.source.allow_empty,
            config=dict(job.config),
            priority=job.priority,
            timeout=job.timeout,
            sinks=tuple(_sinks(job, folder, source, reached, store, upgrade=job.name in upgrade)),
            cautions=job.cautions,
            demands=job.demands,
            passwords=job.passwords,
            labels=job.labels,
            failing=job.failing,
            window=job.window,
            deadline=job.deadline,
            declared_account=_declared_account(job.connection),
            limits=() if traits.free else job.limits,
            tariff=partial(_tariff, kind, own, job),
            manifest=None if job.manifest is None else os.fsencode(job.manifest),
            split=_split(job, kind, recipe, store, standing),
        )


def _split(
    job: Job, kind: ProviderKind, recipe: Recipe, store: Store | None, standing: tuple[str, ...]
) -> "JobSplit | None":
    if job.config.get(SPLIT_PAGES) is None:
        return None
    from docbatch.engine.planning.items.job_split import split_of  # noqa: PLC0415 - few jobs split documents

    return split_of(job, kind, recipe, store, standing)


def _declared_account(connection: Connection) -> str:
    """Return a host and a path, and a digest for the workspace, which nobody is to read."""
    address = (connection.base_url or "").partition("://")[2].rstrip("/").lower()
    workspace = connection.workspace
    if workspace is None:
        return address
    written = workspace if isinstance(workspace, str) else canonical(workspace.model_dump())
    return f"{address}/{hashlib.sha256(written.encode()).hexdigest()}"


def _tariff(kind: ProviderKind, settings: Settings, job: Job) -> "Tariff":
    from docbatch.providers.charging import tariff_of  # noqa: PLC0415 - asked for only where something is sent

    return tariff_of(kind, settings, job.operation, job.config)


def unpinned(jobs: Iterable[Job], store: Store | None, upgrade: Collection[str] = ()) -> Iterator[Job]:
    """Yield the jobs for which only their vendor can tell the versions of what moves by itself."""
    yield from (job for job in jobs if _known_pins(job, store, upgrade)[1] is None)


def unpinned_recipe(job: Job) -> Recipe | None:
    """Return a job's recipe without versions where only its vendor can tell them and nothing is recorded; None for other jobs."""
    today, pins = _known_pins(job, None, ())
    return today if pins is None else None


def _known_pins(job: Job, store: Store | None, upgrade: Collection[str]) -> tuple[Recipe, Pins | None]:
    """Return a job's recipe as it would be today, without versions, and these as far as they are known."""
    kind = REGISTRY.kind(job.connection.type)
    config = {name: value for name, value in job.identity_config.items() if value is not None}
    account = kind.account(connection_settings(job.connection))
    today = Recipe(kind.name, account, job.operation, config)
    today = replace(today, config=_as_recorded(today, kind, store))
    current = kind.pins(job.operation, job.config)
    if kind.service is None and current is not None:
        return today, current
    kept = None if store is None or job.name in upgrade else _kept_pins(job.name, today, current, store)
    # What was kept may be that nothing moved: it holds as well, or documents would be sent again under another recipe.
    return today, current if kept is None else kept


def _as_recorded(today: Recipe, kind: ProviderKind, store: Store | None) -> Mapping[str, object]:
    """Return a config as it was written when documents were processed: a default that is written out makes no other."""
    known = [] if store is None else store.documents.configs(today.provider, today.account, today.operation)
    if not known or canonical(today.config) in map(canonical, known):
        return today.config
    defaults = kind.config(today.operation).defaults
    meant = _without(today.config, defaults)
    return next((each for each in known if _without(each, defaults) == meant), today.config)


def _without(config: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """Return a config without what says the default, as text that is equal for equal values."""
    left = {
        name: value
        for name, value in config.items()
        if name not in defaults or canonical(value) != canonical(defaults[name])
    }
    return canonical(left)


def _kept_pins(job: str, today: Recipe, current: Pins | None, store: Store) -> Pins | None:
    """Return what was resolved for the job before, in its account; what only the vendor resolves holds for one config."""
    recorded = store.documents.job(job)
    if recorded is None:
        return None
    before = store.documents.recipe(recorded.recipe)
    own = (today.provider, today.account, today.operation)
    same = (before.provider, before.account, before.operation) == own
    local = current is not None
    return before.pins if same and (local or canonical(before.config) == canonical(today.config)) else None


def _standing(job: Job, recipe: Recipe, store: Store | None) -> tuple[str, ...]:
    """Return the recipes, newest first, under which a job's documents stay as they were read.

    They reach back to the one that was recorded with the job: the first it had in this configuration, or that of its last
    upgrade.
    """
    recorded = None if store is None else store.documents.job(job.name)
    if store is None or recorded is None:
        return ()
    alike = store.documents.recipes_alike(recipe)
    if recorded.recipe not in alike:
        return ()
    return tuple(alike[row] for row in sorted(alike, reverse=True) if row >= recorded.recipe)


def is_open(target: ResolvedJob, store: Store | None) -> bool:
    """Say whether a job without versions has them still to be resolved by its vendor."""
    kind = REGISTRY.kind(target.recipe.provider)
    if target.recipe.pins or kind.pins(target.operation, target.config) is not None:
        return False
    recorded = None if store is None else store.documents.job(target.name)
    return store is None or recorded is None or store.documents.recipe(recorded.recipe) != target.recipe


def moved(target: ResolvedJob) -> dict[str, tuple[str, str]]:
    """Return what moved since the job's versions were resolved: name to (kept, current)."""
    kind = REGISTRY.kind(target.recipe.provider)
    current = kind.pins(target.operation, target.config) or target.recipe.pins
    kept = target.recipe.pins
    return {
        name: (kept.get(name, "none"), current.get(name, "none"))
        for name in sorted({*kept, *current})
        if kept.get(name) != current.get(name)
    }


def _sinks(
    job: Job, folder: Path, source: Source, reached: ReachedPlaces, store: Store | None, *, upgrade: bool
) -> Iterator[ResolvedSink]:
    for sink in job.sinks:
        resolved = _sink(job, sink, folder, source, reached)
        versions = sink_versions(job.name, resolved.identity, sink.options.versions, store, upgrade=upgrade)
        yield replace(resolved, identity=resolved.identity + versions.identity, versions=versions)


def _sink(job: Job, sink: JobSink, folder: Path, source: Source, reached: ReachedPlaces) -> ResolvedSink:
    root = None if sink.place is None else os.fsencode(sink.place.root)
    single = None if sink.kind.per_document else _single(sink.place)
    opening = Opening(
        job=job.name,
        options=sink.options,
        root=sink.place.root if isinstance(sink.place, FilePlace) else project_root(folder),
        output=single or b"",
        trash=folder / "trash",
        labels=job.labels,
        columns=source.metadata,
        context=sink.context,
        bucket=_bucket(sink.place, reached.stores) if isinstance(sink.place, StorePlace) else None,
        secret=partial(reached.secrets.read, job.name),
        project=reached.project,
    )
    return ResolvedSink(
        kind=sink.kind,
        identity=sink.identity + (_facts(job) if sink.kind.rows else ""),
        root=root,
        output=single,
        place=_place(sink, source),
        open=partial(sink.kind.open, opening),
        rewrite_missing=sink.options.rewrites_missing,
        moves=any(columns(sink)),
        form=sink.options.form_in(opening),
        takes_failures=sink.options.takes_failures,
        pictures_at=sink.options.pictures_at,
    )


def _bucket(place: StorePlace, stores: ObjectStores) -> Bucket:
    def opened() -> "ObjectStore":
        try:
            return stores.open(place.store)
        except CredentialsError as error:
            raise SinkRefused(
                f"{place.root} cannot be used: {error.message}",
                hint=SAFE if error.hint is None else f"{SAFE}; {error.hint}",
            ) from error

    return Bucket(opened, place.folder)


def _facts(job: Job) -> str:
    """Return text that differs where rows would say something else of their job and of documents; empty where there is nothing."""
    listing, rules = job.source.listing, job.source.selection
    listed = (
        {} if listing is None else {each.path: each.metadata for each in listing.documents if each.metadata}
    )
    known = () if rules is None else rules.facts
    if not job.labels and not listed and not known:
        return ""
    facts = (sorted(job.labels.items()), sorted((path, sorted(of.items())) for path, of in listed.items()))
    said = repr((*facts, known) if known else facts)
    return f"{ROWS_SAY}{blake2b(said.encode(errors='surrogateescape'), digest_size=8).hexdigest()}"


def _single(place: FilePlace | StorePlace | None) -> bytes:
    """Return the path of a job's one output below its root."""
    if place is None or place.path is None:
        return b""
    return output_path(os.path.normpath(place.template.literal_root))


def _place(sink: JobSink, source: Source) -> Callable[[bytes, str, int], bytes]:
    place = sink.place
    if not sink.kind.per_document:
        return lambda _path, _digest, _size: b""
    if place is None:
        return lambda path, _digest, _size: path

    needs_metadata = any(columns(sink))

    def rendered(path: bytes, digest: str, size: int) -> bytes:
        metadata = source.metadata(path) if needs_metadata else NO_METADATA
        output = place.output(doc_fields(path, sha256=digest, size=size, metadata=metadata))
        return output_path(escape(output) if _is_raw(output) else output.decode())

    return rendered


def _is_raw(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return True
    return False
