"""Opening the state file after asking: is it there, is it ours, can this program use it.

Whatever is wrong is found before anything is written.
"""

import contextlib
import errno
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from docbatch.core.errors import NoState, StateError
from docbatch.core.report import visible
from docbatch.naming.state_folders import shared_folder
from docbatch.owner_only import make_file, make_folder, opener, tighten
from docbatch.state.copies import settle_on_disk
from docbatch.state.first_bytes import ReaderConnection, WriterConnection, read_first
from docbatch.state.foreign_things import foreign_objects, refuse_foreign_entries
from docbatch.state.shape import refuse_other_shape
from docbatch.state.tallies import count_anew
from docbatch.state.upgrade import VERSION, build, stored_version, upgrade

APPLICATION_ID = 0x646F6362
HEADER = b"SQLite format 3\x00"
NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "fuse.sshfs", "ceph", "glusterfs")

README = """This folder is docbatch's memory of the project. Do not edit it by hand.

state.db   what was sent, paid, received and delivered; keep it, back it up with 'docbatch state backup FILE'
state.db.before-N
           the state as it was before a newer docbatch brought it to version N; an older docbatch can use it in the
           place of state.db. May be deleted once you are content
state.db.before-recover-N
           the state as it was before 'docbatch recover' took results back from outputs; 'docbatch state restore' brings it
           back. May be deleted once you are content
before-restore-N/
           the state and the results that were there before 'docbatch state restore', which can bring them back from here.
           May be deleted once you are content
restoring/ what a restore that was killed left; may be deleted while nothing runs
spool/     every result as the provider gave it; outputs are written again from here, free of charge.
           Its packs/ hold many results each, and state.db knows where each lies: keep both together.
           What lies in its incoming/ is on its way and may be deleted while nothing runs
trash/     edited outputs that were replaced, and outputs that were pruned; 'docbatch prune --restore' puts these back
inbox/     what webhooks said, until a run takes it up; may be deleted at any time
inputs/    what jobs list as links, ids and texts, as it was last looked at; may be deleted while nothing runs
emulate/   what 'docbatch emulate' remembers; nothing real, may be deleted while it does not run
env/       a folder like this one for each environment of docbatch.yaml; nothing in it is used by another
cache.db   file digests, and what links last said, to be fast; may be deleted at any time
lock       held by a running apply; it frees itself, never remove it
serial     how far the state had come; tells a restored backup from the current state
anchor     empty; tells this folder from a copy of it
position   says that state.db is a copy of a state in a store, and how far it has come; never remove it alone. The whole
           folder may be deleted then while nothing runs: it is fetched again
copy.lock  held by who has the copy open; it frees itself
"""


def prepare(folder: Path) -> None:
    """Make the state folder, its owner's alone, and say in it what it is. Raises StateError.

    So is the folder made that it lies in, where it is an environment's.
    """
    refuse_foreign_entries(folder)
    _refuse_network(folder)
    try:
        make_folder(folder)
        for each in dict.fromkeys((shared_folder(folder), folder)):
            tighten(each)
            _write_once(each / "README", README)
            _write_once(each / ".gitignore", "*\n")
    except OSError as error:
        raise StateError(f"{folder}: the state folder cannot be made: {error.strerror}") from error


def create(folder: Path) -> None:
    """Make an empty state file, whole or not at all."""
    prepare(folder)
    path = folder / "state.db"
    if path.exists():
        return
    draft = folder / f"state.{secrets.token_hex(4)}.new"
    try:
        make_file(draft)
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            build(connection)
            connection.execute("INSERT INTO meta VALUES ('lineage', ?)", (secrets.token_hex(8),))
            count_anew(connection, ["meta"])
        settle_on_disk(draft)
        draft.rename(path)
        settle_on_disk(folder)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise StateError(
            f"{folder}: the state cannot be made: {reason(error)}",
            hint="can the folder be written to? Make room or restore access, and run the same command again",
        ) from error


def discard(folder: Path) -> None:
    """Remove a state file that knows nothing; what is noted beside it stays. The caller holds the lock, and it is closed."""
    # A log that outlives its file would be taken for that of the next.
    for name in ("state.db-wal", "state.db-shm", "state.db"):
        (folder / name).unlink(missing_ok=True)


