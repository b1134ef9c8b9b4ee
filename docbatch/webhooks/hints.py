"""What a delivery leaves behind: a small file that says what may have moved at a vendor, and nothing else of what came.

A hint is never believed. It only brings a question forward that would be asked anyway, so that a wrong, a lost or a
repeated one changes no outcome.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from docbatch.providers.webhook import word, words

VERSION = "docbatch/inbox/v1"
SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Hint:
    """`ids` are the vendor's names of what moved, `marker` is ours where the vendor carries one.

    `received` is wall time, for people.
    """

    connection: str
    kind: str
    received: float
    ids: tuple[str, ...] = ()
    marker: str | None = None

    def encode(self) -> bytes:
        return json.dumps({"version": VERSION, **asdict(self)}).encode() + b"\n"


def decode(content: bytes) -> Hint:
    """Read what `encode` gave. Raises ValueError for anything else."""
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ValueError("not of a version that is known here")
    connection, kind, received = found.get("connection"), found.get("kind"), found.get("received")
    match connection, kind, received:
        case str(), str(), int() | float():
            return Hint(connection, kind, received, words(found.get("ids")), word(found.get("marker")))
    raise ValueError("a field is missing or of another type")


def file_name(connection: str, event: str) -> str:
    """Return the name of a hint's file: the same for the same event, whatever its id looks like."""
    return hashlib.sha256(f"{connection}\n{event}".encode()).hexdigest()[:32] + SUFFIX
