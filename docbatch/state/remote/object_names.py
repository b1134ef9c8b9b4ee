"""What the objects of a state are called, below its prefix. Numbers are padded: stores list names as texts."""

import re
from typing import NamedTuple

LEASE = "lease"
LOG = "log/"
SNAPSHOTS = "snapshots/"
CHUNKS = "chunks/"
PACKS = "packs/"
PROBES = "probes/"
_LOG_NAME = re.compile(r"log/([0-9]{10})/([0-9]{10})")
_SNAPSHOT_NAME = re.compile(r"snapshots/([0-9]{10})-([0-9]{10})")
_CHUNK_NAME = re.compile(r"chunks/([0-9]{10})/([0-9a-f]{64})")

_PACK_NAME = re.compile(r"(packs/([0-9]{10})/[0-9a-f]{16})(?:\.[1-9][0-9]*)?")


class Position(NamedTuple):
    """Where a record stands. Epochs order before sequences; both count from 1."""

    epoch: int
    sequence: int


def log_name(position: Position) -> str:
    return f"{LOG}{position.epoch:010}/{position.sequence:010}"


def snapshot_name(position: Position) -> str:
    """Return the name of the snapshot that the record at a position names."""
    return f"{SNAPSHOTS}{position.epoch:010}-{position.sequence:010}"


def chunk_name(epoch: int, digest: str) -> str:
    return f"{CHUNKS}{epoch:010}/{digest}"


def pack_name(epoch: int, name: str, part: int = 1) -> str:
    """Return the name of a pack's object, or of another part of a large one."""
    return f"{PACKS}{epoch:010}/{name}" if part == 1 else f"{PACKS}{epoch:010}/{name}.{part}"


def probe_name(token: str) -> str:
    return f"{PROBES}{token}"


def log_position(name: str) -> Position | None:
    """Return where the record of a name stands; None for what is no name of a record."""
    return _position(_LOG_NAME.fullmatch(name))


def snapshot_position(name: str) -> Position | None:
    """Return where the record stands that would name a snapshot; None for what is no name of a snapshot."""
    return _position(_SNAPSHOT_NAME.fullmatch(name))


def chunk_epoch(name: str) -> int | None:
    """Return in which epoch a chunk was made; None for what is no name of a chunk."""
    found = _CHUNK_NAME.fullmatch(name)
    return None if found is None else int(found[1])


def pack_of(name: str) -> tuple[str, int] | None:
    """Return which pack an object is, or is a part of, and in which epoch it was put; None for what is no name of a pack."""
    found = _PACK_NAME.fullmatch(name)
    return None if found is None else (found[1], int(found[2]))


def _position(found: re.Match[str] | None) -> Position | None:
    return None if found is None else Position(int(found[1]), int(found[2]))
