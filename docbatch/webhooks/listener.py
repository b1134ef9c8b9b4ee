"""The application behind the port: requests in, hints out. Whatever is not an authentic, fresh, new delivery changes nothing."""

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from docbatch.webhooks.hints import Hint
from docbatch.webhooks.mailbox import Mailbox
from docbatch.webhooks.vendors import Headers, Malformed, Message, Vendor

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREFIX = "/webhooks/"
HEALTH = "/healthz"


class Verdict(enum.Enum):
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
class Door:
    """Where one connection's deliveries come in, and the secrets they may be signed with."""

    connection: str
    vendor: Vendor
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def path(self) -> str:
        return PREFIX + self.connection


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered. `connection` is None where it was for none; `hint` is there once it is authentic."""

    verdict: Verdict
    connection: str | None = None
    hint: Hint | None = None
    reason: str = ""


class _Turned(Exception):
    """The request is turned away."""

    def __init__(self, verdict: Verdict, reason: str = "") -> None:
        super().__init__(verdict.words)
        self.verdict = verdict
        self.reason = reason


class _Left(Exception):
    """The client went before its request was complete."""


class Listener:
    """An ASGI application. `tell` hears of every answer."""

    def __init__(
        self,
        doors: Iterable[Door],
        mailbox: Mailbox,
        tell: Callable[[Answered], None],
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._doors = {door.path: door for door in doors}
        self._mailbox = mailbox
        self._tell = tell
        self._limits = limits or Limits()
        self._clock = clock
        self._one_by_one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(scope["path"])
        name = None if door is None else door.connection
        try:
            answered = await self._answer(door, scope, receive)
        except _Turned as turned:
            answered = Answered(turned.verdict, name, reason=turned.reason)
        except _Left:
            return
        await _respond(send, answered.verdict)
        if answered.verdict is not Verdict.HEALTHY:
            self._tell(answered)

    async def _answer(self, door: Door | None, scope: Scope, receive: Receive) -> Answered:
        if door is None:
            if scope["path"] == HEALTH and scope["method"] in {"GET", "HEAD"}:
                return Answered(Verdict.HEALTHY)
            raise _Turned(Verdict.NOT_FOUND)
        if scope["method"] != "POST":
            raise _Turned(Verdict.WRONG_METHOD)
        headers = _headers(scope)
        if not door.vendor.given(headers):
            raise _Turned(Verdict.FORGED)
        body = await self._body(headers, receive)
        now = self._clock()
        message = _checked(door, headers, body, now)
        hint = Hint(door.connection, message.kind, now, message.ids, message.marker)
        return Answered(await self._keep(message.event, hint), door.connection, hint)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """Read a body within the limits, whatever length it claims to have."""
        claimed = headers.get("content-length", "0")
        if not claimed.isdecimal() or len(claimed) > 12 or int(claimed) > self._limits.body:
            raise _Turned(Verdict.TOO_LARGE)
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.patience):
                async for part in _parts(receive):
                    body += part
                    if len(body) > self._limits.body:
                        raise _Turned(Verdict.TOO_LARGE)
        except TimeoutError:
            raise _Turned(Verdict.TOO_SLOW) from None
        return bytes(body)

    async def _keep(self, event: str, hint: Hint) -> Verdict:
        async with self._one_by_one:
            try:
                is_new = await asyncio.to_thread(self._mailbox.put, event, hint)
            except OSError as error:
                raise _Turned(Verdict.UNKEPT, error.strerror or type(error).__name__) from error
        return Verdict.ACCEPTED if is_new else Verdict.KNOWN


def _checked(door: Door, headers: Headers, body: bytes, now: float) -> Message:
    """Nothing of a body is looked at before its signature is right."""
    if not door.vendor.is_authentic(headers, body, door.secrets):
        raise _Turned(Verdict.FORGED)
    try:
        message = door.vendor.read(headers, body)
    except Malformed as error:
        raise _Turned(Verdict.MALFORMED, str(error)) from None
    if not message.is_fresh(now):
        raise _Turned(Verdict.STALE)
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


async def _respond(send: Send, verdict: Verdict) -> None:
    """Answer and close: one request a connection, so that its time limit is the request's."""
    body = f"{verdict.words}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if verdict is Verdict.WRONG_METHOD:
        headers.append((b"allow", b"POST"))
    if verdict is Verdict.UNKEPT:
        headers.append((b"retry-after", b"30"))
    await send({"type": "http.response.start", "status": verdict.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
