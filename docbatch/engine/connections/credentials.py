"""Reading what specs only refer to: keys, and the names of workspaces. Values are never kept or shown."""

import os
import time
from pathlib import Path
from threading import Event

from docbatch.core.errors import CredentialsError
from docbatch.specs.secret_references import CommandReference, EnvReference, FileReference

PATIENCE = 60.0
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


def _checked(connection: str, reference: Reference, secret: str, name: str, noun: str) -> str:
    secret = secret.strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise CredentialsError(
            f"the {name} of connection '{connection}' is empty or no {noun} at all ({_place(reference)})"
        )
    return secret


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
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"connection '{connection}': the key file {path} cannot be read") from error


def run_command(subject: str, command: list[str], root: Path, over: Event) -> str:
    """Return what a command prints. Raises CredentialsError, which says what `subject` is and never what was printed."""
    import subprocess  # noqa: PLC0415 - planning never runs a command

    failed = f"{subject} '{command[0]}'"
    until = time.monotonic() + PATIENCE
    try:
        # It may have to ask a person, so it keeps the terminal that this process has.
        process = subprocess.Popen(
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError:
        raise CredentialsError(f"{failed} failed") from None
    with process:
        while True:
            try:
                secret, _ = process.communicate(timeout=GLANCE)
                break
            except subprocess.TimeoutExpired:
                if over.is_set() or time.monotonic() >= until:
                    process.kill()
                    raise CredentialsError(
                        f"{failed} did not end within {PATIENCE:g} s"
                        if not over.is_set()
                        else f"{failed} did not end",
                        hint="run it by hand to see what it waits for",
                    ) from None
            except UnicodeDecodeError:
                # The cause quotes what the command printed, so it is not chained.
                raise CredentialsError(f"{failed} printed what is no text") from None
    if process.returncode != 0:
        raise CredentialsError(f"{failed} failed, with exit code {process.returncode}")
    return secret


def _place(reference: Reference) -> str:
    match reference:
        case EnvReference():
            return f"environment variable {reference.env}"
        case FileReference():
            return f"file {reference.file}"
        case CommandReference():
            return f"command {reference.command[0]}"
