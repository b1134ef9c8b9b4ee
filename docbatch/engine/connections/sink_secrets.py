"""What sinks' options only refer to, read when something is asked of where outputs go, and given to nobody who only looks by a command."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docbatch.core.errors import CredentialsError, SinkRefused
from docbatch.engine.connections.credentials import read_sink_secret
from docbatch.providers.remembered_secrets import remember
from docbatch.secret_references import CommandReference, Reference
from docbatch.sinks.faults import SAFE

_PASSWORD = re.compile(r"\bpassword\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))")


@dataclass(frozen=True, slots=True)
class SinkSecrets:
    """Reads for the sinks of a project; `root` is what files and commands are relative to.

    Who only `looks` runs no command for a secret. Nothing is read when `offline`.
    """

    root: Path
    looks: bool = False
    offline: bool = False

    def read(self, job: str, reference: Reference) -> str:
        """Return a secret of a job's sink. Raises SinkRefused; no message ever holds a part of it."""
        if self.offline:
            raise SinkRefused(f"job '{job}': where its rows lie is not looked at")
        if self.looks and isinstance(reference, CommandReference):
            raise SinkRefused(
                f"job '{job}': a sink gets its secret from a command, which is run by 'docbatch apply' alone"
            )
        try:
            secret = read_sink_secret(job, reference, self.root)
        except CredentialsError as error:
            hint = SAFE if error.hint is None else f"{SAFE}; {error.hint}"
            raise SinkRefused(error.message, hint=hint) from None
        for each in _passwords(secret):
            remember(each)
        return secret


def _passwords(secret: str) -> Iterator[str]:
    """Yield the passwords inside of an address of a server, as they are written and as they are meant."""
    if found := _PASSWORD.search(secret):
        yield found[1] or found[2] or ""
    try:
        written = urlsplit(secret).password
    except ValueError:
        return
    if written:
        yield written
        yield unquote(written)
