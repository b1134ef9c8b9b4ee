"""What passes between an emulator and its clients: requests, responses, and the faults that befall them."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self, get_args
from urllib.parse import parse_qs, unquote

from pydantic_core import to_json

Host = Literal["api", "storage"]

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
    "drip",
    "drip_before",
    "informs",
    "informs_before",
    "silent",
    "silent_before",
]
"""`lost` and `reset` answers never come, a `truncated` one comes to its half, and `before` says that the vendor did nothing.
`kill` is the end of the client itself, brought about by whoever runs the emulator. The last three keep the client waiting
until it leaves: the head of the answer comes a byte at a time, hints come before it for ever, or nothing comes at all."""

KILLS = frozenset({"kill_before", "kill_after"})
ENDLESS = ("drip", "drip_before", "informs", "informs_before", "silent", "silent_before")
FAULTS: tuple[str, ...] = tuple(
    fault for fault in get_args(Fault) if fault not in KILLS and fault not in ENDLESS
)
"""The faults that are over soon."""
UNCOMMITTED = frozenset(
    {"kill_before", "lost_before", "500_before", "429", "429_plain"}
    | {fault for fault in ENDLESS if fault.endswith("_before")}
)
UNANSWERED = frozenset({"kill_after", "lost", "reset"})

HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Request:
    """A request as it came in. Numbers start at 1 and run over both hosts; header names are in lower case."""

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: str = ""
    host: Host = "api"
    peer: int = 0

    @cached_property
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
        return cls(status, {"Content-Type": "application/json", **named}, to_json(value))


def unheard(fault: str, retry_after: int) -> Response | None:
    """Return what a vendor answers that did nothing with a request; None when it does not answer."""
    match fault:
        case "429":
            return Response.of({"error": "slow down"}, 429, Retry_After=str(retry_after))
        case "429_plain":
            return Response.of({"error": "slow down"}, 429)
        case "500_before":
            return Response.of({"error": "internal"}, 500)
    return None


def spoilt(fault: str, response: Response) -> Response:
    """Return what becomes of an answer on its way."""
    match fault:
        case "500_after":
            return Response.of({"error": "internal"}, 500)
        case "html502":
            return Response(502, {"Content-Type": "text/html"}, HTML_502)
        case "malformed":
            return Response(response.status, response.headers, b'{"half": ' + response.body[:20])
    return response


def endless(fault: str) -> Iterator[bytes]:
    """Yield what a client hears from time to time that is kept waiting."""
    match fault.removesuffix("_before"):
        case "drip":
            yield from (bytes([letter]) for letter in b"HTTP/1.1 200 Status\r\nX-Slow: ")
            yield from itertools.repeat(b"x")
        case "informs":
            yield b"HTTP/1.1 100 Continue\r\n\r\n"
            yield from itertools.repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </slow>\r\n\r\n")
        case _:
            yield from itertools.repeat(b"")
