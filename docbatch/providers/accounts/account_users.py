"""Who uses an account at this moment: each process holds the lock of a file of its own, which says what it has at the vendor.

A lock ends with its process, so that nothing of one that was killed is counted. All read and write under one more lock, so that
two that begin together do not take the same place.
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from docbatch.core.report import visible
from docbatch.providers.accounts.locked_files import acquire, acquired_at_once, is_held, opened_file

MOST_USERS = 64
FRESH = 1.0
"""Seconds for which what others said is believed."""
LONGEST = 4096
COMMON = "places"
TOKEN = secrets.token_hex(8)
"""Tells this process from others: containers that share a folder may all have the same process number."""


@dataclass(frozen=True, slots=True)
class AccountUser:
    """A process, the folder of its project, how many submissions it has in flight, and how many it would have; `token` tells it from others."""

    process: int
    project: str
    held: int = 0
    wanted: int = 0
    token: str = ""


class AccountUsers:
    """The users of an account by the files in its `folder`; this process is one from `join` to `close`.

    Nothing here raises: who cannot join counts for nobody. Thread-safe.
    """

    def __init__(
        self, folder: Path, project: str, token: str = TOKEN, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._me = AccountUser(os.getpid(), project, token=token)
        self._place: Path | None = None
        self._descriptor: int | None = None
        self._seen: tuple[AccountUser, ...] = ()
        self._seen_at = self._asked_at = float("-inf")
        self._room = 0
        self._lock = threading.Lock()

    def join(self) -> None:
        """Be one of the users."""
        with suppress(OSError), self._lock, self._all_to_oneself():
            self._descriptor = self._free_place()
            self._say(self._me)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def others(self) -> tuple[AccountUser, ...]:
        """Return who else uses the account, as it was within the last second."""
        with self._lock:
            if self._clock() - self._seen_at >= FRESH:
                self._look()
            return self._seen

    def room(
        self, bound: int, held: int, *, wants_more: bool, elsewhere: "tuple[AccountUser, ...]" = ()
    ) -> int:
        """Return how many submissions this process may have in flight, of `bound` that all may have together.

        `held` are in flight now; what users `elsewhere` have, on other machines, the caller knows. Each gets its part as places
        become free, and always one.
        """
        wanted = bound if wants_more else held
        with self._lock:
            is_fresh = self._clock() - self._asked_at < FRESH
            if not is_fresh or wanted != self._me.wanted or held > self._me.held:
                self._claim(bound, held, wanted, elsewhere)
            return self._room

    def _claim(self, bound: int, held: int, wanted: int, elsewhere: "tuple[AccountUser, ...]") -> None:
        """Say what is taken before it is, while nobody else can."""
        self._room, self._asked_at = places(bound, elsewhere), self._clock()
        with suppress(OSError), self._all_to_oneself():
            self._look()
            self._room = places(bound, (*self._seen, *elsewhere))
            claim = max(held, min(self._room, wanted))
            self._say(replace(self._me, held=claim, wanted=wanted))

    @contextmanager
    def _all_to_oneself(self) -> Iterator[None]:
        descriptor = opened_file(self._folder / COMMON)
        try:
            acquire(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _free_place(self) -> int | None:
        for number in range(MOST_USERS):
            self._place = self._folder / f"user-{number}"
            descriptor = opened_file(self._place)
            if acquired_at_once(descriptor):
                return descriptor
            os.close(descriptor)
        self._place = None
        return None

    def _say(self, me: AccountUser) -> None:
        self._me = me
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(asdict(me)).encode(), 0)

    def _look(self) -> None:
        self._seen = tuple(users_in(self._folder, but=self._place))
        self._seen_at = self._clock()


def users_in(folder: Path, but: Path | None = None) -> Iterator[AccountUser]:
    """Yield the living users of an account whose files lie in a folder."""
    for number in range(MOST_USERS):
        path = folder / f"user-{number}"
        try:
            if path != but and is_held(path):
                yield _read(path)
        except FileNotFoundError:
            return
        except OSError:
            continue


def _read(path: Path) -> AccountUser:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(LONGEST))
        held, wanted = max(0, int(found["held"])), max(0, int(found["wanted"]))
        return AccountUser(int(found["process"]), str(found["project"]), held, wanted, str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        # It lives, and is about to say more.
        return AccountUser(0, "")


def places(bound: int, others: tuple[AccountUser, ...]) -> int:
    """Return how many of `bound` places are one's own beside others: what they have, or would have as their part, is theirs."""
    sharing = 1 + sum(each.wanted > 0 for each in others)
    part = max(1, bound // sharing)
    theirs = sum(max(each.held, min(each.wanted, part)) for each in others)
    return max(1, bound - theirs)


def users_text(others: tuple[AccountUser, ...]) -> str:
    """Say who else uses an account; empty where nobody does."""
    strangers = [each for each in others if each.token != TOKEN]
    if not strangers:
        return ""
    who = "; ".join(
        visible(f"process {each.process}, {each.project}") for each in strangers[:3] if each.process
    )
    one = len(strangers) == 1
    subject = (
        "another docbatch on this machine uses" if one else f"{len(strangers)} others on this machine use"
    )
    return f"{subject} the account" + (f": {who}" if who else "")
