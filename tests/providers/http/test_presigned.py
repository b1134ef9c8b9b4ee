"""Presigned URLs: where they may lead, and that nothing of ours goes with the request."""

import gzip
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from docbatch.core.errors import Gone, Unavailable
from docbatch.providers.http.addresses import CheckedBackend, Forbidden, is_loopback, is_public
from docbatch.providers.http.keyed import PresignedClient
from tests.emulators.secrecy import PRESIGNED, exposed, failing
from tests.emulators.sockets import CERTIFICATE, Act, Caller, Peer, answer, replying

LOOPBACK = "http://127.0.0.1:1"
VENDOR = "https://api.vendor.example"


@contextmanager
def storage(base_url: str = LOOPBACK, timeout: float = 5) -> Iterator[PresignedClient]:
    made = PresignedClient(base_url, timeout=timeout)
    try:
        yield made
    finally:
        made.close()


def saying(*parts: bytes) -> Act:
    def act(caller: Caller) -> None:
        caller.hear()
        for part in parts:
            caller.say(part)

    return act


def redirecting(url: str, status: int = 302) -> Act:
    return saying(answer(status, b"", {"Location": url, "Connection": "close"}))


def link(peer: Peer) -> str:
    return f"{peer.url}/bucket/a%20b%2Fc?{PRESIGNED}"


def test_an_upload_has_its_length_its_bytes_and_nothing_else_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    body = bytes(range(256)) * 5000
    with Peer(replying(200, None, {"ETag": '"e"', "Set-Cookie": "a=b"})) as peer, storage() as keyless:
        for _ in range(2):
            reply = keyless.put(link(peer), io.BytesIO(body), len(body), {"Content-Type": "application/pdf"})
        head, _, sent = peer.requests[1].partition(b"\r\n\r\n")

    assert (reply.status, reply.headers["etag"]) == (200, '"e"')
    assert sent == body
    assert head.startswith(f"PUT /bucket/a%20b%2Fc?{PRESIGNED} HTTP/1.1\r\n".encode())
    names = sorted(line.split(b":")[0].lower().decode() for line in head.split(b"\r\n")[1:])
    assert names == sorted(
        ["host", "accept", "accept-encoding", "user-agent", "content-type", "content-length"]
    )


@pytest.mark.parametrize("size", [9, 11, 300_000])
def test_a_file_of_another_size_is_not_uploaded(size: int) -> None:
    with Peer(replying()) as peer, storage() as keyless:
        failing(Unavailable, lambda: keyless.put(link(peer), io.BytesIO(b"0123456789"), size, {}))

    assert peer.requests == []


@pytest.mark.parametrize("status", [200, 204, 400, 403, 412])
def test_what_storage_says_to_an_upload_is_returned(status: int) -> None:
    with Peer(replying(status)) as peer, storage() as keyless:
        assert keyless.put(link(peer), io.BytesIO(b"x"), 1, {}).status == status


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_storage_that_says_later_is_asked_later(status: int) -> None:
    with Peer(replying(status, None, {"Retry-After": "2"})) as peer, storage() as keyless:
        up = failing(Unavailable, lambda: keyless.put(link(peer), io.BytesIO(b"x"), 1, {}))
        down = failing(Unavailable, lambda: keyless.get(link(peer), limit=100))

    assert (up.retry_after, down.retry_after) == (2, 2)


def test_a_download_is_the_decoded_body() -> None:
    with Peer(replying(200, [1])) as plain, storage() as keyless:
        assert keyless.get(link(plain), limit=3) == b"[1]"
    packed = answer(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"})
    with Peer(saying(packed)) as peer, storage() as keyless:
        assert keyless.get(link(peer), limit=3) == b"[1]"


@pytest.mark.parametrize(
    "act",
    [
        saying(answer(body=b"[1, 2]")),
        saying(answer(body=b"[1, 2]")[:-1]),
        saying(answer(body=gzip.compress(b" " * 1000), headers={"Content-Encoding": "gzip"})),
        saying(answer(206, b"[1]")),
        saying(answer(200, b"[1]", {"Content-Length": "10"})),
        lambda caller: caller.reset(),
    ],
)
def test_a_download_that_is_not_whole_or_too_large_is_not_taken(act: Act) -> None:
    with Peer(act) as peer, storage() as keyless:
        failing(Unavailable, lambda: keyless.get(link(peer), limit=5))


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Unavailable), (404, Gone), (410, Gone), (400, Unavailable)]
)
def test_a_link_that_expired_may_be_renewed_and_what_is_gone_is_gone(
    status: int, kind: type[Unavailable] | type[Gone]
) -> None:
    body = f"<Error><Code>No</Code><StringToSign>{PRESIGNED}</StringToSign></Error>".encode()
    with Peer(saying(answer(status, body))) as peer, storage() as keyless:
        error = failing(kind, lambda: keyless.get(link(peer), limit=100))

    assert "<Code>No</Code>" in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_three_redirects_are_followed(status: int) -> None:
    with Peer(replying(200, "end")) as end:
        hops = [redirecting(f"/{number}", status) for number in range(2)]
        with Peer(*hops, redirecting(link(end), status)) as peer, storage() as keyless:
            assert keyless.get(link(peer), limit=100) == b'"end"'

            assert [request.split()[1] for request in peer.requests[1:]] == [b"/0", b"/1"]
        assert exposed(str(peer.requests[1:])) == []


