"""Runs of an account as objects in a store: who lives by the store's dates, what is believed of them, and what a look asks."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from docbatch.core.errors import CredentialsError
from docbatch.providers.accounts.account_run import LONGEST_WAIT, AccountRun, read_run, runs_text
from docbatch.providers.accounts.stored_runs import (
    EXPIRES_AFTER,
    FORGOTTEN_AFTER,
    LONGEST,
    MOST_RUNS,
    SeenRun,
    StoredRuns,
)
from docbatch.stores.faults import StoreFault
from docbatch.stores.object_store import NewestObject
from docbatch.testing.patience import LONG
from tests.providers.accounts.dated_store import DatedStore
from tests.stores.buckets import VENDORS, Bucket

FOLDER = "accounts/0123"
RUN = AccountRun("runner-1", 7, "aa", 2, 8, {"read": 30.0})


@pytest.fixture
def store() -> DatedStore:
    return DatedStore()


def runs(store: DatedStore, name: str) -> StoredRuns:
    return StoredRuns(lambda: store, FOLDER, name)


def test_each_sees_the_others_and_not_itself(store: DatedStore) -> None:
    one, two = runs(store, "one"), runs(store, "two")

    assert one.look(RUN) == ()
    (seen,) = two.look(AccountRun("runner-2", 9, "bb"))
    assert seen == (RUN, 0.0)
    assert [each.run.host for each in one.look(RUN)] == ["runner-2"]


def test_another_account_is_another_folder(store: DatedStore) -> None:
    StoredRuns(lambda: store, f"{FOLDER}4", "other").look(RUN)

    assert runs(store, "one").look(RUN) == ()


def test_one_that_was_killed_counts_for_two_minutes_by_the_dates_of_the_store(store: DatedStore) -> None:
    one = runs(store, "one")
    runs(store, "killed").look(RUN)
    store.now += EXPIRES_AFTER
    assert len(one.look(RUN)) == 1

    store.now += 1
    assert one.look(RUN) == ()
    assert len(store.objects) == 2


def test_what_one_left_that_died_long_ago_is_removed(store: DatedStore) -> None:
    runs(store, "killed").look(RUN)
    store.now += FORGOTTEN_AFTER + 1
    runs(store, "one").look(RUN)

    assert list(store.objects) == [f"{FOLDER}/one"]


def test_who_ends_is_gone_at_once(store: DatedStore) -> None:
    one, two = runs(store, "one"), runs(store, "two")
    one.look(RUN)
    two.look(RUN)
    two.leave()
    two.leave()

    assert one.look(RUN) == ()
    assert store.asked.count("delete") == 1


def test_who_never_looked_has_nothing_to_remove(store: DatedStore) -> None:
    runs(store, "one").leave()

    assert store.asked == []


def test_a_look_reads_only_those_that_said_something_else(store: DatedStore) -> None:
    one = runs(store, "one")
    others = [runs(store, f"other-{number}") for number in range(3)]
    for each in others:
        each.look(RUN)
    one.look(RUN)
    others[1].look(AccountRun("changed"))
    store.asked.clear()

    assert {each.run.host for each in one.look(RUN)} == {"runner-1", "changed"}
    assert store.asked == ["put", "list", "get"]


def test_a_wait_passes_by_the_dates_of_the_store(store: DatedStore) -> None:
    one = runs(store, "one")
    runs(store, "told").look(RUN)
    one.look(RUN)
    store.now += 12
    (seen,) = one.look(RUN)

    assert (seen.wait("read"), seen.wait("write")) == (18.0, 0.0)
    store.now += 40
    (seen,) = one.look(RUN)
    assert seen.wait("read") == 0.0


def test_no_wait_is_believed_for_longer_than_two_minutes() -> None:
    assert SeenRun(AccountRun(waits={"all": 86_400.0}), 20.0).wait("all") == LONGEST_WAIT - 20.0


class Ending(DatedStore):
    def read_newest(self, key: str, most: int) -> NewestObject:
        del self.objects[key]
        return super().read_newest(key, most)


class Late(DatedStore):
    def windows(self, prefix: str) -> Iterator[Sequence[Any]]:
        yield []


def test_one_that_ends_between_the_list_and_the_read_is_not_there() -> None:
    ending = Ending()
    runs(ending, "other").look(RUN)

    assert runs(ending, "one").look(RUN) == ()


def test_a_store_that_does_not_list_what_was_written_is_not_believed() -> None:
    with pytest.raises(StoreFault, match="does not list"):
        runs(Late(), "one").look(RUN)


def test_a_store_that_cannot_be_opened_is_opened_again_with_the_next_look(store: DatedStore) -> None:
    answers: list[DatedStore | None] = [None, store]

    def opened() -> DatedStore:
        if (found := answers.pop(0)) is None:
            raise CredentialsError("no key")
        return found

    one = StoredRuns(opened, FOLDER, "one")
    with pytest.raises(CredentialsError):
        one.look(RUN)
    assert one.look(RUN) == ()
    assert one.look(RUN) == ()


def test_more_than_can_be_are_not_looked_at(store: DatedStore) -> None:
    for number in range(MOST_RUNS + 10):
        store.overwrite(f"{FOLDER}/{number:04}", b"")

    assert len(runs(store, "one").look(RUN)) == MOST_RUNS


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff", b"[" * 4000, b"x" * (LONGEST + 1), b'{"host": "h"}',
        json.dumps({**json.loads(RUN.written()), "waits": [1]}).encode(),
        json.dumps({**json.loads(RUN.written()), "waits": {"read": "soon"}}).encode(),
        RUN.written().replace(b"30.0", b"1e999").replace(b'"held": 2', b'"held": Infinity'),
    ],
)  # fmt: skip
def test_one_of_which_nothing_can_be_read_lives_all_the_same(store: DatedStore, content: bytes) -> None:
    store.overwrite(f"{FOLDER}/other", content)

    assert runs(store, "one").look(RUN) == ((AccountRun(), 0.0),)


def test_what_is_said_is_bounded() -> None:
    said = {
        "host": "h" * 1000,
        "process": 1,
        "token": "t" * 1000,
        "held": -5,
        "wanted": -1,
        "waits": {f"sort-{number}": 5.0 for number in range(100)} | {"bad": float("nan")},
    }
    found = read_run(json.dumps(said).encode())

    assert (len(found.host), len(found.token), found.held, found.wanted) == (100, 100, 0, 0)
    assert len(found.waits) == 16
    assert read_run(RUN.written().replace(b"30.0", b"NaN")).waits == {}


def test_those_on_other_machines_are_named_as_text() -> None:
    assert runs_text(()) == ""
    assert runs_text((RUN,)) == "a run on another machine uses the account: process 7 on runner-1"
    many = tuple(AccountRun(f"h\x1b{number}", number) for number in range(5))
    told = "5 runs on other machines use the account: process 1 on h\\x1b1; process 2 on h\\x1b2"
    assert runs_text(many) == told
    assert runs_text((AccountRun(),)) == "a run on another machine uses the account"


@pytest.fixture(params=sorted(VENDORS))
def bucket(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    with VENDORS[request.param]() as bucket:
        yield bucket


def test_every_store_answers_as_is_needed(bucket: Bucket) -> None:
    one, two = (StoredRuns(lambda: bucket.store, FOLDER, name) for name in ("one", "two"))
    one.look(RUN)
    one.look(RUN)
    (seen,) = two.look(AccountRun())
    assert seen.run == RUN
    assert 0 <= seen.age < LONG
    one.look(AccountRun("elsewhere"))
    assert [each.run.host for each in two.look(AccountRun())] == ["elsewhere"]
    one.leave()
    assert two.look(AccountRun()) == ()
    two.leave()
    assert bucket.objects() == {}
