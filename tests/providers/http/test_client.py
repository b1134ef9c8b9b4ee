"""What the transport promises: above all, what is known about the bytes of a request that costs money."""

import gzip
import logging
import socket
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from docbatch.core.errors import CredentialsError, NotSent, Unavailable, Uncertain, UsageError
from docbatch.providers.http.causes import CHECK_ADDRESS
from docbatch.providers.http.keyed import KeyedClient, Reply
from docbatch.providers.http.rates import Limiter
from tests.emulators.secrecy import KEY, PRESIGNED, SIGNATURE, exposed, failing
from tests.emulators.sockets import CERTIFICATE, Act, Caller, Peer, answer, answering, replying

ECHO = {"error": f"no such key: {KEY}", "url": f"https://storage.example/file?{PRESIGNED}"}


@contextmanager
def wired(
    url: str, timeout: float = 5, limit: int = 1 << 20, limiter: Limiter | None = None
) -> Iterator[KeyedClient]:
    wire = KeyedClient(
        url,
        {"Authorization": f"Bearer {KEY}", "X-API-KEY": KEY},
        timeout=timeout,
        limit=limit,
        limiter=limiter,
    )
    try:
        yield wire
    finally:
        wire.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def shut(caller: Caller) -> None:
    caller.hear()


def shut_after_the_head(caller: Caller) -> None:
    caller.hear_head()
    caller.reset()


def reset(caller: Caller) -> None:
    caller.hear()
    caller.reset()


def reset_in_the_answer(caller: Caller) -> None:
    caller.hear()
    caller.say(answer(body=b"{}" * 500)[:300])
    caller.reset()


def silent(caller: Caller) -> None:
    caller.hear()
    caller.hear()


def saying(*parts: bytes) -> Act:
    def act(caller: Caller) -> None:
        caller.hear()
        for part in parts:
            caller.say(part)

    return act


LOST: dict[str, Act] = {
    "closed": shut,
    "reset": reset,
    "reset while the body is sent": shut_after_the_head,
    "reset in the answer": reset_in_the_answer,
    "silence": silent,
    "half a head": saying(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half a body": saying(answer(body=b'{"id": "b-1"}')[:-5]),
    "a length too large": saying(answer(body=b'{"id": "b-1"}', headers={"Content-Length": "99"})),
    "a length too small": saying(answer(body=b'{"id": "b-1"}', headers={"Content-Length": "7"})),
    "a length that is none": saying(answer(body=b"{}", headers={"Content-Length": "-1"})),
    "an end without chunks": saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\n"),
    "chunks that are none": saying(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
    ),
    "another protocol": saying(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "no JSON": saying(answer(body=b'{"id": "b-1"')),
    "JSON with a NaN": saying(answer(body=b'{"id": NaN}')),
    "nothing": saying(answer(204, b"")),
    "a page": saying(answer(body=b"<html>welcome to the hotel</html>")),
    "a large answer": saying(answer(body=b"[" + b" " * (2 << 20) + b"]")),
    "half a gzip": saying(answer(body=gzip.compress(b"{}" * 99)[:-9], headers={"Content-Encoding": "gzip"})),
    "a no that is cut": saying(answer(400, b'{"error": "bad"}')[:-5]),
}


@pytest.mark.parametrize("act", LOST.values(), ids=LOST.keys())
def test_a_create_whose_answer_is_lost_is_uncertain_and_sent_once(act: Act) -> None:
    with Peer(act) as peer, wired(peer.url, timeout=0.5) as wire:
        failing(Uncertain, lambda: wire.create("/batches", b"{" + b" " * (4 << 20) + b"}"))

        assert len(peer.callers) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 408, 425, 500, 502, 503, 504, 529])
def test_a_create_answered_by_somebody_between_is_uncertain(status: int) -> None:
    headers = {"Location": "/elsewhere"}
    with Peer(replying(status, ECHO, headers)) as peer, wired(peer.url) as wire:
        failing(Uncertain, lambda: wire.create("/batches", b"{}"))

        assert len(peer.requests) == 1


