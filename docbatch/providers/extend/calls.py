"""Calls of Extend: how many it takes, and its lists, always read to the last page, in rows whose shape was checked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from docbatch.core.errors import Unavailable
from docbatch.core.models import Operation
from docbatch.providers.http import rates
from docbatch.providers.http.identities import identity
from docbatch.providers.http.keyed import KeyedClient, Reply, redact
from docbatch.providers.http.times import moment

SORTS: Final = ("read", "run", "write")
RUNS: Final = ("/batch", "/async")
"""How the paths end of what begins work."""


class Buckets:
    """A limiter for each sort of request, each with the whole rate.

    Extend counts reads, writes and runs apart, so that questions about work need not keep new work waiting.
    """

    def __init__(self, per_second: float, limiter: Callable[..., rates.Limiter]) -> None:
        self._limiters = {sort: limiter(per_second, sort=sort) for sort in SORTS}

    def of(self, method: str, path: str) -> rates.Limiter:
        if method == "GET":
            return self._limiters["read"]
        return self._limiters["run" if path.endswith(RUNS) else "write"]

    def close(self) -> None:
        for each in self._limiters.values():
            each.close()


@dataclass(frozen=True, slots=True)
class Route:
    """`runs` is the list and the parent of `/batch`; `processor` is what a request calls its saved processor.

    `source` is how the vendor's lists name runs that a batch made.
    """

    runs: str
    source: str
    processor: str | None = None

    @property
    def processors(self) -> str:
        return f"/{self.processor}s"

    @property
    def batch(self) -> str:
        return f"{self.runs}/batch"


ROUTES: Mapping[Operation, Route] = {
    Operation.PARSE: Route("/parse_runs", "BATCH_PARSER_RUN"),
    Operation.EXTRACT: Route("/extract_runs", "BATCH_PROCESSOR_RUN", "extractor"),
    Operation.CLASSIFY: Route("/classify_runs", "BATCH_PROCESSOR_RUN", "classifier"),
    Operation.SPLIT: Route("/split_runs", "BATCH_PROCESSOR_RUN", "splitter"),
}


PAGE = 1000
MOST_PAGES = 200

# One endpoint was seen to read `limit` and to drop `maxPageSize`; unknown keys are ignored everywhere.
_SIZE = (("limit", str(PAGE)), ("maxPageSize", str(PAGE)))

Params = Sequence[tuple[str, str]]


class TooLong(Unavailable):
    """The list goes on beyond what is read at once; what was yielded so far is right."""


@dataclass(frozen=True, slots=True)
class Row:
    """A run as lists show it. `touched` is when it last changed, or was made, in seconds of the vendor's clock."""

    id: str
    status: str
    batch: str | None = None
    reason: str | None = None
    message: str | None = None
    created: float = 0.0
    touched: float = 0.0
    file: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def document(reply: Reply) -> dict[str, Any]:
    """Return the JSON object of a good answer. Raises Unavailable with what came instead."""
    found = reply.json()
    if 200 <= reply.status < 300 and isinstance(found, dict):
        return found
    raise Unavailable(
        f"an answer with status {reply.status} has not the expected shape: {reply.excerpt}", cause=reply.cause
    )


def pages(client: KeyedClient, path: str, params: Params) -> Iterator[list[Row]]:
    """Yield a list page by page. Raises Unavailable, and TooLong after the last page that is read."""
    following: Params = ()
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        found = document(client.ask("GET", path, params=[*params, *_SIZE, *following]))
        data = found.get("data")
        if not isinstance(data, list):
            raise Unavailable(f"the list {path} has no rows: {sorted(found)[:10]}")
        yield [row(each) for each in data]
        token = found.get("nextPageToken")
        if not token:
            return
        if str(token) in seen:
            raise Unavailable(f"the pages of the list {path} go round in a circle")
        seen.add(str(token))
        following = (("nextPageToken", str(token)),)
    raise TooLong(f"the list {path} has more than {MOST_PAGES} pages")


def rows(client: KeyedClient, path: str, params: Params) -> Iterator[Row]:
    """Yield all rows of a list once: a row that moved between pages is seen on both."""
    seen: set[str] = set()
    for page in pages(client, path, params):
        for each in page:
            if each.id not in seen:
                seen.add(each.id)
                yield each


def since(found: Iterable[list[Row]], earliest: float) -> Iterator[Row]:
    """Yield rows of a list with the newest first, up to the first page that is older as a whole.

    Which time the order goes by is not documented. A row's last change is never before its making, so a page on which
    everything was last touched before `earliest` is the end in either order.
    """
    for page in found:
        yield from page
        if page and all(each.touched < earliest for each in page):
            return


def row(found: object) -> Row:
    """Return one row. Raises Unavailable for what is none."""
    run = identity(found.get("id")) if isinstance(found, dict) else None
    if not isinstance(found, dict) or run is None:
        raise Unavailable("a row of a list has no id")
    metadata, file = found.get("metadata"), found.get("file")
    created = moment(found.get("createdAt")) or 0.0
    return Row(
        id=run,
        status=str(found.get("status")),
        batch=identity(found.get("batchId")),
        reason=_text(found.get("failureReason")),
        message=_shown(found.get("failureMessage")),
        created=created,
        touched=max(created, moment(found.get("updatedAt")) or 0.0),
        file=identity(file.get("id")) if isinstance(file, dict) else None,
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def _shown(value: object) -> str | None:
    text = _text(value)
    return None if text is None else redact(text, ())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
