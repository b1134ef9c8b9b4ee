"""What stands between docbatch and a store: it counts what is asked, and misbehaves as it is told."""

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: its method, the key it is about, empty for the bucket, and what was asked of it."""

    method: str
    key: str
    query: dict[str, list[str]]

    @property
    def is_list(self) -> bool:
        return "list-type" in self.query

    @property
    def is_read(self) -> bool:
        return self.method == "GET" and bool(self.key)


class Answered(NamedTuple):
    """An answer. Of a body that is `cut`, so many bytes are sent."""

    status: int
    body: bytes
    cut: int | None = None


Meddle = Callable[[Asked, Answered], Answered]


class StoreProxy:
    """Passes on to the store at `target`. `before` is called with each request, `meddle` makes of an answer another."""

    def __init__(self, target: str) -> None:
        self.asked: list[Asked] = []
        self.before: Callable[[Asked], object] = lambda _asked: None
        self.meddle: Meddle = lambda _asked, answered: answered
        self._target = urlsplit(target).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def read(self) -> list[str]:
        """The keys of objects that were fetched."""
        return [asked.key for asked in self.asked if asked.is_read]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None: ...

            def pass_on(self) -> None:
                url = urlsplit(self.path)
                _, _, key = unquote(url.path).strip("/").partition("/")
                asked = Asked(self.command, key, parse_qs(url.query, keep_blank_values=True))
                proxy.asked.append(asked)
                proxy.before(asked)
                length = int(self.headers.get("Content-Length") or 0)
                connection = http.client.HTTPConnection(proxy._target, timeout=60)
                connection.request(self.command, self.path, self.rfile.read(length), dict(self.headers))
                found = connection.getresponse()
                body = found.read()
                answered = proxy.meddle(asked, Answered(found.status, body))
                self._answer(answered, found, body)
                connection.close()

            def _answer(self, answered: Answered, found: http.client.HTTPResponse, body: bytes) -> None:
                self.send_response(answered.status)
                for name, value in found.getheaders():
                    if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                        self.send_header(name, value)
                length = found.getheader("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(answered.body)))
                if answered.cut is not None:
                    self.send_header("Connection", "close")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answered.body[: answered.cut])
                if answered.cut is not None:
                    self.close_connection = True

        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.pass_on)
        return Handler


def slow_down(status: int = 503) -> Answered:
    """What S3 answers who asks too much."""
    return Answered(
        status, b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>less</Message></Error>"
    )


def denied() -> Answered:
    return Answered(403, b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>")
