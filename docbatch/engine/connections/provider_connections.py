"""The provider connections of a run: opened when first needed, set aside when they fail, without stopping the others."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import DocbatchError, NotAnswering, NotSent, Unavailable
from docbatch.core.models import Traits
from docbatch.core.report import span
from docbatch.core.scheduler import ConnectionView
from docbatch.engine.code_of_others import raised
from docbatch.engine.connections.backoff import Backoff
from docbatch.engine.connections.contract import Allowed, kept, opened
from docbatch.engine.connections.conversations import RunOver, Talk, Wait
from docbatch.engine.connections.failing_uploads import FailingUploads
from docbatch.engine.connections.hindrances import Hindrances, Moment
from docbatch.processes.daemon_pool import AtOnce, CallPool, DaemonPool
from docbatch.providers.base import Provider

if TYPE_CHECKING:
    from docbatch.core.results import Answer
    from docbatch.providers.accounts.shared_account import SharedAccount

COSTS = frozenset({ProviderCall.CREATE, ProviderCall.REPLAY})
OVER = "the run ended before it was asked"
CLOSING = 2.0
"""Seconds that calls have to come back once their connection is closed; who does not is left behind."""

GO_ON = "its work is left as it is; run the same command again to go on with it"
UNREACHABLE_AFTER = 1800.0
"""Seconds of failures alone after which a connection is given up for a run, where it does not say otherwise."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one connection. `open` reads keys and may raise CredentialsError; `read` needs neither.

    `kind` is the type of provider that reads as `read` does in another process, None where no other process has it.
    `unreachable_after` (seconds) is how long it may fail without one good answer before a run gives it up.
    `woken` says once that a provider in this process has something to tell, `over` that nobody waits for its key any more.
    `shared` is the account as the processes of this machine share it.
    """

    name: str
    account: str
    traits: Traits
    open: Callable[[], Provider]
    read: "Callable[[bytes], Answer]"
    kind: str | None = None
    woken: threading.Event = field(default_factory=threading.Event, compare=False)
    over: threading.Event = field(default_factory=threading.Event, compare=False)
    unreachable_after: float = UNREACHABLE_AFTER
    shared: "SharedAccount | None" = field(default=None, compare=False)


class ProviderConnection:
    """One connection in a run: the threads that ask it, and what the run remembers of it.

    One thread of its own asks one thing after the other, others send and fetch side by side. `searched` says that
    everything at the vendor that bears the project's mark is known; `is_watching` that its lists are watched since the state was moved;
    `renewals` how often what was prepared was no longer good; `left` are submissions whose remains could not be removed.
    `told` is the trouble that was told; `failing_since` is when (monotonic) something failed first since the last good
    answer.
    """

    def __init__(
        self, access: Access, *, threads: bool = True, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = access.name
        self.access = access
        self.traits = access.traits
        self.account = access.account
        self.view = ConnectionView(access.name, access.account, access.traits)
        self.trouble: DocbatchError | None = None
        self.backoff = Backoff()
        self.hindrances = Hindrances(access.name)
        self.uploads = FailingUploads()
        self.told: DocbatchError | None = None
        self.failing_since: float | None = None
        self.searched = False
        self.is_watching = False
        self.renewals = 0
        self.left: set[str] = set()
        self.is_ending = False
        self._threads = threads
        self._now = now
        self._heard = float("-inf")
        self._provider: Provider | None = None
        self._opening = threading.Lock()

    @cached_property
    def _asker(self) -> CallPool:
        return DaemonPool(1, f"{self.name} asks") if self._threads else AtOnce()

    @cached_property
    def _pool(self) -> CallPool:
        """As many threads as the provider can take at once."""
        width = self.traits.concurrency
        return self._asker if width == 1 else DaemonPool(width, self.name)

    def ask(
        self,
        call: ProviderCall,
        act: Callable[[Provider], T],
        *,
        gives: Any = object,
        may_raise: Allowed = (),
        method: str = "",
        patience: float | None = None,
        about: str | None = None,
    ) -> Talk[T]:
        """Ask the provider for something of a type, and wait for the answer. The other connections go on meanwhile.

        `method` names it where the call has several, and `about` tells apart what it is made for. What a good answer means is
        noted, but for preparations, which need not ask anybody. Raises what the contract allows the provider to raise,
        Unexpected for all else, NotAnswering when it did not come back in its time, RunOver when nothing more is to be asked.
        """
        self._go_on()
        answer = self._asker.submit(self._answer, call, act, gives, may_raise, method)
        if not answer.done():
            seconds = self.traits.patience if patience is None else patience
            yield self.waiting(call, [answer], seconds=seconds)
            if not answer.done():
                raise self.silent(call, seconds)
        found: T = answer.result()
        self._heed_traits()
        if call is not ProviderCall.PREPARE:
            self.answered(call, about)
        return found

    def _heed_traits(self) -> None:
        """Take as much at once as the provider now says: it may have learned how much there is to work with."""
        if self._provider is not None and self._provider.traits.max_in_flight != self.traits.max_in_flight:
            self.traits = replace(self.traits, max_in_flight=self._provider.traits.max_in_flight)
            self.view = replace(self.view, traits=self.traits)

    def submit(self, act: Callable[[Provider], T]) -> "Future[T]":
        """Begin something beside all else, as far as the provider can take it. It holds the provider to its contract."""
        self._go_on()
        return self._pool.submit(self._told, ProviderCall.FETCH, act)

    def waiting(
        self,
        call: ProviderCall,
        calls: Collection["Future[Any]"],
        *,
        seconds: float | None = None,
        since: float | None = None,
    ) -> Wait:
        """Return a wait for calls that were made, at `since` (monotonic) if that was before now."""
        return Wait(
            calls,
            seconds=self.traits.patience if seconds is None else seconds,
            subject=f"connection '{self.name}' has not answered '{call}'",
            call=call,
            since=since,
            costs=call in COSTS,
            matters=call is not ProviderCall.DISCARD,
        )

    def silent(self, call: ProviderCall, seconds: float) -> NotAnswering:
        """Return the error of a call that did not come back."""
        return NotAnswering(
            f"connection '{self.name}' is not answering: '{call}' did not come back within {round(seconds, 1):g} s",
            hint=GO_ON,
        )

    def answered(self, call: str, about: str | None = None) -> None:
        """Note a good answer: what kept the vendor from it is over."""
        self.failing_since = None
        self.hindrances.answered(call, about, self._now())

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
        """Note that a call failed, as `Hindrances.meet` does. What the end of the run kept from being asked says nothing."""
        if error.message == OVER:
            return
        self.failing_since = now.monotonic if self.failing_since is None else self.failing_since
        self.hindrances.meet(call, error, now, again=again, about=about, subject=subject, silent=silent)

    @property
    def users(self) -> str:
        """Which other processes of this machine use the account, as a phrase; empty where none does."""
        return "" if self.access.shared is None else self.access.shared.users

    def share(self, held: int, *, wants_more: bool) -> ConnectionView:
        """Return the connection as planning sees it: with its part of what may be in flight, `held` being so now."""
        if self.access.shared is None:
            return self.view
        room = self.access.shared.room(self.traits.max_in_flight, held, wants_more=wants_more)
        if room == self.traits.max_in_flight:
            return self.view
        return replace(self.view, traits=replace(self.traits, max_in_flight=room))

    @property
    def given_up_at(self) -> float:
        """When (monotonic) it is given up unless there is a good answer before."""
        if self.failing_since is None or self.view.unreachable is not None:
            return float("inf")
        return self.failing_since + self.access.unreachable_after

    def give_up(self) -> NotAnswering:
        """Use it no more in this run, and return why: there was no good answer for too long."""
        causes = "; ".join(each.what for each in self.hindrances.current)
        text = f"connection '{self.name}' gave no good answer for {span(self.access.unreachable_after)}"
        error = NotAnswering(
            f"{text}: {causes}" if causes else text,
            hint=GO_ON,
        )
        self.cut(error)
        return error

    def cut(self, error: DocbatchError) -> None:
        """Use the connection no more in this run."""
        self.trouble = error
        self.view = replace(self.view, unreachable=error.message)

    def block(self, error: DocbatchError) -> None:
        """Create nothing on the connection in this run; what exists there is still followed."""
        self.trouble = error
        self.view = replace(self.view, blocked=error.message)

    def rest(self, until: float) -> None:
        """Create nothing on the connection before `until` (monotonic)."""
        self.view = replace(self.view, ready_at=until)

    def close(self) -> None:
        """Let what is under way end: the provider breaks it off. Who does not come back then is left behind."""
        self.is_ending = True
        self.access.over.set()
        pools = [each for name in ("_asker", "_pool") if (each := self.__dict__.get(name)) is not None]
        for pool in pools:
            pool.close()
        with self._opening:
            provider = self._provider
        if provider is not None:
            self._let_go(provider)
        for pool in pools:
            pool.join(CLOSING)
        if self.access.shared is not None:
            self.access.shared.close()

    def _let_go(self, provider: Provider) -> None:
        try:
            provider.close()
        except Exception as error:  # noqa: BLE001 - all that was done is recorded by now
            what = f"connection '{self.name}': its provider raised {raised(error)} when it was closed"
            logging.getLogger(__name__).warning("%s; nothing is lost", what)

    def _go_on(self) -> None:
        if self.is_ending:
            raise RunOver

    def silent_since(self, began: float) -> float:
        """Return since when (monotonic) nothing came back, `began` being when it was first asked for."""
        return max(began, self._heard)

    def _answer(
        self, call: ProviderCall, act: Callable[[Provider], T], gives: Any, may_raise: Allowed, method: str
    ) -> T:
        def held_to_it(provider: Provider) -> T:
            return kept(self.name, method or call, lambda: act(provider), gives, may_raise)

        return self._told(call, held_to_it)

    def _told(self, call: ProviderCall, act: Callable[[Provider], T]) -> T:
        """Ask, in a thread of the connection. What was not begun when the run ended is not begun any more."""
        provider = self._opened()
        if self.is_ending:
            raise NotSent(OVER) if call in COSTS else Unavailable(OVER)
        try:
            return act(provider)
        finally:
            self._heard = self._now()

    def _opened(self) -> Provider:
        with self._opening:
            if self._provider is None:
                self._provider = opened(self.name, self.access.open)
            return self._provider


class Connections(Mapping[str, ProviderConnection]):
    """The connections of a run by name, and what keeps one from being used.

    With `threads` false all is asked in the calling thread; `now` gives monotonic seconds.
    """

    def __init__(
        self,
        accesses: Iterable[Access],
        *,
        threads: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._all = {each.name: ProviderConnection(each, threads=threads, now=now) for each in accesses}

    def __getitem__(self, name: str) -> ProviderConnection:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def views(self) -> dict[str, ConnectionView]:
        """Return the connections as planning sees them now."""
        return {name: each.view for name, each in self._all.items()}

    @property
    def troubles(self) -> dict[str, DocbatchError]:
        """Why connections are not used, or not for anything new, by name."""
        return {name: each.trouble for name, each in self._all.items() if each.trouble is not None}

    def read(self, name: str, payload: bytes) -> "Answer":
        """Read a payload. Raises ValueError when it has the wrong shape."""
        return self._all[name].access.read(payload)

    def end(self) -> None:
        """Ask nothing more."""
        for each in self._all.values():
            each.is_ending = True

    def close(self) -> None:
        """Close all side by side, so that one that hangs keeps nobody waiting for longer than a moment."""
        self.end()
        closing = [threading.Thread(target=each.close, daemon=True) for each in self._all.values()]
        until = time.monotonic() + CLOSING
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(max(0.0, until - time.monotonic()))
