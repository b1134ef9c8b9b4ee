"""One host of an emulator: an HTTP server on loopback that outlives clients which are killed while they talk to it."""

import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from docbatch.emulators.exchange import ENDLESS, UNANSWERED, Host, Request, Response, endless, spoilt

LOOPBACK = "127.0.0.1"
# What a client sends must fit into memory; the vendors themselves take less.
LARGEST_BODY = 1 << 30


class Vendor(Protocol):
    """Who answers. `clock` gives the vendor's time, `date` what it tells of it, `errors` takes what goes wrong here.

    `slowness` is how many seconds a slow answer takes, `pause` those between the pieces of one without end.
    """

    errors: list[str]
    clock: Callable[[], float]
    slowness: float
    pause: float

    def date(self) -> float: ...

    def receive(self, request: Request) -> tuple[Response | None, str]: ...


class Listener(ThreadingHTTPServer):
    """Listens from its making until `stop`, on loopback alone. Port 0 is any free one; raises OSError for one in use."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, vendor: Vendor, host: Host, port: int = 0) -> None:
        super().__init__((LOOPBACK, port), _Conversation)
        self.vendor = vendor
        self.host = host
        self.url = f"http://{LOOPBACK}:{self.server_address[1]}"
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no fault of the emulator; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            self.vendor.errors.append(traceback.format_exc())

    def stop(self) -> None:
        """End, and end every conversation."""
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def log_message(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            0, self.command, path, headers, body, query, self.server.host, self.client_address[1]
        )
        self._act(*self.server.vendor.receive(request))

    def _body(self) -> bytes | None:
        """Read the whole body; None when the client did not send it all, or more than anyone takes."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= LARGEST_BODY:
            return None
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _act(self, response: Response | None, fault: str) -> None:
        if fault in ENDLESS:
            self._hold(fault)
            return
        cut = fault == "truncated"
        if response is None or fault in UNANSWERED or (cut and not response.body):
            self._drop(hard=fault == "reset")
            return
        if fault == "slow":
            time.sleep(self.server.vendor.slowness)
        self._send(spoilt(fault, response), cut=cut)

    def _send(self, response: Response, *, cut: bool) -> None:
        """Write head and body at once; of a cut answer the second half never comes."""
        stated = {"Date": formatdate(self.server.vendor.date(), usegmt=True), **response.headers}
        if response.status not in (204, 304):
            stated.setdefault("Content-Length", str(len(response.body)))
        lines = [f"HTTP/1.1 {response.status} Status", *(f"{name}: {text}" for name, text in stated.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        body = b"" if self.command == "HEAD" else response.body
        self.wfile.write(head + (body[: len(body) // 2] if cut else body))
        if cut:
            self._drop(hard=False)

    def _hold(self, fault: str) -> None:
        """Keep the client waiting until it leaves, or the emulator does."""
        self.close_connection = True
        self.connection.settimeout(self.server.vendor.pause)
        for piece in endless(fault):
            self.wfile.write(piece)
            with suppress(TimeoutError):
                if not self.connection.recv(1):
                    return

    def _drop(self, *, hard: bool) -> None:
        """Close without another byte; hard is a reset."""
        self.close_connection = True
        if hard:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
