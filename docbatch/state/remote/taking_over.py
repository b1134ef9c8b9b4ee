"""Becoming the owner: the lease, an end for every log before, what they say, and the first record of a log of one's own.

The order of these four is what keeps two owners apart, whatever the clocks say and however long one of them was stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docbatch.core.errors import GuardRefused
from docbatch.state.remote.leases import EXPIRES_AFTER, Lease, StateOwner, held, read_lease
from docbatch.state.remote.log_records import ENDS, START, LogEnd, LogRecord, RecordKind, read_record
from docbatch.state.remote.object_names import LEASE, LOG, Position, log_name, probe_name
from docbatch.state.remote.owned_log import HeldLease, OwnedLog, append
from docbatch.state.remote.recorded_history import (
    RecordedHistory,
    begun_again,
    covered_by,
    listed_records,
    load,
    newest_snapshot,
)
from docbatch.state.remote.sealed_text import altered
from docbatch.state.remote.sending_fence import STILL_FOR
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm
from docbatch.state.remote.state_key import require_key
from docbatch.state.remote.store_requests import (
    Pause,
    Remove,
    Steps,
    StoredObject,
    names_below,
    put_new,
    put_over,
    read,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants to own a state. `takes` is the token of a lease that a person says nobody works with any more.

    `form` is how the state is written, and says with which key it has to have been.
    """

    project: str
    owner: StateOwner
    draw: Callable[[], str]
    takes: str | None = None
    form: ChunkForm = PLAIN


@dataclass(frozen=True, slots=True)
class OwnedState:
    """What an owner begins with: its log with one record, its lease, and all that was recorded before.

    `is_quiet` says that the owner before ended its log itself: what it sent without an answer is not under way any more.
    """

    log: OwnedLog
    lease: HeldLease
    history: RecordedHistory
    is_quiet: bool = False


def take(claim: Claim, copy: LogEnd = START) -> Steps[OwnedState]:
    """Become the owner. Raises StateLocked, OwnerReplaced, ForeignState, NewerState, AlteredState, GuardRefused, CredentialsError."""
    lease = yield from claim_lease(claim)
    before = lease.lease.epoch - 1
    reached = lease.lease.reached
    is_quiet, history = yield from begun_again(lambda: _ended(claim, copy, reached, before))
    if not is_quiet:
        # Whoever was the owner may be about to send what it recorded just before its log was ended.
        yield Pause(
            STILL_FOR,
            f"the run before did not let go of the state in the store: waiting {STILL_FOR:g} s, until nothing that it was about to send can still"
            " leave its machine",
        )
    begin = LogEnd(Position(lease.lease.epoch, 0), history.end.digest)
    log = yield from append(
        OwnedLog(claim.project, claim.owner.token, begin, claim.draw, claim.form), RecordKind.OPEN
    )
    return OwnedState(log, lease, history, is_quiet)


def _ended(claim: Claim, copy: LogEnd, reached: LogEnd, until: int) -> Steps[tuple[bool, RecordedHistory]]:
    """End all logs and read them; say whether nothing that was sent is under way."""
    is_quiet = yield from end_logs(claim, reached, until)
    return is_quiet, (yield from load_ended(claim, copy, until))


def claim_lease(claim: Claim) -> Steps[HeldLease]:
    """Return the lease of an epoch that nobody had. Raises StateLocked, GuardRefused, CredentialsError."""
    found = yield from read(LEASE)
    if found is None and (yield from names_below(LOG)):
        # Who came first may have done both in between.
        found = yield from read(LEASE)
        if found is None:
            raise GuardRefused(
                "the state in the store has a log and no lease, which docbatch never removes",
                hint="nothing was sent; bring the object 'lease' back from a former version of it, or restore a backup into another prefix",
            )
    if found is None:
        first = Lease(claim.project, 1, claim.owner, key=claim.form.key_id)
        stands = yield from put_new(LEASE, first.written())
        return _won(claim, first, stands)
    former = read_lease(found.content, claim.project)
    require_key(former.key, claim.form.key)
    if not former.released and former.owner.token != claim.takes:
        yield from _require_expired(claim, former, found)
    lease = Lease(claim.project, former.epoch + 1, claim.owner, former.reached, key=former.key)
    now = yield from put_over(LEASE, lease.written(), found)
    return _won(claim, lease, now)


def _won(claim: Claim, lease: Lease, stands: StoredObject | None) -> HeldLease:
    if stands is None:
        raise altered(LEASE, "it was removed")
    if stands.content != lease.written():
        raise held(read_lease(stands.content, claim.project).owner)
    return HeldLease(lease, stands)


def _require_expired(claim: Claim, lease: Lease, found: StoredObject) -> Steps[None]:
    """Raise StateLocked unless a lease was not renewed for long, by the dates that the store gave it and an object put now."""
    name = probe_name(claim.draw())
    yield from put_new(name, b"")
    probe = yield from read(name)
    yield Remove(name)
    if probe is None or probe.modified - found.modified < EXPIRES_AFTER:
        raise held(lease.owner)


def end_logs(claim: Claim, reached: LogEnd, until: int) -> Steps[bool]:
    """See that every log up to an epoch has an end that nothing can follow, the oldest first; say whether the last owner put its own.

    Then nothing that was sent is under way: those before it ended longer ago than it waited.
    Raises AlteredState where something is missing that is known to have stood.
    """
    snapshot = yield from newest_snapshot(claim.project)
    end = covered_by(snapshot)
    places = yield from listed_records(end.position)
    if reached.position > end.position and reached.position not in places:
        raise altered(log_name(reached.position), "it is missing")
    is_quiet = True
    for epoch in range(max(end.position.epoch, 1), until + 1):
        own = [place for place in places if place.epoch == epoch]
        last = yield from _last(claim, own)
        if last is None or last.kind not in ENDS:
            if places and places[-1].epoch > epoch:
                raise altered(f"{LOG}{epoch:010}/", "its end is missing, and another log began after it")
            after = end if last is None else last.end()
            last = yield from _end_log(claim, epoch, after)
        is_quiet = last.kind is RecordKind.RELEASE
        end = last.end()
    return is_quiet


def _last(claim: Claim, places: Sequence[Position]) -> Steps[LogRecord | None]:
    if not places:
        return None
    found = yield from read(log_name(places[-1]))
    if found is None:
        raise altered(log_name(places[-1]), "it is missing")
    return read_record(found.content, places[-1], claim.project)


def _end_log(claim: Claim, epoch: int, end: LogEnd) -> Steps[LogRecord]:
    """Put an end at the next free name, whatever the owner puts meanwhile. That of another is as good."""
    while True:
        sequence = end.position.sequence + 1 if end.position.epoch == epoch else 1
        place, token = Position(epoch, sequence), claim.owner.token
        seal = LogRecord(
            claim.project, place, RecordKind.SEAL, token, claim.draw(), end.digest, key=claim.form.key_id
        )
        stands = yield from put_new(log_name(place), seal.written())
        last = read_record(stands.content, place, claim.project)
        if last.kind in ENDS:
            return last
        end = last.end()


def load_ended(claim: Claim, copy: LogEnd, until: int) -> Steps[RecordedHistory]:
    """Return what stands once all logs up to an epoch have ended."""
    snapshot = yield from newest_snapshot(claim.project)
    return (yield from load(claim.project, snapshot, copy, until=until))