@pytest.mark.parametrize("status", [400, 402, 404, 409, 410, 413, 422])
def test_a_clear_no_to_a_create_is_returned(status: int) -> None:
    with Peer(replying(status, {"error": "no"})) as peer, wired(peer.url) as wire:
        reply = wire.create("/batches", b"{}")

    assert (reply.status, reply.json()) == (status, {"error": "no"})


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_yes_to_a_create_is_returned(status: int) -> None:
    with Peer(replying(status, {"id": "b-1"})) as peer, wired(peer.url) as wire:
        reply = wire.create("/batches", b'{"a": 1}', headers={"Idempotency-Key": "k"})
        heard = peer.requests[0]

    assert (reply.status, reply.json()) == (status, {"id": "b-1"})
    assert heard.startswith(b"POST /batches HTTP/1.1\r\n")
    assert heard.endswith(b'\r\n\r\n{"a": 1}')
    assert b"Idempotency-Key: k" in heard
    assert b"Content-Type: application/json" in heard


def test_a_no_before_the_body_was_read_is_a_no() -> None:
    def early(caller: Caller) -> None:
        caller.hear_head()
        caller.say(answer(413, b'{"error": "too large"}'))
        caller.drain()

    with Peer(early) as peer, wired(peer.url) as wire:
        assert wire.create("/batches", b" " * (8 << 20)).status == 413


def test_too_many_creates_are_not_sent() -> None:
    with Peer(replying(429, ECHO, {"Retry-After": "7"})) as peer, wired(peer.url) as wire:
        error = failing(NotSent, lambda: wire.create("/batches", b"{}"))

    assert error.retry_after == 7


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_no_answer_about_the_work(status: int) -> None:
    with Peer(replying(status, ECHO)) as peer, wired(peer.url) as wire:
        refused = failing(CredentialsError, lambda: wire.create("/batches", b"{}"))
        failing(CredentialsError, lambda: wire.ask("GET", "/batches"))

    assert f"status {status}" in refused.message
    assert "no such key: [cut]" in refused.message
    assert ("key was refused" in refused.message) is (status == 401)
    assert ("plan" in str(refused.hint)) is (status == 403)


def test_a_key_is_cut_out_of_an_answer_without_the_word_before_it() -> None:
    with Peer(replying(401, ECHO)) as peer:
        wire = KeyedClient(peer.url, {"Authorization": f"Bearer {KEY}"})
        failing(CredentialsError, lambda: wire.ask("GET", "/batches"))
        wire.close()


def test_a_create_that_finds_nobody_is_not_sent() -> None:
    with wired(f"http://127.0.0.1:{closed_port()}") as wire:
        error = failing(NotSent, lambda: wire.create("/batches", b"{}"))

    assert error.message.startswith("POST /batches at 127.0.0.1:")
    assert error.message.endswith("this request was not sent")


def test_a_create_that_is_not_let_in_is_not_sent() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        with wired(f"http://127.0.0.1:{address[1]}", timeout=0.3) as wire:
            failing(NotSent, lambda: wire.create("/batches", b"{}"))
        for each in waiting:
            each.close()


def resetting(caller: Caller) -> None:
    """Break off after the first byte of the greeting: at no earlier moment is it certain what the client does."""
    caller.connection.recv(1)
    caller.reset()


@pytest.mark.parametrize("act", [silent, saying(b"SSH-2.0-OpenSSH_9.9\r\n" * 9), resetting])
def test_a_create_without_an_encrypted_connection_is_not_sent(act: Act) -> None:
    with Peer(act) as peer, wired(peer.url.replace("http:", "https:"), timeout=0.5) as wire:
        failing(NotSent, lambda: wire.create("/batches", b"{}"))


def test_nothing_is_sent_to_a_host_that_cannot_prove_itself() -> None:
    with Peer(replying(), tls=True) as peer, wired(peer.url) as wire:
        error = failing(NotSent, lambda: wire.create("/batches", b"{}"))
        failing(Unavailable, lambda: wire.ask("GET", "/batches"))

        assert peer.requests == []
    assert "CERTIFICATE_VERIFY_FAILED" in error.message


