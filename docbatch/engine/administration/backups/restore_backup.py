"""Restoring: the state of a backup takes the place of what is there in one step, and its results come beside those there.

Everything of the backup is read, checked and made durable before anything that is there is touched. What was there is kept
in a folder of its own, and can be restored from that.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import NoState, StateError, StateLocked
from docbatch.core.models import StoredPack
from docbatch.engine.administration.backups.facts import FACTS, LARGEST, SPOOL, STATE, BackupFacts, facts_of
from docbatch.engine.administration.backups.judge_state import refuse_other_project, refuse_unsound
from docbatch.engine.administration.backups.sources import DAMAGED, opened
from docbatch.owner_only import make_folder, opener
from docbatch.spool import Spool
from docbatch.spool.arrivals import Arrivals, is_stored_file, keep
from docbatch.spool.pack import is_there
from docbatch.spool.restored_packs import settle_restored
from docbatch.state import files
from docbatch.state.copies import put_in_place, settle_on_disk
from docbatch.state.foreign_things import refuse_foreign_entries
from docbatch.state.home import Home
from docbatch.state.store import Store
from docbatch.state.upgrade import VERSION

STAGING = "restoring"
KEPT = "before-restore-"
_PIECES_OF_STATE = (STATE, f"{STATE}-wal")


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """What to restore and where. `project` is what the marks of its work begin with; `is_foreign` takes another's."""

    folder: Path
    source: Path
    project: str
    is_foreign: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RestoredBackup:
    """What was restored, or would be: documents and results the state knows, files of them in the backup, how many of these lay here already.

    `missing` are packs that are in neither. `kept` is the folder of what was there before, if anything was.
    """

    documents: int
    results: int
    files: int
    there: int
    missing: tuple[str, ...]
    kept: Path | None
    facts: BackupFacts | None


def restore(order: RestoreOrder) -> RestoredBackup:
    """Restore a backup, whole or not at all. Raises StateError, StateLocked, UsageError."""
    home = Home.at(order.folder)
    home.require_exchangeable()
    with contextlib.ExitStack() as held:
        try:
            staging = held.enter_context(
                rehearsed(order.folder) if order.dry_run else held_staging(order.folder)
            )
            arrivals = Arrivals(home.spool, staging / SPOOL)
            facts, count = _stage(order, staging, arrivals)
            with _staged(order, staging) as store:
                refuse_unsound(store, order.source, facts)
                refuse_other_project(order.folder, store, facts, order.project, is_foreign=order.is_foreign)
                if order.dry_run:
                    return _outcome(store, order, arrivals, (facts, count), None)
                there = home.exists()
                if there:
                    keep(home.spool, staging / "kept" / SPOOL)
                _take_over(store, order, arrivals, facts)
                kept = _free_name(order.folder) if there else None
                outcome = _outcome(store, order, arrivals, (facts, count), kept)
            _exchange(order.folder, staging, kept)
        except OSError as error:
            raise _failed(order, error) from error
    return outcome


def _failed(order: RestoreOrder, error: OSError) -> StateError:
    return StateError(
        f"{order.folder}: the backup cannot be brought back: {files.reason(error)}",
        hint="the state that is there is whole, the one of before or that of the backup; make room or restore access, and run the"
        " same command again",
    )


@contextlib.contextmanager
def held_staging(folder: Path) -> Iterator[Path]:
    """Hold the state, and give an empty folder in it for what is to come. Raises StateError, StateLocked, OSError."""
    home = Home.at(folder)
    home.prepare()
    with home.hold():
        _sweep(folder)
        staging = folder / STAGING
        make_folder(staging)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def rehearsed(state: Path) -> Iterator[Path]:
    """Give a folder of no consequence. Raises StateError, StateLocked."""
    refuse_foreign_entries(state)
    home = Home.at(state)
    if home.is_held():
        raise StateLocked(f"the state is locked by {home.owner() or 'another run'}")
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _sweep(folder: Path) -> None:
    """Remove what a killed restore left: what was on its way, and what it kept of a state that is still in its place."""
    shutil.rmtree(folder / STAGING, ignore_errors=True)
    for kept in folder.glob(f"{KEPT}*"):
        state = kept / STATE
        with contextlib.suppress(OSError):
            if not state.exists() or state.samefile(folder / STATE):
                shutil.rmtree(kept, ignore_errors=True)


def _free_name(folder: Path) -> Path:
    taken = {path.name for path in folder.glob(f"{KEPT}*")}
    number = next(number for number in range(1, len(taken) + 2) if f"{KEPT}{number}" not in taken)
    return folder / f"{KEPT}{number}"


