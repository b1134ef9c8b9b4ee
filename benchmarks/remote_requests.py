"""What requests side by side bring a state in a store: its first record, and a fresh machine, over a store on loopback that
answers each request a while after it came.

The store is a process of its own that speaks as much of S3 as is asked for. Both ways are taken in one run, and what is told
is how they compare: seconds are those of this machine. The state is that of `remote_state.py`.

    python benchmarks/remote_requests.py --documents 200000 --delay 30
"""

import argparse
import hashlib
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from remote_state import begin, fill

from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.record_stores import SIDE_BY_SIDE, BucketRecords
from docbatch.state.remote.recorded_history import look
from docbatch.state.remote.remote_state import StatePlace
from docbatch.state.remote.store_requests import Get, ListBelow, Put, Remove
from docbatch.state.remote.working_copy import WorkingCopy
from docbatch.stores.settings import StoreSettings

_DATE = "Mon, 30 Nov 2026 01:00:00 GMT"
_LISTED = "2026-11-30T01:00:00.000Z"


class LateStore(BaseHTTPRequestHandler):
    """Objects in memory, each request answered `delay` seconds after it came, however many come at once."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]
    delay: float

    def do_GET(self) -> None:
        path, asked = self._asked()
        time.sleep(self.delay)
        if "list-type" in asked:
            self._answer(200, self._listed(asked))
        elif path not in self.objects:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, self.objects[path])

    def do_PUT(self) -> None:
        path, _ = self._asked()
        content = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.delay)
        stands = self.objects.get(path)
        replaces = self.headers.get("If-Match")
        if (stands is not None) if replaces is None else (stands is None or _tag(stands) != replaces):
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        self.objects[path] = content
        self._answer(200, b"", _tag(content))

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as the base class names it
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return unquote(parts.path).removeprefix("/bucket/"), parse_qs(parts.query, keep_blank_values=True)

    def _listed(self, asked: dict[str, list[str]]) -> bytes:
        prefix, after = asked.get("prefix", [""])[0], asked.get("start-after", [""])[0]
        entries = [
            f"<Contents><Key>{escape(name)}</Key><Size>{len(content)}</Size><ETag>{_tag(content)}</ETag>"
            f"<LastModified>{_LISTED}</LastModified></Contents>"
            for name, content in sorted(self.objects.items())
            if name.startswith(prefix) and name > after
        ]
        return f"<ListBucketResult>{''.join(entries)}<IsTruncated>false</IsTruncated></ListBucketResult>".encode()

    def _answer(self, status: int, body: bytes, tag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", _DATE)
        self.send_header("ETag", tag or _tag(body))
        self.end_headers()
        self.wfile.write(body)


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def serve(delay: float, told: Connection) -> None:
    handler = type("Handler", (LateStore,), {"objects": {}, "delay": delay})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    told.send(server.server_port)
    server.serve_forever()


class OneByOne:
    """A bucket that is asked for one thing after the other."""

    def __init__(self, records: BucketRecords) -> None:
        self._records = records

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        return self._records.answer(request)


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def fresh_machine(place: StatePlace, folder: Path) -> None:
    copy = WorkingCopy(folder, "p", place.form)
    copy.bring(place.do(look("p", copy.begin())), place.chunks)


def measured(place: StatePlace, documents: int, root: Path) -> Sequence[float]:
    """Return the seconds of the first record, and of a fresh machine."""
    state, store = begin(place, root / "a")
    fill(store, documents)
    first = seconds(lambda: state.publish(RecordKind.CHANGES))
    state.close()
    fresh = seconds(lambda: fresh_machine(place, root / "b"))
    assert (root / "a" / "state.db").read_bytes() == (root / "b" / "state.db").read_bytes()
    return first, fresh


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--delay", type=float, default=30.0, help="milliseconds")
    given = parser.parse_args()
    told, tells = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(given.delay / 1000, tells), daemon=True)
    server.start()
    address = f"http://127.0.0.1:{told.recv()}"
    credentials = {"access_key_id": "key", "secret_access_key": "secret"}
    settings = StoreSettings(
        "lake", "s3", "bucket", address, "eu-west-1", path_style=True, credentials=credentials
    )
    found = []
    for name, asked in (("one", OneByOne), ("side", lambda records: records)):
        with tempfile.TemporaryDirectory() as root:
            place = StatePlace(asked(BucketRecords(settings, quote(name))), lambda _: None)
            found.append(measured(place, given.documents, Path(root)))
    print(f"| what | one by one | {SIDE_BY_SIDE} side by side | ratio |\n|---|---|---|---|")
    for what, one, side in zip(("the first record", "a fresh machine"), *found, strict=True):
        print(f"| {what} | {one:.1f} s | {side:.1f} s | {one / side:.1f} |")
    server.terminate()


if __name__ == "__main__":
    main()
