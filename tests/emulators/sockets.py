"""A server that misbehaves: each connection is played by a function that hears and says bytes."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Stands for `localhost`, is valid for a hundred years, and nobody trusts it."""


class Caller:
    """One connection, from the server's side."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.requests: list[bytes] = []
        self._left = b""

    def hear_head(self) -> bytes:
        """Read up to the end of a request's headers; empty when the caller is gone."""
        while b"\r\n\r\n" not in self._left:
            more = self.connection.recv(65536)
            if not more:
                return b""
            self._left += more
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        return head

    def hear(self) -> bytes:
        """Read one request with a stated length; only a whole one counts."""
        head = self.hear_head()
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        wanted = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(self._left) < wanted and (more := self.connection.recv(65536)):
            self._left += more
        body, self._left = self._left[:wanted], self._left[wanted:]
        if head and len(body) == wanted:
            self.requests.append(head + b"\r\n\r\n" + body)
        return head

    def say(self, text: bytes) -> None:
        self.connection.sendall(text)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def drain(self) -> None:
        """Say no more, and read until the caller leaves."""
        self.connection.shutdown(socket.SHUT_WR)
        while self.connection.recv(65536):
            pass


Act = Callable[[Caller], None]


class Peer:
    """Plays one act for each connection, the last one again and again. `greeted` is called in the midst of each encrypted handshake."""

    def __init__(self, *acts: Act, tls: bool = False, greeted: Callable[[], None] | None = None) -> None:
        self.callers: list[Caller] = []
        self.over = threading.Event()
        self._acts = acts
        self._context = server_context() if tls else None
        if self._context is not None and greeted is not None:
            self._context.sni_callback = lambda *_: greeted()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for caller in self.callers:
            with suppress(OSError):
                caller.connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for caller in self.callers:
            caller.connection.close()

    @property
    def requests(self) -> list[bytes]:
        return [request for caller in self.callers for request in caller.requests]

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                caller = Caller(self._listener.accept()[0])
                self.callers.append(caller)
                act = self._acts[min(len(self.callers), len(self._acts)) - 1]
                thread = threading.Thread(target=self._play, args=(caller, act), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _play(self, caller: Caller, act: Act) -> None:
        with suppress(OSError):
            if self._context is not None:
                caller.connection = self._context.wrap_socket(caller.connection, server_side=True)
            act(caller)
            caller.connection.shutdown(socket.SHUT_RDWR)


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def answer(status: int = 200, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> bytes:
    stated = {"Content-Length": str(len(body)), **(headers or {})}
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in stated.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Act:
    """Answer the requests of a connection one after the other, then close it."""

    def act(caller: Caller) -> None:
        for each in answers:
            if caller.hear():
                caller.say(each)

    return act


def replying(status: int = 200, value: object = None, headers: Mapping[str, str] | None = None) -> Act:
    """Answer every request of a connection alike, with JSON."""

    def act(caller: Caller) -> None:
        while caller.hear():
            caller.say(answer(status, json.dumps(value).encode(), headers))

    return act
