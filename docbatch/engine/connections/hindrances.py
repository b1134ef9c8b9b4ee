"""What stops or slows one connection at this moment, and what of that is still to be told."""

import re
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from docbatch.core.errors import DocbatchError, ProviderError
from docbatch.core.hindrance import ANSWERED, Hindrance

SOON = 3.0
"""Seconds: what is over earlier is not told, as one 429 among many answers."""
REMEMBERED = 64
"""How many errors are known again when their consequences are taken."""
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment by both clocks: `monotonic` tells lengths of time, `wall` is for people."""

    monotonic: float
    wall: float


@dataclass(slots=True)
class _Met:
    """A cause that was met. `concerns` are the calls, and what they were about, that have not gone well since."""

    hindrance: Hindrance
    began: float
    last: float
    due: float
    is_told: bool
    is_silent: bool = False
    is_noted: bool = False
    concerns: set[tuple[str, str]] = field(default_factory=set)

    def plan(self, now: Moment, again: float | None) -> None:
        """Note when (monotonic) it is tried again."""
        self.due = now.monotonic if again is None else again
        wall = None if again is None else now.wall + (again - now.monotonic)
        self.hindrance = replace(self.hindrance, next=wall)


@dataclass(frozen=True, slots=True)
class News:
    """What began and what is over since the last time: to be told, and to be noted in the state beside that.

    `replaced` is what was told and does not hinder any more, though nothing went well: something else does, or it is asked no more.
    """

    begun: tuple[Hindrance, ...] = ()
    over: tuple[Hindrance, ...] = ()
    replaced: tuple[Hindrance, ...] = ()
    noted: tuple[Hindrance, ...] = ()
    dropped: tuple[Hindrance, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.begun or self.over or self.replaced or self.noted or self.dropped)


class Hindrances:
    """Those of one connection. The same cause counts once, whatever it keeps from being done.

    `kept` are those of the run before: what is met again goes on since then. For the one thread that decides.
    """

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._met: dict[tuple[str, str], _Met] = {}
        self._kept: dict[tuple[str, str], Hindrance] = {}
        self._over: list[_Met] = []
        self._replaced: list[_Met] = []
        self._passed: list[Hindrance] = []
        self._latest: deque[tuple[DocbatchError, _Met]] = deque(maxlen=REMEMBERED)

    def remember(self, kept: Iterable[Hindrance]) -> None:
        self._kept |= {(each.call, _alike(each.cause)): each for each in kept}

    @property
    def current(self) -> tuple[Hindrance, ...]:
        """What was met in this run and is not over, the oldest first."""
        return tuple(each.hindrance for each in sorted(self._met.values(), key=lambda each: each.began))

    def meet(
        self,
        call: str,
        error: DocbatchError,
        now: Moment,
        *,
        again: float | None = None,
        about: str = "",
        subject: str = "",
        silent: bool = False,
    ) -> None:
        """Note that a call failed; `about` tells apart what it was made for, `subject` names that to people.

        `again` is when (monotonic) it is made again. With `silent` nobody is told, since it is told otherwise.
        """
        known = next((met for each, met in self._latest if each is error), None)
        if known is not None:
            # The same error, and what it leads to is known by now.
            known.plan(now, again)
            return
        key = _scope(call, error), _alike(cause_of(error))
        self._leave(call, about, key)
        known = self._met.get(key) or self._begin(key, error, now, silent=silent)
        self._latest.append((error, known))
        known.last = now.monotonic
        known.concerns.add((call, about))
        known.hindrance = replace(
            known.hindrance,
            message=f"{subject}: {error.message}" if subject else error.message,
            last=now.wall,
            tries=known.hindrance.tries + 1,
        )
        known.plan(now, again)

    def _begin(self, key: tuple[str, str], error: DocbatchError, now: Moment, *, silent: bool) -> _Met:
        before = self._kept.pop(key, None)
        since = now.wall if before is None else before.since
        found = Hindrance(self._connection, key[0], cause_of(error), error.message, since, now.wall, tries=0)
        self._met[key] = _Met(found, now.monotonic, now.monotonic, now.monotonic, silent, silent)
        return self._met[key]

    def answered(self, call: str, about: str | None, now: float) -> None:
        """Note that a call went well at `now` (monotonic): what kept it from that is over, and what kept any from it."""
        for key, each in list(self._met.items()):
            gone = {
                (kind, what)
                for kind, what in each.concerns
                if not key[0] or (kind == call and (about is None or what == about))
            }
            self._lift(key, gone, now, self._over)
        for key, kept in list(self._kept.items()):
            if not key[0] or key[0] == call:
                self._passed.append(kept)
                del self._kept[key]

    def forget(self, call: str, known: Collection[str], now: float) -> None:
        """Drop what a call is not made for any more at `now` (monotonic)."""
        for key, each in list(self._met.items()):
            gone = {
                (kind, what) for kind, what in each.concerns if kind == call and what and what not in known
            }
            if gone:
                self._lift(key, gone, now, self._replaced)

    def drop(self, call: str, about: str, now: float) -> None:
        """Note that a call is not made any more at `now` (monotonic), and did not go well."""
        for key, each in list(self._met.items()):
            if (call, about) in each.concerns:
                self._lift(key, {(call, about)}, now, self._replaced)

    def news(self, now: float) -> News:
        """Return what is to be told and noted at `now` (monotonic), once."""
        begun: list[Hindrance] = []
        noted: list[Hindrance] = []
        for each in self._met.values():
            if not each.is_told and max(now, each.due) - each.began >= SOON:
                each.is_told = True
                begun.append(each.hindrance)
            if each.is_told and not each.is_noted:
                each.is_noted = True
                noted.append(each.hindrance)
        over = tuple(each.hindrance for each in self._over if each.is_told and not each.is_silent)
        replaced = tuple(each.hindrance for each in self._replaced if each.is_told and not each.is_silent)
        ended = (each.hindrance for each in (*self._over, *self._replaced) if each.is_noted)
        dropped = (*self._passed, *ended)
        self._over, self._replaced, self._passed = [], [], []
        return News(tuple(begun), over, replaced, tuple(noted), dropped)

    def _leave(self, call: str, about: str, key: tuple[str, str]) -> None:
        """What a call met before is not what keeps it any more, once it meets something else."""
        for other, each in list(self._met.items()):
            if other != key and (call, about) in each.concerns:
                each.concerns.discard((call, about))
                if not each.concerns:
                    self._replaced.append(self._met.pop(other))

    def _lift(
        self, key: tuple[str, str], gone: Collection[tuple[str, str]], now: float, ended: list[_Met]
    ) -> None:
        each = self._met[key]
        each.concerns.difference_update(gone)
        if not each.concerns:
            each.hindrance = replace(each.hindrance, last=each.hindrance.last + now - each.last, next=None)
            ended.append(self._met.pop(key))


def cause_of(error: DocbatchError) -> str:
    """Return why a call failed, in words that are the same each time."""
    cause = error.cause if isinstance(error, ProviderError) else None
    return cause or error.message


def _scope(call: str, error: DocbatchError) -> str:
    """Return the call that a cause is about: none where the vendor cannot be reached for any."""
    general = isinstance(error, ProviderError) and error.general
    return "" if general and not cause_of(error).startswith(ANSWERED) else call


def _alike(cause: str) -> str:
    """Return what causes have in common that differ by numbers alone."""
    return _NUMBERS.sub("0", cause)