def test_a_fourth_redirect_is_not_followed() -> None:
    with Peer(redirecting("/again")) as peer, storage() as keyless:
        failing(Unavailable, lambda: keyless.get(link(peer), limit=100))

        assert len(peer.callers) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://storage.example/a",
        "https://10.0.0.1/a",
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "//",
        "",
        "http://[",
    ],
)
def test_a_redirect_to_where_it_must_not_lead_is_not_followed(location: str) -> None:
    with Peer(redirecting(location)) as peer, storage() as keyless:
        error = failing(Unavailable, lambda: keyless.get(link(peer), limit=100))

    assert "was not sent" in error.message or "not used" in error.message or "more than 3" in error.message


HOSTS = [
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "2130706433",
    "0x7f.1",
    "0.0.0.0",
    "127.0.0.1.",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_vendor_elsewhere_cannot_lead_to_this_machine(host: str) -> None:
    with Peer(replying()) as peer, storage(VENDOR) as keyless:
        url = f"https://{host}:{peer.port}/latest?{PRESIGNED}"
        failing(Unavailable, lambda: keyless.get(url, limit=100))
        failing(Unavailable, lambda: keyless.put(url, io.BytesIO(b"x"), 1, {}))

        assert peer.callers == []


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.example/a",
        "https://169.254.169.254/latest/meta-data",
        "https://192.168.1.1/a",
        "https://[fe80::1]/a",
        "https://user:planted-token@storage.example/a",
        "https:///a",
        "https://[/a",
        "file:///etc/passwd",
        "data:,a",
        "",
        "https://storage.example:99999/a",
        "https://" + "a" * 300 + ".example/a",
        "https://a..b/",
    ],
)
@pytest.mark.parametrize("base", [VENDOR, LOOPBACK])
def test_a_url_that_leads_nowhere_good_is_not_used(url: str, base: str) -> None:
    with storage(base, timeout=0.5) as keyless:
        failing(Unavailable, lambda: keyless.get(url, limit=100))


@pytest.mark.parametrize("url", ["http://1.1.1.1/a", "http://user:planted-token@127.0.0.1:{port}/a"])
def test_a_vendor_on_this_machine_may_not_lead_abroad_unencrypted_or_as_a_user(url: str) -> None:
    with Peer(replying()) as peer, storage() as keyless:
        error = failing(Unavailable, lambda: keyless.get(url.format(port=peer.port), limit=100))

        assert peer.callers == []
    assert "a URL that is not used" in error.message


def test_a_vendor_on_this_machine_may_lead_to_it() -> None:
    with Peer(replying()) as peer, storage("http://localhost:8080") as keyless:
        assert keyless.get(link(peer), limit=100) == b"null"


class Names:
    """A name server that gives another answer each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._real = socket.getaddrinfo

    def __call__(self, host: str, port: int, *rest: Any, **more: Any) -> Any:
        if not host.endswith(".example"):
            return self._real(host, port, *rest, **more)
        self.asked.append(host)
        found = self._answers[min(len(self.asked), len(self._answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def test_a_name_is_asked_for_once_and_the_checked_address_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    with Peer(replying()) as peer:
        stream = CheckedBackend(loopback=True).connect_tcp("storage.example", peer.port, timeout=5)
        reached = stream.get_extra_info("server_addr")
        stream.close()

    assert reached == ("127.0.0.1", peer.port)
    assert names.asked == ["storage.example"]


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["169.254.169.254"]])
def test_a_name_that_stands_for_an_inner_address_is_refused_whatever_else_it_stands_for(
    answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(answers))

    with pytest.raises(Forbidden, match="no public address"):
        CheckedBackend(loopback=False).connect_tcp("storage.example", 443)


def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.9", "127.0.0.1"]))
    with Peer(replying()) as peer:
        stream = CheckedBackend(loopback=True).connect_tcp("storage.example", peer.port, timeout=5)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", peer.port)
        stream.close()


def test_the_host_proves_itself_by_its_name_not_by_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
    with Peer(replying(), tls=True) as peer, storage() as keyless:
        assert keyless.get(f"{peer.url}/a?{PRESIGNED}", limit=100) == b"null"
        for host in ("127.0.0.1", "storage.example"):
            failing(Unavailable, lambda host=host: keyless.get(f"https://{host}:{peer.port}/a", limit=100))  # type: ignore[misc]

        assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("::ffff:1.1.1.1", True),
        ("64:ff9b::101:101", True),
        ("2002:101:101::", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
        ("2001:db8::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
