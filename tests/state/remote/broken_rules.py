"""Owners and drivers that break one rule each: some interleaving then pays twice, or loses what was paid."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from unittest.mock import patch

from docbatch import sending_fence
from docbatch.core.after_silence import AfterSilence, after_silence
from docbatch.core.models import Recovery
from docbatch.sending_fence import FenceTime
from docbatch.state.remote import owned_log, removal, taking_over
from docbatch.state.remote.leases import replaced
from docbatch.state.remote.log_records import START, LogEnd, RecordKind, read_end, read_record
from docbatch.state.remote.object_names import (
    SNAPSHOTS,
    Position,
    log_name,
    log_position,
    snapshot_name,
    snapshot_position,
)
from docbatch.state.remote.owned_log import OwnedLog
from docbatch.state.remote.recorded_history import (
    RecordedHistory,
    covered_by,
    listed_records,
    newest_snapshot,
)
from docbatch.state.remote.sealed_text import opened
from docbatch.state.remote.state_snapshots import StateSnapshot
from docbatch.state.remote.store_requests import (
    ListedName,
    Put,
    Steps,
    StoredObject,
    names_below,
    put_new,
    read,
)
from docbatch.state.remote.taking_over import Claim
from tests.state.remote import explorer
from tests.state.remote.explorer import COSTLY, Scenario
from tests.state.remote.owner_program import PROJECT, Acts, Create, Entry, Now, Owner, Plan

Patch = tuple[object, str, object]


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """`worlds` is where it shows, and `shows` as what, `broken` what of the engine's part is replaced, `patched` what of the drivers is."""

    rule: str
    worlds: Scenario
    broken: type[Owner] = Owner
    shows: frozenset[str] = COSTLY
    patched: Sequence[Patch] = ()

    @contextlib.contextmanager
    def in_force(self) -> Iterator[Scenario]:
        with contextlib.ExitStack() as stack:
            for module, name, replacement in self.patched:
                stack.enter_context(patch.object(module, name, replacement))
            yield dataclasses.replace(self.worlds, make=self.broken)


def _load_anything(
    project: str, snapshot: StateSnapshot | None, copy: LogEnd = START, *, until: int | None = None
) -> Steps[RecordedHistory]:
    """Read what is there, whatever is missing: whoever looked would refuse to take over, and nothing else would be seen."""
    records, end = [], covered_by(snapshot)
    for place in (yield from listed_records(end.position)):
        found = yield from read(log_name(place))
        if found is not None:
            records.append(read_record(found.content, place, project))
            end = records[-1].end()
    return RecordedHistory(snapshot, False, tuple(records), end)


BLIND: Patch = (taking_over, "load", _load_anything)

_end_logs, _put_new = taking_over.end_logs, put_new


def _no_ends(claim: Claim, reached: LogEnd, until: int) -> Steps[bool]:
    yield from names_below("none/")
    return False


def _newest_end_only(claim: Claim, reached: LogEnd, until: int) -> Steps[bool]:
    """End the log of the owner before alone; of older ones it is believed that they have ended."""
    if until:
        places = [place for place in (yield from listed_records(START.position)) if place.epoch == until]
        last = yield from taking_over._last(claim, places)
        if last is None or last.kind is not RecordKind.RELEASE:
            end = START if last is None else last.end()
            yield from taking_over._end_log(claim, until, end)
    return False


def _ends_after(claim: Claim, copy: LogEnd, until: int) -> Steps[RecordedHistory]:
    snapshot = yield from newest_snapshot(claim.project)
    history = yield from _load_anything(claim.project, snapshot, copy)
    yield from _end_logs(claim, START, until)
    return history


def _any_answer_is_good(name: str, content: bytes) -> Steps[StoredObject]:
    tag: str | None = yield Put(name, content)
    return StoredObject(content, tag or "", 0.0)


def _whatever_stands(name: str, content: bytes) -> Steps[StoredObject]:
    stands = yield from _put_new(name, content)
    return stands._replace(content=content)


def _ends_too(listed: Sequence[ListedName], newest: StateSnapshot) -> Iterator[ListedName]:
    for each in listed:
        place = log_position(each.name)
        if place is not None and place <= newest.covers.position:
            yield each


def _highest_number(project: str) -> Steps[StateSnapshot | None]:
    listed = yield from names_below(SNAPSHOTS)
    places = [place for each in listed if (place := snapshot_position(each.name)) is not None]
    if not places:
        return None
    place = max(places, key=lambda each: each.sequence)
    found = yield from read(snapshot_name(place))
    assert found is not None
    head = opened(found.content, "", PROJECT).head
    return StateSnapshot(place, read_end(head["covers"]), tuple(head["chunks"]))


def _load_after_its_name(
    project: str, snapshot: StateSnapshot | None, copy: LogEnd = START, *, until: int | None = None
) -> Steps[RecordedHistory]:
    meant = snapshot
    if snapshot is not None:
        meant = dataclasses.replace(snapshot, covers=snapshot.covers._replace(position=snapshot.named))
    history = yield from _load_anything(project, meant, copy)
    return dataclasses.replace(history, snapshot=snapshot)


def _any_time(began: FenceTime, now: FenceTime) -> bool:
    return True


def _own_too(listed: Sequence[ListedName], newest: StateSnapshot) -> Iterator[ListedName]:
    placed = sorted(place for each in listed if (place := log_position(each.name)) is not None)
    for each in listed:
        place = log_position(each.name)
        if place is not None and place <= newest.covers.position:
            rest = [other for other in placed if other.epoch == place.epoch and other > place]
            if len(rest) > 1:
                yield each


def _once(begin: Callable[[], Steps[object]]) -> Steps[object]:
    return (yield from begin())


