"""Reading what specs only refer to: keys, and the names of workspaces. Values are never kept or shown."""

import os
import stat
import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, BinaryIO, cast

from docbatch.core.errors import CredentialsError
from docbatch.providers.remembered_secrets import remember
from docbatch.secret_references import CommandReference, EnvReference, FileReference

if TYPE_CHECKING:
    from subprocess import Popen

PATIENCE = 60.0
LARGEST = 1 << 20
"""Bytes that a file or a command may give."""
GLANCE = 0.1
"""Seconds between looks whether a command is still waited for."""
Reference = EnvReference | FileReference | CommandReference


def read_key(connection: str, reference: Reference | None, root: Path, over: Event | None = None) -> str:
    """Return a connection's key. Raises CredentialsError; no message ever holds a part of it.

    A command is run in `root`, and ended once it is `over`.
    """
    if reference is None:
        raise CredentialsError(
            f"connection '{connection}' has no api_key",
            hint="write 'api_key: {env: NAME}' into docbatch.yaml and set that variable",
        )
    return _checked(connection, reference, _read(connection, reference, root, over), "key", "key")


def read_webhook_secret(connection: str, reference: Reference, root: Path) -> str:
    """Return a secret that a connection's webhooks are signed with. Raises CredentialsError, as `read_key` does."""
    return _checked(connection, reference, _read(connection, reference, root), "webhook secret", "secret")


def read_webhook_url(place: str, reference: Reference, root: Path, over: Event) -> str:
    """Return the URL that somebody is told at. Raises CredentialsError, as `read_key` does; `place` is where it is declared."""
    try:
        return _checked(place, reference, _read(place, reference, root, over), "webhook URL", "URL")
    except CredentialsError as error:
        # What is missing is no connection's.
        raise CredentialsError(error.message.replace(f"connection '{place}'", "notify")) from None


def read_store_secret(store: str, reference: Reference, root: Path) -> str:
    """Return what opens a store. Raises CredentialsError, as `read_key` does."""
    try:
        return _checked(store, reference, _read(store, reference, root), "secret", "secret")
    except CredentialsError as error:
        told = error.message.replace(f"connection '{store}'", f"store '{store}'")
        raise CredentialsError(told, hint=error.hint) from None


def read_state_key(reference: Reference, root: Path) -> str:
    """Return the key that the state in a store is encrypted with, as text. Raises CredentialsError, as `read_key` does."""
    try:
        return _checked("", reference, _read("", reference, root), "encryption key", "key")
    except CredentialsError as error:
        raise CredentialsError(error.message.replace("connection ''", "the state"), hint=error.hint) from None


def read_sink_secret(job: str, reference: Reference, root: Path) -> str:
    """Return what opens the place of a sink's outputs. Raises CredentialsError, as `read_key` does."""
    try:
        return _checked(job, reference, _read(job, reference, root), "secret", "secret")
    except CredentialsError as error:
        told = error.message.replace(f"connection '{job}'", f"the sink of job '{job}'")
        raise CredentialsError(told, hint=error.hint) from None


def foreign_host(sender: str, name: str, secret: str, host: str, vendor: str) -> CredentialsError:
    """Return what keeps a secret from a host that is not the vendor's own; the `sender` is a connection or a store."""
    return CredentialsError(
        f"{sender} '{name}' would send its {secret} to {host}, which is not {vendor}'s own host",
        hint=f"if that is meant, set allow_host: true on it and run with --allow-host {name}",
    )


def _checked(connection: str, reference: Reference, secret: str, name: str, noun: str) -> str:
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise CredentialsError(
            f"the {name} of connection '{connection}' is empty or no {noun} at all ({_place(reference)})"
        )
    return remember(secret)


def _read(connection: str, reference: Reference, root: Path, over: Event | None = None) -> str:
    match reference:
        case EnvReference():
            value = os.environ.get(reference.env)
            if value is None:
                raise CredentialsError(
                    f"connection '{connection}' needs the environment variable {reference.env}, which is not set",
                    hint=f"set {reference.env} and run the same command again",
                )
            return value
        case FileReference():
            return _read_file(connection, root / Path(reference.file).expanduser())
        case CommandReference():
            return run_command(
                f"connection '{connection}': the key command", reference.command, root, over or Event()
            )


def _read_file(connection: str, path: Path) -> str:
    try:
        with open_regular(path) as file:
            content = file.read(LARGEST + 1)
        if len(content) <= LARGEST:
            return content.decode()
        why = f"is larger than {LARGEST:,} bytes, and no key"
    except IrregularError:
        why = "is no regular file"
    except (OSError, ValueError):
        # The cause of what is no text quotes what the file holds, so it is not chained.
        why = "cannot be read"
    raise CredentialsError(
        f"connection '{connection}': the key file {path} {why}",
        hint="a key that comes out of a pipe is read with {command: [...]}",
    )


class IrregularError(OSError):
    """What was to be read is a device, a pipe or a folder: reading it may never end."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file without waiting for anybody. Raises IrregularError for what is none, OSError."""
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    file = os.fdopen(number, "rb", buffering=0) if stat.S_ISREG(os.fstat(number).st_mode) else None
    if file is None:
        os.close(number)
        raise IrregularError
    return cast("BinaryIO", file)


def run_command(subject: str, command: list[str], root: Path, over: Event) -> str:
    """Return what a command prints. Raises CredentialsError, which says what `subject` is and never what was printed.

    It is ended when it prints more than anybody keeps, takes too long, or is `over`.
    """
    import subprocess  # noqa: PLC0415 - planning never runs a command

    failed = f"{subject} '{command[0]}'"
    try:
        # It may have to ask a person, so it keeps the terminal that this process has.
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError):
        raise CredentialsError(f"{failed} failed") from None
    with process:
        try:
            printed = _printed(process, failed, over)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise CredentialsError(f"{failed} failed, with exit code {process.returncode}")
    try:
        return printed.decode()
    except UnicodeDecodeError:
        # The cause quotes what the command printed, so it is not chained.
        raise CredentialsError(f"{failed} printed what is no text") from None


def _printed(process: "Popen[bytes]", failed: str, over: Event) -> bytes:
    """Return what is printed until the end. Whoever else holds the pipe is not waited for. Raises CredentialsError."""
    assert process.stdout is not None
    until = time.monotonic() + PATIENCE
    found, ended = bytearray(), False
    while not (ended and process.poll() is not None):
        if over.is_set() or time.monotonic() >= until:
            late = f"{failed} did not end" + ("" if over.is_set() else f" within {PATIENCE:g} s")
            raise CredentialsError(late, hint="run it by hand to see what it waits for")
        gone = process.poll() is not None
        piece = None if ended else _piece(process.stdout.fileno())
        found += piece or b""
        ended = ended or piece == b"" or (gone and piece is None)
        if len(found) > LARGEST:
            raise CredentialsError(f"{failed} printed more than {LARGEST:,} bytes, and no secret")
        if ended and process.poll() is None:
            time.sleep(GLANCE / 10)
    return bytes(found)


def _piece(pipe: int) -> bytes | None:
    """Return what comes next, nothing at the end, None when nothing came for a while."""
    import selectors  # noqa: PLC0415 - as above

    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return os.read(pipe, 1 << 16) if selector.select(GLANCE) else None


def _place(reference: Reference) -> str:
    match reference:
        case EnvReference():
            return f"environment variable {reference.env}"
        case FileReference():
            return f"file {reference.file}"
        case CommandReference():
            return f"command {reference.command[0]}"
