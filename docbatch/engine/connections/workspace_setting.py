"""The name of a connection's workspace: written out, in a variable, or in a small file. It is shown nowhere."""

import os
import stat
from pathlib import Path

from docbatch.core.errors import CredentialsError
from docbatch.providers.remembered_secrets import remember
from docbatch.secret_references import CommandReference, EnvReference
from docbatch.specs.checkout import variables
from docbatch.specs.values import Connection

MOST_BYTES = 4096


def read_workspace(connection: Connection) -> str | None:
    """Return the workspace, None where the connection names none. No command is run. Raises CredentialsError.

    Of an untrusted project no variable is read that is not meant for any project: the workspace counts as not named then.
    """
    match connection.workspace:
        case None | str():
            return connection.workspace
        case CommandReference():
            raise CredentialsError(
                f"connection '{connection.name}': a workspace is named by text, env or file, not by a command"
            )
        case EnvReference(env=name):
            text = read_variable(connection, name)
            return None if text is None else _named(text, connection.name, f"the variable {name}")
        case reference:
            return _named(_from_file(connection.name, Path(reference.file)), connection.name, "its file")


def read_variable(connection: Connection, name: str) -> str | None:
    """Return what a variable says that a connection names, None where an untrusted project may not know. Raises CredentialsError."""
    known = variables(untrusted=connection.untrusted)
    if name in known:
        return known[name]
    if connection.untrusted:
        return None
    raise CredentialsError(
        f"connection '{connection.name}' needs the environment variable {name}, which is not set",
        hint=f"set {name} and run the same command again",
    )


def _from_file(connection: str, path: Path) -> str:
    try:
        # Without blocking: a pipe has nobody at its other end.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            is_file = stat.S_ISREG(os.fstat(handle).st_mode)
            content = stream.read(MOST_BYTES + 1) if is_file else b""
    except OSError as error:
        raise _unreadable(connection, "its file cannot be read") from error
    if not is_file or len(content) > MOST_BYTES:
        raise _unreadable(connection, f"its file is no regular file of at most {MOST_BYTES:,} bytes")
    return content.decode(errors="replace")


def _named(text: str, connection: str, place: str) -> str:
    name = text.strip()
    if not name or not name.isascii() or not name.isprintable():
        raise _unreadable(connection, f"{place} is empty or holds no name")
    return remember(name)


def _unreadable(connection: str, why: str) -> CredentialsError:
    return CredentialsError(
        f"connection '{connection}': the workspace: {why}",
        hint="write the name alone into the file, or name it in docbatch.yaml",
    )
