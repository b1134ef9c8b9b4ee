"""What an owner does with a state: takes it, settles what has no answer, sends what is new, and lets go of it.

The engine's part is made small: one document a submission, one attempt a run. All that concerns the store is the real code.
"""

import dataclasses
import json
from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from docbatch.core.after_silence import AfterSilence, after_silence
from docbatch.core.models import Recovery, Traits
from docbatch.sending_fence import FenceTime
from docbatch.state.remote import owned_log, removal, state_chunks, state_snapshots, taking_over
from docbatch.state.remote.leases import StateOwner
from docbatch.state.remote.log_records import LogEnd, LogRecord, RecordKind
from docbatch.state.remote.object_names import Position
from docbatch.state.remote.owned_log import HeldLease, OwnedLog
from docbatch.state.remote.recorded_history import RecordedHistory
from docbatch.state.remote.sending_fence import KEYS_HOLD
from docbatch.state.remote.state_snapshots import StateSnapshot
from docbatch.state.remote.taking_over import Claim, OwnedState

PROJECT = "model"


class Create(NamedTuple):
    """Answered by what became of it: made, unclear, or late where it did not leave. `began` is when its record was first put."""

    item: str
    mark: str
    began: FenceTime
    record: Position


class LookFor(NamedTuple):
    """Answered by whether the vendor has work with a mark."""

    mark: str


class Now(NamedTuple):
    """Answered by the time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is recorded of a document: `status` is asked, accepted or held; `torn` that who asked may yet send."""

    item: str
    mark: str
    at: float
    status: str = "asked"
    torn: bool = False


