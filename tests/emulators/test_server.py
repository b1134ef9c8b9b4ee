"""The emulator's own promises: faults fall where they are said to fall, payments are counted, leaks are seen."""

import io
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from docbatch.core.errors import NotSent, Unavailable, Uncertain
from docbatch.emulators.exchange import ENDLESS
from docbatch.emulators.server import Emulator, Request, Response
from docbatch.providers.http.client import Call, Client, ExchangeFailure
from docbatch.providers.http.keyed import KeyedClient, PresignedClient
from docbatch.testing.crash import killing
from docbatch.testing.patience import until
from tests.emulators.secrecy import KEY
from tests.providers.http.asking import NEVER, Asking


class Shop(Emulator):
    """Sells one thing by POST, and shows what was sold by GET."""

    def route(self, request: Request) -> Response:
        match request.method, request.segments:
            case "POST", ["orders"]:
                self.ledger.append(request.json()["name"])
                return Response.of({"id": f"order-{len(self.ledger)}"}, 201)
            case "GET", ["orders"]:
                return Response.of({"orders": self.ledger})
            case "POST", ["chunked"]:
                return Response.of({"length": len(request.body)})
        if request.segments == ["broken"]:
            raise RuntimeError("a mistake")
        return Response.of({"error": "not found"}, 404)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as made:
        yield made


@pytest.fixture
def wire(shop: Shop) -> Iterator[KeyedClient]:
    made = KeyedClient(shop.url, {"X-API-KEY": KEY}, timeout=5)
    yield made
    made.close()


@pytest.fixture
def storage(shop: Shop) -> Iterator[PresignedClient]:
    made = PresignedClient(shop.url, timeout=5)
    yield made
    made.close()


def order(wire: KeyedClient) -> object:
    return wire.create("/orders", b'{"name": "apple"}').json()


def test_an_order_is_paid_once_and_shown(shop: Shop, wire: KeyedClient) -> None:
    assert order(wire) == {"id": "order-1"}
    assert wire.ask("GET", "/orders", params=[("a", "1"), ("a", "2")]).json() == {"orders": ["apple"]}
    assert [(each.number, each.method, each.path) for each in shop.requests] == [
        (1, "POST", "/orders"),
        (2, "GET", "/orders"),
    ]
    assert shop.requests[1].params == {"a": ["1", "2"]}
    assert shop.requests[1].param("a") == "2"
    assert shop.requests[0].headers["x-api-key"] == KEY


@pytest.mark.parametrize(
    ("fault", "kind", "paid"),
    [
        ("lost", Uncertain, 1),
        ("lost_before", Uncertain, 0),
        ("reset", Uncertain, 1),
        ("500_after", Uncertain, 1),
        ("500_before", Uncertain, 0),
        ("429", NotSent, 0),
        ("429_plain", NotSent, 0),
        ("truncated", Uncertain, 1),
        ("malformed", Uncertain, 1),
        ("html502", Uncertain, 1),
        ("kill_before", Uncertain, 0),
        ("kill_after", Uncertain, 1),
    ],
)
def test_a_fault_falls_before_or_after_the_payment(
    shop: Shop, wire: KeyedClient, fault: str, kind: type[Exception], paid: int
) -> None:
    shop.faults[1] = fault
    with pytest.raises(kind):
        order(wire)
    assert len(shop.ledger) == paid

    order(wire)
    assert len(shop.ledger) == paid + 1
    assert shop.errors == []


def test_a_slow_answer_comes(shop: Shop, wire: KeyedClient) -> None:
    shop.slowness = 0.05
    shop.faults[1] = "slow"

    assert order(wire) == {"id": "order-1"}


def test_a_429_says_how_long_to_wait_or_not(shop: Shop, wire: KeyedClient) -> None:
    shop.retry_after = 9
    shop.faults.update({1: "429", 2: "429_plain"})
    waits = []
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            wire.ask("GET", "/orders")
        waits.append(caught.value.retry_after)

    assert waits == [9, None]


@pytest.mark.parametrize("fault", ENDLESS)
def test_an_answer_without_end_befalls_one_request_until_its_client_leaves(shop: Shop, fault: str) -> None:
    shop.pause = 0.01
    shop.faults[1] = fault
    before = threading.active_count()
    impatient = Client({}, timeout=NEVER)
    order_of_one = Call("POST", f"{shop.url}/orders", "the order", 999, content=b'{"name": "apple"}')
    kept_waiting = Asking(lambda: impatient.exchange(order_of_one))
    until(lambda: shop.requests, "nothing came")
    other = KeyedClient(shop.url, {"X-API-KEY": KEY}, timeout=60)
    assert other.ask("GET", "/orders").status == 200
    other.close()
    assert not kept_waiting.over
    impatient.close()
    outcome = kept_waiting.outcome()

    assert isinstance(outcome, ExchangeFailure)
    assert outcome.sent
    assert len(shop.ledger) == (0 if fault.endswith("_before") else 1)
    until(lambda: threading.active_count() <= before, "the emulator still talks to who has left")
    assert shop.errors == []


