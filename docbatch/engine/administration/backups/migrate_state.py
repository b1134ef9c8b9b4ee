"""Taking a state from this disk into a store, and out of it again. There is never a moment at which both are worked with."""

import contextlib
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docbatch.core.errors import GuardRefused, NoState, UsageError
from docbatch.owner_only import make_folder
from docbatch.spool import Spool
from docbatch.spool.moving import move_old_entries
from docbatch.spool.restored_packs import settle_restored
from docbatch.state.home import Home, Publication
from docbatch.state.homes import COPY_NOTE
from docbatch.state.remote.copied_home import MOVED, moved_to
from docbatch.state.remote.copy_position import note
from docbatch.state.remote.remote_home import RemoteHome
from docbatch.state.store import Store

DRAFT = "migrating"
"""The folder in the state folder in which a state is on its way into a store. It may be deleted while nothing runs."""


@dataclass(frozen=True, slots=True)
class MigratedState:
    """`where` is the place in the store; `documents` and `results` are those that the state knows."""

    where: str
    documents: int
    results: int


def migrate_to_store(home: Home, *, dry_run: bool) -> MigratedState:
    """Take the state of a folder into the store that docbatch.yaml names, where the folder holds a copy of it from then on.

    Killed at any moment it can be done again. Raises GuardRefused where another state is there, NoState, UsageError, StateLocked.
    """
    remote = _remote(home)
    local = Home(home.folder)
    if (home.folder / COPY_NOTE).exists():
        raise UsageError(f"the state is in {remote.where} already", hint="nothing was changed")
    local.inspect()
    with local.hold():
        with _found_there(remote) as found, local.readable() as store:
            migrated = _judged(remote, store, found)
            is_there = found is not None and _is_there(store, found)
        if not dry_run:
            if not is_there:
                _take_in(remote, local)
            # From here on the folder holds a copy, whose pieces are those of the state in the store.
            note(home.folder, remote.project, None)
            for name in ("serial", "anchor"):
                (home.folder / name).unlink(missing_ok=True)
    return migrated


def migrate_to_disk(home: Home, *, dry_run: bool) -> MigratedState:
    """Take the state out of its store into the folder, after which nobody can use it there. Raises GuardRefused, NoState, StateLocked."""
    remote = _remote(home)
    if Home(home.folder).exists() and not (home.folder / COPY_NOTE).exists():
        raise UsageError(
            f"{home.folder}: the state is on this disk already", hint="remove 'state:' from docbatch.yaml"
        )
    with _moving(remote):
        remote.inspect()
        with remote.hold():
            with remote.writable() as store:
                _refuse_elsewhere(remote, store)
                migrated = MigratedState(remote.where, _documents(store), store.results.count())
                if not dry_run:
                    with contextlib.closing(Spool(remote.spool, store.results, packs=remote.packs)) as spool:
                        spool.bring_all()
                    _say_moved(store, f"{_here(remote)} at {_now()}")
                    store.publish(Publication.DECISION)
            if not dry_run:
                _settle_here(remote.folder)
    return migrated


def end_lease(home: Home, token: str) -> None:
    """End what an owner of the state in a store began, also where the folder still holds the state itself. Raises what `unlock` does."""
    if (
        not isinstance(home, RemoteHome)
        or not Home(home.folder).exists()
        or (home.folder / COPY_NOTE).exists()
    ):
        home.unlock(token)
        return
    # A move into the store was killed, say.
    with Home(home.folder).hold(), _draft(home) as draft:
        draft.unlock(token)


def _take_in(remote: RemoteHome, local: Home) -> None:
    """Put all of the state into the store. The draft of it here is a copy of what is there, and thrown away."""
    with _draft(remote) as draft, draft.hold():
        with local.readable() as store:
            draft.replace_with(store)
        with draft.writable() as store:
            with store.write():
                store.database.execute("DELETE FROM meta WHERE name = ?", (MOVED,))
            with contextlib.closing(Spool(local.spool, store.results, packs=draft.packs)) as spool:
                move_old_entries(spool, time.monotonic, float("inf"), publish=lambda: None)
                settle_restored(spool, store.results, {})
            store.publish(Publication.DECISION)


@contextlib.contextmanager
def _found_there(remote: RemoteHome) -> Iterator[Store | None]:
    """Give the state that is in the store, None where there is none."""
    with _draft(remote) as draft, contextlib.ExitStack() as stack:
        try:
            store = stack.enter_context(draft.readable())
        except NoState:
            yield None
        else:
            yield store


@contextlib.contextmanager
def _draft(remote: RemoteHome) -> Iterator[RemoteHome]:
    """Give the state in the store a folder of its own beside the state of this disk, for a while."""
    folder = remote.folder / DRAFT
    shutil.rmtree(folder, ignore_errors=True)
    make_folder(folder)
    draft = remote.of_another_folder(folder)
    try:
        with _moving(draft):
            yield draft
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _judged(remote: RemoteHome, store: Store, found: Store | None) -> MigratedState:
    if found is not None and not _is_former(store, found):
        raise GuardRefused(
            f"{remote.where} has another state already",
            hint="nothing was changed; give this one a prefix of its own, or move its folder away to work with the one in the store",
        )
    return MigratedState(remote.where, _documents(store), store.results.count())


def _is_former(store: Store, found: Store) -> bool:
    """Say whether what is in the store is this state as it was when it was taken in or out, and nobody went on with it there."""
    return found.lineage == store.lineage and found.events.last() <= store.events.last()


def _is_there(store: Store, found: Store) -> bool:
    """Say whether it was taken in before, by one who was killed then. What others did with it there since stays."""
    return moved_to(found.database.connection) is None and _last_event(found) == _last_event(store)


def _last_event(store: Store) -> object:
    return store.database.execute("SELECT * FROM event ORDER BY sequence DESC LIMIT 1").fetchone()


def _refuse_elsewhere(remote: RemoteHome, store: Store) -> None:
    where = moved_to(store.database.connection)
    if where is not None and not where.startswith(f"{_here(remote)} at "):
        raise GuardRefused(
            f"{remote.where}: the state was taken out of the store already, to {where}",
            hint="nothing was changed; work there, or restore a backup",
        )


def _settle_here(folder: Path) -> None:
    """Make the copy the state itself."""
    (folder / COPY_NOTE).unlink()
    local = Home(folder)
    with local.writable() as store:
        with store.write():
            store.database.execute("DELETE FROM meta WHERE name = ?", (MOVED,))
        with contextlib.closing(Spool(local.spool, store.results)) as spool:
            settle_restored(spool, store.results, {})
        local.raise_serial(store)


def _say_moved(store: Store, where: str) -> None:
    with store.write():
        store.database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (MOVED, where))


@contextlib.contextmanager
def _moving(remote: RemoteHome) -> Iterator[None]:
    remote.is_moving = True
    try:
        yield
    finally:
        remote.is_moving = False


def _remote(home: Home) -> RemoteHome:
    if not isinstance(home, RemoteHome):
        raise UsageError(
            "docbatch.yaml names no store for the state",
            hint="write 'state: {store: NAME, prefix: TEXT}' there, with a store that is declared under stores:",
        )
    return home


def _documents(store: Store) -> int:
    (count,) = store.database.execute("SELECT count(*) FROM document").fetchone()
    return int(count)


def _here(remote: RemoteHome) -> str:
    return f"{socket.gethostname()}:{remote.folder}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
