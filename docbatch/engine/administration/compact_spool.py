"""Making the spool small: results that nothing needs any more go, and many small packs become one."""

import contextlib
import time
from functools import partial
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.engine.administration.edit_state import locked
from docbatch.spool import Spool
from docbatch.spool.compaction import Compaction
from docbatch.spool.compaction import compact as rewrite
from docbatch.spool.moving import move_old_entries
from docbatch.state.files import complaint
from docbatch.state.home import Publication


def compact(folder: Path, *, dry_run: bool, older_than: float | None = None) -> Compaction:
    """Rewrite the packs that are worth it, and move what is left of results of an older version into packs.

    With `older_than` (seconds) results go of which nothing was wanted for longer; those of wanted documents never do.
    Raises StateError, StateLocked, NoState, and GuardRefused where the state does not know all that was done: what it does
    not need may be needed by the one that does.
    """
    with (
        locked(folder) as store,
        contextlib.closing(Spool(store.home.spool, store.results, packs=store.home.packs)) as spool,
    ):
        store.refuse_restored()
        if not dry_run:
            spool.sweep()
            spool.clear_leftovers(whole=True)
            publish = partial(store.publish, Publication.PACK)
            move_old_entries(spool, time.monotonic, float("inf"), publish=publish)
        now = time.time()
        if older_than is not None and not dry_run:
            store.results.note_unneeded(now)
        spare = None if older_than is None else (now, now - older_than)
        try:
            return rewrite(spool, store.results, dry_run=dry_run, spare=spare)
        except OSError as error:
            found = complaint(error)
            raise found if found is not None else StateError(str(error)) from error
