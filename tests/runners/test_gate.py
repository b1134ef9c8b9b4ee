"""The gate between runners and what they ask: it has to strike at the request it was told, and nowhere else."""

import http.client
import signal
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from docbatch.emulators.server import Emulator, Request, Response
from tests.runners.gate import Door, Gate, Point, StoreDates, after, before, late, lost


class Shelf(Emulator):
    """Keeps what is put, and gives it back with a date."""

    alter = StoreDates(Gate())

    def route(self, request: Request) -> Response:
        dated = {"Last-Modified": "Mon, 02 Mar 2026 10:00:00 GMT"}
        if request.method == "PUT":
            self.blobs[request.path] = request.body
            return self.alter(request, Response())
        found = request.path in self.blobs
        return self.alter(request, Response(200, dated, self.blobs[request.path]) if found else Response(404))


@pytest.fixture
def gate() -> Gate:
    return Gate(runner="a")


@pytest.fixture
def door(gate: Gate) -> Iterator[Door]:
    shelf = Shelf()
    shelf.alter = StoreDates(gate)
    made = Door(gate, "store", shelf)
    yield made
    made.close()


class Client:
    """A runner's one connection."""

    def __init__(self, door: Door) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(door.url).netloc, timeout=30)
        self._connection.connect()

    def ask(self, method: str, key: str, body: bytes = b"") -> tuple[int, bytes, str]:
        self._connection.request(method, f"/bucket/{key}", body)
        answer = self._connection.getresponse()
        return answer.status, answer.read(), answer.headers["Last-Modified"] or ""

    def close(self) -> None:
        self._connection.close()


def ask(door: Door, method: str, key: str, body: bytes = b"") -> tuple[int, bytes, str] | None:
    """Ask once, on a connection of its own; None where nothing is answered."""
    with closing(Client(door)) as client:
        try:
            return client.ask(method, key, body)
        except (ConnectionError, http.client.HTTPException):
            return None


def test_requests_are_numbered_for_each_runner_by_when_it_connected(gate: Gate, door: Door) -> None:
    with closing(Client(door)) as first:
        first.ask("GET", "state/lease")
        gate.runner = "b"
        ask(door, "PUT", "state/lease", b"b")
        first.ask("PUT", "state/log/1", b"a")

    assert [str(each) for each in gate.asked] == [
        "a, store 1: GET state/lease",
        "b, store 1: PUT state/lease",
        "a, store 2: PUT state/log/1",
    ]
    assert gate.asked[2].points == (Point("a", "store", 2), Point("a", "put", 1))


def test_a_strike_befalls_the_point_it_was_told_alone(gate: Gate, door: Door) -> None:
    signals: list[int] = []
    gate.signal = signals.append
    gate.strikes[Point("a", "put", 2)] = before(signal.SIGKILL)

    answers = [ask(door, "PUT", key, b"a") for key in ("one", "two", "three")]

    assert [each is None for each in answers] == [False, True, False]
    assert signals == [signal.SIGKILL]
    assert gate.struck == ["a, store 2: PUT two"]
    assert list(door.inner.blobs) == ["/bucket/one", "/bucket/three"]


def test_what_is_struck_after_it_was_done_is_answered(gate: Gate, door: Door) -> None:
    gate.strikes[Point("a", "store", 1)] = after(signal.SIGSTOP)

    answer = ask(door, "PUT", "one", b"a")

    assert answer is not None
    assert gate.is_struck.is_set()
    assert list(door.inner.blobs) == ["/bucket/one"]


def test_a_put_whose_answer_is_lost_is_done_once(gate: Gate, door: Door) -> None:
    gate.strikes[Point("a", "store", 1)] = lost

    assert ask(door, "PUT", "one", b"a") is None
    assert door.inner.blobs == {"/bucket/one": b"a"}


@pytest.mark.parametrize("due", [None, Point("b", "store", 2)])
def test_a_late_put_is_done_after_what_came_meanwhile(gate: Gate, door: Door, due: Point | None) -> None:
    gate.strikes[Point("a", "store", 1)] = late()
    gate.due = due
    assert ask(door, "PUT", "one", b"late") is None
    assert ask(door, "GET", "one") == (404, b"", "")
    gate.runner = "b"
    ask(door, "PUT", "one", b"meanwhile")
    if due is None:
        assert gate.deliver_late() == 1
    else:
        ask(door, "GET", "two")

    assert door.inner.blobs == {"/bucket/one": b"late"}
    assert gate.deliver_late() == 0


def test_dates_go_on_for_what_is_written_later(gate: Gate, door: Door) -> None:
    ask(door, "PUT", "before", b"")
    gate.later = 300.0
    ask(door, "PUT", "then", b"")

    dates = [answer[2] for key in ("before", "then") if (answer := ask(door, "GET", key))]

    first, second = (parsedate_to_datetime(each) for each in dates)
    assert (second - first).total_seconds() == 300
