"""What a person approves of: a digest of what would be sent and how, whenever and from wherever. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docbatch.core.keys import canonical

FORMAT = "docbatch/approval/v1"
LENGTH = 32


@dataclass(frozen=True, slots=True)
class WayOfSending:
    """How a job's documents are sent. `recipe` is the key of its recipe, `config` all that is set, `pins` what is kept to."""

    connection: str
    recipe: str
    config: Mapping[str, Any]
    pins: Mapping[str, str]


def approval_digest(ways: Iterable[WayOfSending], items: Iterable[tuple[str, int]]) -> str:
    """Return hexadecimal digits that differ where something else would be sent, or the same in another way.

    `items` are keys in order, each with how often it was tried: an approval is good for one time.
    """
    digest = hashlib.sha256(FORMAT.encode())
    told = {canonical([way.connection, way.recipe, way.config, way.pins]) for way in ways}
    for line in sorted(told):
        digest.update(f"\n{line}".encode())
    for key, attempt in items:
        digest.update(f"\n{key} {attempt}".encode())
    return digest.hexdigest()[:LENGTH]
