"""Reading what specs only refer to: keys, and the names of workspaces. Values are never kept or shown."""

import os
from pathlib import Path

from docbatch.core.errors import CredentialsError
from docbatch.specs.project import CommandReference, EnvReference, FileReference

PATIENCE = 60.0
Reference = EnvReference | FileReference | CommandReference


def read_key(connection: str, reference: Reference | None, root: Path) -> str:
    """Return a connection's key. Raises CredentialsError; no message ever holds a part of it."""
    if reference is None:
        raise CredentialsError(
            f"connection '{connection}' has no api_key",
            hint="write 'api_key: {env: NAME}' into docbatch.yaml and set that variable",
        )
    return _read_secret(connection, reference, root, "key", "key")


def read_webhook_secret(connection: str, reference: Reference, root: Path) -> str:
    """Return a secret that a connection's webhooks are signed with. Raises CredentialsError, as `read_key` does."""
    return _read_secret(connection, reference, root, "webhook secret", "secret")


def read_text(connection: str, reference: Reference | str | None) -> str | None:
    """Return a setting that may be a reference. Commands are not run for it. Raises CredentialsError.

    The path of a file is absolute here.
    """
    if reference is None or isinstance(reference, str):
        return reference
    if isinstance(reference, CommandReference):
        raise CredentialsError(
            f"connection '{connection}': a workspace is named by text, env or file, not by a command"
        )
    return _read(connection, reference, Path()).strip()


def _read_secret(connection: str, reference: Reference, root: Path, name: str, noun: str) -> str:
    secret = _read(connection, reference, root).strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise CredentialsError(
            f"the {name} of connection '{connection}' is empty or no {noun} at all ({_place(reference)})"
        )
    return secret


def _read(connection: str, reference: Reference, root: Path) -> str:
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
            return _run(connection, reference.command)


def _read_file(connection: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"connection '{connection}': the key file {path} cannot be read") from error


def _run(connection: str, command: list[str]) -> str:
    import subprocess  # noqa: PLC0415 - planning never runs a command

    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        # The cause may quote what the command printed, so it is not chained.
        raise CredentialsError(f"connection '{connection}': the key command '{command[0]}' failed") from None
    return done.stdout


def _place(reference: Reference) -> str:
    match reference:
        case EnvReference():
            return f"environment variable {reference.env}"
        case FileReference():
            return f"file {reference.file}"
        case CommandReference():
            return f"command {reference.command[0]}"
