"""Reading the passwords of a job. They are given to its provider and kept nowhere; no message holds a part of one."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import BinaryIO

from docbatch.core.errors import CredentialsError
from docbatch.engine.connections.credentials import LARGEST, IrregularError, open_regular, run_command
from docbatch.providers.remembered_secrets import remember
from docbatch.secret_references import FileReference
from docbatch.specs.values import PasswordPlace

MOST = 100
LONGEST = 1000


@dataclass
class JobPasswords:
    """Those of a run, by jobs, in memory only. Nothing more is sent in it of jobs that are `refused`: theirs cannot be read."""

    read: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    refused: set[str] = field(default_factory=set)


def read_passwords(job: str, place: PasswordPlace, over: Event | None = None) -> tuple[str, ...]:
    """Return a job's passwords, one from each line that is not empty. Raises CredentialsError.

    A command is run in the project's root, and ended once it is `over`.
    """
    reference = place.reference
    if isinstance(reference, FileReference):
        text, shown = _text(job, place.root, reference.file), reference.file
    else:
        shown = reference.command[0]
        subject = f"job '{job}': the passwords command"
        text = run_command(subject, reference.command, place.root, over or Event())
    found = tuple(dict.fromkeys(remember(line) for line in text.splitlines() if line))
    if not found:
        raise _error(job, f"{shown} gives no password", "write one a line there")
    if len(found) > MOST or max(map(len, found)) > LONGEST:
        raise _error(
            job, f"{shown} gives more than {MOST} passwords, or one of more than {LONGEST:,} characters"
        )
    return found


def unreadable(job: str, place: PasswordPlace) -> str | None:
    """Say why a job's passwords could not be read now, without reading them; None where nothing speaks against it."""
    if not isinstance(place.reference, FileReference):
        return None
    try:
        _opened(job, place.root, place.reference.file).close()
    except CredentialsError as error:
        return error.message
    return None


def _text(job: str, root: Path, path: str) -> str:
    with _opened(job, root, path) as file:
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise _error(job, f"{path} is larger than {LARGEST:,} bytes, and no list of passwords")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError:
        # The cause quotes what the file holds, so it is not chained.
        raise _error(job, f"{path} is no text in UTF-8") from None


def _opened(job: str, root: Path, path: str) -> BinaryIO:
    """Open a regular file; nothing else is waited for."""
    place = root / Path(path).expanduser()
    try:
        return open_regular(place)
    except IrregularError:
        raise _error(job, f"{path} is no file") from None
    except ValueError:
        raise _error(job, f"{path} is no path") from None
    except OSError as error:
        raise _error(job, f"{path} cannot be read: {error.strerror}") from error


def _error(job: str, what: str, hint: str | None = None) -> CredentialsError:
    otherwise = "nothing of this job was sent; mend what passwords: names and run the same command again"
    return CredentialsError(f"job '{job}': passwords: {what}", hint=hint or otherwise)
