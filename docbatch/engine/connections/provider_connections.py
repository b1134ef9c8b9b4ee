"""The provider connections of a run: opened when first needed, set aside when they fail, without stopping the others."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, DocbatchError, NotAnswering, NotSent, Unavailable
from docbatch.core.models import Traits
from docbatch.core.results import Answer
from docbatch.core.scheduler import ConnectionView, Looks
from docbatch.engine.code_of_others import raised
from docbatch.engine.connections.backoff import Backoff
from docbatch.engine.connections.contract import Allowed, kept, opened
from docbatch.engine.connections.conversations import RunOver, Talk, Wait
from docbatch.engine.connections.credentials import read_key
from docbatch.engine.connections.daemon_pool import AtOnce, CallPool, DaemonPool
from docbatch.engine.connections.workspace_setting import read_workspace
from docbatch.naming.links import is_loopback
from docbatch.providers import REGISTRY
from docbatch.providers.base import Provider
from docbatch.providers.kind import ProviderKind, Settings, Surroundings
from docbatch.specs.checkout import variables
from docbatch.specs.secret_references import EnvReference
from docbatch.specs.values import Connection

COSTS = frozenset({ProviderCall.CREATE, ProviderCall.REPLAY})
CLOSING = 2.0
"""Seconds that calls have to come back once their connection is closed; who does not is left behind."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one connection. `open` reads keys and may raise CredentialsError; `read` needs neither.

    `kind` is the type of provider that reads as `read` does in another process, None where no other process has it.
    `woken` says once that a provider in this process has something to tell, `over` that nobody waits for its key any more.
    """

    name: str
    account: str
    traits: Traits
    open: Callable[[], Provider]
    read: Callable[[bytes], Answer]
    kind: str | None = None
    woken: threading.Event = field(default_factory=threading.Event, compare=False)
    over: threading.Event = field(default_factory=threading.Event, compare=False)


class ProviderConnection:
    """One connection in a run: the threads that ask it, and what the run remembers of it.

    One thread of its own asks one thing after the other, others send and fetch side by side. `searched` says that
    everything at the vendor that bears the project's mark is known; `watch` counts the looks of a state that was moved;
    `renewals` how often what was prepared was no longer good; `left` are submissions whose remains could not be removed.
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
        self.searched = False
        self.watch: Looks | None = None
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
    ) -> Talk[T]:
        """Ask the provider for something of a type, and wait for the answer. The other connections go on meanwhile.

        `method` names it where the call has several. Raises what the contract allows the provider to raise, Unexpected for all else, NotAnswering when it did not come
        back in its time, RunOver when nothing more is to be asked.
        """
        self._go_on()
        answer = self._asker.submit(self._answer, call, act, gives, may_raise, method)
        if not answer.done():
            seconds = self.traits.patience if patience is None else patience
            yield self.waiting(call, [answer], seconds=seconds)
            if not answer.done():
                raise self.silent(call, seconds)
        found: T = answer.result()
        return found

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
            since=since,
            costs=call in COSTS,
            matters=call is not ProviderCall.DISCARD,
        )

    def silent(self, call: ProviderCall, seconds: float) -> NotAnswering:
        """Return the error of a call that did not come back."""
        return NotAnswering(
            f"connection '{self.name}' is not answering: '{call}' did not come back within {round(seconds, 1):g} s",
            hint="its work is left as it is; run the same command again to go on with it",
        )

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
            over = "the run ended before it was asked"
            raise NotSent(over) if call in COSTS else Unavailable(over)
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

    def read(self, name: str, payload: bytes) -> Answer:
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


def accesses(
    connections: Iterable[Connection],
    root: Path,
    incoming: Path,
    wake: Callable[[], None],
    allowed_hosts: Collection[str] = (),
) -> Iterator[Access]:
    """Return how to reach each of the connections. Keys are read when one is opened.

    `allowed_hosts` names the connections whose foreign host may get the key, if their spec says so too.
    """
    for connection in connections:
        kind = REGISTRY.kind(connection.type)
        own = connection_settings(connection)
        woken, over = threading.Event(), threading.Event()
        ring = partial(_ring, woken, wake)
        surroundings = Surroundings(
            incoming, ring, partial(_key, connection, kind, root, allowed_hosts, over)
        )
        open_ = partial(kind.connect, own, surroundings)
        readers = kind.name if REGISTRY.is_everywhere(kind.name) else None
        yield Access(
            connection.name, kind.account(own), kind.traits(own), open_, kind.read, readers, woken, over
        )


def _ring(woken: threading.Event, wake: Callable[[], None]) -> None:
    woken.set()
    wake()


def _key(
    connection: Connection, kind: ProviderKind, root: Path, allowed: Collection[str], over: threading.Event
) -> str:
    host = urlsplit(connection.base_url or "").hostname
    own = frozenset() if kind.service is None else kind.service.hosts
    foreign = host is not None and host not in own and not is_loopback(host)
    if foreign and not (connection.allow_host and connection.name in allowed):
        raise CredentialsError(
            f"connection '{connection.name}' would send its key to {host}, which is not {kind.name}'s own host",
            hint=f"if that is meant, set allow_host: true on it and run with --allow-host {connection.name}",
        )
    usual = None if kind.service is None else EnvReference(env=kind.service.key_variable)
    return read_key(connection.name, connection.api_key or usual, root, over)


def connection_settings(connection: Connection) -> Settings:
    """Return a connection as its provider sees it. Raises CredentialsError when a named variable is not set."""
    recovery, poll, rates = connection.recovery, connection.poll, connection.rates
    return Settings(
        name=connection.name,
        type=connection.type,
        base_url=connection.base_url,
        workspace=read_workspace(connection),
        grace=recovery.grace,
        resend=None if recovery.then is None else recovery.then == "resend",
        poll_initial=None if poll is None else poll.initial,
        poll_max=None if poll is None else poll.max,
        requests_per_second=rates.requests_per_second,
        in_flight=rates.in_flight,
        # How many processors there are is nothing to look for on behalf of somebody's repository: no work is done for it.
        workers=1 if connection.untrusted else connection.workers,
        api_version=connection.api_version,
        variables=variables(untrusted=connection.untrusted),
    )