Ledger = dict[str, Entry]
Acts = Generator[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What all owners of a world do. `recovery` is what the vendor offers."""

    recovery: Recovery = Recovery.FINDABLE
    items: tuple[str, ...] = ("a",)
    snapshots: bool = False
    late_snapshot: bool = False
    each_its_own: bool = False

    @property
    def traits(self) -> Traits:
        return Traits(self.recovery, 1, findable=self.recovery is not Recovery.NONE, resend=True)


class Tokens:
    """Texts that nobody else draws, the same each time an owner is taken through the same answers."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._numbers = count(1)

    def __call__(self) -> str:
        return f"{self._owner}{next(self._numbers)}"


def folded(ledger: Ledger, record: LogRecord) -> Ledger:
    """Return what is recorded once a record is."""
    said = json.loads(record.body) if record.body else {}
    match record.kind:
        case RecordKind.SEAL:
            return {
                item: entry if entry.status == "accepted" else dataclasses.replace(entry, torn=True)
                for item, entry in ledger.items()
            }
        case RecordKind.INTENT:
            return {**ledger, said["item"]: Entry(said["item"], said["mark"], said["at"])}
        case RecordKind.ANSWER if said["became"] in {"absent", "not_sent"}:
            return {item: entry for item, entry in ledger.items() if item != said["item"]}
        case RecordKind.ANSWER:
            entry = dataclasses.replace(ledger[said["item"]], status=said["became"])
            return {**ledger, entry.item: entry}
        case _:
            return ledger


@dataclass(frozen=True, slots=True)
class Known:
    end: LogEnd
    lease: HeldLease
    history: RecordedHistory
    ledger: tuple[tuple[str, Entry], ...] = ()


class Stage(NamedTuple):
    """A program that has come to know something goes on in the same way, whichever answers it knows it by."""

    known: Hashable
    resume: Callable[[], "Acts"]


class Owner:
    """One process. Each of its methods is a part of the program; those that break a rule are overridden in `broken_rules`."""

    def __init__(self, name: str, plan: Plan) -> None:
        self.name = name
        self.plan = plan
        self.ledger: Ledger = {}
        self.log: OwnedLog
        self.state: OwnedState

    def run(self) -> Acts:
        """Return what is recorded in the end."""
        claim = Claim(PROJECT, StateOwner(self.name), Tokens(self.name))
        self.state = yield from taking_over.take(claim)
        self.log = self.state.log
        self.ledger = yield from restored(self.state.history)
        return (yield self.stage(type(self).settle_all))

    def stage(self, act: Callable[[Any], Acts]) -> Stage:
        """Return what this owner knows, and how one that knows it goes on."""
        known = dataclasses.replace(
            Known(self.log.end, self.state.lease, self.state.history),
            ledger=tuple(sorted(self.ledger.items())),
        )

        def resume() -> Acts:
            owner = type(self)(self.name, self.plan)
            owner.log = OwnedLog(PROJECT, self.name, known.end, Tokens(f"{self.name}{act.__name__}-"))
            owner.state = OwnedState(owner.log, known.lease, known.history)
            owner.ledger = dict(known.ledger)
            return (yield from act(owner))

        return Stage((act.__name__, known), resume)

    def settle_all(self) -> Acts:
        for entry in [entry for entry in self.ledger.values() if entry.status != "accepted"]:
            yield from self.settle(entry)
        return (yield self.stage(type(self).go_on))

    def go_on(self) -> Acts:
        own = (f"own-{self.log.epoch}",) if self.plan.each_its_own else ()
        yield from self.send_all([item for item in self.plan.items + own if item not in self.ledger])
        return (yield self.stage(type(self).end))

    def end(self) -> Acts:
        if self.plan.snapshots:
            yield from self.snapshot()
        yield from self.let_go()
        return self.ledger

    def let_go(self) -> Acts:
        yield from owned_log.release(self.state.lease, self.log, quiet=True)

    def send_all(self, items: list[str]) -> Acts:
        for item in items:
            yield from self.send(item)

    def send(self, item: str) -> Acts:
        began = yield Now()
        entry = self.new_entry(item, began)
        yield from self.record(RecordKind.INTENT, item=item, mark=entry.mark, at=entry.at)
        became = yield Create(item, entry.mark, began, self.log.end.position)
        yield from self.answered(entry, became)

    def new_entry(self, item: str, began: FenceTime) -> Entry:
        epoch, sequence = self.log.end.position
        return Entry(item, f"{item}@{epoch}.{sequence + 1}", began.wall)

    def answered(self, entry: Entry, became: str) -> Acts:
        match became:
            case "made":
                yield from self.record(RecordKind.ANSWER, item=entry.item, became="accepted")
            case "late":
                yield from self.record(RecordKind.ANSWER, item=entry.item, became="not_sent")
            case _:
                yield from self.settle(self.ledger[entry.item])

    def settle(self, entry: Entry) -> Acts:
        now = yield Now()
        match self.judged(entry, now):
            case AfterSilence.REPLAY:
                yield from self.replay(entry, now)
            case AfterSilence.HOLD:
                yield from self.hold(entry)
            case leads_to:
                found = yield LookFor(entry.mark)
                if found:
                    yield from self.record(RecordKind.ANSWER, item=entry.item, became="accepted")
                elif leads_to is AfterSilence.LOOK:
                    yield from self.record(RecordKind.ANSWER, item=entry.item, became="absent")
                else:
                    yield from self.hold(entry)

    def judged(self, entry: Entry, now: FenceTime) -> AfterSilence:
        holds = now.wall - entry.at < KEYS_HOLD
        return after_silence(self.plan.traits, torn=entry.torn, key_holds=holds)

    def hold(self, entry: Entry) -> Acts:
        if entry.status != "held":
            yield from self.record(RecordKind.ANSWER, item=entry.item, became="held")

    def replay(self, entry: Entry, began: FenceTime) -> Acts:
        yield from self.record(RecordKind.REPLAY, item=entry.item)
        became = yield Create(entry.item, entry.mark, began, self.log.end.position)
        if became == "made":
            yield from self.record(RecordKind.ANSWER, item=entry.item, became="accepted")

    def record(self, kind: RecordKind, **said: object) -> Acts:
        self.log = yield from owned_log.append(self.log, kind, json.dumps(said).encode())
        self.note(kind, said)

    def note(self, kind: RecordKind, said: Mapping[str, object]) -> None:
        body = json.dumps(said).encode()
        record = LogRecord(PROJECT, self.log.end.position, kind, self.name, "", "", body)
        self.ledger = folded(self.ledger, record)

    def snapshot(self) -> Acts:
        former, covers, content = self.state.history.snapshot, self.log.end, packed(self.ledger)
        if self.plan.late_snapshot:
            # What is recorded while a snapshot is being made is not in it.
            yield from self.send(f"late-{self.log.epoch}")
        self.log, newest = yield from state_snapshots.write_snapshot(self.log, covers, [content], former)
        yield from self.remove(newest, former)

    def remove(self, newest: StateSnapshot, former: StateSnapshot | None) -> Acts:
        yield from removal.remove_covered(newest, former)


def restored(history: RecordedHistory) -> Acts:
    ledger: Ledger = {}
    if history.snapshot is not None:
        (chunk,) = history.snapshot.chunks
        content = yield from state_chunks.read_chunk(chunk)
        ledger = {item: Entry(*said) for item, said in json.loads(content).items()}
    for record in history.records:
        ledger = folded(ledger, record)
    return ledger


def packed(ledger: Ledger) -> bytes:
    return json.dumps({item: dataclasses.astuple(entry) for item, entry in sorted(ledger.items())}).encode()


MakeOwner = Callable[[str, Plan], Owner]
