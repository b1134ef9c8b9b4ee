"""Spans on their way to a collector (OTLP over HTTP), from a thread of its own that nobody waits for but for a bounded time."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from docbatch import __version__
from docbatch.core.report import plural

NAME: Final = "docbatch"


class _Session(requests.Session):
    """Remembers why a collector did not take something, without what that says of its address.

    Redirects are not followed: headers such as a key would go with it to wherever they lead. `is_last` says that the run is
    at its end: then `give_up` is called where nobody is there, rather than to try again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.why = ""
        self.is_last = False
        self.give_up: Callable[[], object] = lambda: None

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        try:
            response = super().request(*arguments, **{**options, "allow_redirects": False})
            if response.is_redirect:
                raise requests.TooManyRedirects(response=response)
        except OSError as error:
            self.why = _why(error)
            if self.is_last and not isinstance(error, requests.Timeout):
                self.give_up()
            raise
        if not response.ok:
            self.why = f"it answered {response.status_code}"
        return response


def _why(error: OSError) -> str:
    match error:
        case requests.Timeout():
            return "it did not answer in time"
        case requests.TooManyRedirects():
            return "it answered with a redirect"
        case requests.exceptions.SSLError():
            return "no secure connection to it could be made"
        case requests.ConnectionError():
            return "it cannot be reached"
    return "its URL, or a file of certificates, cannot be used"


class _CountingExporter(SpanExporter):
    """Counts the spans that were taken."""

    def __init__(self, session: _Session) -> None:
        self._exporter = OTLPSpanExporter(session=session)
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.taken += len(spans)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


class _Processor(BatchSpanProcessor):
    """Counts the spans that are to be sent."""

    ended = 0

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self.ended += 1
        super().on_end(span)


class SpanCollector:
    """The way to the collector that the environment names. `tracer` makes spans."""

    def __init__(self) -> None:
        # What these log quotes URLs; what matters of it is told at the end.
        for name in ("opentelemetry", "urllib3"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._session = _Session()
        self._exporter = _CountingExporter(self._session)
        self._session.give_up = self._exporter.shutdown
        self._processor = _Processor(self._exporter)
        own = Resource.create({"service.name": NAME, "service.version": __version__})
        # At exit nobody is waited for once more.
        self._provider = TracerProvider(
            resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
        )
        self._provider.add_span_processor(self._processor)
        self.tracer = self._provider.get_tracer(NAME, __version__)

    def close(self, patience: float) -> str | None:
        """Send what is left, for so many seconds at most; say why not all spans were taken, None where they were."""
        self._session.is_last = True
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        late = f"it did not answer within {patience:g} s"
        try:
            closing.join(patience)
        except KeyboardInterrupt:
            # Whoever does not want to wait for this ends only that: the run is over.
            late = "that was interrupted"
        ended, taken = self._processor.ended, self._exporter.taken
        if taken >= ended:
            return None
        why = late if closing.is_alive() else self._session.why or "it did not take them"
        return f"{ended - taken:,} of {plural(ended, 'span')} did not reach the collector: {why}"
