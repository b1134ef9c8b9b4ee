"""Machines that work on one state by turns, each in a folder of its own."""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from docbatch.core.models import Operation, Recipe, Submission, SubmissionStatus, WorkItem
from docbatch.state import files
from docbatch.state.home import Home
from docbatch.state.records import Frozen
from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.record_stores import RecordStore
from docbatch.state.remote.remote_state import RemoteState, StatePlace, take_state
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm
from docbatch.state.store import Store
from tests.state.made_digests import digest_of
from tests.state.remote.kept_records import claim

_NAMES = itertools.count(1)


@dataclass(frozen=True)
class Machine:
    """One that owns the state: what is written to `store` is recorded by `state`."""

    state: RemoteState
    store: Store

    def add(self, name: str, kind: RecordKind | None = RecordKind.INTENT) -> None:
        """Intend a submission of one document, and record that, unless `kind` is None."""
        key = digest_of(name)
        item = WorkItem(key, "1", key, 5, "text/plain", f"{name}.txt", b"/in/" + name.encode())
        with self.store.write():
            recipe = self.store.documents.declare_recipe("recipe", Recipe("fake", "acme", Operation.PARSE))
            self.store.items.want(item, recipe)
        submission = Submission(name, 0, "fake", "acme", SubmissionStatus.INTENDED)
        frozen = Frozen(name, recipe, f"proj-{name}", {}, b"bytes of " + name.encode(), {}, (item,))
        self.store.submissions.intend(submission, frozen, now=0.0)
        if kind is not None:
            self.state.publish(kind)


class WaitingStore(RecordStore, Protocol):
    def wait(self, seconds: float) -> None: ...


def place(store: WaitingStore, form: ChunkForm = PLAIN) -> StatePlace:
    return StatePlace(store, store.wait, form)


def opened_copy(folder: Path) -> Store:
    """Open the copy of a folder for its writer, and make a state where there is none."""
    files.create(folder)
    opened = Store.over(Home(folder), files.open_writable(folder))
    opened.begin()
    return opened


def begin(
    store: WaitingStore,
    folder: Path,
    who: str | None = None,
    takes: str | None = None,
    form: ChunkForm = PLAIN,
) -> Machine:
    """Take the state over on the machine of a folder. Whoever calls ends it, or lets it die."""
    name = who or f"owner-{next(_NAMES)}"
    state = take_state(place(store, form), claim(name, takes=takes, form=form), folder)
    opened = opened_copy(folder)
    state.follow(opened.database.connection)
    return Machine(state, opened)


@contextmanager
def machine(
    store: WaitingStore, folder: Path, takes: str | None = None, form: ChunkForm = PLAIN
) -> Iterator[Machine]:
    """Take the state over for the block, and let go of it in order."""
    one = begin(store, folder, takes=takes, form=form)
    try:
        yield one
    except BaseException:
        kill(one)
        raise
    one.state.close()


def kill(one: Machine) -> None:
    """End a machine as SIGKILL would: nothing more is recorded, and SQLite's log stays as it is."""
    followed = one.state._followed
    assert followed is not None
    followed.close()


def rows(path: Path) -> Sequence[str]:
    """Return all that a database says, once SQLite found it sound."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return list(connection.iterdump())


def names(path: Path) -> list[str]:
    """Return the submissions that a state has, in order."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return [name for (name,) in connection.execute("SELECT id FROM submission ORDER BY sequence")]
