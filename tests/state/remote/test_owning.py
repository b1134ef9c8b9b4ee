"""Taking a state over, writing to it and letting go of it, over a store that answers, does not, or was tampered with."""

import json
from collections.abc import Callable

import pytest

from docbatch.core.errors import (
    AlteredState,
    DocbatchError,
    ForeignState,
    GuardRefused,
    NewerState,
    OwnerReplaced,
    StateError,
    StateLocked,
)
from docbatch.state.remote.log_records import LogRecord, RecordKind, read_record
from docbatch.state.remote.object_names import LEASE, Position, log_name
from docbatch.state.remote.owned_log import append, release, renew
from docbatch.state.remote.recorded_history import RecordedHistory, look
from docbatch.state.remote.removal import remove_covered
from docbatch.state.remote.sealed_text import sealed
from docbatch.state.remote.sending_fence import STILL_FOR
from docbatch.state.remote.state_chunks import read_chunk
from docbatch.state.remote.state_snapshots import most_behind, write_snapshot
from docbatch.state.remote.store_requests import Get, ListBelow, Put
from docbatch.state.remote.taking_over import OwnedState, take
from tests.state.remote.kept_records import KeptRecords, answered, claim

DAY = 86400.0


def bodies(history: RecordedHistory) -> list[bytes]:
    return [record.body for record in history.records if record.body]


def write(store: KeptRecords, state: OwnedState, *contents: bytes, quiet: bool | None = True) -> OwnedState:
    """Write records and let go, unless `quiet` is None."""
    log = state.log
    for content in contents:
        log = store.do(append(log, RecordKind.CHANGES, content))
    if quiet is not None:
        store.do(release(state.lease, log, quiet=quiet))
    return OwnedState(log, state.lease, state.history)


def test_what_one_owner_writes_the_next_reads(store: KeptRecords) -> None:
    write(store, store.take("one"), b"a", b"b\nc \xff")

    state = store.take("two")

    assert bodies(state.history) == [b"a", b"b\nc \xff"]
    assert state.log.end.position == Position(2, 1)
    assert store.waited == []


def test_a_state_that_is_held_is_not_taken(store: KeptRecords) -> None:
    write(store, store.take("one"), quiet=None)
    store.now += 119

    with pytest.raises(StateLocked, match=r"process 7 on host \(lease one\)") as refused:
        store.take("two")

    assert refused.value.exit_code == 11
    assert [name for name in store.objects if name.startswith("probes/")] == []


@pytest.mark.parametrize(("later", "takes"), [(120.0, None), (0.0, "one")])
def test_a_lease_that_expired_or_that_a_person_names_is_taken(
    store: KeptRecords, later: float, takes: str | None
) -> None:
    first = write(store, store.take("one"), b"a", quiet=None)
    store.now += later

    state = store.take("two", takes=takes)

    assert bodies(state.history) == [b"a"]
    assert store.waited == [STILL_FOR]
    with pytest.raises(OwnerReplaced, match=r"another took over at log/0000000001/0000000003 \(lease two\)"):
        store.do(append(first.log, RecordKind.INTENT))
    with pytest.raises(OwnerReplaced, match="the lease is that of process 7"):
        store.do(renew(first.lease, first.log.end))


def test_who_follows_an_owner_that_let_go_does_not_wait_whatever_was_before(store: KeptRecords) -> None:
    write(store, store.take("one"), quiet=None)
    write(store, store.take("two", takes="one"))
    store.waited.clear()

    store.take("three")

    assert store.waited == []


def test_who_named_another_lease_takes_nothing(store: KeptRecords) -> None:
    store.take("one")

    with pytest.raises(StateLocked):
        store.take("two", takes="zero")


def test_a_lease_is_renewed_and_says_how_far_the_log_came(store: KeptRecords) -> None:
    first = write(store, store.take("one"), b"a", quiet=None)
    store.now += 100
    held = store.do(renew(first.lease, first.log.end))
    store.now += 100

    assert held.lease.reached == first.log.end
    with pytest.raises(StateLocked):
        store.take("two")


def test_an_owner_that_leaves_calls_under_way_is_taken_for_one_that_may_still_send(
    store: KeptRecords,
) -> None:
    write(store, store.take("one"), b"a", quiet=False)

    state = store.take("two")

    assert [record.kind for record in state.history.records] == ["open", "changes", "seal"]
    assert store.waited == [STILL_FOR]


