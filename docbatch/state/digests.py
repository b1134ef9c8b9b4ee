"""Digests and keys: hexadecimal text everywhere, and bytes where the state keeps them, which take half the room."""

_DIGITS = frozenset("0123456789abcdef")
_LONGEST = b"\xff" * 32


def as_bytes(digest: str) -> bytes:
    """Return a digest as it is kept. Raises ValueError for what is none."""
    return bytes.fromhex(digest)


def as_text(column: str) -> str:
    """Return SQL for a column of kept digests as text: NULL stays what it is, and what is no digest is text of another length."""
    return f"CASE WHEN {column} IS NOT NULL THEN lower(hex({column})) END"


def as_is(text: str | None) -> bytes | None:
    """Return what was kept as text as bytes: what is no digest stays as it is, so that it is not taken for one."""
    if text is None:
        return None
    return (
        bytes.fromhex(text) if len(text) == 2 * len(_LONGEST) and _DIGITS.issuperset(text) else text.encode()
    )


def span(beginning: str) -> tuple[bytes, bytes]:
    """Return between which bytes, both included, the digests lie that begin with some digits. Raises ValueError for others."""
    if not _DIGITS.issuperset(beginning):
        raise ValueError(beginning)
    odd = len(beginning) % 2
    return bytes.fromhex(beginning + "0" * odd), bytes.fromhex(beginning + "f" * odd) + _LONGEST
