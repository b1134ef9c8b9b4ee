"""The keyed client of a connection. Calls that may be repeated and the one that costs money are told apart here.

Nothing follows redirects, retries, or sends the key anywhere but to the connection's own host.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from json import dumps
from urllib.parse import unquote, urlencode, urlsplit

from docbatch.core.errors import CredentialsError, NotSent, Unavailable, Uncertain, UsageError
from docbatch.providers.address import PLAIN, is_plain
from docbatch.providers.http.addresses import is_loopback
from docbatch.providers.http.causes import CHECK_ADDRESS, is_redirect
from docbatch.providers.http.client import MOST_IDLE, NO_HEADERS, Call, Client, ExchangeFailure, Files
from docbatch.providers.http.presigned import PresignedClient
from docbatch.providers.http.proxies import proxy_for
from docbatch.providers.http.rates import Pace
from docbatch.providers.http.redaction import redact
from docbatch.providers.http.reply import Reply
from docbatch.sending_fence import record_began, seconds_left

__all__ = ["Files", "Heard", "KeyedClient", "PresignedClient", "Reply", "redact"]

TOO_MANY = 429
SECRET_HEADERS = ("auth", "key", "token", "secret", "cookie")


@dataclass(slots=True)
class Heard:
    """What the answers to one question tell of the vendor's time: `date` is the first that was told."""

    date: float | None = None


class KeyedClient:
    """The client of one connection, shared by threads.

    `headers` carry the key. `timeout` is the longest silence in seconds, `limit` the largest answer in bytes.
    Raises UsageError for a base URL that must get no key, CredentialsError for a key that cannot be sent.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        limiter: Pace | None = None,
        timeout: float = 60,
        limit: int = 64 << 20,
    ) -> None:
        self._base = _checked(base_url)
        self._secrets = _secrets(headers)
        self._limiter = limiter
        self._limit = limit
        self._host = urlsplit(base_url).netloc
        self._client = _client(base_url, headers, timeout, MOST_IDLE)
        # A request on a kept connection may be lost with it, so the one that costs money has a connection of its own.
        self._fresh = _client(base_url, headers, timeout, idle=0)
        self._hearing = threading.local()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown: the key, as headers carry it."""
        return self._secrets

    @property
    def base_url(self) -> str:
        """Where the service is."""
        return self._base

    def __repr__(self) -> str:
        return f"Wire({self._base!r})"

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        json: object = None,
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
        files: Files | None = None,
        redirects: bool = False,
    ) -> Reply:
        """Make a repeatable call. Raises Unavailable for trouble, 408, 425, 429, 5xx; CredentialsError for 401, 403.

        With `redirects` one is an answer as others are; else that is Unavailable, too.

        Unavailable, too, once the client is closed, and instead of a wait for the limiter that is too long.
        """
        if json is not None:
            content, headers = dumps(json).encode(), {"Content-Type": "application/json", **headers}
        call = self._call(method, path, params=params, headers=headers, content=content, files=files)
        outcome = self._exchange(self._client, call)
        if isinstance(outcome, ExchangeFailure):
            raise Unavailable(
                outcome.text, retry_after=outcome.retry_after, cause=outcome.cause, general=not outcome.sent
            )
        if outcome.later or (is_redirect(outcome.status) and not redirects):
            raise Unavailable(
                _told(call, outcome),
                retry_after=outcome.retry_after,
                hint=CHECK_ADDRESS if is_redirect(outcome.status) else None,
                cause=outcome.cause,
                general=outcome.status == TOO_MANY,
            )
        return outcome

    def create(self, path: str, body: bytes, *, headers: Mapping[str, str] = NO_HEADERS) -> Reply:
        """Send the request that costs money, once, on a connection of its own.

        Returns 2xx with JSON and a definite 4xx. Raises NotSent when no byte left or for 429, CredentialsError for 401
        and 403, Uncertain for everything else. Once the client is closed no byte leaves, nor once its record is too old.
        """
        # Said with the request, since two that end at once may otherwise be given each other's connection.
        stated = {"Content-Type": "application/json", "Connection": "close", **headers}
        call = replace(
            self._call("POST", path, params=(), headers=stated, content=body), record=record_began()
        )
        outcome = self._exchange(self._fresh, call)
        if isinstance(outcome, ExchangeFailure):
            if outcome.sent:
                raise Uncertain(outcome.text, cause=outcome.cause)
            raise NotSent(outcome.text, retry_after=outcome.retry_after, cause=outcome.cause, general=True)
        if outcome.status == TOO_MANY:
            told = _told(call, outcome)
            raise NotSent(told, retry_after=outcome.retry_after, cause=outcome.cause, general=True)
        if not _definite(outcome):
            raise Uncertain(_told(call, outcome), cause=outcome.cause)
        return outcome

    @contextmanager
    def hearing(self) -> Iterator[Heard]:
        """Note when answers to what this thread asks meanwhile were given, by the vendor's clock."""
        before = getattr(self._hearing, "now", None)
        self._hearing.now = heard = Heard()
        try:
            yield heard
        finally:
            self._hearing.now = before

    def close(self) -> None:
        """Begin nothing any more and end what is under way, as `Client.close` does; waits for the limiter, too."""
        if self._limiter is not None:
            self._limiter.close()
        self._client.close()
        self._fresh.close()

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]],
        headers: Mapping[str, str],
        content: bytes | Iterable[bytes] | None,
        files: Files | None = None,
    ) -> Call:
        where = _checked_path(path)
        query = ("&" if "?" in path else "?") + urlencode(list(params)) if params else ""
        subject = f"{method} {where} at {self._host}"
        return Call(
            method, self._base + path + query, subject, self._limit, headers, content, files, self._secrets
        )

    def _exchange(self, client: Client, call: Call) -> Reply | ExchangeFailure:
        limiter = None if self._limiter is None else self._limiter.of(call.method, urlsplit(call.url).path)
        if limiter is not None:
            try:
                limiter.wait(within=seconds_left(call.record))
            except Unavailable as error:
                told = redact(f"{call.subject}: {error.message}; this request was not sent", call.secrets)
                return ExchangeFailure(told, sent=False, retry_after=error.retry_after, cause=error.cause)
        outcome = client.exchange(call)
        if isinstance(outcome, ExchangeFailure):
            return outcome
        heard = getattr(self._hearing, "now", None)
        if heard is not None and heard.date is None:
            heard.date = outcome.told_date
        if outcome.status == TOO_MANY and limiter is not None:
            limiter.slow_down(outcome.retry_after)
        if outcome.status == 403:
            raise CredentialsError(
                f"the key may not do this: {_told(call, outcome)}",
                hint="the account's plan may lack it (batches are not part of every plan), or the key or workspace the right"
                " to it; change that at the vendor, then run the same command again",
            )
        if outcome.status == 401:
            raise CredentialsError(
                f"the key was refused: {_told(call, outcome)}",
                hint="check this connection's key, then run the same command again",
            )
        return outcome


