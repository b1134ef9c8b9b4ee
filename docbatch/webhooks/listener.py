"""The application behind the port: requests in, hints out. Whatever is not an authentic, fresh, new delivery changes nothing."""

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from docbatch.providers.webhook import Headers, Malformed, Message, Webhook
from docbatch.webhooks.hints import Hint
from docbatch.webhooks.inbox import InboxWriter

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/webhooks/"
HEALTH = "/healthz"


class DeliveryVerdict(enum.Enum):
    """What became of a request: the status it is answered with, and the words for it."""

    ACCEPTED = (202, "accepted")
    KNOWN = (200, "came before")
    HEALTHY = (200, "listening")
    MALFORMED = (400, "signed, but not of the shape this vendor documents")
    FORGED = (401, "the signature is missing or wrong")
    STALE = (401, "signed too long ago, or ahead of this machine's clock")
    NOT_FOUND = (404, "no connection listens here")
    WRONG_METHOD = (405, "deliveries are sent by POST")
    TOO_SLOW = (408, "the body did not come in time")
    TOO_LARGE = (413, "the body is too large")
    UNKEPT = (503, "could not be kept, deliver it again later")

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        self.words = words


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a body, seconds until it is there, seconds of a connection as a whole, and connections at once."""

    body: int = 1024 * 1024
    patience: float = 5.0
    connection: float = 20.0
    connections: int = 64


@dataclass(frozen=True, slots=True)
class WebhookConnection:
    """Where one connection's deliveries come in, and the secrets they may be signed with."""

    connection: str
    webhook: Webhook
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def path(self) -> str:
        return PREFIX + self.connection


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request that was answered. `connection` is None where it was for none; `hint` is there once it is authentic."""

    verdict: DeliveryVerdict
    connection: str | None = None
    hint: Hint | None = None
    reason: str = ""


class _Turned(Exception):
    """The request is turned away."""

    def __init__(self, verdict: DeliveryVerdict, reason: str = "") -> None:
        super().__init__(verdict.words)
        self.verdict = verdict
        self.reason = reason


class _Left(Exception):
    """The client went before its request was complete."""


class Listener:
    """An ASGI application. `tell` hears of every answer."""

    def __init__(
        self,
        receivers: Iterable[WebhookConnection],
        inbox: InboxWriter,
        tell: Callable[[AnsweredRequest], None],
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._receivers = {receiver.path: receiver for receiver in receivers}
        self._inbox = inbox
        self._tell = tell
        self._limits = limits or Limits()
        self._clock = clock
        self._one_by_one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        receiver = self._receivers.get(scope["path"])
        name = None if receiver is None else receiver.connection
        try:
            answered = await self._answer(receiver, scope, receive)
        except _Turned as turned:
            answered = AnsweredRequest(turned.verdict, name, reason=turned.reason)
        except _Left:
            return
        await _respond(send, answered.verdict)
        if answered.verdict is not DeliveryVerdict.HEALTHY:
            self._tell(answered)

    async def _answer(
        self, receiver: WebhookConnection | None, scope: Scope, receive: Receive
    ) -> AnsweredRequest:
        if receiver is None:
            if scope["path"] == HEALTH and scope["method"] in {"GET", "HEAD"}:
                return AnsweredRequest(DeliveryVerdict.HEALTHY)
            raise _Turned(DeliveryVerdict.NOT_FOUND)
        if scope["method"] != "POST":
            raise _Turned(DeliveryVerdict.WRONG_METHOD)
        headers = _headers(scope)
        if not receiver.webhook.given(headers):
            raise _Turned(DeliveryVerdict.FORGED)
        body = await self._body(headers, receive)
        now = self._clock()
        message = _checked(receiver, headers, body, now)
        hint = Hint(receiver.connection, message.kind, now, message.ids, message.marker)
        return AnsweredRequest(await self._keep(message.event, hint), receiver.connection, hint)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """Read a body within the limits, whatever length it claims to have."""
        claimed = headers.get("content-length", "0")
        if not claimed.isdecimal() or len(claimed) > 12 or int(claimed) > self._limits.body:
            raise _Turned(DeliveryVerdict.TOO_LARGE)
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.patience):
                async for part in _parts(receive):
                    body += part
                    if len(body) > self._limits.body:
                        raise _Turned(DeliveryVerdict.TOO_LARGE)
        except TimeoutError:
            raise _Turned(DeliveryVerdict.TOO_SLOW) from None
        return bytes(body)

    async def _keep(self, event: str, hint: Hint) -> DeliveryVerdict:
        async with self._one_by_one:
            try:
                is_new = await asyncio.to_thread(self._inbox.put, event, hint)
            except OSError as error:
                raise _Turned(DeliveryVerdict.UNKEPT, error.strerror or type(error).__name__) from error
        return DeliveryVerdict.ACCEPTED if is_new else DeliveryVerdict.KNOWN


def _checked(receiver: WebhookConnection, headers: Headers, body: bytes, now: float) -> Message:
    """Nothing of a body is looked at before its signature is right."""
    if not receiver.webhook.is_authentic(headers, body, receiver.secrets):
        raise _Turned(DeliveryVerdict.FORGED)
    try:
        message = receiver.webhook.read(headers, body)
    except Malformed as error:
        raise _Turned(DeliveryVerdict.MALFORMED, str(error)) from None
    if not message.is_fresh(now):
        raise _Turned(DeliveryVerdict.STALE)
    return message


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise _Left
        yield event.get("body", b"")
        more = event.get("more_body", False)


def _headers(scope: Scope) -> Mapping[str, str]:
    """Return the headers by name; one that is sent twice is joined as HTTP says, which no signature survives."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


async def _respond(send: Send, verdict: DeliveryVerdict) -> None:
    """Answer and close: one request a connection, so that its time limit is the request's."""
    body = f"{verdict.words}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if verdict is DeliveryVerdict.WRONG_METHOD:
        headers.append((b"allow", b"POST"))
    if verdict is DeliveryVerdict.UNKEPT:
        headers.append((b"retry-after", b"30"))
    await send({"type": "http.response.start", "status": verdict.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
