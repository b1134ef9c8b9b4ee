"""A state as text, for who wants to read, compare or keep it so, and back."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from docbatch.core.errors import StateError, UsageError
from docbatch.engine.administration.backups.facts import STATE
from docbatch.engine.administration.backups.judge_state import refuse_other_id, refuse_unsound
from docbatch.engine.administration.backups.restore_backup import (
    RestoreOrder,
    held_staging,
    rehearsed,
    settle_packs,
)
from docbatch.engine.administration.backups.sources import DAMAGED
from docbatch.owner_only import opener
from docbatch.state import files
from docbatch.state.copies import put_in_place, settle_on_disk
from docbatch.state.dumps import dumped, fill, read_head
from docbatch.state.home import Home
from docbatch.state.store import Store


def dump(folder: Path, project: str, write: Callable[[bytes], object]) -> None:
    """Write a state as lines, as it is at one moment. Raises NoState, StateError, OSError."""
    with Home.at(folder).readable() as store, store.database.still():
        for line in dumped(store, project):
            write(line)


def dump_to(folder: Path, project: str, to: Path) -> None:
    """Write a state as lines into a new file, whole or not at all. Raises NoState, StateError, UsageError."""
    if to.is_symlink() or to.exists():
        raise UsageError(f"{to}: exists already", hint="name a new file")
    draft = to.with_name(f".{to.name}.part")
    try:
        with open(draft, "wb", opener=opener) as stream:
            dump(folder, project, stream.write)
        settle_on_disk(draft)
        draft.rename(to)
        settle_on_disk(to.absolute().parent)
    except OSError as error:
        raise StateError(
            f"{to}: cannot be written: {files.reason(error)}",
            hint="make room or restore access, and run the same command again",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def load(order: RestoreOrder) -> int:
    """Make a state of a dump where there is none, whole or not at all; return its rows. Raises StateError, UsageError."""
    Home.at(order.folder).require_exchangeable()
    if (order.folder / STATE).exists():
        raise UsageError(
            f"{order.folder / STATE}: there is a state already",
            hint="nothing was changed; move it away first, or restore a backup, which keeps what is there",
        )
    try:
        with rehearsed(order.folder) if order.dry_run else held_staging(order.folder) as staging:
            rows = _make(order, staging)
            if not order.dry_run:
                settle_on_disk(staging / STATE)
                put_in_place(staging / STATE, order.folder / STATE, None)
            return rows
    except FileNotFoundError as error:
        raise UsageError(f"{error.filename}: there is no such file", hint="name a dump") from None
    except OSError as error:
        raise StateError(
            f"{order.source}: the state cannot be made: {files.reason(error)}",
            hint="nothing was changed; make room or restore access, and run the same command again",
        ) from error


def _make(order: RestoreOrder, staging: Path) -> int:
    with order.source.open("rb") as stream, _named(order.source), Store.writable(staging) as store:
        store.runs.pass_over()
        begin, said = read_head(stream)
        refuse_other_id(said["project"], order.project, is_foreign=order.is_foreign)
        rows = fill(store, begin, stream)
    with Store.writable(staging) as store:
        store.runs.pass_over()
        refuse_unsound(store, order.source, None)
        is_known = Home.at(order.folder).has_spent(store.lineage)
        store.distrust(f"it was loaded from {order.source.name}", None if is_known else time.time())
        if not order.dry_run:
            settle_packs(store, order.folder)
    return rows


@contextlib.contextmanager
def _named(source: Path) -> Iterator[None]:
    """Let what is wrong with a dump name it."""
    try:
        yield
    except ValueError as error:
        raise StateError(f"{source}: is no whole dump of a state: {error}", hint=DAMAGED) from error
    except StateError as error:
        raise StateError(f"{source}: {error.message}", hint=error.hint) from error
