"""A checksum over the values of a row that carries money; verified whenever the row is read to be acted on."""

import hashlib

from docbatch.core.errors import StateError

Value = str | int | float | bytes | None


def checksum(*values: Value) -> int:
    """Return a 48-bit sum over typed values: NULL, 1 and "1" differ."""
    digest = hashlib.blake2b(repr(values).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")


def verify(what: str, recorded: int, *values: Value) -> None:
    """Raise StateError when a row no longer has the content it was written with."""
    compare(what, recorded, checksum(*values))


def compare(what: str, recorded: int, found: int) -> None:
    """Raise StateError when a row's checksum is not the one it was written with."""
    if recorded != found:
        raise StateError(
            f"the state's record of {what} is damaged: its checksum does not match",
            hint="it is not acted on. Restore .docbatch/state.db from a backup, or run 'docbatch state check'",
        )
