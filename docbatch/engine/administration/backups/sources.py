"""What can be restored: a backup, the copy of a state alone, and the folder in which a restore kept what was there."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from docbatch.core.errors import StateError, UsageError
from docbatch.engine.administration.backups.archive import PIECE, Member, members
from docbatch.engine.administration.backups.facts import SPOOL, STATE
from docbatch.spool.arrivals import files_kept
from docbatch.state.files import HEADER, reason

DAMAGED = "nothing was changed; take another backup"


@contextlib.contextmanager
def opened(source: Path) -> Iterator[Iterator[Member]]:
    """Open what is to be restored. Raises UsageError, StateError; so do the members where something is damaged."""
    try:
        if source.is_dir():
            yield _of_folder(source)
            return
        with source.open("rb") as stream:
            begin = stream.read(len(HEADER))
            stream.seek(0)
            if begin == HEADER:
                size = source.stat().st_size
                yield iter([Member(STATE, size, iter(lambda: stream.read(PIECE), b""))])
            else:
                yield members(stream)
    except FileNotFoundError:
        raise UsageError(f"{source}: there is no such file", hint="name a backup") from None
    except ValueError as error:
        raise StateError(f"{source}: the backup is damaged: {error}", hint=DAMAGED) from error
    except OSError as error:
        raise StateError(
            f"{source}: cannot be read, or written from: {reason(error)}",
            hint="nothing was changed; make room or restore access, and run the same command again",
        ) from error


def _of_folder(folder: Path) -> Iterator[Member]:
    state = folder / STATE
    if not state.is_file():
        raise UsageError(
            f"{folder}: holds no {STATE}", hint="name a backup, or a folder that a restore kept things in"
        )
    for end in ("", "-wal"):
        path = folder / (STATE + end)
        if path.is_file():
            with path.open("rb") as stream:
                yield Member(STATE + end, path.stat().st_size, iter(lambda: stream.read(PIECE), b""))
    for name, size, pieces in files_kept(folder / SPOOL):
        yield Member(SPOOL + name, size, pieces)
