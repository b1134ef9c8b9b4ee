"""Exchanges under way: how long each may still take, whether its request may have left, and their end from outside."""

import _thread
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import Any

from httpcore import NetworkStream

from docbatch.sending_fence import TOO_OLD, FenceTime, is_in_time

CLOSED = "the connection was closed"


class Broken(Exception):
    """This side ends the exchange: what came cannot be taken, or what was to be sent is not there."""


class Late(Broken):
    """The exchange took longer than it may in all."""


class Closed(Broken):
    """The client was closed."""

    def __init__(self) -> None:
        super().__init__(CLOSED)


class RecordTooOld(Broken):
    """The record of what was to be sent is too old: it may not leave any more."""

    def __init__(self) -> None:
        super().__init__(TOO_OLD)


class Exchange:
    """One exchange, in the thread that makes it. It may take `seconds` in all, from now.

    `sent` is False only while no byte of the request can have left. `socket` is what it talks through as of now, `attempt`
    the connection that is being made for it. `record` is when what the request asks for was recorded, where that is how long it
    may leave.
    """

    __slots__ = ("_record", "_seconds", "_until", "attempt", "begun", "sent", "socket")

    def __init__(self, seconds: float, record: FenceTime | None = None) -> None:
        self._seconds = seconds
        self._record = record
        self._until = time.monotonic() + seconds
        self.begun = False
        self.sent = False
        self.socket: socket.socket | None = None
        self.attempt: Future[NetworkStream] | None = None

    def allow(self, seconds: float) -> None:
        """Let it take so much longer."""
        self._seconds += seconds
        self._until += seconds

    def trace(self, event: str, details: Mapping[str, Any]) -> None:
        """Take note that the request comes next. A proxy's CONNECT is no byte of it."""
        if event.endswith("send_request_headers.started") and details["request"].method != b"CONNECT":
            self.begun = True

    def leave(self) -> None:
        """Take note that what is written from now on leaves. Raises RecordTooOld before the first byte of a request that may not."""
        if self.begun and not self.sent and not is_in_time(self._record):
            raise RecordTooOld
        self.sent = self.begun

    def left(self, most: float | None = None) -> float:
        """Return the seconds that are left, `most` at most. Raises Late when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise self.late
        return left if most is None else min(most, left)

    @property
    def late(self) -> Late:
        return Late(f"it went on too slowly, for {self._seconds:,.4g} seconds in all")

    def end(self) -> None:
        """Wake the thread that waits for its connection or its socket."""
        if self.attempt is not None:
            self.attempt.cancel()
        if self.socket is not None:
            shut(self.socket)


class Exchanges:
    """Those of one client. Once closed there are no more, and nothing of those under way leaves any more."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        """Held to close a socket: its number may be another's a moment later."""
        self.closed = False
        self._under_way: set[Exchange] = set()
        self._own = threading.local()

    @property
    def over(self) -> bool:
        with self.lock:
            return self.closed and not self._under_way

    @contextmanager
    def under_way(self, exchange: Exchange) -> Iterator[None]:
        """Make it the thread's exchange for a while. Raises Closed."""
        outer = getattr(self._own, "exchange", None)
        with self.lock:
            self._check()
            self._under_way.add(exchange)
        self._own.exchange = exchange
        try:
            yield
        finally:
            self._own.exchange = outer
            with self.lock:
                self._under_way.discard(exchange)
                exchange.socket = None

    def close(self) -> None:
        with self.lock:
            self.closed = True
            for exchange in self._under_way:
                exchange.end()

    def seconds_for(self, talking: socket.socket, most: float | None) -> float:
        """Return how long this thread's exchange may wait for a socket now. Raises Late, Closed."""
        exchange: Exchange = self._own.exchange
        left = exchange.left(most)
        if exchange.socket is not talking or exchange.begun is not exchange.sent:
            self._take(exchange, talking)
        elif self.closed:
            raise Closed
        return left

    def connection(self, connect: Callable[[], NetworkStream]) -> NetworkStream:
        """Return what `connect` makes, in a thread that is left alone when time is up. Raises Late, Closed."""
        exchange: Exchange = self._own.exchange
        attempt: Future[NetworkStream] = Future()
        with self.lock:
            self._check()
            exchange.attempt = attempt
        # A Thread would be waited for until it runs, which costs as much as connecting does.
        _thread.start_new_thread(_attempt, (attempt, connect))
        try:
            return attempt.result(exchange.left())
        except CancelledError:
            raise Closed from None
        except TimeoutError:
            if attempt.cancel():
                raise exchange.late from None
            return attempt.result()
        finally:
            attempt.cancel()
            exchange.attempt = None

    def check(self) -> None:
        """Raise Closed or Late where the thread's exchange was ended."""
        if self.closed:
            raise Closed
        self._own.exchange.left()

    def _take(self, exchange: Exchange, talking: socket.socket) -> None:
        """Make a socket the exchange's. Whoever closes afterwards ends it, so that not even a first byte leaves."""
        with self.lock:
            self._check()
            exchange.leave()
            exchange.socket = talking

    def _check(self) -> None:
        if self.closed:
            raise Closed


def shut(talking: socket.socket) -> None:
    """End what is said on a connection, and wake who waits for it."""
    with suppress(OSError):
        # An SSLSocket's own shutdown would take its encryption away under a thread that is still writing.
        socket.socket.shutdown(talking, socket.SHUT_RDWR)


def _attempt(attempt: Future[NetworkStream], connect: Callable[[], NetworkStream]) -> None:
    """Connect for somebody who may have left meanwhile."""
    try:
        made = connect()
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        if attempt.set_running_or_notify_cancel():
            attempt.set_exception(error)
        return
    if attempt.set_running_or_notify_cancel():
        attempt.set_result(made)
    else:
        made.close()
