"""Slow and numerous clients, with limits small enough to be reached, and disks that are full."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.emulators.extend.webhook import delivery as from_extend
from docbatch.emulators.webhooks import Delivery
from docbatch.providers.extend.webhook import WEBHOOK
from docbatch.webhooks.inbox import InboxWriter
from docbatch.webhooks.listener import AnsweredRequest, DeliveryVerdict, Limits, Listener, WebhookConnection
from docbatch.webhooks.server import bind, server
from tests.webhooks.listening import EXTEND_SECRET, received

LIMITS = Limits(patience=0.15, connection=0.4, connections=4)
HEAD = b"POST /webhooks/extend HTTP/1.1\r\nHost: x\r\nX-Extend-Request-Signature: 0\r\nContent-Length: 10\r\n\r\n"


def genuine() -> Delivery:
    return from_extend("parse_run.processed", {"id": "pr_1"}, EXTEND_SECRET)


@contextmanager
def serving(folder: Path, limits: Limits = LIMITS) -> Iterator[tuple[tuple[str, int], list[AnsweredRequest]]]:
    told: list[AnsweredRequest] = []
    receiver = WebhookConnection("extend", WEBHOOK, (EXTEND_SECRET,))
    listener = Listener([receiver], InboxWriter(folder), told.append, limits)
    with bind("127.0.0.1", 0) as listening:
        serve = server(listener, limits)
        thread = threading.Thread(target=serve.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname(), told
        finally:
            serve.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


def test_slow_clients_are_let_go_some_leave_and_others_are_served_meanwhile(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as (address, told),
        socket.create_connection(address, timeout=5) as silent,
        socket.create_connection(address, timeout=5) as slow,
    ):
        with socket.create_connection(address, timeout=5) as leaving:
            leaving.sendall(HEAD + b"12")
        slow.sendall(HEAD + b"12")
        assert genuine().send(f"http://{address[0]}:{address[1]}/webhooks/extend") == 202
        assert received(slow).startswith(b"HTTP/1.1 408 ")
        assert received(silent) == b""

    assert [each.verdict for each in told] == [DeliveryVerdict.ACCEPTED, DeliveryVerdict.TOO_SLOW]


def test_more_connections_than_the_limit_are_closed_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, replace(LIMITS, connection=30.0)) as (address, _):
        held = [socket.create_connection(address, timeout=5) for _ in range(LIMITS.connections)]
        with socket.create_connection(address, timeout=5) as surplus:
            assert received(surplus) == b""
        for each in held:
            each.close()


def test_what_cannot_be_kept_is_to_be_delivered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: str, _flags: int) -> int:
        raise OSError(28, "No space left on device")

    with serving(tmp_path) as (address, told):
        url = f"http://{address[0]}:{address[1]}/webhooks/extend"
        with monkeypatch.context() as patch:
            patch.setattr("docbatch.webhooks.inbox.opener", full)
            assert genuine().send(url) == 503
        assert genuine().send(url) == 202

    assert (told[0].verdict, told[0].reason) == (DeliveryVerdict.UNKEPT, "No space left on device")


def test_deliveries_at_once_of_one_event_leave_one_hint(tmp_path: Path) -> None:
    answers: list[int] = []
    with serving(tmp_path, Limits()) as (address, _):
        url = f"http://{address[0]}:{address[1]}/webhooks/extend"
        threads = [threading.Thread(target=lambda: answers.append(genuine().send(url))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(answers) == [200] * 7 + [202]
    assert len(list(tmp_path.glob("*.json"))) == 1
