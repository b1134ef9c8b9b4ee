"""Snapshots: the state as it was after a record, in pieces named by what is in them."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from docbatch.state.remote.leases import replaced
from docbatch.state.remote.log_records import LogEnd, LogRecord, RecordKind, read_end, read_key_id
from docbatch.state.remote.object_names import Position, snapshot_name
from docbatch.state.remote.owned_log import OwnedLog, append
from docbatch.state.remote.sealed_text import altered, opened, sealed
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm, reusable, write_chunks
from docbatch.state.remote.store_requests import Steps, put_new, read

LEAST_BEHIND = 8 * 2**20
"""Bytes of records behind a snapshot that are never too many: a fresh machine reads them in the time of some chunks."""
_SHARE = 12


def most_behind(database: int) -> int:
    """Return how many bytes of records may lie behind a snapshot of a database of so many bytes, before the next is due.

    A twelfth: a fourth of what such a database is deflated. With fewer, owners write most of the database for a small part
    that changed; with more, fresh machines read that much beside it.
    """
    return max(LEAST_BEHIND, database // _SHARE)


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """`named` is the record that names it, `covers` the last record that is in it: others may stand between the two.

    `chunks` are names of objects, in the order of their contents, and `key` the id of the key they are encrypted with. `packs` are
    those of the packs that the state has; None where that is not said.
    """

    named: Position
    covers: LogEnd
    chunks: tuple[str, ...]
    key: str | None = None
    packs: tuple[str, ...] | None = None


def write_snapshot(
    log: OwnedLog,
    covers: LogEnd,
    contents: Iterable[bytes],
    former: StateSnapshot | None,
    form: ChunkForm = PLAIN,
    *,
    packs: tuple[str, ...] | None = None,
) -> Steps[tuple[OwnedLog, StateSnapshot]]:
    """Write what changed since a former snapshot, and have a record name the new one. Raises OwnerReplaced."""
    known = reusable(log.epoch, () if former is None else former.chunks)
    chunks = yield from write_chunks(log.epoch, contents, known, form)
    return (yield from name_snapshot(log, covers, chunks, packs))


def name_snapshot(
    log: OwnedLog, covers: LogEnd, chunks: tuple[str, ...], packs: tuple[str, ...] | None = None
) -> Steps[tuple[OwnedLog, StateSnapshot]]:
    """Write which chunks the state is after a record and which packs it has, and have a record name that. Raises OwnerReplaced."""
    epoch, sequence = log.end.position
    place = Position(epoch, sequence + 1)
    head: dict[str, object] = {
        "project": log.project,
        "covers": covers.described(),
        "chunks": list(chunks),
        "key": log.form.key_id,
    }
    if packs is not None:
        head["packs"] = list(packs)
    content = sealed(head)
    stands = yield from put_new(snapshot_name(place), content)
    if stands.content != content:
        raise replaced(f"another wrote {snapshot_name(place)}")
    body = json.dumps({"snapshot": hashlib.sha256(content).hexdigest()}).encode()
    log = yield from append(log, RecordKind.SNAPSHOT, body)
    return log, StateSnapshot(place, covers, chunks, log.form.key_id, packs)


def read_snapshot(record: LogRecord) -> Steps[StateSnapshot]:
    """Return the snapshot that a record names. Raises AlteredState, NewerState."""
    name = snapshot_name(record.position)
    found = yield from read(name)
    if found is None:
        raise altered(name, "it is missing")
    head = opened(found.content, name, record.project).head
    try:
        meant = json.loads(record.body)["snapshot"]
        covers, chunks = read_end(head["covers"]), tuple(map(str, head["chunks"]))
        key = read_key_id(head)
        packs = tuple(map(str, head["packs"])) if "packs" in head else None
    except (ValueError, KeyError, TypeError):
        raise altered(name, "it is not what docbatch writes") from None
    if meant != hashlib.sha256(found.content).hexdigest():
        raise altered(name, "it is another than the log names")
    return StateSnapshot(record.position, covers, chunks, key, packs)
