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
from http.cookiejar import CookieJar, DefaultCookiePolicy
from json import loads
from types import MappingProxyType
from typing import Any, BinaryIO

import h11
import httpcore
import httpx

from docbatch import __version__
from docbatch.errors import Unavailable
from docbatch.providers.addresses import Forbidden
from docbatch.providers.redaction import LOOKED_AT, redact
from docbatch.providers.times import header_date

CONNECT_PATIENCE = 10.0
LONGEST_ANSWER = 10
"""How many times the longest silence an answer's body may take in all."""
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
            return loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            pass
        raise Unavailable(f"an answer with status {self.status} is not JSON: {self.excerpt}")

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
    def date(self) -> float:
        """The vendor's time of the answer; this machine's where the answer does not say."""
        told = header_date(self.headers.get("date", ""))
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


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An exchange without a complete answer. `sent` is False only when no byte of the request can have left.

    `late` says that it took too long.
    """

    text: str
    sent: bool
    late: bool = False


class Broken(Exception):
    """This side ends the exchange: what came cannot be taken, or what was to be sent is not there."""


class Late(Broken):
    """The answer came too slowly."""


Take = Callable[[int, Mapping[str, str]], Callable[[bytes], object] | None]
"""Given status and headers, says where the body goes piece by piece; None leaves it unread."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. `subject` names it in messages; `limit` is the largest answer in bytes.

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
    """A client without redirects and cookies, shared by threads.

    `timeout` is the longest silence in seconds, `idle` how many connections are kept for further calls. `backend` makes
    the connections instead of the usual one.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        timeout: float,
        trust_env: bool,
        idle: int = MOST_IDLE,
        backend: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._longest = LONGEST_ANSWER * timeout
        self._client = httpx.Client(
            headers={"User-Agent": f"docbatch/{__version__}", **headers, "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_PATIENCE)),
            verify=tls_context(),
            trust_env=trust_env,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=idle, keepalive_expiry=KEPT),
            transport=None if backend is None else _Transport(backend),
        )

    def exchange(self, call: Call) -> Reply | Trouble:
        """Send one request and read the answer. What a body's own stream raises passes through."""
        sent = False

        def trace(event: str, details: Mapping[str, Any]) -> None:
            # A proxy's CONNECT is no byte of the request.
            nonlocal sent
            if event.endswith("send_request_headers.started") and details["request"].method != b"CONNECT":
                sent = True

        try:
            request = self._request(call, trace)
            with closing(self._client.send(request, stream=True)) as response:
                headers = _headers(response)
                body = _body(response, headers, call, time.monotonic() + self._longest)
                return Reply(response.status_code, headers, body, tuple(call.secrets))
        except TROUBLES as error:
            late = isinstance(error, httpx.TimeoutException | Late)
            return Trouble(redact(f"{call.subject}: {_told(error, sent=sent)}", call.secrets), sent, late)

    def close(self) -> None:
        self._client.close()

    def _request(self, call: Call, trace: Callable[[str, Mapping[str, Any]], None]) -> httpx.Request:
        return self._client.build_request(
            call.method,
            call.url,
            headers=dict(call.headers),
            content=call.content,
            files=dict(call.files) if call.files else None,
            extensions={"trace": trace},
        )


class _Transport(httpx.HTTPTransport):
    """The client's own transport over a backend of ours, for which it has no parameter."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        super().__init__(verify=tls_context(), trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(),
            max_connections=None,
            max_keepalive_connections=MOST_IDLE,
            keepalive_expiry=KEPT,
            network_backend=backend,
        )


def tls_context() -> ssl.SSLContext:
    """Return the one context of the process; loading the certificates takes longer than many a request."""
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _told(error: Exception, *, sent: bool) -> str:
    what = str(error) or type(error).__name__
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            what = f"no connection ({what})"
        case httpx.TimeoutException():
            what = "no answer in time" if sent else "no connection in time"
        case httpx.NetworkError():
            what = f"the connection broke ({what})"
    return what if sent else f"{what}; nothing was sent"


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _body(response: httpx.Response, headers: Mapping[str, str], call: Call, until: float) -> bytes:
    """Read the body, bounded in size as it is unpacked, and in time."""
    decoded, size = bytearray(), 0
    put = decoded.extend if call.take is None else call.take(response.status_code, headers)
    if put is None:
        return b""
    for chunk in _decoded(response):
        size += len(chunk)
        if size > call.limit:
            raise Broken(f"the answer is larger than {call.limit} bytes")
        if time.monotonic() > until:
            raise Late("the answer came too slowly")
        put(chunk)
    return bytes(decoded)


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
