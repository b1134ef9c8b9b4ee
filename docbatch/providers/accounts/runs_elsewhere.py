"""Runs on other machines that use an account: asked for by a thread of their own, which no request waits for but the first, for a moment."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import chain, repeat

from docbatch.core.errors import DocbatchError
from docbatch.core.report import visible
from docbatch.providers.accounts.account_run import AccountRun
from docbatch.providers.accounts.account_users import TOKEN
from docbatch.providers.accounts.stored_runs import EXPIRES_AFTER, RunObjects, SeenRun, StoredRuns
from docbatch.stores.faults import StoreFault

RENEWED_EVERY = 20.0
SECOND_LOOK = 5.0
"""Seconds after the first: runs that a clock began together have not seen each other by then."""
MOMENT = 2.0
"""Seconds that a first request waits for the first look, and the end of a run for saying so."""
SHORT = 5.0
"""Seconds of a wait that is over before others look, so that it is not told at once. No two words come faster."""


@dataclass(frozen=True, slots=True)
class AccountsInStore:
    """Where runs on all machines say which accounts they use: below `prefix`, which ends with "/". `open` may raise CredentialsError.

    `pauses` are the seconds between looks; the last goes on.
    """

    open: Callable[[], RunObjects]
    prefix: str
    pauses: tuple[float, ...] = (SECOND_LOOK, RENEWED_EVERY)


class RunsElsewhere:
    """The runs of one account, as this one sees them. `heed` is called after each look. Thread-safe.

    Nothing here raises. While the store cannot be asked, what was seen last counts until all of that may be over; then
    nobody is seen, and `news` says why. The runs of processes that share files with this one are told apart by the tokens of
    processes, which are given as `here`.
    """

    def __init__(
        self,
        runs: StoredRuns,
        heed: Callable[[], object],
        pauses: tuple[float, ...],
        token: str = TOKEN,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runs = runs
        self._heed = heed
        self._pauses = pauses
        self._token = token
        self._clock = clock
        self._seen: tuple[SeenRun, ...] = ()
        self._fault = ""
        self._is_told = False
        self._flight = (0, 0)
        self._waits: dict[str, float] = {}
        self._looked = threading.Event()
        self._due = threading.Event()
        self._over = threading.Event()
        self._good_at = float("-inf")
        self._beginning = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Look for the first time, in a thread, and go on with that. Again it does nothing."""
        with self._beginning:
            if self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._go_on, name="runs elsewhere", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Look no more, and say that this run is over, where the store answers in a moment."""
        self._over.set()
        self._due.set()
        with self._beginning:
            thread = self._thread
        if thread is not None:
            thread.join(MOMENT)

    @property
    def has_looked(self) -> bool:
        """Whether the first look is over, or nobody waits for it any more."""
        return self._looked.is_set()

    def await_look(self) -> None:
        """Wait until the first look is over, for a moment at most, and once."""
        if not self._looked.wait(MOMENT):
            self._looked.set()

    def others(self, here: Collection[str] = ()) -> tuple[AccountRun, ...]:
        """Return the runs on other machines."""
        return tuple(each.run for each in self._seen if each.run.token not in here)

    def part(self, here: Collection[str] = ()) -> float:
        """Return which part of a rate is this machine's: each run has the same."""
        all_ = 1 + len(self._seen)
        return (all_ - len(self.others(here))) / all_

    def wait(self, sort: str) -> float:
        """Return for how many seconds from the last look on any of the others may make no request of a sort."""
        return max((each.wait(sort) for each in self._seen), default=0.0)

    def news(self) -> str:
        """Return once why nobody is seen; empty otherwise."""
        if not self._fault or self._is_told:
            return ""
        self._is_told = True
        return self._fault

    def note_flight(self, held: int, wanted: int) -> None:
        """Have others told how many submissions are in flight here, and how many would be."""
        self._flight = held, wanted

    def note_wait(self, sort: str, seconds: float) -> None:
        """Have others told of a wait that the service named to this run; soon, unless it is short or known."""
        known, until = self._waits.get(sort, float("-inf")), self._clock() + seconds
        self._waits[sort] = max(known, until)
        if seconds > SHORT and until > known + SHORT:
            self._due.set()

    def look(self) -> None:
        """Look now."""
        try:
            self._seen, self._fault = self._runs.look(self._says()), ""
            self._good_at = self._clock()
        except Exception as error:  # noqa: BLE001 - whatever it is, it keeps no run from its work, and is told
            if self._clock() - self._good_at > EXPIRES_AFTER:
                self._seen, self._fault = (), _why(error)
        self._heed()
        self._looked.set()

    def _says(self) -> AccountRun:
        now = self._clock()
        waits = {sort: until - now for sort, until in self._waits.copy().items() if until > now}
        return AccountRun(socket.gethostname(), os.getpid(), self._token, *self._flight, waits)

    def _go_on(self) -> None:
        for pause in chain(self._pauses, repeat(self._pauses[-1])):
            self._due.clear()
            self.look()
            if not self._over.wait(min(SHORT, pause)):
                self._due.wait(max(0.0, pause - SHORT))
            if self._over.is_set():
                break
        try:
            self._runs.leave()
        except Exception as error:  # noqa: BLE001 - it counts as dead soon
            logging.getLogger(__name__).info("what this run said of an account stays: %s", _why(error))


def _why(error: Exception) -> str:
    known = isinstance(error, StoreFault | DocbatchError)
    return visible(str(error) if known else f"{type(error).__name__}: {error}")
