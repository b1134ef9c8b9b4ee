"""Every exchange ends, whatever the other side does. Nothing here is bounded by silence: that alone would never end it."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore
import pytest

from docbatch.core.models import FailureClass
from docbatch.providers.http import client as clients
from docbatch.providers.http.addresses import CheckedBackend
from docbatch.providers.http.client import Client, ExchangeFailure
from docbatch.providers.http.exchanges import Exchange, Exchanges, Late
from docbatch.providers.http.links import LinkClient, LinkState, Unanswered
from docbatch.providers.http.reply import Reply
from docbatch.providers.http.sockets import BoundedBackend
from docbatch.testing.patience import until
from tests.emulators.sockets import CERTIFICATE, Act, Caller, Peer, answer, replying
from tests.providers.http.asking import BIG, NEVER, Asking, Held, asking, client, failure, repeating

SOON = 0.3
UNREACHED = "https://vendor.example/file"

ENDLESS: dict[str, Act] = {
    "a head that drips": repeating(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    "a status that drips": repeating(b"HTTP/1.1 200 ", b"O"),
    "continue for ever": repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "hints for ever": repeating(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "silence": Held(),
    "half a head": Held(b"HTTP/1.1 200 OK\r\nContent-"),
    "a body that drips": repeating(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "a body without a length that drips": repeating(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "chunks that drip": repeating(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "half a body": Held(answer(body=b"x" * 99)[:-5]),
}


def soon(asked: Asking[Reply | ExchangeFailure], *, sent: bool) -> None:
    """Require that an exchange ends because its time is up."""
    outcome = failure(asked)
    assert "too slowly" in outcome.text
    assert (outcome.sent, outcome.late) == (sent, True)


@pytest.mark.parametrize("act", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_answer_that_never_ends_is_left(act: Act) -> None:
    with Peer(act) as peer, client(SOON) as made:
        soon(asking(made, peer.url), sent=True)


@pytest.mark.parametrize("act", [ENDLESS["a head that drips"], ENDLESS["hints for ever"]])
def test_a_kept_connection_is_bounded_anew_for_each_exchange(act: Act) -> None:
    def once_well(caller: Caller) -> None:
        caller.hear()
        caller.say(answer())
        act(caller)

    with Peer(once_well) as peer, client(SOON) as made:
        assert isinstance(asking(made, peer.url).outcome(), Reply)
        soon(asking(made, peer.url), sent=True)

        assert len(peer.callers) == 1


@pytest.mark.parametrize("act", [ENDLESS["a head that drips"], ENDLESS["silence"], ENDLESS["half a body"]])
def test_encryption_changes_nothing(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Peer(act, tls=True) as peer, client(SOON) as made:
        soon(asking(made, peer.url), sent=True)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("pieces", [1, 64])
def test_an_upload_that_is_taken_drop_by_drop_is_left(
    pieces: int, *, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setattr(clients, "SLOWEST_UPLOAD", 1e12)
    content = b"x" * BIG if pieces == 1 else (bytes(BIG // pieces) for _ in range(pieces))

    def sip(caller: Caller) -> None:
        caller.hear_head()
        while not peer.over.wait(0.02):
            caller.connection.recv(2000)

    with Peer(sip, tls=tls) as peer, client(SOON) as made:
        soon(asking(made, peer.url, content), sent=True)


@pytest.mark.parametrize(
    ("content", "headers", "size"),
    [
        (b"x" * 1000, {}, 1000),
        (None, {}, 0),
        (iter([b"x"]), {}, clients.UNSTATED),
        (iter([b"x" * 7]), {"Content-Length": "7"}, 7),
    ],
)
def test_what_is_sent_has_time_of_its_own(
    content: bytes | Iterator[bytes] | None,
    headers: dict[str, str],
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed: list[float] = []
    monkeypatch.setattr(Exchange, "allow", lambda _, seconds: allowed.append(seconds))
    with Peer(replying()) as peer, client() as made:
        made.exchange(clients.Call("PUT", peer.url, "it", 99, headers, content))

    assert allowed == [size / clients.SLOWEST_UPLOAD]


def test_time_that_is_allowed_is_there_to_be_taken() -> None:
    exchange = Exchange(0.0)
    with pytest.raises(Late, match="too slowly"):
        exchange.left()
    exchange.allow(NEVER)

    assert NEVER / 2 < exchange.left() <= NEVER
    assert exchange.left(1) == 1


@pytest.mark.parametrize(("timeout", "longest"), [(5, 50), (60, 600), (300, 900)])
def test_how_long_an_exchange_may_take_unless_it_is_said(timeout: float, longest: float) -> None:
    made = Client({}, timeout=timeout)
    made.close()

    assert made._longest == longest


def test_a_greeting_that_drips_is_left_before_anything_was_sent() -> None:
    with Peer(repeating(b"\x16\x03\x03\x40\x00", b"\x02", hear=unheard)) as peer, client(SOON) as made:
        soon(asking(made, peer.url.replace("http:", "https:")), sent=False)


def unheard(_caller: Caller) -> None:
    """Say something before anything was asked."""


@contextmanager
def full() -> Iterator[str]:
    """Give the URL of a server that lets nobody in."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for each in waiting:
            each.close()