def test_nothing_is_sent_to_a_host_that_proves_to_be_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Peer(replying(), tls=True) as peer:
        with wired(peer.url) as wire:
            assert wire.create("/batches", b"{}").status == 200
        with wired(peer.url.replace("localhost", "127.0.0.1")) as wire:
            failing(NotSent, lambda: wire.create("/batches", b"{}"))

        assert len(peer.requests) == 1


def test_a_proxy_that_refuses_has_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(replying(502)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with wired("https://vendor.example") as wire:
            failing(NotSent, lambda: wire.create("/batches", b"{}"))

        assert [request.split(b"\r\n")[0] for request in proxy.requests] == [
            b"CONNECT vendor.example:443 HTTP/1.1"
        ]
        assert exposed(str(proxy.requests)) == []


def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(replying()) as peer, Peer(replying(502)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with wired(peer.url) as wire:
            assert wire.create("/batches", b"{}").status == 200
            assert wire.ask("GET", "/batches").status == 200

        assert proxy.callers == []


@pytest.mark.parametrize("without", ["vendor.example", ".example", "*"])
def test_hosts_that_need_no_proxy_are_asked_directly(monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    with Peer(replying(502)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", without)
        with wired("https://vendor.example") as wire:
            failing(Unavailable, lambda: wire.ask("GET", "/batches"))

        assert proxy.callers == []


def test_a_proxy_may_be_named_by_its_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(replying(502)) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.removeprefix("http://"))
        with wired("https://vendor.example") as wire:
            failing(Unavailable, lambda: wire.ask("GET", "/batches"))

        assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("gopher://user:secret@proxy.example", "is no URL of a kind that is known"),
        ("http://user:secret@proxy.example:port", "is no URL of a kind that is known"),
        ("socks5://user:secret@proxy.example", "takes the package socksio"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_that_keeps_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str, told: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(UsageError, match=told) as caught:
        KeyedClient("https://vendor.example", {"Authorization": f"Bearer {KEY}"})

    assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_every_create_has_a_connection_of_its_own() -> None:
    with Peer(replying()) as peer, wired(peer.url) as wire:
        for _ in range(3):
            wire.ask("GET", "/batches")
            wire.create("/batches", b"{}")

        assert sorted(len(caller.requests) for caller in peer.callers) == [1, 1, 1, 3]


def test_the_connection_of_a_create_is_nobody_else_s_afterwards() -> None:
    with Peer(replying()) as peer, wired(peer.url) as wire:
        wire.ask("GET", "/batches")
        wire.create("/batches", b"{}")
        asked, created = (request.lower() for request in peer.requests)

    assert b"\r\nconnection: close\r\n" in created
    assert b"\r\nconnection:" not in asked


def test_a_connection_that_died_while_it_was_idle_does_not_touch_a_create() -> None:
    with Peer(answering(answer()), replying()) as peer, wired(peer.url) as wire:
        wire.ask("GET", "/batches")
        assert wire.create("/batches", b"{}").status == 200

        assert len(peer.requests) == 2


def test_a_call_on_a_connection_that_dies_under_it_is_not_repeated() -> None:
    with Peer(answering(answer(), b""), replying()) as peer, wired(peer.url) as wire:
        wire.ask("GET", "/batches")
        failing(Unavailable, lambda: wire.ask("GET", "/batches"))

        assert len(peer.requests) == 2


@pytest.mark.parametrize(
    "act", [LOST[name] for name in ("closed", "reset", "silence", "half a body", "a large answer")]
)
def test_a_repeatable_call_whose_answer_is_lost_may_be_made_again(act: Act) -> None:
    with Peer(act) as peer, wired(peer.url, timeout=0.3) as wire:
        failing(Unavailable, lambda: wire.ask("GET", "/batches"))

        assert len(peer.callers) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_a_vendor_that_says_later_is_asked_later(status: int) -> None:
    with Peer(replying(status, ECHO, {"Retry-After": "3"})) as peer, wired(peer.url) as wire:
        error = failing(Unavailable, lambda: wire.ask("GET", "/batches"))

    assert error.retry_after == 3
    assert f"status {status}" in error.message


@pytest.mark.parametrize("status", [200, 400, 402, 404, 409, 410, 422])
def test_every_other_answer_is_the_caller_s_to_judge(status: int) -> None:
    with Peer(replying(status, {"a": 1})) as peer, wired(peer.url) as wire:
        assert wire.ask("GET", "/batches").status == status


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_an_answer_only_where_one_is_looked_for(status: int) -> None:
    elsewhere = {"Location": f"https://login.example.com/?{PRESIGNED}"}
    with Peer(replying(status, {"a": 1}, elsewhere)) as peer, wired(peer.url) as wire:
        assert wire.ask("GET", "/batches", redirects=True).status == status
        with pytest.raises(Unavailable) as caught:
            wire.ask("GET", "/batches")

    error = caught.value
    assert error.cause == f"answered {status}, a redirect to login.example.com, which is not followed"
    assert (error.general, error.hint) == (False, CHECK_ADDRESS)
    assert PRESIGNED not in error.message


def test_a_page_for_people_is_no_answer() -> None:
    page = answering(answer(200, b"<!DOCTYPE html><html>Log in</html>"))
    refused = pytest.raises(Unavailable, match="is a page, not JSON")
    with Peer(page) as peer, wired(peer.url) as wire, refused as caught:
        wire.ask("GET", "/batches").json()

    assert caught.value.cause == "answered 200 with an HTML page"
    assert caught.value.hint == CHECK_ADDRESS


def test_why_nobody_answers_is_said_in_few_words() -> None:
    with Peer(replying()) as peer:
        host = peer.url.removeprefix("http://")
    with wired(peer.url) as wire, pytest.raises(Unavailable) as caught:
        wire.ask("GET", "/batches")

    assert (caught.value.cause, caught.value.general) == (f"connection refused ({host})", True)


def test_a_redirect_is_not_followed_and_the_key_stays_here() -> None:
    with (
        Peer(replying()) as other,
        Peer(replying(302, None, {"Location": f"{other.url}/file?{PRESIGNED}"})) as peer,
    ):
        with wired(peer.url) as wire:
            reply = wire.ask("GET", "/result", redirects=True)

        assert reply.headers["location"].endswith(PRESIGNED)
        assert exposed(repr(reply)) == []
        assert other.callers == []


def test_what_is_asked_arrives_as_it_was_asked() -> None:
    with Peer(replying()) as peer, wired(peer.url + "/base/") as wire:
        wire.ask("GET", "/a%2Fb", params=[("id", "1"), ("id", "ä&2"), ("empty", "")])
        wire.ask("PATCH", "/c?x=1", params=[("y", "2")], json={"name": "Zoë"}, headers={"X-Extra": "yes"})
        wire.ask("PUT", "/d", content=iter([b"one", b"two"]), headers={"Content-Length": "6"})
        wire.ask(
            "POST", "/e", files={"file": ("a.pdf", b"%PDF", "application/pdf"), "purpose": (None, b"parse")}
        )
        get, patch, put, post = peer.requests

    assert get.startswith(b"GET /base/a%2Fb?id=1&id=%C3%A4%262&empty= HTTP/1.1\r\n")
    assert patch.startswith(b"PATCH /base/c?x=1&y=2 HTTP/1.1\r\n")
    assert b"X-Extra: yes" in patch
    assert patch.endswith(b'\r\n\r\n{"name": "Zo\\u00eb"}')
    assert put.endswith(b"\r\n\r\nonetwo")
    assert b'name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n' in post
    assert b'name="purpose"\r\n\r\nparse\r\n' in post
    assert all(f"Authorization: Bearer {KEY}".encode() in request for request in peer.requests)


@pytest.mark.parametrize(
    "path",
    [
        "//other.example/x",
        "/batches/../admin",
        "/batches/%2e%2E/x",
        "/batches/.",
        "/batches/",
        "/batches//items",
    ],
)
def test_an_id_that_leads_elsewhere_is_not_followed(path: str) -> None:
    with Peer(replying()) as peer, wired(peer.url) as wire:
        failing(Unavailable, lambda: wire.ask("GET", path))

        assert peer.callers == []


@pytest.mark.parametrize("path", ["batches", "@other.example/", "https://other.example/", "/x#y", ":80/"])
def test_a_path_that_is_none_is_a_mistake_of_ours(path: str) -> None:
    with wired("https://vendor.example") as wire:
        failing(ValueError, lambda: wire.ask("GET", path))


@pytest.mark.parametrize(
    "url",
    [
        "http://vendor.example",
        "http://127.0.0.1.vendor.example",
        "ftp://127.0.0.1",
        f"https://user:{KEY}@vendor.example",
        f"https://vendor.example?key={KEY}",
        "https://",
        "vendor.example",
    ],
)
def test_a_base_url_that_would_show_the_key_gets_none(url: str) -> None:
    failing(UsageError, lambda: KeyedClient(url, {"X-API-KEY": KEY}))


@pytest.mark.parametrize("key", [f"{KEY}\nX: y", f"{KEY}é", " ", f"{KEY}\x00"])
def test_a_key_that_cannot_be_sent_is_not_shown(key: str) -> None:
    error = failing(CredentialsError, lambda: KeyedClient("https://vendor.example", {"X-API-KEY": key}))

    assert "X-API-KEY" in error.message


def test_a_vendor_s_cookies_are_not_kept() -> None:
    with Peer(replying(200, {}, {"Set-Cookie": "a=b"})) as peer, wired(peer.url) as wire:
        wire.ask("GET", "/one")
        wire.ask("GET", "/two")

        assert b"cookie" not in peer.requests[1].lower()


def test_a_wire_shows_where_it_leads_and_no_key() -> None:
    with wired("https://vendor.example/v1/") as wire:
        assert repr(wire) == "Wire('https://vendor.example/v1')"


def test_a_log_that_shows_everything_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        location = {"Location": f"https://storage.example/file?{PRESIGNED}"}
        with Peer(replying(302, None, location)) as peer, wired(peer.url) as wire:
            wire.ask("GET", "/result", params=[("token", "planted-token")], redirects=True)

    assert exposed(caplog.text) == []


def test_an_answer_that_is_not_json_is_shown_cut_and_redacted() -> None:
    body = f"<h1>502</h1> {KEY} https://storage.example/a?{PRESIGNED} \x1b[2J" + "x" * 9000
    with Peer(saying(answer(body=body.encode()))) as peer, wired(peer.url) as wire:
        reply = wire.ask("GET", "/batches")
        error = failing(Unavailable, reply.json)

    assert "<h1>502</h1> [cut] https://storage.example/a?[cut] [2Jxxx" in error.message
    assert len(error.message) < 500


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 100_000, b"nul", b"1" * 5000])
def test_strange_bodies_are_no_json_and_no_crash(body: bytes) -> None:
    failing(Unavailable, Reply(200, {}, body).json)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "999999999"}, 3600),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT", "date": "Wed, 21 Oct 2015 07:28:30 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_how_long_a_vendor_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert Reply(429, headers, b"").retry_after == seconds


