"""How many requests and bytes a state in a store takes: the first record, intents, answers, a look, snapshots, a fresh machine.

The state is what a run of that many documents leaves of items and submissions, made by the state's own functions; the store
lies in memory and counts. A service answers a request in some 30 ms, one after the other, so that requests are what is
waited for. Nothing here is timed.

    python benchmarks/remote_state.py --documents 200000
"""

import argparse
import secrets
import sqlite3
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from docbatch.core.lifecycle import Event
from docbatch.core.models import Operation, Recipe, Submission, SubmissionStatus, WorkItem
from docbatch.state import files
from docbatch.state.home import Home
from docbatch.state.records import Frozen
from docbatch.state.remote.leases import StateOwner
from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.remote_state import RemoteState, StatePlace, refresh, take_state
from docbatch.state.remote.store_requests import Get, ListBelow, ListedName, Put, Remove, StoredObject
from docbatch.state.remote.taking_over import Claim
from docbatch.state.store import Store

BATCH = 100


class CountedStore:
    """Objects in memory, and what was asked: how often, and how many bytes went there and back."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.sent = self.received = 0

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        self.asked[type(request).__name__] += 1
        match request:
            case Get(name):
                content = self.objects.get(name)
                self.received += len(content or b"")
                return None if content is None else StoredObject(content, tag(content), 0.0)
            case ListBelow(folder, after):
                names = sorted(
                    each for each in self.objects if each.startswith(folder) and each > (after or "")
                )
                return tuple(ListedName(each, 0.0, len(self.objects[each])) for each in names)
            case Remove(name):
                self.objects.pop(name, None)
                return None
            case Put(name, content, replaces):
                self.sent += len(content)
                stands = tag(self.objects[name]) if name in self.objects else None
                if stands != replaces:
                    return None
                self.objects[name] = content
                return tag(content)

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        asked, sent, received = Counter(self.asked), self.sent, self.received
        yield
        requests = ", ".join(f"{number} {name}" for name, number in sorted((self.asked - asked).items()))
        print(f"| {what} | {requests or 'none'} | {self.sent - sent:,} | {self.received - received:,} |")


def tag(content: bytes) -> str:
    return sha256(content).hexdigest()


def item(number: int) -> WorkItem:
    key = tag(number.to_bytes(8, "big"))
    path = f"documents/{number % 977:03}/report-{number:07}.pdf"
    return WorkItem(key, "1", key, 50_000 + number % 7919, "application/pdf", path, f"/data/{path}".encode())


def want(store: Store, numbers: range) -> int:
    with store.write():
        recipe = store.documents.declare_recipe("recipe", Recipe("fake", "acme", Operation.PARSE))
        for number in numbers:
            store.items.want(item(number), recipe)
    return recipe


def intend(store: Store, recipe: int, numbers: range) -> str:
    name = tag(repr(numbers).encode())[:26]
    submission = Submission(name, 0, "fake", "acme", SubmissionStatus.INTENDED)
    items = tuple(map(item, numbers))
    frozen = Frozen(name, recipe, f"p-{name}", {"pages": 2}, secrets.token_bytes(700), {}, items)
    store.submissions.intend(submission, frozen, now=0.0)
    return name


def fill(store: Store, documents: int) -> None:
    recipe = want(store, range(documents))
    for start in range(0, documents - documents % BATCH, BATCH):
        name = intend(store, recipe, range(start, start + BATCH))
        store.submissions.accept(name, Event.ACCEPTED, f"batch-{start}", {})


def begin(place: StatePlace, folder: Path) -> tuple[RemoteState, Store]:
    owner = StateOwner(secrets.token_hex(8), "host", 1)
    state = take_state(place, Claim("p", owner, lambda: secrets.token_hex(16)), folder)
    files.create(folder)
    store = Store.over(Home(folder), files.open_writable(folder))
    store.begin()
    state.follow(store.database.connection)
    return state, store


def measure(documents: int, root: Path) -> None:
    counted = CountedStore()
    place = StatePlace(counted, lambda _: None)
    with counted.told("taking a state that is new"):
        state, store = begin(place, root / "a")
    fill(store, documents)
    with counted.told(f"the first record of {documents:,} documents"):
        state.publish(RecordKind.CHANGES)
    size = (root / "a" / "state.db").stat().st_size
    with counted.told("the first snapshot"):
        state.snapshot()
    recipe, above = 1, documents
    for number in (1, 100, 1000):
        want(store, range(above, above + number))
        state.publish(RecordKind.CHANGES)
        with counted.told(f"an intent of {number:,}"):
            name = intend(store, recipe, range(above, above + number))
            state.publish(RecordKind.INTENT)
        with counted.told("its answer"):
            store.submissions.accept(name, Event.ACCEPTED, f"batch-{above}", {})
            state.publish(RecordKind.ANSWER)
        above += number
    with counted.told("letting go"):
        state.close()
    with counted.told("a look by who has it all"):
        refresh(place, "p", root / "a")
    with counted.told("a fresh machine"):
        refresh(place, "p", root / "b")
    with counted.told("taking it over with a copy"):
        state, store = begin(place, root / "b")
    with counted.told("a snapshot after those intents"):
        state.snapshot()
    state.close()
    with counted.told("a look by who fell behind the snapshot"):
        refresh(place, "p", root / "a")
    print(
        f"\nstate.db {size:,} bytes; Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, zlib {zlib.ZLIB_RUNTIME_VERSION}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=200_000)
    documents = parser.parse_args().documents
    print("| what | requests | bytes sent | received |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        measure(documents, Path(root))


if __name__ == "__main__":
    main()
