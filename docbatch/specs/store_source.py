"""What a source in a store says of it, and what is wrong with that."""

from collections.abc import Iterator, Mapping

from docbatch.core.models import Operation
from docbatch.sources.options import StoreOptions
from docbatch.specs.handed_over_links import link_faults
from docbatch.specs.object_tags import tag_fault
from docbatch.specs.problems import near
from docbatch.specs.stores import RemoteStoreSpec, store_settings
from docbatch.specs.values import Connection, StoreConnection, StoreFolder

_NO_STORES = "stores are named under stores: in docbatch.yaml, as in stores: {lake: {type: s3, bucket: …}}"


def store_faults(
    written: StoreOptions,
    stores: Mapping[str, StoreConnection],
    connection: Connection | None,
    operation: Operation,
) -> Iterator[tuple[str, str, str | None]]:
    """Yield (field, what is wrong, what to do) of the store of a source."""
    store = stores.get(written.store)
    if store is None:
        hint = near(written.store, stores, "known are") if stores else _NO_STORES
        yield "store", f"there is no store {written.store}", hint
        return
    if written.hand_over == "link":
        for fault in link_faults(written, store, connection, operation):
            yield "hand_over", *fault
    if written.tags and (untaggable := tag_fault(store)):
        yield "tags", *untaggable


def store_folder(
    store: StoreConnection, spec: RemoteStoreSpec, prefix: str, written: StoreOptions
) -> StoreFolder:
    """Return the keys of a bucket that a source has."""
    return StoreFolder(
        store.name,
        store_settings(store.name, spec).identity,
        prefix,
        unreached=store.untrusted,
        linked=written.hand_over == "link",
        tagged=written.tags,
    )
