"""Backing up: the state and all results it names in one file, as they are at one moment, also while a run goes on.

The state is copied first; what it names lies in packs, which nobody changes up to where that copy knows them.
"""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docbatch import __version__
from docbatch.core.errors import StateError, UsageError
from docbatch.engine.administration.backups.archive import PIECE, ArchiveWriter
from docbatch.engine.administration.backups.facts import FACTS, SPOOL, STATE, BackupFacts
from docbatch.owner_only import opener
from docbatch.spool import Spool
from docbatch.spool.readers import reading
from docbatch.spool.stored_files import StoredFile, stored_entry, stored_packs
from docbatch.state.copies import settle_on_disk
from docbatch.state.files import reason
from docbatch.state.home import Home
from docbatch.state.store import Store
from docbatch.state.upgrade import VERSION


@dataclass(frozen=True, slots=True)
class BackupOrder:
    """What to back up and to where. `project` is what the marks of its work begin with; `replace` an older backup there."""

    folder: Path
    to: Path
    project: str
    has_results: bool = True
    replace: bool = False


@dataclass(frozen=True, slots=True)
class BackupMade:
    """What was written: bytes of the state, of results and in all, how many results, and which packs or results are missing."""

    state_size: int
    results: int
    results_size: int
    size: int
    missing: tuple[str, ...] = ()


def write_backup(order: BackupOrder) -> BackupMade:
    """Write a backup whole, durably, under its name, or not at all. Raises NoState, StateError, UsageError."""
    _require_place(order)
    draft = order.to.with_name(f".{order.to.name}.part")
    try:
        with contextlib.ExitStack() as held:
            _clear(draft)
            held.callback(_clear, draft)
            # A folder of its own, in which the copy is opened, and which a killed backup leaves under a known name.
            home = Home.at(order.folder)
            with home.readable() as store:
                draft.mkdir(0o700)
                held.enter_context(reading(home.spool))
                store.copy(draft / STATE)
            if order.has_results:
                made = _write(order, draft)
                _settle(draft / "archive", order.to)
            else:
                made = _only_state(draft)
                _settle(draft / STATE, order.to)
            return made
    except ValueError as error:
        raise StateError(
            f"{order.to}: the backup cannot be written: {error}",
            hint="a file changed while it was copied; run the same command again",
        ) from error
    except OSError as error:
        raise StateError(
            f"{order.to}: the backup cannot be written: {reason(error)}",
            hint="under that name lies what was there before, or all of it; make room or restore access, and run the same command again",
        ) from error


def _require_place(order: BackupOrder) -> None:
    to = order.to
    if to.is_symlink():
        raise UsageError(f"{to}: is a link", hint="name the file itself")
    if to.is_dir():
        raise UsageError(f"{to}: is a folder", hint="name a file in it")
    if to.exists() and not order.replace:
        raise UsageError(f"{to}: exists already", hint="name a new file, or say --replace")
    if not to.absolute().parent.is_dir():
        raise UsageError(f"{to.parent}: there is no such folder", hint="make it first")
    if to.absolute().parent.resolve().is_relative_to(order.folder.resolve()):
        raise UsageError(
            f"{to}: lies in what is backed up, and would be lost with it", hint="name a file elsewhere"
        )


def _clear(draft: Path) -> None:
    if draft.is_dir() and not draft.is_symlink():
        shutil.rmtree(draft, ignore_errors=True)


def _settle(draft: Path, to: Path) -> None:
    settle_on_disk(draft)
    draft.rename(to)
    settle_on_disk(to.absolute().parent)


def _only_state(draft: Path) -> BackupMade:
    with Store.readable(draft) as store:
        results = store.results.count()
    size = (draft / STATE).stat().st_size
    return BackupMade(size, results, 0, size)


def _write(order: BackupOrder, draft: Path) -> BackupMade:
    missing: list[str] = []
    with (
        Store.readable(draft) as copied,
        open(draft / "archive", "wb", opener=opener) as stream,
        contextlib.closing(ArchiveWriter(stream)) as archive,
    ):
        said = _facts(copied, order.project).written()
        archive.add(FACTS, len(said), [said])
        size = (draft / STATE).stat().st_size
        archive.add(STATE, size, _content(draft / STATE))
        before, results = archive.size, copied.results.count()
        _bring_packs(order.folder, copied)
        for file in stored_packs(Home.at(order.folder).spool, copied.results.packs(), missing):
            archive.add(SPOOL + file.name, file.size, file.pieces)
        for file in _entries(order.folder, copied, missing):
            archive.add(SPOOL + file.name, file.size, file.pieces)
            results += 1
        stored = archive.size - before
        archive.finish()
        return BackupMade(size, results, stored, archive.size, tuple(missing))


def _bring_packs(folder: Path, copied: Store) -> None:
    """Have all packs lie here that can be had from the store of a state. Raises StateError, CredentialsError."""
    home = Home.at(folder)
    Spool(home.spool, copied.results, packs=home.packs).bring_all()


def _entries(folder: Path, copied: Store, missing: list[str]) -> Iterator[StoredFile]:
    """Yield the results of before there were packs; those that a run moved meanwhile from where they lie now."""
    home = Home.at(folder)
    with home.readable() as store:
        for digest in copied.results.unplaced():
            found = stored_entry(home.spool, digest, None) or stored_entry(
                home.spool, digest, store.results.find(digest)
            )
            if found is None:
                missing.append(digest)
            else:
                yield found


def _facts(store: Store, project: str) -> BackupFacts:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return BackupFacts(project, store.lineage, store.events.last(), VERSION, __version__, made)


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(lambda: stream.read(PIECE), b"")