@pytest.mark.parametrize("fault", ENDLESS)
def test_an_answer_without_end_ends_with_the_emulator(shop: Shop, fault: str) -> None:
    wire = KeyedClient(shop.url, {"X-API-KEY": KEY}, timeout=NEVER)
    shop.pause = 0.01
    shop.choose_fault = lambda _request: fault
    kept_waiting = Asking(lambda: order(wire))
    until(lambda: shop.requests, "nothing came")
    shop.close()

    with pytest.raises(Uncertain):
        kept_waiting.outcome()
    wire.close()
    assert shop.errors == []


CLIENT = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], data=b'{"name": "pear"}', method="POST")
urllib.request.urlopen(request).read()
print("answered")
"""


@pytest.mark.parametrize(("fault", "paid"), [("kill_before", []), ("kill_after", ["pear"])])
def test_the_victim_dies_at_its_request(shop: Shop, fault: str, paid: list[str]) -> None:
    shop.faults[1] = fault
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, f"{shop.url}/orders"], stdout=subprocess.PIPE
    ) as process:
        shop.strike = killing(process.pid)
        out, _ = process.communicate(timeout=30)

    assert (process.returncode, out) == (-signal.SIGKILL, b"")
    assert shop.ledger == paid


def test_requests_that_come_together_are_committed_one_by_one(shop: Shop, wire: KeyedClient) -> None:
    threads = [threading.Thread(target=order, args=(wire,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(shop.ledger) == 16
    assert [each.number for each in shop.requests] == list(range(1, 17))


def test_a_chunked_body_arrives_whole(shop: Shop, wire: KeyedClient) -> None:
    assert wire.ask("POST", "/chunked", content=iter([b"a" * 1000, b"b"])).json() == {"length": 1001}


def test_a_mistake_of_the_emulator_is_kept_for_the_test(shop: Shop, wire: KeyedClient) -> None:
    with pytest.raises(Unavailable, match="the emulator failed"):
        wire.ask("GET", "/broken")

    assert "RuntimeError: a mistake" in shop.errors[0]


def test_a_presigned_url_allows_one_method_on_one_path_for_a_time(
    shop: Shop, storage: PresignedClient
) -> None:
    now = [1000.0]
    shop.clock = lambda: now[0]
    put, get = shop.presigned("PUT", "/a b.pdf", lifetime=10), shop.presigned("GET", "/a b.pdf", lifetime=10)

    assert storage.put(put, io.BytesIO(b"%PDF"), 4, {}).status == 200
    assert storage.get(get, limit=100) == b"%PDF"
    assert shop.blobs == {"/a b.pdf": b"%PDF"}
    for url in (put, get.replace("a%20b", "c")):
        with pytest.raises(Unavailable, match="AccessDenied"):
            storage.get(url, limit=100)
    now[0] += 11
    with pytest.raises(Unavailable, match="AccessDenied"):
        storage.get(get, limit=100)
    assert shop.leaks == []


@pytest.mark.parametrize(
    "leak",
    [
        lambda url: urllib.request.Request(url, headers={"X-API-KEY": "anything"}),
        lambda url: urllib.request.Request(url, headers={"Authorization": "Bearer anything"}),
        lambda url: urllib.request.Request(url, headers={"X-Other": f"the key {KEY}"}),
        lambda url: urllib.request.Request(f"{url}&key={KEY}"),
    ],
)
def test_a_key_at_the_storage_host_is_seen(
    shop: Shop, wire: KeyedClient, leak: Callable[[str], urllib.request.Request]
) -> None:
    wire.ask("GET", "/orders")
    shop.blobs["/a"] = b"x"
    urllib.request.urlopen(leak(shop.presigned("GET", "/a"))).close()

    assert [each.path for each in shop.leaks] == ["/a"]


def test_a_client_that_leaves_in_the_middle_is_no_request(shop: Shop) -> None:
    port = int(shop.url.rpartition(":")[2])
    for part in (b"POST /orders HTTP/1.1\r\nContent-Length: 99\r\n\r\n{", b"POST /ord", b""):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass

    assert (shop.requests, shop.errors) == ([], [])


def test_a_closed_emulator_leaves_no_port_open() -> None:
    with Shop() as shop:
        pass

    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(shop.url)