def _told(call: Call, reply: Reply) -> str:
    subject = redact(call.subject, call.secrets)
    if is_redirect(reply.status):
        return f"{subject} was answered with status {reply.status} ({reply.cause})"
    return f"{subject} was answered with status {reply.status}: {reply.excerpt}"


def _definite(reply: Reply) -> bool:
    """Say whether an answer to a create settles it: a yes that can be read, or a clear no."""
    if 200 <= reply.status < 300:
        return reply.is_json
    return 400 <= reply.status < 500 and not reply.later


def _checked(base_url: str) -> str:
    """Return the base URL without a slash at its end. Raises UsageError."""
    if not is_plain(base_url):
        raise UsageError(PLAIN)
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise UsageError(f"the base URL at {host} is not https, so it gets no key")
    return base_url.rstrip("/")


def _client(base_url: str, headers: Mapping[str, str], timeout: float, idle: int) -> Client:
    """Raises UsageError for a proxy in the environment that cannot be used."""
    try:
        return Client(headers, timeout=timeout, idle=idle, proxy=proxy_for(base_url))
    except ValueError:
        why = "is no URL of a kind that is known"
    except ImportError:
        why = "speaks SOCKS, which takes the package socksio beside docbatch"
    raise UsageError(
        f"the proxy that the environment names for {urlsplit(base_url).hostname} {why}",
        hint="see HTTPS_PROXY, ALL_PROXY and NO_PROXY; nothing was sent",
    )


def _checked_path(path: str) -> str:
    """Return a path without its query. Ids in it are a stranger's and must not lead elsewhere."""
    where = path.partition("?")[0]
    if not path.startswith("/") or "#" in path:
        raise ValueError("a path starts with a slash and has no fragment")
    if {"", ".", ".."} & {unquote(segment) for segment in where[1:].split("/")}:
        raise Unavailable("the vendor gave an id that is none: it would lead elsewhere")
    return where


def _secrets(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return what must not be shown of the headers. Raises CredentialsError when they cannot be sent."""
    found: set[str] = set()
    for name, value in headers.items():
        if not value.strip() or not value.isascii() or not value.isprintable():
            raise CredentialsError(f"the value of the header {name} is empty or cannot be sent")
        if any(word in name.lower() for word in SECRET_HEADERS):
            found |= {value, value.rpartition(" ")[2]}
    return tuple(sorted(found))