@pytest.mark.parametrize("done", [True, False])
def test_whichever_answer_is_lost_the_log_is_the_same(store: KeptRecords, *, done: bool) -> None:
    for number in range(6):
        kept = KeptRecords()
        kept.loses = lambda put, number=number: done if put == number else None  # type: ignore[misc]
        write(kept, kept.take("one"), b"a", b"b")

        assert bodies(kept.take("two").history) == [b"a", b"b"], number


def test_a_put_that_is_never_settled_ends_the_run(store: KeptRecords) -> None:
    first = store.take("one")
    store.loses = lambda _: False

    with pytest.raises(StateError, match="does not say whether 'log/0000000001/0000000002' was written"):
        store.do(append(first.log, RecordKind.INTENT))


def test_a_copy_that_is_part_of_the_log_goes_on_from_where_it_is(store: KeptRecords) -> None:
    first = write(store, store.take("one"), b"a")
    store.asked.clear()

    state = store.take("two", copy=first.log.end)

    assert state.history.goes_on
    assert bodies(state.history) == []
    assert [record.kind for record in state.history.records] == ["release"]


def test_a_copy_of_another_past_is_dropped(store: KeptRecords) -> None:
    first = write(store, store.take("one"), b"a")
    stray = first.log.end._replace(digest="0" * 64)

    state = store.take("two", copy=stray)

    assert not state.history.goes_on
    assert bodies(state.history) == [b"a"]


def test_a_snapshot_takes_the_place_of_records_and_shares_what_did_not_change(store: KeptRecords) -> None:
    one = write(store, store.take("one"), b"a", quiet=None)
    log, first = store.do(write_snapshot(one.log, one.log.end, [b"1", b"2"], None))
    store.do(release(one.lease, log, quiet=True))
    two = store.take("two")
    assert two.history.snapshot == first
    log, second = store.do(write_snapshot(two.log, two.log.end, [b"1", b"3"], first))
    log = store.do(append(log, RecordKind.CHANGES, b"b"))
    store.do(release(two.lease, log, quiet=True))

    state = store.take("three")

    assert state.history.snapshot == second
    assert second.chunks[0] == first.chunks[0]
    assert [store.do(read_chunk(name)) for name in second.chunks] == [b"1", b"3"]
    assert bodies(state.history)[1:] == [b"b"]


def _cut(store: KeptRecords) -> OwnedState:
    """Let two owners write, and the second make a snapshot, months later."""
    one = write(store, store.take("one"), b"a", b"b", quiet=None)
    log, first = store.do(write_snapshot(one.log, one.log.end, [b"1", b"2"], None))
    store.do(release(one.lease, log, quiet=True))
    store.now += 30 * DAY
    two = write(store, store.take("two"), b"c", quiet=None)
    log, second = store.do(write_snapshot(two.log, two.log.end, [b"2"], first))
    store.do(remove_covered(second, first))
    return OwnedState(log, two.lease, two.history)


def test_what_a_snapshot_covers_is_removed_but_for_the_end_of_each_log(store: KeptRecords) -> None:
    _cut(store)

    assert store.log() == [
        *(log_name(Position(1, each)) for each in (4, 5)),
        *(log_name(Position(2, each)) for each in (1, 2, 3)),
    ]
    assert bodies(store.take("three", takes="two").history)[0].startswith(b'{"snapshot"')


@pytest.mark.parametrize(("database", "most"), [(0, 8), (90, 8), (96, 8), (840, 70)])
def test_how_much_may_lie_behind_a_snapshot_goes_with_the_size_of_the_state(database: int, most: int) -> None:
    """In MiB: with a fixed number, a large state would be written anew for a small part that changed."""
    assert most_behind(database * 2**20) == most * 2**20


@pytest.mark.parametrize(("age", "left"), [(DAY - 1, ["probes/killed"]), (DAY, [])])
def test_what_a_killed_candidate_left_is_removed_after_a_day(
    store: KeptRecords, age: float, left: list[str]
) -> None:
    store.objects["probes/killed"] = (b"", store.now)
    store.now += age
    one = store.take("one")
    _, snapshot = store.do(write_snapshot(one.log, one.log.end, [b"1"], None))

    store.do(remove_covered(snapshot, None))

    assert [name for name in store.objects if name.startswith("probes/")] == left


