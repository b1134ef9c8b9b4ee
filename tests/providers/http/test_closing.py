"""A client that is closed from another thread: what is under way ends, and nothing leaves any more."""

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from docbatch.core.errors import NotSent, Unavailable, Uncertain
from docbatch.providers.http.client import Call, Client, ExchangeFailure
from docbatch.providers.http.exchanges import Exchange
from docbatch.providers.http.keyed import KeyedClient
from docbatch.providers.http.links import LinkClient, LinkState, Unanswered
from docbatch.providers.http.presigned import PresignedClient
from docbatch.providers.http.rates import Limiter
from docbatch.providers.http.reply import Reply
from docbatch.testing.patience import until
from tests.emulators.sockets import CERTIFICATE, Caller, Peer, answer, replying
from tests.providers.http.asking import BIG, NEVER, Asking, Held, asking, client, failure
from tests.providers.http.test_bounds import UNREACHED, Waiting, full

CLOSED = "the question: the connection was closed"
UNSENT = f"{CLOSED}; this request was not sent"


def ended(asked: Asking[Reply | ExchangeFailure], *, sent: bool) -> None:
    """Require that an exchange ends because its client was closed."""
    assert failure(asked) == ExchangeFailure(CLOSED if sent else UNSENT, sent, late=False)


def test_a_closed_client_asks_nobody() -> None:
    with Peer(replying()) as peer, client() as made:
        assert isinstance(made.exchange(asked(peer)), Reply)
        made.close()
        made.close()
        ended(asking(made, peer.url), sent=False)

        assert len(peer.requests) == 1


def asked(peer: Peer) -> Call:
    return Call("GET", peer.url, "the question", 1 << 20)


def test_closing_closes_the_connections_that_are_kept() -> None:
    left = threading.Event()

    def once(caller: Caller) -> None:
        caller.hear()
        caller.say(answer())
        if not caller.connection.recv(1):
            left.set()

    with Peer(once) as peer, client() as made:
        made.exchange(asked(peer))
        made.close()
        until(left.is_set, "the connection was kept")


PHASES = {
    "waiting for an answer": b"",
    "in the head": b"HTTP/1.1 200 OK\r\nContent-",
    "after a hint": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "in the body": answer(body=b"x" * 99)[:-5],
    "in a body without a length": b"HTTP/1.1 200 OK\r\n\r\nx",
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("said", PHASES.values(), ids=PHASES.keys())
def test_an_answer_under_way_is_left(said: bytes, *, tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    held = Held(said)
    with Peer(held, tls=tls) as peer, client() as made:
        question = asking(made, peer.url)
        held.reached()
        made.close()
        ended(question, sent=True)


def test_what_came_of_a_body_without_a_length_is_not_taken_for_the_whole() -> None:
    begun = threading.Event()

    def take(_status: int, _headers: object) -> Callable[[bytes], object]:
        return lambda _: begun.set()

    with Peer(Held(PHASES["in a body without a length"])) as peer, client() as made:
        question = asking(made, peer.url, take=take)
        until(begun.is_set, "nothing came")
        made.close()
        ended(question, sent=True)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "encrypted"])
def test_an_upload_under_way_is_left(*, tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    begun = threading.Event()

    def stop_hearing(caller: Caller) -> None:
        caller.hear_head()
        begun.set()
        peer.over.wait()

    with Peer(stop_hearing, tls=tls) as peer, client() as made:
        question = asking(made, peer.url, b"x" * BIG)
        until(begun.is_set, "nothing was sent")
        made.close()
        ended(question, sent=True)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "encrypted"])
def test_no_byte_of_a_body_leaves_after_the_closing(*, tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    begun, free = threading.Event(), threading.Event()
    heard = bytearray()

    def content() -> Iterator[bytes]:
        yield b"first"
        begun.set()
        free.wait()
        yield b"second"

    def listen(caller: Caller) -> None:
        while more := caller.connection.recv(65536):
            heard.extend(more)
        caller.connection.close()

    with Peer(listen, tls=tls) as peer, client() as made:
        question = asking(made, peer.url, content())
        until(begun.is_set, "nothing was sent")
        made.close()
        free.set()
        ended(question, sent=True)
        until(
            lambda: bool(peer.callers) and peer.callers[0].connection.fileno() < 0,
            "the connection was kept",
        )

    assert b"first" in heard
    assert b"second" not in heard


def test_an_exchange_that_waits_to_be_let_in_is_left() -> None:
    tried = threading.Event()
    backend = Waiting(tried.set)
    with full() as url, client(backend=backend) as made:
        question = asking(made, url)
        until(tried.is_set, "nothing was tried")
        made.close()
        ended(question, sent=False)


def test_a_connection_that_comes_after_the_closing_is_not_used() -> None:
    tried, free, heard = threading.Event(), threading.Event(), list[bytes]()

    def wait() -> None:
        tried.set()
        free.wait()

    def hear(caller: Caller) -> None:
        heard.append(caller.connection.recv(1))

    with Peer(hear) as peer, client(backend=Waiting(wait)) as made:
        question = asking(made, peer.url)
        until(tried.is_set, "nothing was tried")
        made.close()
        ended(question, sent=False)
        free.set()
        until(lambda: heard, "the connection was not closed")

    assert heard == [b""]


def test_a_greeting_is_left() -> None:
    held = Held(hear=lambda caller: caller.connection.recv(1))
    with Peer(held) as peer, client() as made:
        question = asking(made, peer.url.replace("http:", "https:"))
        held.reached()
        made.close()
        ended(question, sent=False)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["asked", "connected"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "encrypted"])