def packed(body: bytes, encoding: str = "gzip") -> Act:
    return saying(answer(body=body, headers={"Content-Encoding": encoding}))


def test_a_packed_answer_is_unpacked() -> None:
    body = b'{"pages": [' + b"1, " * 500_000 + b"1]}"
    with Peer(packed(gzip.compress(body))) as peer, wired(peer.url, limit=len(body)) as wire:
        assert wire.ask("GET", "/result").body == body


@pytest.mark.parametrize(
    "act",
    [
        packed(gzip.compress(b"{}")[:-4]),
        packed(gzip.compress(b"{}") + b"more"),
        packed(b"{}"),
        packed(zlib.compress(b"{}"), "deflate"),
        packed(gzip.compress(gzip.compress(b"{}")), "gzip, gzip"),
        packed(b"{}", "br"),
    ],
)
def test_an_answer_packed_in_a_strange_way_is_not_taken(act: Act) -> None:
    with Peer(act) as peer, wired(peer.url) as wire:
        failing(Unavailable, lambda: wire.ask("GET", "/result"))


def test_a_bomb_does_not_go_off() -> None:
    bomb = gzip.compress(b"\0" * (200 << 20), compresslevel=9)
    with Peer(packed(bomb)) as peer, wired(peer.url, limit=1 << 20) as wire:
        tracemalloc.start()
        try:
            failing(Unavailable, lambda: wire.ask("GET", "/result"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 8 << 20


def test_an_answer_without_end_is_left() -> None:
    def endless(caller: Caller) -> None:
        caller.hear()
        caller.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            caller.say(b"10000\r\n" + b" " * 65536 + b"\r\n")

    with Peer(endless) as peer, wired(peer.url, limit=1 << 20) as wire:
        error = failing(Unavailable, lambda: wire.ask("GET", "/result"))

    assert "larger than 1048576 bytes" in error.message


def test_an_answer_that_drips_is_left() -> None:
    said = 0

    def dripping(caller: Caller) -> None:
        caller.hear()
        nonlocal said
        caller.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not peer.over.wait(0.02):
            caller.say(b" ")
            said += 1

    with Peer(dripping) as peer, wired(peer.url, timeout=0.2) as wire:
        error = failing(Unavailable, lambda: wire.ask("GET", "/result"))

    assert "too slowly" in error.message
    assert said < 1000


def test_every_request_asks_the_limiter_and_a_429_tells_it() -> None:
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    limiter = Limiter(10, clock=lambda: now[0], sleep=sleep)
    acts = answering(answer(), answer(429, headers={"Retry-After": "7"}), answer())
    with Peer(acts, replying()) as peer, wired(peer.url, limiter=limiter) as wire:
        wire.ask("GET", "/one")
        failing(Unavailable, lambda: wire.ask("GET", "/two"))
        wire.create("/three", b"{}")

    assert slept[0] == pytest.approx(0.1)
    assert slept[1] == pytest.approx(7 + 1 / 5)


def test_a_long_wait_is_told_and_not_made() -> None:
    with Peer(replying(429, ECHO, {"Retry-After": "3000"})) as peer:
        with wired(peer.url, limiter=Limiter(1000)) as wire:
            failing(Unavailable, lambda: wire.ask("GET", "/batches"))
            created = failing(NotSent, lambda: wire.create("/batches", b"{}"))
            asked = failing(Unavailable, lambda: wire.ask("GET", "/batches"))

        assert len(peer.requests) == 1
    assert created.message.startswith("POST /batches at 127.0.0.1:")
    assert "the service asked to wait 3,000 seconds; this request was not sent" in created.message
    assert created.retry_after == pytest.approx(3000, abs=100)
    assert asked.retry_after == pytest.approx(3000, abs=100)


def test_what_the_body_s_own_stream_raises_is_not_taken_for_trouble_on_the_line() -> None:
    class Changed(Exception):
        pass

    def content() -> Iterator[bytes]:
        yield b"a"
        raise Changed

    with Peer(silent) as peer, wired(peer.url) as wire, pytest.raises(Changed):
        wire.ask("PUT", "/file", content=content())


@pytest.mark.parametrize("content", [b"ab", b"abcdef"])
def test_a_body_that_is_not_as_long_as_stated_may_be_sent_again(content: bytes) -> None:
    with Peer(silent) as peer, wired(peer.url) as wire:
        headers = {"Content-Length": "4"}
        failing(Unavailable, lambda: wire.ask("PUT", "/file", content=iter([content]), headers=headers))


def test_a_signature_is_in_no_message_even_when_the_path_holds_it() -> None:
    with wired(f"http://127.0.0.1:{closed_port()}") as wire:
        error = failing(Unavailable, lambda: wire.ask("GET", f"/file?{PRESIGNED}"))

    assert SIGNATURE not in error.message