def test_a_chunk_of_an_earlier_epoch_is_removed_when_two_snapshots_do_without(store: KeptRecords) -> None:
    two = _cut(store)
    newest = store.take("three", takes="two")
    assert newest.history.snapshot is not None
    log, third = store.do(write_snapshot(newest.log, newest.log.end, [b"2", b"4"], newest.history.snapshot))
    store.now += 30 * DAY
    log, fourth = store.do(write_snapshot(log, log.end, [b"2", b"5"], third))
    store.do(remove_covered(fourth, third))

    kept = [name.split("/")[1] for name in store.objects if name.startswith("chunks/")]
    assert sorted(kept) == ["0000000001", "0000000003", "0000000003"]
    with pytest.raises(OwnerReplaced):
        store.do(append(two.log, RecordKind.INTENT))


def test_who_only_looks_writes_nothing_and_sees_what_an_owner_wrote(store: KeptRecords) -> None:
    write(store, store.take("one"), b"a")
    write(store, store.take("two"), b"b", quiet=None)
    store.asked.clear()

    seen = store.do(look("p"))

    assert bodies(seen) == [b"a", b"b"]
    assert {type(each) for each in store.asked} == {Get, ListBelow}
    assert store.do(look("p", seen.end)).records == ()


def test_who_has_all_there_is_reads_one_small_object(store: KeptRecords) -> None:
    write(store, store.take("one"), b"a")
    copy = store.do(look("p")).end
    store.asked.clear()

    assert store.do(look("p", copy)).records == ()
    assert store.asked == [Get(LEASE)]
    assert len(store.objects[LEASE][0]) < 512


def test_who_only_looks_misses_the_last_record_that_the_lease_knows(store: KeptRecords) -> None:
    write(store, store.take("one"), b"a")
    end = store.do(look("p")).end
    del store.objects[log_name(end.position)]

    with pytest.raises(AlteredState, match="it is missing"):
        store.do(look("p"))


def test_where_nothing_was_ever_written_there_is_nothing(store: KeptRecords) -> None:
    seen = store.do(look("p"))

    assert (seen.snapshot, seen.records) == (None, ())


def test_who_looks_begins_again_when_an_owner_removes_what_it_was_about_to_read(store: KeptRecords) -> None:
    two = _cut(store)
    steps = look("p")
    request = next(steps)
    removed = False
    while True:
        answer = answered(store, request)
        if request == Get("log/0000000002/0000000003") and not removed:
            removed = True
            log = store.do(append(two.log, RecordKind.CHANGES, b"d"))
            store.now += 30 * DAY
            assert two.history.snapshot is not None
            _, newest = store.do(write_snapshot(log, log.end, [b"2"], two.history.snapshot))
            store.objects.pop("snapshots/0000000002-0000000003")
            store.do(remove_covered(newest, None))
        try:
            request = steps.send(answer)
        except StopIteration as end:
            seen = end.value
            break

    assert seen.snapshot.named == Position(2, 5)


def _other_version(store: KeptRecords) -> None:
    content, date = store.objects["log/0000000001/0000000002"]
    head = json.loads(content.split(b"\n")[1])
    raw = sealed(head)
    store.objects["log/0000000001/0000000002"] = (_renumbered(raw), date)


def _renumbered(content: bytes) -> bytes:
    import hashlib

    rest = content.partition(b"\n")[2].replace(b'"version":1', b'"version":2')
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def _drop(*names: str) -> Callable[[KeptRecords], None]:
    def drop(store: KeptRecords) -> None:
        for name in names:
            del store.objects[name]

    return drop


def _spoil(name: str) -> Callable[[KeptRecords], None]:
    def spoil(store: KeptRecords) -> None:
        content, date = store.objects[name]
        store.objects[name] = (content[:-1] + b"!", date)

    return spoil


def _foreign_record(store: KeptRecords) -> None:
    place = Position(1, 2)
    stray = LogRecord("p", place, RecordKind.CHANGES, "zero", "t", "0" * 64)
    store.objects[log_name(place)] = (stray.written(), 0.0)


