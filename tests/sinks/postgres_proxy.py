"""What stands between docbatch and PostgreSQL: it counts requests, and cuts the connection at the one it is told to.

A request is a message of the client's that the server answers, or a piece of a COPY; what leads up to a Sync belongs to it:
postgresql.org/docs/current/protocol-flow.html.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Literal

Moment = Literal["before", "after"]
_REQUESTS = b"QSdc"
_READY = b"ZG"
"""What the server says at the end of an answer, or where it waits for a COPY."""
_PATIENCE = 10.0


class PostgresProxy:
    """Passes on to a server at a port of this machine. `cut_at` names a request by its number from 0, and whether the server still gets it."""

    def __init__(self, target: int) -> None:
        self.requests: list[str] = []
        self.cut_at: tuple[int, Moment] | None = None
        self.cuts = 0
        self.on_cut: Callable[[], object] = lambda: None
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            _Session(self, client, server).start()

    def moment(self, kind: bytes) -> Moment | None:
        """Count a message, and say whether it is the one at which to cut."""
        if kind not in _REQUESTS:
            return None
        with self._lock:
            number = len(self.requests)
            self.requests.append(kind.decode())
            if self.cut_at is None or self.cut_at[0] != number:
                return None
            self.cuts += 1
            return self.cut_at[1]


class _Session:
    def __init__(self, proxy: PostgresProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._holds = False
        self._answered = threading.Event()
        self._ending = threading.Lock()
        self._ended = 0

    def start(self) -> None:
        for pump in (self._forward, self._back):
            threading.Thread(target=self._until_closed, args=[pump], daemon=True).start()

    def _until_closed(self, pump: Callable[[], None]) -> None:
        with contextlib.suppress(OSError, EOFError):
            pump()
        for each in (self._client, self._server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._answered.set()
        with self._ending:
            self._ended += 1
            if self._ended == 2:
                self._client.close()
                self._server.close()

    def _forward(self) -> None:
        self._server.sendall(_sized(self._client, b""))
        while True:
            kind = _exactly(self._client, 1)
            message = _sized(self._client, kind)
            moment = self._proxy.moment(kind)
            if moment is None:
                self._server.sendall(message)
                continue
            if moment == "after":
                self._holds = True
                self._server.sendall(message)
                if kind in b"QSc":
                    self._answered.wait(_PATIENCE)
            self._proxy.on_cut()
            return

    def _back(self) -> None:
        while True:
            kind = _exactly(self._server, 1)
            message = _sized(self._server, kind)
            if not self._holds:
                self._client.sendall(message)
            elif kind in _READY:
                self._answered.set()


def _sized(source: socket.socket, kind: bytes) -> bytes:
    length = _exactly(source, 4)
    return kind + length + _exactly(source, int.from_bytes(length) - 4)


def _exactly(source: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = source.recv(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)
