"""A create whose record is too old by the time that its connection stands does not leave with a single byte."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest

from docbatch import sending_fence
from docbatch.core.errors import NotSent
from docbatch.providers.http.client import Call, ExchangeFailure
from docbatch.providers.http.keyed import KeyedClient
from docbatch.providers.http.rates import Limiter
from docbatch.sending_fence import TOO_OLD, FenceTime, recorded_at
from docbatch.testing.patience import until
from tests.emulators.sockets import CERTIFICATE, Act, Caller, Peer, answer, replying, server_context
from tests.providers.http.asking import client

BODY = b'{"documents":1}'
OPEN = b"HTTP/1.1 200 OK\r\n\r\n"


@dataclass
class Clock:
    """Both clocks of the fence, and that of a limiter."""

    now: float = 1000.0

    def time(self) -> FenceTime:
        return FenceTime(self.now, self.now)

    def monotonic(self) -> float:
        return self.now

    def passes(self, seconds: float) -> Callable[[], None]:
        def act() -> None:
            self.now += seconds

        return act


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    made = Clock()
    monkeypatch.setattr(sending_fence, "fence_time", made.time)
    return made


@dataclass
class Heard:
    """What came first on a connection, nothing where it was closed; something is answered."""

    pieces: list[bytes] = field(default_factory=list)

    def act(self, caller: Caller) -> None:
        self.pieces.append(caller.connection.recv(65536))
        caller.say(answer())


@contextmanager
def keyed(url: str, limiter: Limiter | None = None) -> Iterator[KeyedClient]:
    with closing(KeyedClient(url, {"X-Key": "secret"}, limiter=limiter)) as made:
        yield made


def test_not_a_byte_leaves_when_the_fence_passes_in_the_handshake(clock: Clock) -> None:
    heard = Heard()
    with Peer(heard.act, tls=True, greeted=clock.passes(31)) as peer, keyed(peer.url) as service:
        with recorded_at(clock.time()), pytest.raises(NotSent) as late:
            service.create("/v1/batches", BODY)
        until(lambda: heard.pieces, "the connection was not closed")

    assert heard.pieces == [b""]
    assert (
        late.value.message
        == f"POST /v1/batches at localhost:{peer.port}: {TOO_OLD}; this request was not sent"
    )
    assert (late.value.cause, late.value.general, late.value.retry_after) == (TOO_OLD, True, None)


def test_it_leaves_whole_when_the_handshake_is_over_in_time(clock: Clock) -> None:
    with Peer(replying(), tls=True, greeted=clock.passes(30)) as peer, keyed(peer.url) as service:
        with recorded_at(clock.time()):
            assert service.create("/v1/batches", BODY).status == 200

        assert [request.endswith(BODY) for request in peer.requests] == [True]


def test_what_has_begun_to_leave_goes_on(clock: Clock) -> None:
    """Of a body that takes long, the first byte counts."""

    def answered(caller: Caller) -> None:
        caller.hear()
        clock.now += 3600
        caller.say(answer())

    with Peer(answered, tls=True) as peer, keyed(peer.url) as service, recorded_at(clock.time()):
        assert service.create("/v1/batches", b"x" * (1 << 20)).status == 200


def tunnel(clock: Clock, heard: Heard) -> Act:
    """Open a way to the service, which takes its time, and be the service."""

    def act(caller: Caller) -> None:
        caller.hear_head()
        clock.now += 31
        caller.say(OPEN)
        caller.connection = server_context().wrap_socket(caller.connection, server_side=True)
        heard.act(caller)

    return act


def test_not_a_byte_leaves_when_it_passes_while_a_proxy_opens_the_way(clock: Clock) -> None:
    heard = Heard()
    with Peer(tunnel(clock, heard)) as proxy, client(proxy=proxy.url) as made:
        call = Call("POST", "https://localhost:9/", "the create", 1 << 20, content=BODY, record=clock.time())
        failed = made.exchange(call)
        until(lambda: heard.pieces, "the connection was not closed")

    assert isinstance(failed, ExchangeFailure)
    assert (failed.sent, failed.cause) == (False, TOO_OLD)
    assert heard.pieces == [b""]


def test_each_try_of_one_create_is_asked_again(clock: Clock) -> None:
    with Peer(replying(), tls=True) as peer, keyed(peer.url) as service, recorded_at(clock.time()):
        service.create("/v1/batches", BODY)
        clock.now += 31
        with pytest.raises(NotSent):
            service.create("/v1/batches", BODY)

        assert len(peer.requests) == 1


def test_questions_and_uploads_leave_at_any_time(clock: Clock) -> None:
    began = clock.time()
    clock.now += 3600
    with Peer(replying(value={}), tls=True) as peer, keyed(peer.url) as service, recorded_at(began):
        assert service.ask("GET", "/v1/batches").status == 200
        assert service.ask("POST", "/v1/files", content=b"a document").status == 200


def test_what_no_record_limits_leaves_at_any_time(clock: Clock) -> None:
    with Peer(replying(), tls=True, greeted=clock.passes(3600)) as peer, keyed(peer.url) as service:
        assert service.create("/v1/batches", BODY).status == 200


def test_a_turn_that_comes_too_late_is_neither_waited_for_nor_taken(clock: Clock) -> None:
    slept: list[float] = []
    limiter = Limiter(1 / 20, clock=clock.monotonic, sleep=slept.append)
    limiter.wait()
    began = clock.time()
    with Peer(replying(), tls=True) as peer, keyed(peer.url, limiter) as service:
        clock.now += 9
        record = FenceTime(began.running - 15, began.wall - 15)
        with (
            recorded_at(record),
            pytest.raises(NotSent, match="the next request in 11 seconds") as late,
        ):
            service.create("/v1/batches", BODY)
        assert (late.value.retry_after, slept, peer.requests) == (11.0, [], [])

        clock.now += 11
        with recorded_at(clock.time()):
            assert service.create("/v1/batches", BODY).status == 200
        assert slept == []
