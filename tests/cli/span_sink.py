"""A collector of traces on this machine, which decodes what arrives, or does not answer."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

ERROR = 2


@dataclass(frozen=True)
class Seen:
    """A span as it arrived. `parent` is the name of what it lies in."""

    name: str
    parent: str
    attributes: Mapping[str, Any]
    events: tuple[str, ...]
    is_wrong: bool
    is_within: bool


@dataclass
class Sink:
    """What was sent to it. `status` is what it answers; until `answers` is set it says nothing."""

    status: int = 200
    location: str = ""
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)

    def resource(self) -> Mapping[str, Any]:
        (first, *_) = ExportTraceServiceRequest.FromString(self.bodies[0]).resource_spans
        return {each.key: _value(each.value) for each in first.resource.attributes}

    def spans(self) -> list[Seen]:
        found = [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        by_id = {span.span_id: span for span in found}
        seen = []
        for span in found:
            above = by_id.get(span.parent_span_id, span)
            is_within = above.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
            seen.append(
                Seen(
                    span.name,
                    above.name if above is not span else "",
                    {each.key.removeprefix("docbatch."): _value(each.value) for each in span.attributes},
                    tuple(event.name for event in span.events),
                    span.status.code == ERROR,
                    is_within and span.end_time_unix_nano <= above.end_time_unix_nano,
                )
            )
        return seen

    def one(self, name: str) -> Seen:
        (only,) = [span for span in self.spans() if span.name == name]
        return only


def _value(value: AnyValue) -> Any:
    if value.HasField("array_value"):
        return [_value(each) for each in value.array_value.values]
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)


@contextmanager
def sink(**options: Any) -> Iterator[Sink]:
    """Yield a sink that answers, unless its `answers` is cleared."""
    made = Sink(**options)
    made.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.paths.append(self.path)
            made.answers.wait()
            if made.status == 200:
                made.bodies.append(body)
            self.send_response(made.status)
            if made.location:
                self.send_header("Location", made.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield made
        finally:
            made.answers.set()
            server.shutdown()
            serving.join()