def test_a_server_that_lets_nobody_in_is_left() -> None:
    with full() as url, client(SOON) as made:
        soon(asking(made, url), sent=False)


@pytest.mark.parametrize("backend", [None, CheckedBackend()])
def test_names_that_nobody_resolves_are_left(
    backend: httpcore.NetworkBackend | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: free.wait() and [])
    with client(SOON, backend=backend) as made:
        soon(asking(made, UNREACHED), sent=False)
    free.set()


@pytest.mark.parametrize("act", [ENDLESS["a head that drips"], ENDLESS["hints for ever"], ENDLESS["silence"]])
def test_a_proxy_that_never_answers_is_left_before_anything_was_sent(act: Act) -> None:
    with Peer(act) as proxy, client(SOON, proxy=proxy.url) as made:
        soon(asking(made, UNREACHED), sent=False)


def test_a_host_behind_a_proxy_that_never_greets_is_left() -> None:
    with Peer(Held(b"HTTP/1.1 200 OK\r\n\r\n")) as proxy, client(SOON, proxy=proxy.url) as made:
        soon(asking(made, UNREACHED), sent=False)


def test_a_greeting_that_drips_through_an_encrypted_proxy_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    def connect(caller: Caller) -> None:
        caller.hear()
        caller.say(b"HTTP/1.1 200 OK\r\n\r\n")
        caller.connection.recv(65536)

    act = repeating(b"\x16\x03\x03\x40\x00", b"\x02", hear=connect)
    with Peer(act, tls=True) as proxy, client(SOON, proxy=proxy.url) as made:
        soon(asking(made, UNREACHED), sent=False)


def test_a_reader_that_names_no_patience_is_bounded_too() -> None:
    """So does the library talk to a SOCKS proxy."""
    exchanges = Exchanges()

    def talk(port: int) -> None:
        with exchanges.under_way(Exchange(SOON)):
            stream = BoundedBackend(httpcore.SyncBackend(), exchanges).connect_tcp(
                "127.0.0.1", port, NEVER, None, []
            )
            stream.write(b"\x05\x01\x00")
            stream.read(4096)

    with Peer(Held(hear=lambda caller: caller.connection.recv(3))) as proxy:
        asked = Asking(lambda: talk(proxy.port))
        with pytest.raises(Late):
            asked.outcome()


def test_a_link_is_bounded_where_its_addresses_are_checked() -> None:
    web = LinkClient(private=True, silence=NEVER, longest=SOON)
    with Peer(ENDLESS["hints for ever"]) as peer:
        asked = Asking(lambda: web.fetch(f"{peer.url}/a.pdf", io.BytesIO(), LinkState()))
        with pytest.raises(Unanswered, match="too slowly") as caught:
            asked.outcome()
    web.close()

    assert (caught.value.failure.kind, caught.value.passing) == (FailureClass.TIMEOUT, True)
    assert len(peer.callers) == 1


def test_a_connection_that_comes_too_late_is_closed_and_nothing_is_sent_on_it() -> None:
    free, heard = threading.Event(), list[bytes]()

    def hear(caller: Caller) -> None:
        heard.append(caller.connection.recv(1))

    with Peer(hear) as peer, client(SOON, backend=Waiting(free.wait)) as made:
        soon(asking(made, peer.url), sent=False)
        free.set()
        until(lambda: heard, "the connection was not closed")

    assert heard == [b""]


class Waiting(httpcore.NetworkBackend):
    """Connects once it may."""

    def __init__(self, wait: Callable[[], object]) -> None:
        self._wait = wait

    def connect_tcp(self, *given: object, **named: object) -> httpcore.NetworkStream:
        self._wait()
        return httpcore.SyncBackend().connect_tcp(*given, **named)  # type: ignore[arg-type]
