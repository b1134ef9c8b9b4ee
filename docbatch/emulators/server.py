"""A vendor on loopback: stateful, with switchable faults."""

import hashlib
import hmac
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import quote, unquote, urlencode

from docbatch.emulators.exchange import UNCOMMITTED, Fault, Request, Response, unheard
from docbatch.emulators.listener import Listener
from docbatch.emulators.reading import AtOnce, Reader, Reading
from docbatch.emulators.scenario import Scenario

__all__ = ["Emulator", "Fault", "Payment", "Request", "Response"]

KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "cookie", "proxy-authorization"})


@dataclass(slots=True)
class Payment:
    """One document a service was paid to work on. `pages` is None until it was read."""

    operation: str
    name: str
    digest: str = ""
    pages: int | None = None


class Emulator:
    """A vendor, once it listens. Subclasses implement `route`, and `store` where the storage host does more than keep blobs.

    `ledger` has one entry for each document paid for, and `payments` tells the same for people; `leaks` are the requests
    that brought a key to the storage host, `errors` the tracebacks of the emulator's own faults. `requests` are kept while
    `remembers` holds. `lag` (seconds) is for lists that show new things late. `scripted` says whether words in a document
    decide what becomes of it; `reader` finds out what it says.

    `failed` hears at once of each of those faults, with what was asked for. `scenario` says what befalls documents.

    `faults` befall requests by their number, `choose_fault` chooses one for any other; `strike` is called where the fault is
    the client's own end. `committed` is told of every request that had its effect, before it is answered. `own` are pages
    of the emulator itself, which no vendor has. `slowness` is how many seconds a slow answer takes, `pause` those between the
    pieces of an answer without end. `haste` is by how many seconds the dates of answers get ahead of the clock each second:
    dates have no parts of seconds, and graces in tests last no longer. `kept_headers` are those that say something about a request that is
    remembered over the emulator's end.
    """

    kept_headers: ClassVar[frozenset[str]] = frozenset({"content-type", "content-length", "idempotency-key"})

    def __init__(self) -> None:
        self.ledger: list[str] = []
        self.payments: list[Payment] = []
        self.requests: list[Request] = []
        self.remembers = True
        self.count = 0
        self.leaks: list[Request] = []
        self.errors: list[str] = []
        self.faults: dict[int, str] = {}
        self.choose_fault: Callable[[Request], str] = lambda _request: ""
        self.strike: Callable[[], None] = lambda: None
        self.committed: Callable[[Request], None] = lambda _request: None
        self.failed: Callable[[str, str], None] = lambda _subject, _trace: None
        self.scenario = Scenario()
        self.own: dict[str, Callable[[], Response]] = {}
        self.clock: Callable[[], float] = time.time
        self.haste = 0.0
        self.lag = 0.0
        self.slowness = 0.2
        self.pause = 1.0
        self.retry_after = 0
        self.blobs: MutableMapping[str, bytes] = {}
        self.reader: Reader = AtOnce()
        self.scripted = True
        self.signing = os.urandom(16)
        self.url = self.storage_url = ""
        self._keys: set[str] = set()
        self.turn = threading.RLock()
        self._began = time.monotonic()
        self._listeners: list[Listener] = []

    def __enter__(self) -> Self:
        if not self._listeners:
            self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def listen(self, port: int = 0) -> None:
        """Open the API on a port, 0 for any, and the storage host on any. Raises OSError when the port is in use."""
        self._listeners.append(Listener(self, "api", port))
        self._listeners.append(Listener(self, "storage"))
        self.url, self.storage_url = (listener.url for listener in self._listeners)

    def close(self) -> None:
        for listener in self._listeners:
            listener.stop()

    def date(self) -> float:
        """Return the time that answers tell in their `Date`."""
        return self.clock() + self.haste * (time.monotonic() - self._began)

    def route(self, request: Request) -> Response:
        """Answer a request to the API. Runs alone; whatever it changed is committed when it returns."""
        raise NotImplementedError

    def buy(self, entry: str, payment: Payment, content: bytes, done: Callable[[Reading], None]) -> None:
        """Enter a payment and have its document read; `done` is called as a request is answered: alone, now or later."""
        payment.digest = hashlib.sha256(content).hexdigest()
        self.ledger.append(entry)
        self.payments.append(payment)

        def settle(reading: Reading) -> None:
            with self.turn:
                payment.pages = len(reading.pages)
                done(self.scenario.reading(payment.name, reading))

        self.reader.read(content, payment.name, settle)

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

    def remembered(self, request: Request) -> Request:
        """Return a request that was committed as it is to be remembered: without credentials that go beyond it."""
        return request

    def receive(self, request: Request) -> tuple[Response | None, str]:
        """Take a request on: count it, commit it, and return the answer or None with the fault to act out."""
        with self.turn:
            if request.host == "api" and request.path in self.own:
                return self.own[request.path](), ""
            request = self._counted(request)
            fault = self.faults.pop(request.number, "") or self.choose_fault(request)
            if fault == "kill_before":
                self.strike()
            if fault in UNCOMMITTED:
                return unheard(fault, self.retry_after), fault
            failures = len(self.errors)
            response = self.commit(request)
            if len(self.errors) == failures:
                # What the emulator could not take would not be taken after its next start either.
                self.committed(request)
            if fault == "kill_after":
                self.strike()
            return response, fault

    def commit(self, request: Request) -> Response:
        """Let a request have its effect, and return its answer."""
        try:
            return self.route(request) if request.host == "api" else self.store(request)
        except Exception:  # noqa: BLE001 - a fault of the emulator must not look like a client's
            self.note_failure(f"{request.method} {request.path}")
            return Response.of({"error": "the emulator failed"}, 500)

    def note_failure(self, subject: str) -> None:
        """Note that the emulator itself failed with an exception, and tell it at once."""
        trace = traceback.format_exc()
        self.errors.append(trace)
        self.failed(subject, trace)

    def _counted(self, request: Request) -> Request:
        self.count += 1
        request = replace(request, number=self.count)
        if self.remembers:
            self.requests.append(request)
        self._watch(request)
        return request

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
        return hmac.new(self.signing, "\n".join(words).encode(), "sha256").hexdigest()


def _xml(status: int, code: str, message: str) -> Response:
    text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(status, {"Content-Type": "application/xml"}, text.encode())
