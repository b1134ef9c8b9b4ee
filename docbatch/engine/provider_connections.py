"""The provider connections of a run: opened when first needed, set aside when they fail, without stopping the others."""

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from docbatch.core.errors import CredentialsError, DocbatchError
from docbatch.core.models import Traits
from docbatch.core.results import Answer
from docbatch.core.scheduler import ConnectionView
from docbatch.engine.credentials import read_key, read_text
from docbatch.naming.links import is_loopback
from docbatch.providers import REGISTRY
from docbatch.providers.base import Provider
from docbatch.providers.kind import ProviderKind, Settings, Surroundings
from docbatch.specs.project import EnvReference
from docbatch.specs.values import Connection


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one connection. `open` reads keys and may raise CredentialsError; `read` needs neither.

    `kind` is the type of provider that reads as `read` does in another process, None where no other process has it.
    """

    name: str
    account: str
    traits: Traits
    open: Callable[[], Provider]
    read: Callable[[bytes], Answer]
    kind: str | None = None


class Connections:
    """Opened providers, and what keeps a connection from being used."""

    def __init__(self, lines: Iterable[Access]) -> None:
        self._lines = {line.name: line for line in lines}
        self._views = {
            line.name: ConnectionView(line.name, line.account, line.traits) for line in self._lines.values()
        }
        self._opened: dict[str, Provider] = {}
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self.troubles: dict[str, DocbatchError] = {}

    def views(self) -> dict[str, ConnectionView]:
        """Return the connections as planning sees them now."""
        return dict(self._views)

    def provider(self, name: str) -> Provider:
        """Return the opened provider. Raises CredentialsError."""
        if name not in self._opened:
            self._opened[name] = self._lines[name].open()
        return self._opened[name]

    def pool(self, name: str) -> ThreadPoolExecutor:
        """Return the threads in which the connection's provider is called, as many as it can take at once."""
        if name not in self._pools:
            self._pools[name] = ThreadPoolExecutor(self.traits(name).concurrency, thread_name_prefix=name)
        return self._pools[name]

    def traits(self, name: str) -> Traits:
        return self._lines[name].traits

    def account(self, name: str) -> str:
        return self._lines[name].account

    def read(self, name: str, payload: bytes) -> Answer:
        """Read a payload. Raises ValueError when it has the wrong shape."""
        return self._lines[name].read(payload)

    def kind(self, name: str) -> str | None:
        return self._lines[name].kind

    def cut(self, name: str, error: DocbatchError) -> None:
        """Use the connection no more in this run."""
        self.troubles[name] = error
        self._views[name] = replace(self._views[name], unreachable=error.message)

    def block(self, name: str, error: DocbatchError) -> None:
        """Create nothing on the connection in this run; what exists there is still followed."""
        self.troubles[name] = error
        self._views[name] = replace(self._views[name], blocked=error.message)

    def rest(self, name: str, until: float) -> None:
        """Create nothing on the connection before `until` (monotonic)."""
        self._views[name] = replace(self._views[name], ready_at=until)

    def opened(self) -> Iterator[Provider]:
        yield from self._opened.values()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)
        for provider in self._opened.values():
            provider.close()


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
        surroundings = Surroundings(incoming, wake, partial(_key, connection, kind, root, allowed_hosts))
        open_ = partial(kind.connect, own, surroundings)
        readers = kind.name if REGISTRY.is_everywhere(kind.name) else None
        yield Access(connection.name, kind.account(own), kind.traits(own), open_, kind.read, readers)


def ends_with_this_process(connection: Connection) -> bool:
    """Say whether the connection's work lives and dies with this process. Raises as `connection_settings` does."""
    return REGISTRY.kind(connection.type).traits(connection_settings(connection)).in_process


def _key(connection: Connection, kind: ProviderKind, root: Path, allowed: Collection[str]) -> str:
    host = urlsplit(connection.base_url or "").hostname
    own = frozenset() if kind.service is None else kind.service.hosts
    foreign = host is not None and host not in own and not is_loopback(host)
    if foreign and not (connection.allow_host and connection.name in allowed):
        raise CredentialsError(
            f"connection '{connection.name}' would send its key to {host}, which is not {kind.name}'s own host",
            hint=f"if that is meant, set allow_host: true on it and run with --allow-host {connection.name}",
        )
    usual = None if kind.service is None else EnvReference(env=kind.service.key_variable)
    return read_key(connection.name, connection.api_key or usual, root)


def connection_settings(connection: Connection) -> Settings:
    """Return a connection as its provider sees it. Raises CredentialsError when a named variable is not set."""
    recovery, poll, rates = connection.recovery, connection.poll, connection.rates
    return Settings(
        name=connection.name,
        type=connection.type,
        base_url=connection.base_url,
        workspace=read_text(connection.name, connection.workspace),
        grace=recovery.grace,
        resend=None if recovery.then is None else recovery.then == "resend",
        poll_initial=None if poll is None else poll.initial,
        poll_max=None if poll is None else poll.max,
        requests_per_second=rates.requests_per_second,
        in_flight=rates.in_flight,
        workers=connection.workers,
        api_version=connection.api_version,
    )
