"""One HTTP exchange, with what is known about its bytes. No other module configures the HTTP client.

What went wrong is returned as a value: the client's own exceptions may quote headers and URLs, so they are never the
cause or context of an error.
"""

import logging
import os
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, BinaryIO

import h11
import httpcore
import httpx

from docbatch import __version__
from docbatch.core.errors import Unavailable
from docbatch.jsontext import parse
from docbatch.providers.http import causes
from docbatch.providers.http.addresses import Forbidden
from docbatch.providers.http.exchanges import CLOSED, Broken, Exchange, Exchanges, Late
from docbatch.providers.http.redaction import LOOKED_AT, redact
from docbatch.providers.http.sockets import BoundedBackend
from docbatch.providers.http.times import header_date

CONNECT_PATIENCE = 10.0
SILENCES = 10
"""How many times the longest silence an exchange may take in all, if it sends little."""
LONGEST = 900.0
"""Seconds that an exchange may take in all at most, if it sends little."""
SLOWEST_UPLOAD = 32_000
"""Bytes a second that must get through at least: what is sent adds so much to the time of an exchange."""
UNSTATED = 512_000_000
"""Bytes that are allowed for where the length of what is sent is not known."""
LONGEST_WAIT = 3600.0
MOST_IDLE = 64
KEPT = 5.0
"""Seconds an idle connection is kept: less than servers do, so that a call seldom meets one just closed."""
STEP = 1 << 20
SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
LATER = frozenset({408, 425, 429})
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

Files = Mapping[str, tuple[str | None, BinaryIO | bytes] | tuple[str | None, BinaryIO | bytes, str]]

# The client logs URLs, and below that level headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. Header names are in lower case; the body is decoded and bounded."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def json(self) -> Any:
        """Read the body. Raises Unavailable with the body cut and redacted."""
        try:
            return parse(self.body, finite=True)
        except (ValueError, RecursionError):
            pass
        what = "is a page, not JSON" if causes.is_page(self.body) else "is not JSON"
        hint = causes.CHECK_ADDRESS if causes.is_page(self.body) else None
        text = f"an answer with status {self.status} {what}: {self.excerpt}"
        raise Unavailable(text, hint=hint, cause=self.cause)

    @property
    def cause(self) -> str:
        """What came instead of a good answer, in a few words."""
        return causes.answered(self.status, self.headers, self.body)

    @property
    def excerpt(self) -> str:
        """The body as it may be shown: without keys and presigned queries, at most 400 characters."""
        start = self.body[: 4 * (LOOKED_AT + 1)]
        return redact(start.decode(errors="replace"), self.secrets) or "(empty)"

    @property
    def retry_after(self) -> float | None:
        """Seconds the vendor asks to wait, at most an hour."""
        asked = self.headers.get("retry-after", "").strip()
        if SECONDS.fullmatch(asked):
            return min(float(asked), LONGEST_WAIT)
        until = header_date(asked)
        return None if until is None else min(max(until - self.date, 0.0), LONGEST_WAIT)

    @property
    def told_date(self) -> float | None:
        """The vendor's time of the answer, where it says."""
        return header_date(self.headers.get("date", ""))

    @property
    def date(self) -> float:
        """The vendor's time of the answer; this machine's where the answer does not say."""
        told = self.told_date
        return time.time() if told is None else told

    @property
    def is_json(self) -> bool:
        try:
            self.json()
        except Unavailable:
            return False
        return True

    @property
    def later(self) -> bool:
        """Whether the answer says no more than that the same call may be made again."""
        return self.status in LATER or self.status >= 500


@dataclass(frozen=True, slots=True)
class ExchangeFailure:
    """An exchange without a complete answer. `sent` is False only when no byte of the request can have left.

    `late` says that it took too long, `retry_after` how many seconds to wait where that is why it was not begun. `cause`
    says it in a few words.
    """

    text: str
    sent: bool
    late: bool = False
    retry_after: float | None = None
    cause: str | None = None


Take = Callable[[int, Mapping[str, str]], Callable[[bytes], object] | None]
"""Given status and headers, says where the body goes piece by piece; None leaves it unread."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. `subject` names it in messages, once redacted; `limit` is the largest answer in bytes.

    With `take` the body goes where that says and is not part of the reply.
    """

    method: str
    url: str
    subject: str
    limit: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | Iterable[bytes] | None = None
    files: Files | None = None
    secrets: Sequence[str] = ()
    take: Take | None = None


# The client lets through what its protocol library says of a body that is not as long as was stated.
TROUBLES = (httpx.HTTPError, httpx.InvalidURL, h11.LocalProtocolError, Forbidden, Broken, zlib.error)


