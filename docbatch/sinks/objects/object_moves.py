"""Moving an object of ours from one key to another in its store: into the trash and back.

No store moves anything. So an object is written once more where nothing stands, is looked at once more, and only then
removed where it was. Done again after a kill or a lost answer, each step finds what it left.
"""

from pathlib import Path

from docbatch.sinks.objects.drafts import fetched
from docbatch.sinks.objects.object_outputs import etag_of, is_same
from docbatch.stores.faults import ObjectChanged, StoreFault
from docbatch.stores.object_store import ObjectFacts, ObjectStore


class PlaceTaken(StoreFault):
    """Another object stands where one was about to be written."""


def write_again(store: ObjectStore, found: ObjectFacts, to: str, drafts: Path) -> str:
    """Write the bytes of an object to another key as well, where nothing may stand but the same bytes; return the ETag there.

    Raises ObjectChanged and ObjectMissing where it is no longer as it was found, PlaceTaken, StoreFault, OSError.
    """
    with fetched(store, found, drafts) as content:
        try:
            return store.write(to, content)
        except ObjectChanged:
            there = store.facts(to)
            if there is None or there.size != found.size or not is_same(store, there, content):
                raise PlaceTaken(f"store '{store.settings.name}': something else stands there") from None
            return etag_of(there, store)


def remove_unchanged(store: ObjectStore, found: ObjectFacts) -> bool:
    """Remove an object that is as it was found; say whether it is gone. Raises StoreFault.

    No store lets it be removed under a condition by what asks them here. So who writes there between this look and the removal
    loses it, but for buckets that keep versions.
    """
    now = store.facts(found.key)
    if now is None:
        return True
    if now.etag != found.etag:
        return False
    store.delete(found.key)
    return True
