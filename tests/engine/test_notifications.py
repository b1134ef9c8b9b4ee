"""Telling others of a run: what they are told, and that nothing they do delays or changes it."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from docbatch.core.notifications import NotedFailure, NotedJob, Notification, Occasion
from docbatch.engine.administration.notifications.send_notifications import notify
from docbatch.engine.progress_notices import Trouble
from docbatch.secret_references import EnvReference
from docbatch.specs.notify import Subscriber

SECRET = "T0SECRET9XYZ"
TOLD = Notification(
    "repo",
    (Occasion.FINISHED, Occasion.FAILURES),
    3,
    1,
    (NotedJob("job", 2, {"failed": 1}, (NotedFailure("in/<!channel> `@all`.pdf", "failed", "corrupt"),)),),
)
ALL = frozenset(Occasion)


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one request after the other; yield the URL and what was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        asked.append(_request(connection))
                        answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/services/{SECRET}", asked


def _request(connection: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return body


def saying(text: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text)


def told_by(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, patience: float = 5.0
) -> list[Trouble]:
    monkeypatch.setenv("HOOK", url)
    whom = Subscriber(ALL, EnvReference(env="HOOK"), (), "docbatch.yaml: notify[0]")
    return list(notify([whom], TOLD, tmp_path, patience))


def test_a_webhook_gets_text_in_which_names_are_no_commands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with answering(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as (url, asked):
        assert told_by(url, monkeypatch, tmp_path) == []

    (body,) = asked
    assert json.loads(body) == {
        "text": "`repo`: some documents failed (exit code 3)\n"
        "`job`: 1 of 2 documents done, 1 failed\n"
        "failed: `in/&lt;!channel&gt; '@all'.pdf` of `job`: corrupt"
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", "answered 302, and redirects are not followed"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nno_service", "answered 404"),
        (b"\x00\xff nonsense\r\n\r\n", "answered what is no HTTP"),
        (b"", "the webhook"),
    ],
)  # fmt: skip
def test_a_webhook_that_answers_badly_is_a_trouble_without_its_url(
    answer: bytes, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with answering(saying(answer)) as (url, _):
        (trouble,) = told_by(url, monkeypatch, tmp_path)

    assert why in trouble.message
    assert SECRET not in str(trouble)


def test_a_webhook_that_hangs_or_drips_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        with suppress(OSError):
            while not done.wait(0.01):
                connection.sendall(b"H")

    def hang(_: socket.socket) -> None:
        done.wait(10)

    for answer in (hang, drip):
        with answering(answer) as (url, _):
            (trouble,) = told_by(url, monkeypatch, tmp_path, 0.3)
        assert trouble.subject == "docbatch.yaml: notify[0]"
        assert "0.3 s" in trouble.message or "in time" in trouble.message
    done.set()


@pytest.mark.parametrize(
    "url",
    [
        f"http://example.com/{SECRET}",
        f"ftp://127.0.0.1/{SECRET}",
        f"https://user:{SECRET}@example.com/",
        f"https://example.com/{SECRET} x",
        f"https://example.com:port/{SECRET}",
        SECRET,
        f"file:///etc/{SECRET}",
    ],
)
def test_what_is_no_url_for_it_is_not_asked_and_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (trouble,) = told_by(url, monkeypatch, tmp_path)

    assert "the webhook's URL is none with https" in trouble.message
    assert SECRET not in str(trouble)


def test_nobody_at_the_port_and_no_variable_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (refused,) = told_by(f"http://127.0.0.1:9/{SECRET}", monkeypatch, tmp_path)
    assert refused.message == "the webhook's host refused the connection"

    monkeypatch.delenv("HOOK")
    whom = Subscriber(ALL, EnvReference(env="HOOK"), (), "docbatch.yaml: notify[0]")
    (missing,) = notify([whom], TOLD, tmp_path)
    assert missing.message == "notify needs the environment variable HOOK, which is not set"


def test_a_command_reads_json_in_the_folder_of_the_project(tmp_path: Path) -> None:
    code = "import sys,pathlib; pathlib.Path('told.json').write_text(sys.stdin.read())"
    whom = Subscriber(frozenset({Occasion.FAILURES}), None, (sys.executable, "-c", code), "place")

    assert list(notify([whom], TOLD, tmp_path)) == []

    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["version"], told["on"], told["exit_code"]) == ("docbatch/notification/v1", ["failures"], 3)
    assert told["jobs"][0]["failures"][0]["path"] == "in/<!channel> `@all`.pdf"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ((sys.executable, "-c", "import sys; sys.exit(7)"), "ended with 7"),
        (("/no/such/program",), "could not be started: no such file or directory"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), "the command took longer than 1 s"),
    ],
)
def test_a_command_that_fails_or_hangs_is_a_trouble(
    command: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    (trouble,) = notify(
        [Subscriber(ALL, None, command, "place")], TOLD, tmp_path, 1.0 if "60" in command[-1] else 30.0
    )

    assert why in trouble.message


def test_who_wants_to_know_of_something_else_is_not_told(tmp_path: Path) -> None:
    whom = Subscriber(frozenset({Occasion.BUDGET}), None, ("/no/such/program",), "place")

    assert list(notify([whom], TOLD, tmp_path)) == []
