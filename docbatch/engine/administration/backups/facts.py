"""What a backup says about itself, first of all."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from docbatch.core.errors import StateError

FACTS = "backup.json"
STATE = "state.db"
SPOOL = "spool/"
KIND = "docbatch-backup"
VERSION = 1
LARGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """Whose backup it is and how far the state had come: the project's id, lineage, last event, version of the state.

    `docbatch` is the version that wrote it, `made` the moment (UTC, ISO 8601).
    """

    project: str
    lineage: str
    serial: int
    state_version: int
    docbatch: str
    made: str

    def written(self) -> bytes:
        return (json.dumps({"type": KIND, "version": VERSION, **asdict(self)}, indent=1) + "\n").encode()


def facts_of(data: bytes) -> BackupFacts:
    """Read what a backup says. Raises ValueError where it says nothing, StateError where a newer docbatch wrote it."""
    said: Any = json.loads(data)
    if not isinstance(said, dict) or said.get("type") != KIND or not isinstance(said.get("version"), int):
        raise ValueError("it does not say what it is")
    if said["version"] > VERSION:
        raise StateError(
            f"it is a backup of a newer docbatch (format {said['version']}, this program knows {VERSION})",
            hint="nothing was changed; upgrade docbatch",
        )
    match said:
        case {
            "project": str(project),
            "lineage": str(lineage),
            "serial": int(serial),
            "state_version": int(state_version),
            "docbatch": str(docbatch),
            "made": str(made),
        }:
            return BackupFacts(project, lineage, serial, state_version, docbatch, made)
    raise ValueError("it does not say whose it is")
