"""What stands between docbatch and a store: it counts what is asked, and misbehaves as it is told.

The faults of a connection are those of the emulators (`docbatch.emulators.exchange.Fault`): by the number of a request in
`faults`, by `choose_fault` for any other. `strike` is called where a fault is the client's own end.
"""

import http.client
import re
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from html import unescape
from typing import Literal
from urllib.parse import unquote, urlsplit

from docbatch.emulators.server import Emulator, Request, Response

Kind = Literal["LIST", "GET", "HEAD", "PUT", "COPY", "DELETE", "UPLOAD"]
"""`UPLOAD` is all that belongs to an upload in parts."""
_PLAIN: dict[str, Kind] = {"GET": "GET", "HEAD": "HEAD", "PUT": "PUT", "DELETE": "DELETE"}
_IN_PARTS = frozenset({"uploads", "uploadId", "partNumber"})

Alteration = Callable[[Request, Response], Response]
Instead = Callable[[Request], Response | None]

_ENTRY = re.compile(rb"<(Contents|Blob)>.*?</\1>", re.DOTALL)
_KEY = re.compile(rb"<(Key|Name)>(.*?)</\1>", re.DOTALL)
_GOES_ON = re.compile(rb"<(NextContinuationToken|NextMarker)>[^<]+</\1>")
_OF_ONE_CONNECTION = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
_PATIENCE = 60.0


def kind(request: Request) -> Kind:
    """Say what a store is asked for, whoever's it is."""
    asked = request.params.keys()
    comp = request.param("comp")
    if asked & _IN_PARTS or comp in {"block", "blocklist"}:
        return "UPLOAD"
    if "list-type" in asked or comp == "list":
        return "LIST"
    if any(name.endswith("-copy-source") for name in request.headers):
        return "COPY"
    if "delete" in asked or comp == "batch":
        return "DELETE"
    return _PLAIN[request.method]


def names(request: Request) -> list[str]:
    """Return a request's path, or the objects that it names together."""
    path = unquote(request.path).strip("/")
    if "delete" in request.params:
        return [f"{path}/{unescape(key[2].decode())}" for key in _KEY.finditer(request.body)]
    return [path]


class FaultProxy(Emulator):
    """Passes on to the store at the endpoint `target`, one request at a time; `endpoint` is what is asked in its place.

    `arrived` hears of a request before the store does, `committed` once there is an answer. `instead` gives an answer of which
    the store knows nothing; `alter` makes another of the store's own. `page` is how many objects a list may hold, where the
    store does not judge what was signed.
    """

    def __init__(self, target: str) -> None:
        super().__init__()
        self.arrived: Callable[[Request], object] = lambda _request: None
        self.instead: Instead = lambda _request: None
        self.alter: Alteration = lambda _request, response: response
        self.page: int | None = None
        self._target = urlsplit(target)

    @property
    def endpoint(self) -> str:
        return self.url + self._target.path

    @property
    def kinds(self) -> Counter[str]:
        """How often what was asked for."""
        return Counter(kind(request) for request in self.requests)

    def asked(self, *kinds: Kind) -> list[str]:
        """Return what requests of some kinds were about, bucket first."""
        return [name for each in self.requests if kind(each) in kinds for name in names(each)]

    def route(self, request: Request) -> Response:
        self.arrived(request)
        return self.instead(request) or self.alter(request, self._passed_on(request))

    def _passed_on(self, request: Request) -> Response:
        headers = {name: text for name, text in request.headers.items() if name not in _OF_ONE_CONNECTION}
        if request.body or request.method in {"PUT", "POST"}:
            headers["content-length"] = str(len(request.body))
        query = request.query
        if self.page is not None and "list-type" in request.params:
            query += f"&max-keys={self.page}"
        asked = f"{request.path}?{query}" if query else request.path
        with closing(http.client.HTTPConnection(self._target.netloc, timeout=_PATIENCE)) as store:
            store.request(request.method, asked, request.body, headers)
            answer = store.getresponse()
            body = answer.read()
        told = {name: text for name, text in answer.getheaders() if name.lower() not in _OF_ONE_CONNECTION}
        if request.method == "HEAD":
            told["Content-Length"] = answer.getheader("Content-Length") or "0"
        return Response(answer.status, told, body)


def refusal(status: int, code: str) -> Response:
    """Return an error as stores word it."""
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>as told</Message></Error>"
    return Response(status, {"Content-Type": "application/xml", "x-ms-error-code": code}, text.encode())


def slow_down() -> Response:
    """Return what a store answers who asks too much of it."""
    return refusal(503, "SlowDown")


def refusing(times: int | None, answer: Response, *kinds: Kind) -> Instead:
    """Answer so for so many requests of some kinds, of any where none is named; None is for ever."""
    left = [float("inf") if times is None else times]

    def instead(request: Request) -> Response | None:
        if left[0] <= 0 or (kinds and kind(request) not in kinds):
            return None
        left[0] -= 1
        return answer

    return instead


def listing(change: Callable[[str, bytes], bytes]) -> Alteration:
    """Change what lists tell of an object; what is told of none is a list without it."""

    def entry(found: re.Match[bytes]) -> bytes:
        key = _KEY.search(found[0])
        assert key is not None
        return change(unescape(key[2].decode()), found[0])

    def alter(request: Request, response: Response) -> Response:
        if kind(request) != "LIST":
            return response
        return replace(response, body=_ENTRY.sub(entry, response.body))

    return alter


def missing(*keys: str) -> Alteration:
    """Leave objects out of lists."""
    return listing(lambda key, told: b"" if key in keys else told)


def repeating(*keys: str) -> Alteration:
    """Tell of objects twice in a row."""
    return listing(lambda key, told: told * 2 if key in keys else told)


def repeating_a_page() -> Alteration:
    """Answer with the first page of a listing that goes on once more where the second is asked for."""
    first: list[Response] = []

    def alter(request: Request, response: Response) -> Response:
        if kind(request) != "LIST" or len(first) > 1:
            return response
        if not first and not _GOES_ON.search(response.body):
            return response
        first.append(response)
        return first[0]

    return alter


def losing_a_page() -> Alteration:
    """Empty the first page of a listing that goes on, and let it go on."""
    lost: list[Request] = []

    def alter(request: Request, response: Response) -> Response:
        if kind(request) != "LIST" or lost or not _GOES_ON.search(response.body):
            return response
        lost.append(request)
        return replace(response, body=_ENTRY.sub(b"", response.body))

    return alter
