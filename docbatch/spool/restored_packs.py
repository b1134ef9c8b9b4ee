"""Packs of a state that was put back, or that comes from elsewhere, as they are to lie where it is at home."""

from collections.abc import Mapping
from contextlib import suppress

from docbatch.core.errors import AlteredState
from docbatch.core.models import StoredPack
from docbatch.spool.index import ResultIndex
from docbatch.spool.pack import is_there
from docbatch.spool.spool import Spool


def settle_restored(spool: Spool, index: ResultIndex, before: Mapping[str, StoredPack]) -> None:
    """Have an index name no pack of a store but those that are certain to stay there; put the others anew.

    `before` are those of the state whose place it takes: whatever else it names may have been told to go. What can be had of
    that is fetched first. Without a store all of them have to lie here. Raises StateError, CredentialsError.
    """
    named = {name: pack.stored for name, pack in index.packs().items() if pack.stored is not None}
    uncertain = [
        name for name, stored in named.items() if spool.transfer is None or before.get(name) != stored
    ]
    if spool.transfer is not None:
        for name in uncertain:
            if not is_there(spool.packs, name):
                with suppress(AlteredState):
                    spool.transfer.bring(name)
    if uncertain:
        with index.write():
            for name in uncertain:
                index.forget_stored(name)
    spool.store_left()