def reason(error: OSError | sqlite3.Error) -> str:
    """Return why something cannot be written, without the name of a file."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def open_writable(folder: Path) -> sqlite3.Connection:
    """Open the state for the one writer, who holds the lock. Raises StateError, NoState."""
    path = folder / "state.db"
    inspect(path)
    # Not later: a process that closes a file lets go of all locks on it, those of its own connection as well.
    with _told(path):
        make_file(path)
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=30, check_same_thread=False, factory=WriterConnection
    )
    try:
        connection.keep(path)
        _refuse_foreign_objects(connection, path)
        for pragma in (
            "foreign_keys = OFF",
            "synchronous = FULL",
            "journal_mode = WAL",
            "temp_store = FILE",
            "cache_size = -32000",
            "wal_autocheckpoint = 4000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if upgrade(connection, path):
            _write_anew(folder / "README", README)
        refuse_other_shape(connection, path)
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException as error:
        connection.close()
        if isinstance(error, (OSError, sqlite3.Error)):
            raise damaged(path, error) from error
        raise
    return connection


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise damaged(path, error) from error


def open_readable(folder: Path, closed: Callable[[], None] = lambda: None) -> sqlite3.Connection:
    """Open the state for reading; where its folder cannot be written to, as an immutable file.

    It may be used from any thread, from one at a time. `closed` is called once the file is not read any more.
    """
    path = folder / "state.db"
    inspect(path)
    # What lies in a log would be passed over by an immutable reader.
    fixed = not os.access(folder, os.W_OK) and not _has_log(path)
    uri = f"{path.resolve().as_uri()}?{'immutable=1' if fixed else 'mode=ro'}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=30, check_same_thread=False, factory=ReaderConnection
    )
    connection.closed = closed
    try:
        _refuse_foreign_objects(connection, path)
        version = stored_version(connection)
        if version >= VERSION:
            refuse_other_shape(connection, path)
    except (sqlite3.Error, StateError) as error:
        connection.close()
        raise damaged(path, error) if isinstance(error, sqlite3.Error) else error from error
    return connection if version >= VERSION else _as_it_would_be(connection, path)


def _as_it_would_be(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a copy of an older state, brought up to date: who only reads changes nothing. It is gone when it is closed.

    SQLite keeps it in a file without a name.
    """
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        with contextlib.closing(connection):
            connection.backup(copy)
        build(copy)
    except sqlite3.Error as error:
        copy.close()
        raise damaged(path, error) from error
    return copy


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _refuse_foreign_objects(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StateError where a state holds views, triggers or computed columns that no version of docbatch made."""
    if not foreign_objects(connection, frozenset()):
        return
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        build(fresh)
        own = frozenset(fresh.execute("SELECT type, name, sql FROM sqlite_schema"))
    if found := foreign_objects(connection, own):
        raise StateError(
            f"{path}: holds {visible(found[0])}, which docbatch did not make",
            hint="nothing was read from it or changed; restore the state from a backup",
        )


def inspect(path: Path) -> None:
    """Look whether a file can be a state that this program can use, at its header only. Raises StateError, NoState."""
    refuse_foreign_entries(path.parent)
    try:
        header, size = read_first(path, 100)
    except FileNotFoundError:
        raise NoState(f"{path}: there is no state yet", hint="'docbatch apply' makes it") from None
    except OSError as error:
        raise StateError(f"{path}: cannot be read: {error.strerror}") from error
    if len(header) < 100 or not header.startswith(HEADER):
        raise StateError(f"{path}: is not a state file", hint="nothing was changed; restore it from a backup")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StateError(
            f"{path}: is a database of another program", hint="nothing was changed; move it away"
        )
    version = int.from_bytes(header[60:64], "big")
    if version > VERSION:
        raise StateError(
            f"{path}: was written by a newer docbatch (state version {version}, this program knows {VERSION})",
            hint="nothing was changed; upgrade docbatch",
        )
    _refuse_truncated(path, header, size)


def _refuse_truncated(path: Path, header: bytes, size: int) -> None:
    if _has_log(path):
        return
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    if size < (65536 if page == 1 else page) * pages:
        raise StateError(
            f"{path}: is truncated ({size} bytes of {page * pages})",
            hint="nothing was changed; restore it from a backup",
        )


def _pass_on_interrupt(error: sqlite3.Error) -> None:
    """Checksums are made by a function that raises nothing, so only an interrupt can have ended it; SQLite does not say."""
    if "user-defined function raised exception" in str(error):
        raise KeyboardInterrupt from error


def damaged(path: Path, error: OSError | sqlite3.Error) -> StateError:
    """Turn SQLite's complaint into one that says what is safe. Raises KeyboardInterrupt where it was one."""
    if isinstance(error, sqlite3.Error):
        _pass_on_interrupt(error)
    return StateError(
        f"{path}: the state cannot be used: {reason(error)}",
        hint="if the disk is full or read-only, mend that and run the same command again; otherwise restore a backup",
    )


DISK = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EMFILE,
        errno.ENFILE,
        errno.EFBIG,
    }
)
"""What a file system says that is full, broken, or not to be written to, and what a process that may open no more files is told."""


def complaint(error: Exception) -> StateError | None:
    """Return what to say when SQLite failed while the state was read, or the disk did; None for any other error."""
    if isinstance(error, OSError) and error.errno in DISK:
        place = (
            error.filename if isinstance(error.filename, str) else os.fsdecode(error.filename or b"a file")
        )
        return StateError(
            f"{place}: cannot be written or read: {reason(error)}",
            hint="make room or restore access, and run the same command again: it goes on where this one ended",
        )
    if not isinstance(error, sqlite3.Error):
        return None
    _pass_on_interrupt(error)
    return StateError(
        f"the state cannot be read: {error}",
        hint="run 'docbatch state check'. If a disk is full, that of temporary files perhaps, make room first;"
        " restore .docbatch/state.db from a backup if it is damaged",
    )


def _write_once(path: Path, text: str) -> None:
    with contextlib.suppress(FileExistsError), open(path, "x", opener=opener) as stream:
        stream.write(text)


def _write_anew(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    with open(draft, "w", opener=opener) as stream:
        stream.write(text)
    draft.replace(path)


def _refuse_network(folder: Path) -> None:
    """Refuse a state on a network file system: neither its locks nor SQLite's log can be trusted there."""
    kind = _file_system(folder.absolute())
    if kind.startswith(NETWORK):
        raise StateError(
            f"{folder}: lies on a network file system ({kind}), where two runs could pay for the same documents",
            hint="keep the project on a local disk",
        )


def _file_system(folder: Path) -> str:
    best, kind = "", ""
    for point, name in _mounts():
        inside = folder.is_relative_to(point)
        if inside and len(point) >= len(best):
            best, kind = point, name
    return kind


def _mounts() -> Iterator[tuple[str, str]]:
    try:
        text = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        fields = line.split(" ")
        yield fields[1].replace("\\040", " "), fields[2]
