"""Opening the sources of jobs, from what specs declare."""

from functools import partial
from typing import TYPE_CHECKING

from docbatch.core.models import REFERENCE_TYPES, Input, Operation
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.naming.references import Reference
from docbatch.naming.signed import is_signed
from docbatch.providers.kind import ProviderKind
from docbatch.sources import KINDS
from docbatch.sources.base import Source
from docbatch.sources.folder import FolderSource
from docbatch.sources.globs import compile_globs
from docbatch.specs.values import Job, JobListing, JobSource, StoreFolder
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.engine.planning.origins.recorded_objects import ObjectRecord
    from docbatch.sources.listed import Listing
    from docbatch.sources.settling import Settling


def open_source(
    job: Job,
    kind: ProviderKind,
    stores: ObjectStores,
    store: Store | None,
    settling: "Settling | None" = None,
) -> Source:
    """Return a job's source; nothing is listed yet. Files that may still be written are left for later where there is a `settling`."""
    record = _record(job, store)
    source = _as_it_lies(job, kind, stores, record, settling)
    if not job.source.opens_containers:
        return source
    from docbatch.sources.opened import OpenedSource  # noqa: PLC0415 - few jobs open containers

    return OpenedSource(source, job.source.allowance, record)


def _record(job: Job, store: Store | None) -> "ObjectRecord | None":
    if job.source.folder is None:
        return None
    from docbatch.engine.planning.origins.recorded_objects import ObjectRecord  # noqa: PLC0415 - few jobs have stores

    folder = job.source.folder
    from docbatch.sources.object_place import recorded_place  # noqa: PLC0415 - the same

    return ObjectRecord(
        store, job.name, recorded_place(folder.place, linked=folder.linked, tagged=folder.tagged)
    )


def _as_it_lies(
    job: Job,
    kind: ProviderKind,
    stores: ObjectStores,
    record: "ObjectRecord | None",
    settling: "Settling | None",
) -> Source:
    source = job.source
    if source.folder is not None and record is not None:
        return _objects(source, source.folder, stores, record)
    if source.options is not None:
        opened = KINDS.kind(source.kind).open
        assert opened is not None, "a kind without a key can be opened"
        return opened(source.options, source.root)
    if source.listing is None:
        return FolderSource(
            source.root,
            source.include,
            source.exclude,
            hidden=source.hidden,
            reach=source.reach,
            allowance=source.allowance,
            settling=settling,
        )
    from docbatch.sources.listed import ListedSource  # noqa: PLC0415 - few jobs list their documents

    listing = _listing(source.listing, kind, job.operation)
    return ListedSource(source.root, listing, unknown=job.connection.untrusted)


def _listing(listing: JobListing, kind: ProviderKind, operation: Operation) -> "Listing":
    from docbatch.sources.listed import Link, Listing  # noqa: PLC0415 - the same

    if listing.unread:
        return Listing(unread=True)
    documents = listing.documents
    metadata = {each.path: each.metadata for each in documents if each.metadata}
    if listing.kind is Input.URL:
        takes = Input.URL in kind.inputs(operation)
        links = {each.path: Link(each.value, takes and not is_signed(each.value)) for each in documents}
        followed = {path: REFERENCE_TYPES[Input.URL] for path, link in links.items() if link.followed}
        return Listing(links=links, types=followed, private=listing.private, metadata=metadata)
    if listing.kind is Input.FILE_ID:
        written = {each.path: Reference(Input.FILE_ID, each.value).encode() for each in documents}
        return Listing(written, types=dict.fromkeys(written, REFERENCE_TYPES[Input.FILE_ID]))
    written = {each.path: each.value.encode() for each in documents}
    return Listing(written, types=dict.fromkeys(written, "text/plain"))


def _objects(source: JobSource, folder: StoreFolder, stores: ObjectStores, record: "ObjectRecord") -> Source:
    from docbatch.sources.object_meter import NO_CARE  # noqa: PLC0415 - the same
    from docbatch.sources.objects import ObjectRange, StoreSource  # noqa: PLC0415 - few jobs have stores

    globs = compile_globs(source.include, source.exclude, hidden=source.hidden)
    where = ObjectRange(folder.store, folder.place, f"{folder.prefix}/" if folder.prefix else "")
    is_seen = not (stores.offline or folder.unreached)
    connect = partial(stores.open, folder.store) if is_seen else None
    care = stores.care or NO_CARE
    tags = partial(stores.tags, folder.store) if folder.tagged else None
    if folder.linked:
        from docbatch.sources.linked_objects import LinkedObjects  # noqa: PLC0415 - fewer hand over links

        if is_seen:
            stores.expect_links()
        return LinkedObjects(where, globs, connect, record, care, store=folder.identity, tags=tags)
    return StoreSource(where, globs, connect, record, care, tags=tags)