class Client:
    """A client shared by threads, of transports alone: they know no redirects, cookies, netrc and environment.

    `timeout` is the longest silence in seconds, `longest` what an exchange may take in all beside the time for what it
    sends: ten times the silence unless said otherwise, at most a quarter of an hour. `idle` is how many connections are
    kept for further calls. `backend` makes the connections instead of the usual one. Raises ValueError for a proxy that
    is none, ImportError for one that takes a package which is not installed.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        timeout: float,
        longest: float | None = None,
        proxy: str | None = None,
        idle: int = MOST_IDLE,
        backend: httpcore.NetworkBackend | None = None,
    ) -> None:
        own = {"User-Agent": f"docbatch/{__version__}", "Accept": "*/*"}
        self._headers = {**own, **headers, "Accept-Encoding": "gzip"}
        self._patience = httpx.Timeout(timeout, connect=min(timeout, CONNECT_PATIENCE)).as_dict()
        self._longest = min(SILENCES * timeout, LONGEST) if longest is None else longest
        self._exchanges = Exchanges()
        bounded = BoundedBackend(backend or httpcore.SyncBackend(), self._exchanges)
        self._transport = _Transport(bounded, idle, proxy)

    def exchange(self, call: Call) -> Reply | ExchangeFailure:
        """Send one request and read the answer. What a body's own stream raises passes through."""
        exchange = Exchange(self._longest)
        try:
            with self._exchanges.under_way(exchange):
                return self._reply(call, exchange)
        except TROUBLES as error:
            return self._failure(call, exchange, error)
        finally:
            self._release()

    def close(self) -> None:
        """Begin no exchange any more, and end those under way. From any thread, also more than once.

        Nothing is sent once it has returned.
        """
        self._exchanges.close()
        self._release()

    def _reply(self, call: Call, exchange: Exchange) -> Reply:
        request = self._request(call, exchange)
        exchange.allow(_size(request) / SLOWEST_UPLOAD)
        with closing(self._transport.handle_request(request)) as response:
            headers = _headers(response)
            return Reply(response.status_code, headers, _body(response, headers, call), tuple(call.secrets))

    def _failure(self, call: Call, exchange: Exchange, error: Exception) -> ExchangeFailure:
        closed = self._exchanges.closed
        what = CLOSED if closed else _told(error, sent=exchange.sent)
        told = what if exchange.sent else f"{what}; nothing was sent"
        text = redact(f"{call.subject}: {told}", call.secrets)
        host = httpx.URL(call.url).netloc.decode()
        # What this side ended is nothing that stands in its way.
        cause = None if closed else causes.unreached(_reason(error, what), host)
        return ExchangeFailure(
            text, exchange.sent, late=isinstance(error, httpx.TimeoutException | Late), cause=cause
        )

    def _release(self) -> None:
        # A connection that a thread still uses is that thread's to close.
        if self._exchanges.closed and self._exchanges.over:
            self._transport.close()

    def _request(self, call: Call, exchange: Exchange) -> httpx.Request:
        return httpx.Request(
            call.method,
            call.url,
            headers={**self._headers, **call.headers},
            content=call.content,
            files=dict(call.files) if call.files else None,
            extensions={"timeout": self._patience, "trace": exchange.trace},
        )


def _size(request: httpx.Request) -> int:
    stated = request.headers.get("content-length", "")
    if stated.isascii() and stated.isdigit():
        return int(stated[:20])
    return UNSTATED if "transfer-encoding" in request.headers else 0


class _Transport(httpx.HTTPTransport):
    """The usual transport over a backend of ours, for which it has no parameter."""

    def __init__(self, backend: httpcore.NetworkBackend, idle: int, proxy: str | None) -> None:
        try:
            super().__init__(verify=tls_context(), trust_env=False, proxy=proxy)
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from None
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(),
            proxy=None if proxy is None else _proxy(httpx.Proxy(proxy)),
            max_connections=None,
            max_keepalive_connections=idle,
            keepalive_expiry=KEPT,
            network_backend=backend,
        )


def _proxy(proxy: httpx.Proxy) -> httpcore.Proxy:
    where = httpcore.URL(
        scheme=proxy.url.raw_scheme,
        host=proxy.url.raw_host,
        port=proxy.url.port,
        target=proxy.url.raw_path,
    )
    return httpcore.Proxy(where, proxy.raw_auth, proxy.headers.raw, proxy.ssl_context)


def tls_context() -> ssl.SSLContext:
    """Return the one context of the process; loading the certificates takes longer than many a request."""
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _told(error: Exception, *, sent: bool) -> str:
    what = (str(error) or type(error).__name__).rstrip(".")
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            what = f"no connection ({what})"
        case httpx.TimeoutException():
            what = "no answer in time" if sent else "no connection in time"
        case httpx.NetworkError():
            what = f"the connection broke ({what})"
    return what


def _reason(error: Exception, what: str) -> str:
    """Return what is wrong without what all of its kind have in common."""
    return (str(error) if isinstance(error, httpx.NetworkError) else "") or what


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _body(response: httpx.Response, headers: Mapping[str, str], call: Call) -> bytes:
    """Read the body, bounded in size as it is unpacked."""
    pieces: list[bytes] = []
    size = 0
    put = pieces.append if call.take is None else call.take(response.status_code, headers)
    if put is None:
        return b""
    for chunk in _decoded(response):
        size += len(chunk)
        if size > call.limit:
            raise Broken(f"the answer is larger than {call.limit} bytes")
        put(chunk)
    return b"".join(pieces)


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return response.iter_raw()
    if encoding in ("gzip", "x-gzip"):
        return _gunzipped(response.iter_raw())
    raise Broken("the answer is encoded in a way that was not asked for")


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack step by step, so that the reader can stop; an end that is missing or followed by more is an error."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    begun = False
    for chunk in chunks:
        packed, begun = chunk, True
        while packed:
            if unpacker.eof:
                raise Broken("the answer goes on after its end")
            yield unpacker.decompress(packed, STEP)
            packed = unpacker.unused_data or unpacker.unconsumed_tail
    yield unpacker.flush()
    if begun and not unpacker.eof:
        raise Broken("the answer was cut short")