def _stage(order: RestoreOrder, staging: Path, arrivals: Arrivals) -> tuple[BackupFacts | None, int]:
    """Bring everything of a backup into a folder; nothing of it is sound before this has returned."""
    facts, count = None, 0
    with opened(order.source) as found:
        for position, member in enumerate(found):
            if member.name == FACTS and position == 0:
                if member.size > LARGEST:
                    raise ValueError("it does not say what it is")
                facts = facts_of(b"".join(member.pieces))
                if facts.state_version > VERSION:
                    raise _newer(order.source, facts.state_version)
            elif member.name in _PIECES_OF_STATE and position <= 1:
                with open(staging / member.name, "xb", opener=opener) as stream:
                    stream.writelines(member.pieces)
            elif member.name.startswith(SPOOL) and is_stored_file(member.name.removeprefix(SPOOL)):
                count += 1
                if not order.dry_run:
                    arrivals.take(member.name.removeprefix(SPOOL), member.size, member.pieces)
            else:
                raise ValueError("it holds what docbatch does not write")
    if not (staging / STATE).exists():
        raise StateError(f"{order.source}: the backup is damaged: it holds no state", hint=DAMAGED)
    return facts, count


def _newer(source: Path, version: int) -> StateError:
    return StateError(
        f"{source}: was written by a newer docbatch (state version {version}, this program knows {VERSION})",
        hint="nothing was changed; upgrade docbatch",
    )


@contextlib.contextmanager
def _staged(order: RestoreOrder, staging: Path) -> Iterator[Store]:
    """Open the state of the backup, brought up to date; what is said of it names the backup."""
    staged = staging / STATE
    try:
        files.inspect(staged)
        store = Store.writable(staging)
    except NoState:
        raise
    except StateError as error:
        message = error.message.replace(str(staged), str(order.source))
        raise StateError(message, hint=DAMAGED) from error
    with store:
        _require_state(store, order.source)
        yield store


def _require_state(store: Store, source: Path) -> None:
    """Raise StateError where a file is a database, and not one of ours."""
    try:
        _ = store.lineage
    except StateError as error:
        raise StateError(f"{source}: holds no state of docbatch, or a damaged one", hint=DAMAGED) from error


def _take_over(store: Store, order: RestoreOrder, arrivals: Arrivals, facts: BackupFacts | None) -> None:
    """Put the results where they belong, have the state know where, and that more may have been sent than it knows."""
    renamed = arrivals.settle()
    is_known = Home.at(order.folder).has_spent(store.lineage)
    made = "" if facts is None else f", made {facts.made}"
    store.distrust(f"it was restored from {order.source.name}{made}", None if is_known else time.time())
    with store.write():
        for name, other in renamed.items():
            store.results.rename_pack(name, other)
    settle_packs(store, order.folder)


def settle_packs(store: Store, folder: Path) -> None:
    """Have the packs of the restored state lie where it is to be at home. Raises StateError, CredentialsError."""
    home = Home.at(folder)
    before: dict[str, StoredPack] = {}
    if home.packs is not None and home.exists():
        with contextlib.suppress(StateError), home.readable() as present:
            before = {name: each.stored for name, each in present.results.packs().items() if each.stored}
    with contextlib.closing(Spool(home.spool, store.results, packs=home.packs)) as spool:
        settle_restored(spool, store.results, before)


def _outcome(
    store: Store,
    order: RestoreOrder,
    arrivals: Arrivals,
    found: tuple[BackupFacts | None, int],
    kept: Path | None,
) -> RestoredBackup:
    packs = Home.at(order.folder).spool / "packs"
    known = store.results.packs()
    missing = [name for name, pack in known.items() if not pack.is_retired and not is_there(packs, name)]
    if order.dry_run:
        missing = []
    return RestoredBackup(
        sum(store.documents.count(job.name) for job in store.documents.jobs()),
        store.results.count(),
        found[1],
        arrivals.there,
        tuple(missing),
        kept,
        found[0],
    )


def _exchange(folder: Path, staging: Path, kept: Path | None) -> None:
    """Let the new state take the old one's place. Before this nothing was lost, after it nothing is missing."""
    settle_on_disk(staging / STATE)
    if kept is not None:
        make_folder(staging / "kept")
        (staging / "kept").rename(kept)
        settle_on_disk(folder)
    put_in_place(staging / STATE, folder / STATE, kept)
