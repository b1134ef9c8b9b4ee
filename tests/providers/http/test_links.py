"""The client for users' links, against servers that misbehave."""

import io
import threading
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from docbatch.core.models import FailureClass
from docbatch.providers.http import addresses
from docbatch.providers.http.links import LinkClient, LinkState, Unanswered
from tests.emulators.sockets import CERTIFICATE, Act, Caller, Peer, answer, answering

LIMIT = 1000


@pytest.fixture
def web() -> Iterator[LinkClient]:
    made = LinkClient(private=True, limit=LIMIT)
    yield made
    made.close()


def failure(web: LinkClient, *acts: Act) -> Unanswered:
    """Return why a link at a server gives no document."""
    with Peer(*acts) as peer, pytest.raises(Unanswered) as caught:
        web.fetch(f"{peer.url}/a.pdf", io.BytesIO(), LinkState())
    return caught.value


def dripping(start: bytes) -> Act:
    """Say the start at once, and then a byte now and then, without end."""

    def act(caller: Caller) -> None:
        caller.hear()
        caller.say(start)
        pause = threading.Event()
        while not pause.wait(0.05):
            caller.say(b"x")

    return act


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"],
    ids=["in its head", "in its body"],
)
def test_an_answer_that_comes_drop_by_drop_ends_after_its_time(start: bytes) -> None:
    web = LinkClient(private=True, limit=LIMIT, longest=0.4)
    why = failure(web, dripping(start))
    web.close()

    assert why.failure.kind is FailureClass.TIMEOUT
    assert why.passing


@pytest.mark.parametrize(
    "said",
    [
        answer(body=bytes(LIMIT + 1)),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(LIMIT + 1),
        answer(headers={"Content-Length": "9" * 400}),
    ],
    ids=["stated", "unstated", "absurd"],
)
def test_a_document_that_is_too_large_is_not_kept(web: LinkClient, said: bytes) -> None:
    kept = io.BytesIO()
    with Peer(answering(said)) as peer, pytest.raises(Unanswered) as caught:
        web.fetch(f"{peer.url}/a.pdf", kept, LinkState())

    assert caught.value.failure.kind in {FailureClass.TOO_LARGE, FailureClass.UNREADABLE}
    assert len(kept.getvalue()) <= LIMIT


def test_a_connection_that_broke_is_tried_once_more_from_the_start(web: LinkClient) -> None:
    kept = io.BytesIO()
    cut = answer(body=b"half", headers={"Content-Length": "8"})
    with Peer(answering(cut), answering(answer(body=b"complete"))) as peer:
        web.fetch(f"{peer.url}/a.pdf", kept, LinkState())

    assert kept.getvalue() == b"complete"


def test_a_redirect_into_a_private_network_is_refused_at_its_own_hop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setattr(addresses, "is_public", lambda address: address == ip_address("127.0.0.1"))
    moved = answer(302, headers={"Location": "https://127.0.0.2/metadata"})
    public = LinkClient(private=False)
    with Peer(answering(moved), tls=True) as peer, pytest.raises(Unanswered) as caught:
        public.fetch(f"{peer.url}/a.pdf", io.BytesIO(), LinkState())
    public.close()

    assert len(peer.requests) == 1
    assert "127.0.0.2, which is no public address" in caught.value.failure.message


@pytest.mark.parametrize(
    ("status", "kind", "passing"),
    [
        (404, FailureClass.UNREADABLE, False),
        (410, FailureClass.UNREADABLE, False),
        (403, FailureClass.AUTH, True),
        (429, FailureClass.UNREADABLE, True),
        (503, FailureClass.UNREADABLE, True),
        (400, FailureClass.UNREADABLE, False),
    ],
)
def test_only_trouble_that_may_pass_leaves_what_is_known(
    web: LinkClient, status: int, kind: FailureClass, *, passing: bool
) -> None:
    why = failure(web, answering(answer(status)))

    assert (why.failure.kind, why.passing) == (kind, passing)


def test_a_certificate_nobody_trusts_is_said_and_nothing_is_asked(web: LinkClient) -> None:
    with (
        Peer(answering(answer()), tls=True) as peer,
        pytest.raises(Unanswered, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        web.look(f"{peer.url}/a.pdf")

    assert peer.requests == []


def test_nothing_of_the_users_is_sent_along(web: LinkClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Peer(answering(answer(headers={"Set-Cookie": "a=b"}), answer())) as peer:
        web.fetch(f"{peer.url}/a.pdf", io.BytesIO(), LinkState())
        web.fetch(f"{peer.url}/a.pdf", io.BytesIO(), LinkState())

    names = {
        line.partition(b":")[0].lower() for request in peer.requests for line in request.split(b"\r\n")[1:]
    }
    assert names - {b""} == {b"host", b"accept", b"accept-encoding", b"user-agent"}


def test_words_that_cannot_be_sent_back_are_not_kept(web: LinkClient) -> None:
    said = answer(headers={"ETag": '"' + "e" * 300 + '"', "Last-Modified": "caf\xe9"})
    with Peer(answering(said, said)) as peer:
        assert web.look(f"{peer.url}/a.pdf") == LinkState()
