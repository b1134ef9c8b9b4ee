"""A vendor on loopback: stateful, with switchable faults, and outliving the clients that are killed while they talk to it."""

import hmac
import json
import os
import signal
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, quote, unquote, urlencode

KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"})
HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

Fault = Literal[
    "kill_before",
    "kill_after",
    "lost",
    "lost_before",
    "reset",
    "500_after",
    "500_before",
    "429",
    "429_plain",
    "truncated",
    "malformed",
    "html502",
    "slow",
]
UNCOMMITTED = frozenset({"kill_before", "lost_before", "500_before", "429", "429_plain"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in. Numbers start at 1 and run over both hosts; header names are in lower case."""

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: str = ""
    host: Literal["api", "storage"] = "api"
    peer: int = 0

    @property
    def params(self) -> dict[str, list[str]]:
        return parse_qs(self.query, keep_blank_values=True)

    def param(self, name: str, default: str | None = None) -> str | None:
        """Return the last value of a query parameter."""
        return self.params.get(name, [default])[-1]

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def segments(self) -> list[str]:
        return [unquote(segment) for segment in self.path.strip("/").split("/")]


@dataclass(frozen=True, slots=True)
class Response:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, value: object, status: int = 200, **headers: str) -> Self:
        """Answer with JSON. Header names are given with underscores."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, {"Content-Type": "application/json", **named}, json.dumps(value).encode())


class Emulator:
    """A vendor. Subclasses implement `route`, and `store` where the storage host does more than keep blobs.

    `ledger` has one entry for each document paid for, `leaks` the requests that brought a key to the storage host, and
    `errors` the tracebacks of the emulator's own faults. `lag` (seconds) is for lists that show new things late.
    """

    def __init__(self) -> None:
        self.ledger: list[str] = []
        self.requests: list[Request] = []
        self.leaks: list[Request] = []
        self.errors: list[str] = []
        self.faults: dict[int, str] = {}
        self.victim: int | None = None
        self.clock: Callable[[], float] = time.time
        self.lag = 0.0
        self.slowness = 0.2
        self.retry_after = 0
        self.blobs: dict[str, bytes] = {}
        self._keys: set[str] = set()
        self._lock = threading.RLock()
        self._signing = os.urandom(16)
        self._servers = [_Server(self, host) for host in ("api", "storage")]
        self.url, self.storage_url = (server.url for server in self._servers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for server in self._servers:
            server.stop()

    def route(self, request: Request) -> Response:
        """Answer a request to the API. Runs alone; whatever it changed is committed when it returns."""
        raise NotImplementedError

    def presigned(self, method: str, path: str, lifetime: float = 900.0, signed: str = "host") -> str:
        """Return a URL at the storage host that allows one method on one path for some seconds."""
        claims = {
            "X-Amz-Expires": f"{self.clock() + lifetime:.3f}",
            "X-Amz-SignedHeaders": signed,
            "X-Amz-Signature": "",
        }
        claims["X-Amz-Signature"] = self._signature(method, path, claims)
        return f"{self.storage_url}{quote(path)}?{urlencode(claims)}"

    def store(self, request: Request) -> Response:
        """Answer a request to the storage host: blobs behind presigned URLs."""
        path = unquote(request.path)
        if not self._allowed(request, path):
            return _xml(403, "AccessDenied", "Request has expired or its signature does not match")
        if request.method == "PUT":
            if "content-length" not in request.headers:
                return _xml(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
            self.blobs[path] = request.body
            return Response(headers={"ETag": f'"{len(request.body)}"'})
        if path not in self.blobs:
            return _xml(404, "NoSuchKey", "The specified key does not exist.")
        return Response(body=self.blobs[path])

    def sent(self, *methods: str) -> list[Request]:
        """Return the requests so far with one of the methods."""
        return [request for request in self.requests if request.method in methods]

    def receive(self, request: Request) -> tuple[Response | None, str]:
        """Take a request on: count it, commit it, and return the answer or None with the fault to act out."""
        with self._lock:
            request = replace(request, number=len(self.requests) + 1)
            self.requests.append(request)
            self._watch(request)
            fault = self.faults.pop(request.number, "")
            if fault in UNCOMMITTED:
                return self._unheard(fault), fault
            response = self._answer(request)
            if fault == "kill_after":
                self._kill()
            return response, fault

    def _unheard(self, fault: str) -> Response | None:
        """Return the answer of a vendor that did nothing with the request."""
        match fault:
            case "429":
                return Response.of({"error": "slow down"}, 429, Retry_After=str(self.retry_after))
            case "429_plain":
                return Response.of({"error": "slow down"}, 429)
            case "500_before":
                return Response.of({"error": "internal"}, 500)
            case "kill_before":
                self._kill()
        return None

    def _answer(self, request: Request) -> Response:
        try:
            return self.route(request) if request.host == "api" else self.store(request)
        except Exception:  # noqa: BLE001 - a fault of the emulator must fail the test, not its client
            self.errors.append(traceback.format_exc())
            return Response.of({"error": "the emulator failed"}, 500)

    def _kill(self) -> None:
        """Kill the client, once: its number may be another's soon."""
        pid, self.victim = self.victim, None
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _watch(self, request: Request) -> None:
        """Remember what the API knows as keys, and note when one of them reaches the storage host."""
        carried = {value for name, value in request.headers.items() if name in KEY_HEADERS}
        if request.host == "api":
            self._keys |= {value.rpartition(" ")[2] for value in carried}
        elif carried or any(key in f"{request.query} {dict(request.headers)}" for key in self._keys):
            self.leaks.append(request)

    def _allowed(self, request: Request, path: str) -> bool:
        claims = {name: values[-1] for name, values in request.params.items()}
        signature = claims.get("X-Amz-Signature", "")
        fresh = self.clock() <= float(claims.get("X-Amz-Expires", "0"))
        return fresh and hmac.compare_digest(signature, self._signature(request.method, path, claims))

    def _signature(self, method: str, path: str, claims: Mapping[str, str]) -> str:
        words = (method, path, claims.get("X-Amz-Expires", ""), claims.get("X-Amz-SignedHeaders", ""))
        return hmac.new(self._signing, "\n".join(words).encode(), "sha256").hexdigest()


def _xml(status: int, code: str, message: str) -> Response:
    text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(status, {"Content-Type": "application/xml"}, text.encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, emulator: Emulator, host: Literal["api", "storage"]) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.emulator = emulator
        self.host = host
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
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
        text = traceback.format_exc()
        if not any(
            name in text for name in ("ConnectionResetError", "BrokenPipeError", "ConnectionAbortedError")
        ):
            self.emulator.errors.append(text)

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

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
        response, fault = self.server.emulator.receive(request)
        self._act(response, fault)

    def _body(self) -> bytes | None:
        """Read the whole body; None when the client did not send it all."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _act(self, response: Response | None, fault: str) -> None:
        cut = fault == "truncated"
        if response is None or fault in {"kill_after", "lost", "reset"} or (cut and not response.body):
            self._drop(hard=fault == "reset")
            return
        if fault == "slow":
            time.sleep(self.server.emulator.slowness)
        if fault == "500_after":
            response = Response.of({"error": "internal"}, 500)
        if fault == "html502":
            response = Response(502, {"Content-Type": "text/html"}, HTML_502)
        if fault == "malformed":
            response = Response(response.status, response.headers, b'{"half": ' + response.body[:20])
        self._send(response, cut=cut)

    def _send(self, response: Response, *, cut: bool) -> None:
        """Write head and body at once; of a cut answer the second half never comes."""
        stated = {"Date": formatdate(self.server.emulator.clock(), usegmt=True), **response.headers}
        if response.status not in (204, 304):
            stated.setdefault("Content-Length", str(len(response.body)))
        lines = [f"HTTP/1.1 {response.status} Status", *(f"{name}: {text}" for name, text in stated.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        body = b"" if self.command == "HEAD" else response.body
        self.wfile.write(head + (body[: len(body) // 2] if cut else body))
        if cut:
            self._drop(hard=False)

    def _drop(self, *, hard: bool) -> None:
        """Close without another byte; hard is a reset."""
        self.close_connection = True
        if hard:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
