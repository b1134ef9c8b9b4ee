"""What docbatch knows of how a job was run and the service's answer does not say; kept before the answer in its payload."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEY = "docbatch"
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Provenance:
    """`version` is that of the tier in the job's configuration, `asked` names the side results that it asks for."""

    version: str | None = None
    asked: tuple[str, ...] = ()


def stamped(answer: bytes, provenance: Provenance) -> bytes:
    """Return the payload of an answer: what is known of it, and after that the answer as it came."""
    rest = answer.lstrip()
    if provenance == Provenance() or not rest.startswith(b"{") or rest[1:].lstrip().startswith(b"}"):
        return answer
    known = json.dumps({name: value for name, value in asdict(provenance).items() if value}).encode()
    return b'{"' + KEY.encode() + b'":' + known + b"," + rest[1:]


def taken_from(found: dict[str, Any]) -> Provenance:
    """Take what is known of an answer out of it. Its values may be the service's, who could use the same name."""
    known = found.pop(KEY, None)
    if not isinstance(known, Mapping):
        return Provenance()
    version, asked = known.get("version"), known.get("asked")
    return Provenance(
        version[:LONGEST] if isinstance(version, str) else None,
        tuple(each for each in asked if isinstance(each, str)) if isinstance(asked, list) else (),
    )
