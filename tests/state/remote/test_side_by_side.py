"""Objects of which none has to stand before another: asked for together, and as good as one after the other."""

import contextlib
import copy
import itertools
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from docbatch.core.errors import AlteredState
from docbatch.state.remote.object_names import chunk_name
from docbatch.state.remote.record_stores import SIDE_BY_SIDE, BucketRecords
from docbatch.state.remote.recorded_history import look
from docbatch.state.remote.state_chunks import PLAIN, contents_of, read_chunks, write_chunks
from docbatch.state.remote.store_requests import TOGETHER, Get, ListBelow, Put, Remove, StoreRequest, Together
from docbatch.state.remote.working_copy import WorkingCopy
from docbatch.stores.settings import StoreSettings
from tests.first_state import built_once
from tests.state.remote.kept_records import KeptRecords, answered
from tests.state.remote.machines import machine, names

CONTENTS = [b"%d" % number for number in range(2 * TOGETHER + 5)]


class Meeting(BucketRecords):
    """A bucket whose requests wait for each other, until as many are under way as may be."""

    def __init__(self) -> None:
        super().__init__(StoreSettings("lake", "s3", "bucket", region="eu-west-1"), "state/")
        self.barrier = threading.Barrier(SIDE_BY_SIDE, timeout=60)
        self.most = self.under_way = 0
        self.lock = threading.Lock()

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.barrier.wait()
        with self.lock:
            self.under_way -= 1
        return request


def test_a_bucket_is_asked_for_many_at_once_and_answers_in_order() -> None:
    bucket = Meeting()
    requests = [Get(f"chunks/{number}") for number in range(4 * SIDE_BY_SIDE)]

    assert bucket.answers(requests) == requests
    assert bucket.most == SIDE_BY_SIDE


@pytest.mark.parametrize("lost", [None, True, False])
def test_what_is_written_together_is_read_together_whichever_answers_are_lost(
    store: KeptRecords, *, lost: bool | None
) -> None:
    draw = Random(3)
    store.loses = lambda _: lost if draw.random() < 0.2 else None

    written = store.do(write_chunks(1, CONTENTS, {}))

    assert len(set(written)) == len(CONTENTS)
    assert list(contents_of(written, store.do)) == CONTENTS
    assert store.do(read_chunks(written[3:5])) == CONTENTS[3:5]


def test_of_all_contents_a_few_are_in_memory() -> None:
    taken = itertools.count()
    steps = write_chunks(1, (content for content, _ in zip(CONTENTS, taken, strict=False)), {})

    sizes = []
    request = next(steps)
    while True:
        assert isinstance(request, Together)
        sizes.append((len(request.requests), next(copy.copy(taken))))
        try:
            request = steps.send(["tag"] * len(request.requests))
        except StopIteration:
            break

    assert sizes == [(TOGETHER, TOGETHER), (TOGETHER, 2 * TOGETHER), (5, len(CONTENTS))]


def test_contents_are_read_as_they_are_used(store: KeptRecords) -> None:
    written = store.do(write_chunks(1, CONTENTS, {}))
    store.asked.clear()

    contents = contents_of(written, store.do)

    assert next(contents) == CONTENTS[0]
    assert len(store.asked) == TOGETHER


def test_what_stands_under_the_name_of_a_chunk_is_judged(store: KeptRecords) -> None:
    name = chunk_name(1, PLAIN.digest(CONTENTS[1]))
    store.objects[name] = (b"planted", 0.0)

    with pytest.raises(AlteredState, match=rf"{name}': its content is another"):
        store.do(write_chunks(1, CONTENTS, {}))


def test_a_chunk_that_is_missing_is_named(store: KeptRecords) -> None:
    written = store.do(write_chunks(1, CONTENTS, {}))
    del store.objects[written[70]]

    with pytest.raises(AlteredState, match=rf"{written[70]}': it is missing"):
        list(contents_of(written, store.do))


def test_records_behind_a_snapshot_are_read_together(store: KeptRecords, tmp_path: Path) -> None:
    with built_once(), machine(store, tmp_path / "a") as one:
        for number in range(5):
            one.add(f"s{number}")
    asked: list[StoreRequest] = []

    steps, answer = look("p"), None
    with contextlib.suppress(StopIteration):
        while True:
            asked.append(steps.send(answer))
            answer = answered(store, asked[-1])

    together = [each for each in asked if isinstance(each, Together)]
    assert [len(each.requests) for each in together] == [len(store.log())]


@pytest.mark.parametrize("of", ["nothing", "some pieces"])
def test_a_copy_is_made_of_pieces_that_are_there_and_of_those_that_are_fetched(
    store: KeptRecords, tmp_path: Path, of: str
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    with built_once(), machine(store, a) as one:
        with one.store.write():
            one.store.database.execute("CREATE TABLE filler (content BLOB)")
            one.store.database.executemany(
                "INSERT INTO filler VALUES (?)", [(Random(n).randbytes(4000),) for n in range(900)]
            )
        if of == "some pieces":
            one.state.snapshot()
            b.mkdir()
            for each in ("state.db", "position"):
                shutil.copy(a / each, b / each)
        one.add("s1")
        one.state.snapshot()
    lagging = WorkingCopy(b, "p")
    fetched: list[str] = []

    def together(names: Sequence[str]) -> Iterator[bytes]:
        fetched.extend(names)
        return contents_of(names, store.do)

    lagging.bring(store.do(look("p", lagging.begin())), together)

    assert (b / "state.db").read_bytes() == (a / "state.db").read_bytes()
    assert names(b / "state.db") == ["s1"]
    assert (len(fetched) > 10) is (of == "nothing")
