"""One HTTP exchange, with what is known about its bytes. No other module configures the HTTP client.

What went wrong is returned as a value: the client's own exceptions may quote headers and URLs, so they are never the
cause or context of an error.
"""

import logging
import os
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import BinaryIO

import h11
import httpcore
import httpx

from docbatch import __version__
from docbatch.providers.http import causes
from docbatch.providers.http.addresses import Forbidden
from docbatch.providers.http.exchanges import CLOSED, Broken, Exchange, Exchanges, Late, RecordTooOld
from docbatch.providers.http.redaction import redact, without_keys, without_keys_in
from docbatch.providers.http.reply import Reply
from docbatch.providers.http.sockets import BoundedBackend
from docbatch.sending_fence import FenceTime

CONNECT_PATIENCE = 10.0
SILENCES = 10
"""How many times the longest silence an exchange may take in all, if it sends little."""
LONGEST = 900.0
"""Seconds that an exchange may take in all at most, if it sends little."""
SLOWEST_UPLOAD = 32_000
"""Bytes a second that must get through at least: what is sent adds so much to the time of an exchange."""
UNSTATED = 512_000_000
"""Bytes that are allowed for where the length of what is sent is not known."""
MOST_IDLE = 64
KEPT = 5.0
"""Seconds an idle connection is kept: less than servers do, so that a call seldom meets one just closed."""
STEP = 1 << 20
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

Files = Mapping[str, tuple[str | None, BinaryIO | bytes] | tuple[str | None, BinaryIO | bytes, str]]

# The client logs URLs, and below that level headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_LOG = logging.getLogger(__name__)


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

    With `take` the body goes where that says and is not part of the reply. `record` is when that was recorded which it asks for:
    it leaves soon after, or not at all.
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
    record: FenceTime | None = None


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
        exchange = Exchange(self._longest, call.record)
        began = time.monotonic()
        try:
            with self._exchanges.under_way(exchange):
                found: Reply | ExchangeFailure = self._reply(call, exchange)
        except TROUBLES as error:
            found = self._failure(call, exchange, error)
        finally:
            self._release()
        if _LOG.isEnabledFor(logging.DEBUG):
            told = found.text if isinstance(found, ExchangeFailure) else f"{call.subject}: {found.status}"
            _LOG.debug("%s (%.3f s)", redact(told, call.secrets), time.monotonic() - began)
        return found

    @property
    def is_closed(self) -> bool:
        """Whether no exchange is begun any more."""
        return self._exchanges.closed

    def close(self) -> None:
        """Begin no exchange any more, and end those under way. From any thread, also more than once.

        Nothing is sent once it has returned.
        """
        self._exchanges.close()
        self._release()

    def _reply(self, call: Call, exchange: Exchange) -> Reply:
        try:
            request = self._request(call, exchange)
        except UnicodeError:
            # A vendor may name headers and links that no request can have.
            raise Broken("it has an address or a header that cannot be sent") from None
        exchange.allow(_size(request) / SLOWEST_UPLOAD)
        with closing(self._transport.handle_request(request)) as response:
            headers = _headers(response, call.secrets)
            body = without_keys(_body(response, headers, call), call.secrets)
            return Reply(response.status_code, headers, body, tuple(call.secrets))

    def _failure(self, call: Call, exchange: Exchange, error: Exception) -> ExchangeFailure:
        closed = self._exchanges.closed
        what = CLOSED if closed else _told(error, sent=exchange.sent)
        told = what if exchange.sent else f"{what}; this request was not sent"
        text = redact(f"{call.subject}: {told}", call.secrets)
        # What this side ended is nothing that stands in its way.
        reason = redact(_reason(error, what), call.secrets)
        host = "" if isinstance(error, RecordTooOld) else _host(call.url)
        cause = None if closed else causes.unreached(reason, host)
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


def _host(url: str) -> str:
    try:
        return httpx.URL(url).netloc.decode(errors="replace")
    except (httpx.InvalidURL, UnicodeError):
        return ""


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


def _headers(response: httpx.Response, secrets: Sequence[str]) -> dict[str, str]:
    headers = {name.lower(): value for name, value in response.headers.items()}
    together = "\n".join(headers.values())
    if without_keys_in(together, secrets) == together:
        return headers
    return {name: without_keys_in(value, secrets) for name, value in headers.items()}


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
