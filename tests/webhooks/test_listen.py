"""The real command on a real port: what is genuine leaves a hint, and everything else changes nothing."""

import http.client
import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from docbatch.emulators.extend.webhook import delivery as from_extend
from docbatch.emulators.llamacloud.webhook import delivery as from_llamacloud
from docbatch.emulators.webhooks import Delivery
from docbatch.testing.patience import until
from tests.cli.project import Project
from tests.webhooks.listening import (
    EXTEND_SECRET,
    LLAMA_SECRET,
    SECRETS,
    Listening,
    listening_on,
    received,
)

SETTINGS = "project: {id: pabcdef012345}\n"
KIND = "batch_parse_run.processed"
PAYLOAD = {"object": "batch_run", "id": "bpr_1"}
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """One listener for all that must leave no trace."""
    project = Project(tmp_path_factory.mktemp("listen"))
    project.write({"docbatch.yaml": SETTINGS})
    with listening_on(project) as listening:
        yield listening


def head(path: str, delivery: Delivery, *more: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        *(f"{name}: {value}" for name, value in delivery.headers.items()),
    ]
    return "\r\n".join([*lines, *more]).encode() + b"\r\n\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def genuine(age: float = 0.0, secret: str = EXTEND_SECRET, event: str = "event_genuine") -> Delivery:
    return from_extend(KIND, PAYLOAD, secret, event=event, at=time.time() - age)


def forged() -> Delivery:
    return Delivery(genuine().body, {**genuine().headers, "X-Extend-Request-Signature": "0" * 64})


def old_news() -> Delivery:
    return from_llamacloud("batch.success", {"id": "bat-1"}, LLAMA_SECRET, at=time.time() - 301)


REFUSED: dict[str, tuple[str, Callable[[], Delivery], int]] = {
    "forged": ("extend", forged, 401),
    "unsigned": ("extend", lambda: Delivery(genuine().body, {}), 401),
    "altered": ("extend", lambda: Delivery(genuine().body + b" ", genuine().headers), 401),
    "signed with the other connection's secret": ("extend", lambda: genuine(secret=LLAMA_SECRET), 401),
    "stale": ("extend", lambda: genuine(301), 401),
    "from the future": ("extend", lambda: genuine(-120), 401),
    "of another vendor": ("llamacloud", genuine, 401),
    "stale by its body": ("llamacloud", old_news, 401),
    "signed, but without an id": ("extend", lambda: genuine(event=""), 400),
    "for a connection that is not there": ("extractpage", genuine, 404),
    "for a path above": ("../webhooks/extend", genuine, 404),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_genuine_changes_nothing(one: Listening, case: str) -> None:
    where, made, expected = REFUSED[case]
    base = one.urls["extend"].removesuffix("extend")

    assert made().send(base + where) == expected
    assert one.hints() == []


def test_only_post_is_for_deliveries_and_health_is_for_everybody(one: Listening) -> None:
    connection = http.client.HTTPConnection(*one.address)
    answers = {}
    for method, path in [
        ("GET", "/webhooks/extend"),
        ("GET", "/healthz"),
        ("POST", "/healthz"),
        ("GET", "/"),
    ]:
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        answers[method, path] = answer.status

    assert list(answers.values()) == [405, 200, 404, 404]
    assert one.hints() == []


def test_a_body_that_says_it_is_too_large_is_not_even_read(one: Listening) -> None:
    answer = one.converse(head("/webhooks/extend", genuine(), f"Content-Length: {MIB + 1}"))

    assert status(answer) == 413


def test_a_body_that_does_not_say_so_is_cut_off(one: Listening) -> None:
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    with socket.create_connection(one.address, timeout=10) as connection:
        connection.sendall(head("/webhooks/extend", genuine(), "Transfer-Encoding: chunked") + chunk * 15)
        connection.sendall(b"10000\r\n" + b" " * 65535)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        connection.sendall(b" \r\n1\r\n \r\n")

        assert status(received(connection)) == 413
    assert one.hints() == []


@pytest.mark.parametrize(
    "begin",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /webhooks/extend HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 17_000,
    ],
    ids=["TLS", "a head without end"],
)
def test_what_is_no_request_is_turned_away(one: Listening, begin: bytes) -> None:
    assert status(one.converse(begin)) == 400


def test_a_genuine_delivery_leaves_ids_and_nothing_else_and_a_replay_leaves_nothing(project: Project) -> None:
    url = {**PAYLOAD, "data": "https://storage.example.com/x?X-Amz-Signature=planted-signature"}
    extend = from_extend(KIND, url, EXTEND_SECRET, event="event_1")
    llamacloud = from_llamacloud("batch.success", {"id": "bat-1"}, LLAMA_SECRET, event="e-1")
    with listening_on(project) as listening:
        assert extend.send(listening.urls["extend"]) == 202
        assert llamacloud.send(listening.urls["llamacloud"]) == 202
        assert extend.send(listening.urls["extend"]) == 200
        assert forged().send(listening.urls["extend"]) == 401
        hints = listening.hints()
        for path in (project.root / ".docbatch" / "inbox").glob("*.json"):
            path.unlink()
        code, err = listening.end()
    with listening_on(project) as again:
        assert extend.send(again.urls["extend"]) == 200
        assert again.hints() == []
        assert again.end(signal.SIGINT)[0] == 130

    assert code == 0
    assert sorted((each["connection"], each["kind"], each["ids"]) for each in hints) == [
        ("extend", KIND, ["bpr_1"]),
        ("llamacloud", "batch.success", ["bat-1"]),
    ]
    assert f"extend: {KIND} bpr_1: accepted" in err
    assert "turned away, the signature is missing or wrong" in err
    left = "".join(path.read_text() for path in (project.root / ".docbatch").rglob("*") if path.is_file())
    assert not [secret for secret in (*SECRETS, "planted-signature") if secret in err + left]
    assert not (project.root / ".docbatch" / "state.db").exists()


def test_what_was_begun_is_finished_when_it_is_told_to_end(project: Project) -> None:
    sent = genuine()
    begun, rest = (b"%x\r\n%s\r\n" % (len(each), each) for each in (sent.body[:10], sent.body[10:]))
    with listening_on(project) as listening:
        with socket.create_connection(listening.address, timeout=10) as connection:
            connection.sendall(
                head("/webhooks/extend", sent, "Transfer-Encoding: chunked", "Expect: 100-continue")
            )
            assert connection.recv(1024).startswith(b"HTTP/1.1 100")
            connection.sendall(begun)
            listening.process.send_signal(signal.SIGTERM)
            until_refused(listening.address)
            connection.sendall(rest + b"0\r\n\r\n")
            answer = received(connection)
        listening.process.communicate(timeout=20)

        assert status(answer) == 202
        assert listening.process.returncode == 0
        assert len(listening.hints()) == 1


def until_refused(address: tuple[str, int]) -> None:
    def refused() -> bool:
        try:
            socket.create_connection(address, timeout=10).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            # It stood in the queue of a port that was closed meanwhile.
            return False
        return False

    until(refused, "the port is still open")