def test_a_proxy_that_was_asked_has_sent_nothing(
    said: bytes, *, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    held = Held(said)
    with Peer(held, tls=tls) as proxy, client(proxy=proxy.url) as made:
        question = asking(made, UNREACHED)
        held.reached()
        made.close()
        ended(question, sent=False)


def test_closing_at_the_last_moment_lets_no_byte_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    trace = Exchange.trace

    def close_then(exchange: Exchange, event: str, details: Any) -> None:
        trace(exchange, event, details)
        if exchange.begun:
            made.close()

    monkeypatch.setattr(Exchange, "trace", close_then)
    with Peer(lambda caller: heard.append(caller.connection.recv(1))) as peer, client() as made:
        ended(asking(made, peer.url, b"{}"), sent=False)
        until(lambda: heard, "the connection was not closed")

    assert heard == [b""]


def test_closing_between_the_look_and_the_first_byte_lets_none_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with Peer(lambda caller: heard.append(caller.connection.recv(1))) as peer, client() as made:
        seconds_for = made._exchanges.seconds_for

        def close_after(*given: Any) -> float:
            seconds = seconds_for(*given)
            made.close()
            return seconds

        monkeypatch.setattr(made._exchanges, "seconds_for", close_after)
        assert failure(asking(made, peer.url, b"{}")).sent
        until(lambda: heard, "the connection was not closed")

    assert heard == [b""]


class Watched(Limiter):
    """Tells when somebody has to wait."""

    def __init__(self, per_second: float) -> None:
        super().__init__(per_second, sleep=self._watched)
        self.waited_for = threading.Event()

    def _watched(self, seconds: float) -> None:
        self.waited_for.set()
        self._closed.wait(seconds)


def keyed(peer: Peer, limiter: Limiter | None = None) -> KeyedClient:
    return KeyedClient(peer.url, {"X-API-KEY": "k"}, timeout=NEVER, limiter=limiter)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda wire: wire.create("/batches", b"{}"), NotSent),
        (lambda wire: wire.ask("GET", "/batches"), Unavailable),
    ],
    ids=["create", "ask"],
)
def test_a_call_that_waits_for_its_turn_is_not_sent(
    call: Callable[[KeyedClient], Reply], kind: type[Exception]
) -> None:
    limiter = Watched(1 / 20)
    with Peer(replying()) as peer:
        wire = keyed(peer, limiter)
        limiter.wait()
        waiting = Asking(lambda: call(wire))
        until(limiter.waited_for.is_set, "nobody waits")
        wire.close()

        with pytest.raises(kind, match=r"the connection was closed; this request was not sent"):
            waiting.outcome()
        assert peer.callers == []


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda wire: wire.create("/batches", b"{}"), Uncertain),
        (lambda wire: wire.ask("GET", "/batches"), Unavailable),
    ],
    ids=["create", "ask"],
)
def test_a_call_whose_answer_is_awaited_ends(
    call: Callable[[KeyedClient], Reply], kind: type[Exception]
) -> None:
    held = Held()
    with Peer(held) as peer:
        wire = keyed(peer)
        waiting = Asking(lambda: call(wire))
        held.reached()
        wire.close()

        with pytest.raises(kind, match=r"the connection was closed$"):
            waiting.outcome()
        with pytest.raises(NotSent):
            wire.create("/batches", b"{}")
        with pytest.raises(Unavailable):
            wire.ask("GET", "/batches")
        assert len(peer.requests) == 1


def test_uploads_and_downloads_of_others_end() -> None:
    held = Held()
    with Peer(held) as peer:
        storage = PresignedClient(peer.url, timeout=NEVER)
        waiting = Asking(lambda: storage.get(f"{peer.url}/a", limit=99))
        held.reached()
        storage.close()

        with pytest.raises(Unavailable, match="the connection was closed"):
            waiting.outcome()
        with pytest.raises(Unavailable, match="was not sent"):
            storage.put(f"{peer.url}/a", io.BytesIO(b"x"), 1, {})


def test_links_end_and_are_not_asked_again() -> None:
    held = Held()
    with Peer(held) as peer:
        web = LinkClient(private=True, silence=NEVER, longest=NEVER)
        waiting = Asking(lambda: web.fetch(f"{peer.url}/a.pdf", io.BytesIO(), LinkState()))
        held.reached()
        web.close()

        with pytest.raises(Unanswered, match="the connection was closed") as caught:
            waiting.outcome()
        assert caught.value.passing
        assert len(peer.callers) == 1


@pytest.mark.parametrize("idle", [0, 64])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "encrypted"])
def test_of_many_threads_none_hears_wrong_and_none_stays(
    idle: int, *, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Peer(replying(), tls=tls) as peer:
        made = Client({}, timeout=NEVER, idle=idle)

        def ask() -> tuple[int, ExchangeFailure]:
            answered = 0
            while isinstance(outcome := made.exchange(asked(peer)), Reply):
                answered += 1
            return answered, outcome

        threads = [Asking(ask) for _ in range(8)]
        until(lambda: len(peer.requests) > 40, "nothing was asked")
        made.close()
        outcomes = [each.outcome() for each in threads]
        heard = len(peer.requests)

    assert {why.text for _, why in outcomes} <= {CLOSED, UNSENT}
    answered, unclear = sum(number for number, _ in outcomes), sum(why.sent for _, why in outcomes)
    assert answered <= heard <= answered + unclear


def test_nobody_is_connected_to_once_closed() -> None:
    tried = threading.Event()
    with client(backend=Waiting(tried.set)) as made:
        made.close()
        ended(asking(made, UNREACHED), sent=False)

    assert not tried.is_set()
