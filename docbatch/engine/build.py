"""From specs to what the engine runs: targets, sinks and connections."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from docbatch.engine.connections import Line
from docbatch.engine.credentials import read_key, read_text
from docbatch.engine.target import Link, Listing, SinkTarget, Target
from docbatch.errors import CredentialsError
from docbatch.keys import canonical, recipe_key
from docbatch.links import is_loopback
from docbatch.models import REFERENCE_TYPES, Input, Operation, Recipe
from docbatch.pathtext import escape
from docbatch.providers import REGISTRY, Kind, Settings, Surroundings
from docbatch.references import Reference
from docbatch.signed import is_signed
from docbatch.sinks import open_sink
from docbatch.sinks.base import Sink
from docbatch.sinks.paths import output_path
from docbatch.spec.inputs import columns
from docbatch.spec.project import EnvReference
from docbatch.spec.values import Connection, Job, JobListing, JobSink
from docbatch.state.store import Store
from docbatch.templates import NO_METADATA, doc_fields

Pins = Mapping[str, str]
Metadata = Mapping[bytes, Mapping[str, str]]


def targets(
    jobs: Iterable[Job],
    store: Store | None,
    folder: Path,
    upgrade: Collection[str] = (),
    ask: Callable[[Job], Pins | None] = lambda _job: {},
) -> Iterator[Target]:
    """Resolve jobs. What moves by itself stays as it was recorded, but for the jobs named in `upgrade`.

    `ask` is called for versions that only the vendor knows; a job for which it returns None is left out.
    """
    for job in jobs:
        kind = REGISTRY[job.connection.type]()
        own = settings(job.connection)
        config = {name: value for name, value in job.identity_config.items() if value is not None}
        today = Recipe(kind.name, kind.account(own), job.operation, config)
        current = kind.pins(job.operation, job.config)
        kept = None if store is None or job.name in upgrade else _kept_pins(job.name, today, current, store)
        pins = kept or current
        pins = ask(job) if pins is None else pins
        if pins is None:
            continue
        recipe = replace(today, pins=dict(pins))
        yield Target(
            name=job.name,
            connection=job.connection.name,
            operation=job.operation,
            traits=kind.traits(own),
            recipe=recipe,
            recipe_key=recipe_key(recipe),
            root=os.fsencode(job.source.root),
            include=job.source.include,
            exclude=job.source.exclude,
            hidden=job.source.hidden,
            allow_empty=job.source.allow_empty,
            config=dict(job.config),
            priority=job.priority,
            timeout=job.timeout,
            sinks=tuple(_sink(sink, folder, _metadata(job)) for sink in job.sinks),
            listing=None if job.source.listing is None else _listing(job.source.listing, kind, job.operation),
            cautions=job.cautions,
        )


def _metadata(job: Job) -> Metadata:
    listing = job.source.listing
    return (
        {} if listing is None else {each.path: each.metadata for each in listing.documents if each.metadata}
    )


def _listing(listing: JobListing, kind: Kind, operation: Operation) -> Listing:
    documents = listing.documents
    if listing.kind is Input.URL:
        takes = Input.URL in kind.inputs(operation)
        links = {each.path: Link(each.value, takes and not is_signed(each.value)) for each in documents}
        followed = {path: REFERENCE_TYPES[Input.URL] for path, link in links.items() if link.followed}
        return Listing(links=links, types=followed, private=listing.private)
    if listing.kind is Input.FILE_ID:
        written = {each.path: Reference(Input.FILE_ID, each.value).encode() for each in documents}
        return Listing(written, types=dict.fromkeys(written, REFERENCE_TYPES[Input.FILE_ID]))
    written = {each.path: each.value.encode() for each in documents}
    return Listing(written, types=dict.fromkeys(written, "text/plain"))


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


def moved(target: Target) -> dict[str, tuple[str, str]]:
    """Return what moved since the job's versions were resolved: name to (kept, current)."""
    kind = REGISTRY[target.recipe.provider]()
    current = kind.pins(target.operation, target.config) or target.recipe.pins
    kept = target.recipe.pins
    return {
        name: (kept.get(name, "none"), current.get(name, "none"))
        for name in sorted({*kept, *current})
        if kept.get(name) != current.get(name)
    }


def _sink(sink: JobSink, folder: Path, metadata: Metadata) -> SinkTarget:
    single = None if sink.path is None else output_path(str(sink.path.relative_to(sink.root)))
    return SinkTarget(
        identity=sink.identity,
        root=os.fsencode(sink.root),
        output=single if sink.type != "files" else None,
        whole=sink.type == "jsonl",
        place=_place(sink, metadata),
        open=partial(_open, sink, single, folder),
        rewrite_missing=sink.on_missing == "rewrite",
        moves=any(columns(sink)),
        form=sink.format if sink.type == "files" else None,
    )


def _open(sink: JobSink, single: bytes | None, folder: Path) -> Sink:
    return open_sink(sink, root=sink.root, output=single or b"", trash=folder / "trash")


def _place(sink: JobSink, metadata: Metadata) -> Callable[[bytes, str, int], bytes]:
    def place(path: bytes, digest: str, size: int) -> bytes:
        columns = metadata.get(path, NO_METADATA)
        rendered = sink.output(doc_fields(path, sha256=digest, size=size, metadata=columns))
        return output_path(escape(rendered) if _is_raw(rendered) else rendered.decode())

    return place


def _is_raw(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return True
    return False


def lines(
    connections: Iterable[Connection],
    root: Path,
    incoming: Path,
    wake: Callable[[], None],
    allowed_hosts: Collection[str] = (),
) -> Iterator[Line]:
    """Return how to reach each of the connections. Keys are read when one is opened.

    `allowed_hosts` names the connections whose foreign host may get the key, if their spec says so too.
    """
    for connection in connections:
        kind = REGISTRY[connection.type]()
        own = settings(connection)
        surroundings = Surroundings(incoming, wake, partial(_key, connection, kind, root, allowed_hosts))
        open_ = partial(kind.connect, own, surroundings)
        yield Line(connection.name, kind.account(own), kind.traits(own), open_, kind.read, kind.name)


def _key(connection: Connection, kind: Kind, root: Path, allowed: Collection[str]) -> str:
    host = urlsplit(connection.base_url or "").hostname
    foreign = host is not None and host not in kind.hosts and not is_loopback(host)
    if foreign and not (connection.allow_host and connection.name in allowed):
        raise CredentialsError(
            f"connection '{connection.name}' would send its key to {host}, which is not {kind.name}'s own host",
            hint=f"if that is meant, set allow_host: true on it and run with --allow-host {connection.name}",
        )
    usual = None if kind.key_variable is None else EnvReference(env=kind.key_variable)
    return read_key(connection.name, connection.api_key or usual, root)


def settings(connection: Connection) -> Settings:
    """Return a connection as its provider sees it. Raises CredentialsError when a named variable is not set."""
    recovery, poll, rates = connection.recovery, connection.poll, connection.rates
    return Settings(
        name=connection.name,
        type=connection.type,
        base_url=connection.base_url,
        workspace=read_text(connection.name, connection.workspace),
        grace=recovery.grace,
        resend=None if recovery.then is None else recovery.then == "resend",
        poll_initial=None if poll is None else poll.initial,
        poll_max=None if poll is None else poll.max,
        requests_per_second=rates.requests_per_second,
        in_flight=rates.in_flight,
        api_version=connection.api_version,
    )
