"""Sockets that end with their exchange: when its time is up, and when its client is closed."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext, SSLSocket
from typing import Any

import httpcore
from httpcore import SOCKET_OPTION, NetworkBackend, NetworkStream

from docbatch.providers.http.exchanges import Broken, Exchanges, shut

PIECE = 1 << 16
"""Bytes handed over at once: an encrypted socket takes all it is given within one patience."""


class BoundedBackend(NetworkBackend):
    """Makes connections as another backend does, for the exchanges of one client."""

    def __init__(self, backend: NetworkBackend, exchanges: Exchanges) -> None:
        self._backend = backend
        self._exchanges = exchanges

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        def connect() -> NetworkStream:
            return self._backend.connect_tcp(host, port, timeout, local_address, socket_options)

        return _Bounded(self._exchanges.connection(connect), self._exchanges)


class _Bounded(NetworkStream):
    """Talks through the socket of another stream, and never waits for longer than the exchange may."""

    def __init__(self, stream: NetworkStream, exchanges: Exchanges) -> None:
        self._stream = stream
        self._exchanges = exchanges
        self._socket: socket.socket = stream.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._socket.settimeout(self._exchanges.seconds_for(self._socket, timeout))
            came = self._socket.recv(max_bytes)
            if not came:
                # A socket that was shut from outside looks like an answer that is over.
                self._exchanges.check()
        except Broken:
            self.close()
            raise
        except OSError as error:
            raise self._told(error, httpcore.ReadTimeout, httpcore.ReadError) from error
        return came

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = memoryview(buffer)
        try:
            while left:
                self._socket.settimeout(self._exchanges.seconds_for(self._socket, timeout))
                left = left[self._socket.send(left[:PIECE]) :]
        except Broken:
            self.close()
            raise
        except OSError as error:
            raise self._told(error, httpcore.WriteTimeout, httpcore.WriteError) from error

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        try:
            if isinstance(self._socket, SSLSocket):
                with self._timed(timeout) as seconds:
                    inner = self._stream.start_tls(ssl_context, server_hostname, seconds)
                return _Nested(inner, self._exchanges)
            with self._handle() as handle:
                seconds = self._exchanges.seconds_for(handle, timeout)
                return _Bounded(
                    self._stream.start_tls(ssl_context, server_hostname, seconds), self._exchanges
                )
        except BaseException as error:
            self.close()
            if isinstance(error, httpcore.NetworkError | httpcore.TimeoutException):
                self._exchanges.check()
            raise

    def close(self) -> None:
        with self._exchanges.lock:
            self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _told(self, error: OSError, late: type[Exception], broken: type[Exception]) -> Exception:
        """Return a socket's error as the library says it. Raises Late and Closed where that is why."""
        try:
            self._exchanges.check()
        except Broken:
            self.close()
            raise
        return (late if isinstance(error, TimeoutError) else broken)(str(error))

    @contextmanager
    def _handle(self) -> Iterator[socket.socket]:
        """Give the connection another socket for a while: encrypting takes the present one away."""
        handle = self._socket.dup()
        try:
            yield handle
        finally:
            with self._exchanges.lock:
                handle.close()

    @contextmanager
    def _timed(self, timeout: float | None) -> Iterator[float]:
        """Shut the socket when time is up, for calls that wait anew for every packet."""
        left = self._exchanges.seconds_for(self._socket, None)
        timer = threading.Timer(left, shut, (self._socket,))
        timer.daemon = True
        timer.start()
        try:
            yield left if timeout is None else min(left, timeout)
        finally:
            timer.cancel()


class _Nested(_Bounded):
    """TLS within TLS, as behind a proxy that is itself reached by https."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._ended(), self._timed(timeout) as seconds:
            came = self._stream.read(max_bytes, seconds)
        if not came:
            self._exchanges.check()
        return came

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._ended(), self._timed(timeout) as seconds:
            self._stream.write(buffer, seconds)

    @contextmanager
    def _ended(self) -> Iterator[None]:
        try:
            yield
        except (httpcore.NetworkError, httpcore.TimeoutException, Broken):
            self._exchanges.check()
            raise
