"""A home that stands in for the one on this machine, and a vendor beside it: what is published and asked, in its order."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.providers.base import Accepted, Intent
from docbatch.sending_fence import FenceTime
from docbatch.state.home import Home, Publication
from docbatch.state.store import Store
from docbatch.testing.fake.provider import FakeProvider

UNREACHABLE = "the home of the state cannot be reached"


@dataclass
class Journal:
    """What came to homes and vendors. `refused` is what cannot be published; submissions are numbered as they come.

    `began` are the moments at which records of what is about to be sent began, one after the other; the rest has no limit.
    """

    entries: list[str] = field(default_factory=list)
    refused: Collection[Publication] = ()
    began: list[FenceTime] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, submission: str) -> int:
        return self._numbers.setdefault(submission, len(self._numbers) + 1)

    def asked(self, call: str, submission: str) -> None:
        self.entries.append(f"{call} {self.number(submission)}")


class WatchedHome(Home):
    """Notes each publication with what anybody else can read of the submission at that moment."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        super().__init__(folder)
        self._journal = journal

    def publish(self, store: Store, what: Publication, about: str) -> FenceTime | None:
        if what in self._journal.refused:
            raise StateError(UNREACHABLE)
        self._journal.entries.append(self._seen(what, about))
        super().publish(store, what, about)
        leaves = what in {Publication.INTENT, Publication.REPLAY} and self._journal.began
        return self._journal.began.pop(0) if leaves else None

    def _seen(self, what: Publication, about: str) -> str:
        if not about:
            return str(what)
        with self.readable() as seen:
            known = seen.submissions.get(about)
        return f"{what} {self._journal.number(about)}: {known and known.status}"


class WatchedProvider(FakeProvider):
    journal: Journal

    def create(self, intent: Intent) -> Accepted:
        self.journal.asked("create", intent.submission)
        return super().create(intent)

    def discard(self, intent: Intent) -> None:
        self.journal.asked("discard", intent.submission)
        super().discard(intent)

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        self.journal.asked("cancel", intent.submission)
        super().cancel(intent, remote_id)


@contextmanager
def watched(
    *refused: Publication, speaks_as: type[WatchedProvider] = WatchedProvider, began: Sequence[FenceTime] = ()
) -> Iterator[Journal]:
    """Have every home in the block be such a one, and every provider of a fake project. What is `refused` cannot be published."""
    journal = Journal(refused=refused, began=list(began))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Home, "at", partial(WatchedHome, journal=journal))
        patch.setattr(WatchedProvider, "journal", journal, raising=False)
        patch.setattr("tests.fake.project.FakeProvider", speaks_as)
        yield journal