class TwoUnderWay(Owner):
    """Puts two records before either is known to stand, and sends as soon as its own record is."""

    def send_all(self, items: list[str]) -> Acts:
        if len(items) < 2:
            yield from super().send_all(items)
            return
        written: list[tuple[OwnedLog, Entry, bytes]] = []
        began = yield Now()
        for item in items:
            entry = self.new_entry(item, began)
            record = self.log.following(RecordKind.INTENT, _body(entry))
            self.log = dataclasses.replace(self.log, end=record.end())
            self.note(RecordKind.INTENT, dataclasses.asdict(entry))
            written.append((self.log, entry, record.written()))
            yield Put(log_name(record.position), record.written())
        for log, entry, content in reversed(written):
            stands = yield from _put_new(log_name(log.end.position), content)
            if stands.content != content:
                raise replaced("by another")
            yield Create(entry.item, entry.mark, began, log.end.position)


def _body(entry: Entry) -> bytes:
    import json

    return json.dumps({"item": entry.item, "mark": entry.mark, "at": entry.at}).encode()


class RecordedAfterwards(Owner):
    def send(self, item: str) -> Acts:
        began = yield Now()
        entry = self.new_entry(item, began)
        epoch, sequence = self.log.end.position
        became = yield Create(item, entry.mark, began, Position(epoch, sequence + 1))
        yield from self.record(RecordKind.INTENT, item=item, mark=entry.mark, at=entry.at)
        yield from self.answered(entry, became)


class SentAgainWhenAbsent(Owner):
    """Takes what it does not find for absent, whoever recorded it."""

    def judged(self, entry: Entry, now: FenceTime) -> AfterSilence:
        return after_silence(self.plan.traits, torn=False, key_holds=True)


class TornByTheLastAlone(Owner):
    """Asks whether the owner just before let go, and not whether the one did that recorded it."""

    def judged(self, entry: Entry, now: FenceTime) -> AfterSilence:
        last = self.state.history.records[-1] if self.state.history.records else None
        torn = last is not None and last.kind is RecordKind.SEAL
        return after_silence(self.plan.traits, torn=torn, key_holds=True)


class ReleasedTooEarly(Owner):
    """Lets go of the state while a call is under way in another thread."""

    def send(self, item: str) -> Acts:
        began = yield Now()
        entry = self.new_entry(item, began)
        yield from self.record(RecordKind.INTENT, item=item, mark=entry.mark, at=entry.at)
        place = self.log.end.position
        yield from self.let_go()
        yield Create(item, entry.mark, began, place)
        raise replaced("it let go")


class ReplayedWithoutRecord(Owner):
    """Sends a key again as if it were recorded at the moment of sending, which no pause is then longer than."""

    def replay(self, entry: Entry, began: FenceTime) -> Acts:
        now = yield Now()
        became = yield Create(entry.item, entry.mark, now, self.log.end.position)
        if became == "made":
            yield from self.record(RecordKind.ANSWER, item=entry.item, became="accepted")


TWO = Plan(items=("a", "b"))
KEYED = Plan(recovery=Recovery.KEYED)
CUT = Plan(snapshots=True)
BROKEN = (
    BrokenRule("no seal", Scenario(), patched=(BLIND, (taking_over, "end_logs", _no_ends))),
    BrokenRule(
        "the oldest log is left unsealed",
        Scenario(owners=3, lost=0),
        patched=(BLIND, (taking_over, "end_logs", _newest_end_only)),
    ),
    BrokenRule("two records under way", Scenario(TWO), TwoUnderWay, patched=(BLIND,)),
    BrokenRule(
        "the seal is removed", Scenario(CUT, lost=0), patched=((removal, "covered_records", _ends_too),)
    ),
    BrokenRule(
        "sealed after it was loaded",
        Scenario(),
        patched=((taking_over, "end_logs", _no_ends), (taking_over, "load_ended", _ends_after)),
    ),
    BrokenRule("recorded after the create", Scenario(), RecordedAfterwards),
    BrokenRule(
        "the snapshot of the highest number",
        Scenario(Plan(snapshots=True, late_snapshot=True), owners=3, lost=0),
        shows=COSTLY | {"refused"},
        patched=((taking_over, "newest_snapshot", _highest_number),),
    ),
    BrokenRule(
        "an unclear put is taken for done", Scenario(), patched=((owned_log, "put_new", _any_answer_is_good),)
    ),
    BrokenRule(
        "a refused put is taken for one's own",
        Scenario(),
        patched=((owned_log, "put_new", _whatever_stands),),
    ),
    BrokenRule("sent again when absent", Scenario(), SentAgainWhenAbsent),
    BrokenRule("torn by the last owner alone", Scenario(owners=3, lost=0), TornByTheLastAlone),
    BrokenRule("released while a call is under way", Scenario(), ReleasedTooEarly),
    BrokenRule(
        "a snapshot covers up to its name",
        Scenario(Plan(snapshots=True, late_snapshot=True), lost=0),
        patched=((taking_over, "load", _load_after_its_name),),
    ),
    BrokenRule(
        "an owner cuts its own log",
        Scenario(CUT, lost=0),
        shows=frozenset({"refused"}),
        patched=((removal, "covered_records", _own_too), (taking_over, "begun_again", _once)),
    ),
    BrokenRule("no wait after sealing", Scenario(gap=False), patched=((taking_over, "STILL_FOR", 0.0),)),
    BrokenRule(
        "no bound between record and send",
        Scenario(gap=False),
        patched=((explorer, "may_leave", _any_time), (sending_fence, "may_leave", _any_time)),
    ),
    BrokenRule(
        "a key is sent again without a record",
        Scenario(KEYED, gap=False, days=1, owners=3),
        ReplayedWithoutRecord,
    ),
)
