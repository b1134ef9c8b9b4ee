"""The provider connections of a run: opened when first needed, set aside when they fail, without stopping the others."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from docbatch.errors import DocbatchError
from docbatch.models import Traits
from docbatch.planner import Connection
from docbatch.providers.base import Answer, Provider


@dataclass(frozen=True, slots=True)
class Line:
    """How to reach one connection. `open` reads keys and may raise CredentialsError; `read` needs neither.

    `kind` is the type of provider that reads as `read` does, in another process too.
    """

    name: str
    account: str
    traits: Traits
    open: Callable[[], Provider]
    read: Callable[[bytes], Answer]
    kind: str | None = None


class Connections:
    """Opened providers, and what keeps a connection from being used."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = {line.name: line for line in lines}
        self._views = {
            line.name: Connection(line.name, line.account, line.traits) for line in self._lines.values()
        }
        self._opened: dict[str, Provider] = {}
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self.troubles: dict[str, DocbatchError] = {}

    def views(self) -> dict[str, Connection]:
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