DAMAGES: dict[str, tuple[Callable[[KeptRecords], None], type[DocbatchError], int, str]] = {
    "lease removed": (_drop(LEASE), GuardRefused, 6, "has a log and no lease"),
    "lease spoilt": (_spoil(LEASE), AlteredState, 1, "'lease': its digest"),
    "record spoilt": (_spoil("log/0000000001/0000000002"), AlteredState, 1, "0000000002': its digest"),
    "record removed": (_drop("log/0000000001/0000000002"), AlteredState, 1, "0000000002': it is missing"),
    "end removed": (_drop("log/0000000001/0000000004"), AlteredState, 1, "0000000004': it is missing"),
    "log removed": (
        _drop(*(f"log/0000000001/000000000{each}" for each in range(1, 5))),
        AlteredState,
        1,
        "0000000004': it is missing",
    ),
    "another's record": (_foreign_record, AlteredState, 1, "it does not follow what stands at"),
    "newer version": (_other_version, NewerState, 1, "has form 2"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_state_that_was_tampered_with_is_refused_and_nothing_is_written(
    store: KeptRecords, damage: str
) -> None:
    spoil, kind, code, words = DAMAGES[damage]
    write(store, store.take("one"), b"a", b"b")
    spoil(store)
    log = store.log()

    with pytest.raises(kind, match=words) as refused:
        store.take("two")

    assert refused.value.exit_code == code
    assert refused.value.hint
    assert store.log() == log


def test_a_lease_that_went_back_is_noticed(store: KeptRecords) -> None:
    write(store, store.take("one"), b"a")
    former = store.objects[LEASE]
    write(store, store.take("two"), b"b")
    store.objects[LEASE] = former

    with pytest.raises((AlteredState, OwnerReplaced)):
        store.take("three")


def test_the_end_of_a_log_that_is_gone_is_not_put_anew_once_another_log_began(store: KeptRecords) -> None:
    write(store, store.take("one"), b"a")
    write(store, store.take("two"), b"b")
    del store.objects["log/0000000001/0000000003"]

    with pytest.raises(AlteredState, match="its end is missing, and another log began after it"):
        store.take("three")


def test_the_state_of_another_project_is_refused(store: KeptRecords) -> None:
    write(store, store.take("one"))

    with pytest.raises(ForeignState, match="is that of project 'p', and this is project 'q'") as refused:
        store.do(take(claim("two", "q")))

    assert refused.value.exit_code == 6
    assert store.asked[-1] == Get(LEASE)


def test_a_chunk_that_was_altered_or_removed_is_refused(store: KeptRecords) -> None:
    one = store.take("one")
    _, snapshot = store.do(write_snapshot(one.log, one.log.end, [b"1"], None))
    _spoil(snapshot.chunks[0])(store)
    with pytest.raises(AlteredState, match="its content is another"):
        store.do(read_chunk(snapshot.chunks[0]))
    del store.objects[snapshot.chunks[0]]
    with pytest.raises(AlteredState, match="it is missing"):
        store.do(read_chunk(snapshot.chunks[0]))


def test_of_two_who_take_at_once_one_does(store: KeptRecords) -> None:
    write(store, store.take("one"))
    steps = take(claim("two"))
    found = store.answer(next(steps))  # type: ignore[arg-type]
    store.take("three")

    with pytest.raises(StateLocked, match="lease three"):
        _go_on(store, steps, found)


def _go_on(store: KeptRecords, steps: object, answer: object) -> None:
    while True:
        answer = store.answer(steps.send(answer))  # type: ignore[attr-defined]


def test_a_record_reads_as_it_was_written() -> None:
    record = LogRecord("p", Position(3, 4), RecordKind.INTENT, "w", "t", "d", b"\n\x00{}\xff")

    assert read_record(record.written(), record.position, "p") == record
    with pytest.raises(AlteredState, match="it is the record of log/0000000003/0000000004"):
        read_record(record.written(), Position(3, 5), "p")


def test_a_first_put_says_whose_it_is(store: KeptRecords) -> None:
    store.take("one")

    puts = [each.name for each in store.asked if isinstance(each, Put)]
    assert puts == [LEASE, "log/0000000001/0000000001"]
