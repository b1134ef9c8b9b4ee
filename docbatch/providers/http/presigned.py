"""Presigned URLs: uploads and downloads at hosts that a vendor's answer names, by a client that carries no key."""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from docbatch.core.errors import Gone, Unavailable
from docbatch.providers.http.addresses import CheckedBackend, is_loopback
from docbatch.providers.http.client import NO_HEADERS, Call, Client
from docbatch.providers.http.exchanges import Broken
from docbatch.providers.http.redaction import redact
from docbatch.providers.http.reply import Reply

CHUNK = 1 << 18
MOST_ECHOED = 1 << 20
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class PresignedClient:
    """The keyless client: no cookies, no netrc, no proxy, nothing from the environment but the trusted certificates.

    Only https and public addresses, checked on each hop as the connection is made; this machine too when the vendor's
    `base_url` is on it. `timeout` is the longest silence in seconds. What is
    downloaded repeats none of the `secrets`, which are never sent.
    """

    def __init__(self, base_url: str, *, timeout: float = 60, secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(secrets)
        self._loopback = is_loopback(urlsplit(base_url).hostname or "")
        backend = CheckedBackend(loopback=self._loopback)
        self._client = Client(NO_HEADERS, timeout=timeout, backend=backend)

    def put(self, url: str, stream: BinaryIO, size: int, headers: Mapping[str, str]) -> Reply:
        """Upload exactly `size` bytes. Raises Unavailable for trouble, 408, 425, 429, 5xx and URLs out of bounds."""
        stated = {**headers, "Content-Length": str(size)}
        content = _exactly(stream, size)
        return self._ask(Call("PUT", url, "the upload", MOST_ECHOED, stated, content, secrets=self._secrets))

    def get(self, url: str, *, limit: int, hops: int = 3) -> bytes:
        """Fetch at most `limit` bytes over at most `hops` redirects.

        Raises Gone for 404 and 410, and Unavailable for the rest: after a 403 a new URL may do.
        """
        for _ in range(hops + 1):
            reply = self._ask(
                Call("GET", url, "the download", max(limit, MOST_ECHOED), secrets=self._secrets)
            )
            if reply.status not in REDIRECTS:
                return _downloaded(reply, limit)
            url = joined(url, reply.headers.get("location", ""))
        raise Unavailable(f"the download was redirected more than {hops} times")

    @property
    def is_closed(self) -> bool:
        """Whether nothing is begun any more."""
        return self._client.is_closed

    def close(self) -> None:
        """Begin nothing any more and end what is under way, as `Client.close` does."""
        self._client.close()

    def _ask(self, call: Call) -> Reply:
        problem = _unfit(call.url, loopback=self._loopback)
        if problem:
            raise Unavailable(f"{call.subject}: the vendor gave a URL that is not used: {problem}")
        outcome = self._client.exchange(call)
        if not isinstance(outcome, Reply):
            raise Unavailable(outcome.text, cause=outcome.cause, general=not outcome.sent)
        if outcome.later:
            told = _told(call.subject, outcome)
            raise Unavailable(told, retry_after=outcome.retry_after, cause=outcome.cause)
        return outcome


def _told(subject: str, reply: Reply) -> str:
    return f"{subject} was answered with status {reply.status}: {reply.excerpt}"


def _downloaded(reply: Reply, limit: int) -> bytes:
    if reply.status == 200 and len(reply.body) <= limit:
        return reply.body
    if reply.status == 200:
        raise Unavailable(f"the download is larger than {limit} bytes")
    told = _told("the download", reply)
    raise Gone(told) if reply.status in (404, 410) else Unavailable(told, cause=reply.cause)


def joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _unfit(url: str, *, loopback: bool) -> str | None:
    """Say why a stranger's URL is not used. Its address is checked when connecting."""
    try:
        parts = urlsplit(url)
        host, user = parts.hostname or "", parts.username
    except ValueError:
        return "it cannot be read"
    if not host or user is not None:
        return "it names no host, or a user"
    if parts.scheme == "https" or (parts.scheme == "http" and loopback and is_loopback(host)):
        return None
    return f"it is not https, at {redact(host, ())}"


def _exactly(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield a stream of known size; one that is shorter or longer breaks the upload off before its end."""
    left = size
    while left:
        chunk = stream.read(min(CHUNK, left))
        left -= len(chunk)
        if not chunk or (left == 0 and stream.read(1)):
            raise Broken(f"the file is not {size} bytes long any more")
        yield chunk
