"""What stands between runners and all that they ask, a store and a vendor: it numbers their requests, and strikes at one.

Both runners have the same files, the addresses in them included, since an address is part of what tells one account or store
from another. So a runner is not known by a port, but by when it connected: one of them runs at a time, the other is stopped.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from docbatch.emulators.listener import Listener
from docbatch.emulators.server import Emulator, Request, Response
from docbatch.testing.patience import LONG
from tests.stores.fault_proxy import kind, names

Answer = tuple[Response | None, str]
LOST: Answer = (None, "lost")


class Point(NamedTuple):
    """A request that may be struck: the so-and-so-many-th that a runner asks of a service, or the so-and-so-many-th put."""

    runner: str
    what: Literal["store", "vendor", "put"]
    number: int

    @property
    def named(self) -> str:
        return f"{self.what} {self.number}"


class Asked(NamedTuple):
    """One request of a runner. Numbers count what it asks of a service; `put` counts its puts, and is 0 for anything else."""

    runner: str
    service: Literal["store", "vendor"]
    number: int
    put: int
    request: Request

    @property
    def method(self) -> str:
        return kind(self.request) if self.service == "store" else self.request.method

    @property
    def path(self) -> str:
        """What is asked for: the key of an object, or a path at the vendor."""
        if self.service == "vendor":
            return unquote(self.request.path).strip("/")
        if self.method == "LIST":
            return f"{self.request.param('prefix', '')}*"
        return ", ".join(_key(name) for name in names(self.request))

    @property
    def points(self) -> tuple[Point, ...]:
        own = Point(self.runner, self.service, self.number)
        return (own, Point(self.runner, "put", self.put)) if self.put else (own,)

    def __str__(self) -> str:
        return f"{self.runner}, {self.service} {self.number}: {self.method} {self.path}"


def _key(path: str) -> str:
    """Return the key of a path, behind what names account and bucket in it."""
    return re.sub(r"^(?:devstoreaccount1/)?[^/]*/", "", path)


Strike = Callable[["Door", Request], Answer]
"""Has something happen to a request, and gives its answer."""


class _GateListener(Listener):
    """Notes as whose a connection was taken on."""

    def __init__(self, door: "Door", host: Any) -> None:
        self._door = door
        super().__init__(door, host)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._door.gate.peers[(self._door.service, client_address[1])] = self._door.gate.runner
        super().process_request(request, client_address)


@dataclass
class Gate:
    """`runner` is whose new connections are. `strikes` are what befalls which request.

    `later` is how many seconds the store's dates are ahead for what is written from now on. `struck` is what was struck, and
    `is_struck` tells of it at once; a request that is held back at the gate goes on with `goes_on`. What is `late` is done by
    `deliver_late`, or after the request that `due` names.
    """

    runner: str = "nobody"
    later: float = 0.0
    peers: dict[tuple[str, int], str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    strikes: dict[Point, Strike] = field(default_factory=dict)
    due: Point | None = None
    struck: list[str] = field(default_factory=list)
    is_struck: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)
    late: list[tuple["Door", Request]] = field(default_factory=list)
    signal: Callable[[int], None] = lambda _number: None
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, service: Literal["store", "vendor"], request: Request) -> tuple[Asked, Strike | None]:
        """Number a request; return it, with what is to befall it."""
        with self._turn:
            runner = self.peers.get((service, request.peer), "nobody")
            self._counts[(runner, service)] += 1
            is_put = service == "store" and kind(request) == "PUT"
            self._counts[(runner, "put")] += is_put
            put = self._counts[(runner, "put")] if is_put else 0
            asked = Asked(runner, service, self._counts[(runner, service)], put, request)
            self.asked.append(asked)
            point = next((each for each in asked.points if each in self.strikes), None)
            if point is None:
                return asked, None
            self.struck.append(str(asked))
            return asked, self.strikes.pop(point)

    def of(self, runner: str) -> list[Asked]:
        return [each for each in self.asked if each.runner == runner]

    def forget(self) -> None:
        """Count from 1 again, and strike nothing that was to be struck."""
        with self._turn:
            self.asked.clear()
            self.strikes.clear()
            self._counts.clear()
            self.due = None

    def hit(self, number: int) -> None:
        """Send the runner at hand a signal, and say that it was struck."""
        self.signal(number)
        self.is_struck.set()

    def deliver_late(self) -> int:
        """Do what was held back, after whatever came meanwhile; return how much that was."""
        late, self.late = self.late, []
        for door, request in late:
            door.inner.receive(request)
        return len(late)


class Door:
    """Where one service is asked: an emulator, or a `FaultProxy` before a store. It answers as that does."""

    def __init__(self, gate: Gate, service: Literal["store", "vendor"], inner: Emulator) -> None:
        self.gate = gate
        self.service = service
        self.inner = inner
        self.errors = inner.errors
        self.clock = inner.clock
        self.slowness = inner.slowness
        self.pause = inner.pause
        self._listeners = [_GateListener(self, "api"), _GateListener(self, "storage")]
        self.url, self.storage_url = (each.url for each in self._listeners)

    def date(self) -> float:
        return self.inner.date()

    def receive(self, request: Request) -> Answer:
        asked, strike = self.gate.count(self.service, request)
        answer = self.inner.receive(request) if strike is None else strike(self, request)
        if self.gate.due in asked.points:
            self.gate.deliver_late()
        return answer

    def close(self) -> None:
        self.gate.goes_on.set()
        for each in self._listeners:
            each.stop()


def before(number: int) -> Strike:
    """Send the runner a signal before its request is passed on, which it then never is."""

    def strike(door: Door, _request: Request) -> Answer:
        door.gate.hit(number)
        return LOST

    return strike


def held(number: int) -> Strike:
    """Send the runner a signal before its request is passed on, which it is when the runner goes on: as late as can be."""

    def strike(door: Door, request: Request) -> Answer:
        door.gate.goes_on.clear()
        door.gate.hit(number)
        door.gate.goes_on.wait(LONG * 3)
        return door.inner.receive(request)

    return strike


def after(number: int) -> Strike:
    """Send the runner a signal after its request was done, and before it is answered."""

    def strike(door: Door, request: Request) -> Answer:
        answer = door.inner.receive(request)
        door.gate.hit(number)
        return answer

    return strike


def lost(door: Door, request: Request) -> Answer:
    """Do a request, and lose its answer."""
    door.inner.receive(request)
    return LOST


def late(signal: int | None = None) -> Strike:
    """Keep a request until `deliver_late`, answer nothing, and send the runner a signal if there is one."""

    def strike(door: Door, request: Request) -> Answer:
        door.gate.late.append((door, request))
        if signal is not None:
            door.gate.hit(signal)
        return LOST

    return strike


class StoreDates:
    """Has a store date what is written later as much later as its gate says, without anybody waiting.

    Only what a single object is answered with is changed: lists keep the dates of the store.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._ahead: dict[str, float] = {}

    def __call__(self, request: Request, response: Response) -> Response:
        if request.method == "PUT" and response.status < 300:
            self._ahead[request.path] = self._gate.later
        ahead = self._ahead.get(request.path, 0.0)
        named = {name.lower(): name for name in response.headers}
        if not ahead or "last-modified" not in named:
            return response
        name = named["last-modified"]
        date = parsedate_to_datetime(response.headers[name]).timestamp() + ahead
        return replace(response, headers={**response.headers, name: formatdate(date, usegmt=True)})
