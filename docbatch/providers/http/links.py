"""Links that users list, asked for by a client that carries nothing of theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from docbatch.core.models import Failure, FailureClass
from docbatch.naming.links import BadLink, normal
from docbatch.providers.http.addresses import CheckedBackend
from docbatch.providers.http.client import NO_HEADERS, Call, Client, ExchangeFailure, Take
from docbatch.providers.http.presigned import REDIRECTS, joined
from docbatch.providers.http.reply import Reply

LARGEST = 100_000_000
"""Bytes a fetched document may have."""
MOST_HOPS = 5
SILENCE = 30.0
LONGEST = 300.0
"""Seconds that asking one link may take in all, at each of its hops."""

_DENIED = frozenset({401, 403})
_GONE = frozenset({404, 410})
_FIRST_BYTE = {"Range": "bytes=0-0"}
_LONGEST_WORD = 200


class Unanswered(Exception):
    """A link that gave no document. `passing` trouble says nothing about the document itself."""

    def __init__(self, kind: FailureClass, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class LinkState:
    """What a link says about its document. `same` answers a question about what was seen before."""

    etag: str | None = None
    modified: str | None = None
    same: bool = False


class LinkClient:
    """The client for links: no key, no cookies, no proxy, nothing of the environment but the trusted certificates.

    `private` allows addresses that are not of the open internet, and plain http on this machine. Every hop of a
    redirect is checked as the first one is. Shared by threads.
    """

    def __init__(
        self, *, private: bool, limit: int = LARGEST, silence: float = SILENCE, longest: float = LONGEST
    ) -> None:
        self.is_closed = False
        self._private = private
        self._limit = limit
        backend = CheckedBackend(private=private)
        self._client = Client(NO_HEADERS, timeout=silence, longest=longest, backend=backend)

    def fetch(self, url: str, into: BinaryIO, before: LinkState) -> LinkState:
        """Write the document into a file; if it is as it was `before`, write nothing and say so. Raises Unanswered."""
        asked = {"If-None-Match": before.etag, "If-Modified-Since": before.modified}
        headers = {name: value for name, value in asked.items() if value is not None}

        def take(status: int, answered: Mapping[str, str]) -> Callable[[bytes], object] | None:
            into.seek(0)
            into.truncate()
            return _limited(into, self._limit, answered) if status == 200 else None

        reply = self._ask("GET", url, headers, take)
        if reply.status == 304 and headers:
            return LinkState(before.etag, before.modified, same=True)
        if reply.status != 200:
            raise _refused(reply)
        return _said(reply)

    def look(self, url: str) -> LinkState:
        """Ask about the document without fetching it. Raises Unanswered."""
        reply = self._ask("HEAD", url)
        if not _is_there(reply) and (reply.status == 501 or not reply.later):
            # Sites that refuse the question, or sign for one method only, may answer the other.
            reply = self._ask("GET", url, _FIRST_BYTE)
        if not _is_there(reply):
            raise _refused(reply)
        return _said(reply)

    def close(self) -> None:
        """Begin nothing any more and end what is under way, as `Client.close` does."""
        self.is_closed = True
        self._client.close()

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str] = NO_HEADERS, take: Take | None = None
    ) -> Reply:
        subject, most = "the link gave no document", 2 * self._limit
        for _ in range(MOST_HOPS + 1):
            url = self._checked(url)
            outcome = self._twice(Call(method, url, subject, most, headers, take=take or _unread))
            if isinstance(outcome, ExchangeFailure):
                kind = FailureClass.TIMEOUT if outcome.late else FailureClass.UNREADABLE
                raise Unanswered(kind, outcome.text.removesuffix("; this request was not sent"), passing=True)
            if outcome.status not in REDIRECTS:
                return outcome
            url = joined(url, outcome.headers.get("location", ""))
        raise Unanswered(FailureClass.UNREADABLE, f"the link was redirected more than {MOST_HOPS} times")

    def _twice(self, call: Call) -> Reply | ExchangeFailure:
        """Ask once more where the connection broke: it may have been kept for longer than the site does."""
        outcome = self._client.exchange(call)
        broke = isinstance(outcome, ExchangeFailure) and outcome.sent and not outcome.late
        return self._client.exchange(call) if broke else outcome

    def _checked(self, url: str) -> str:
        try:
            return normal(url, private=self._private)
        except BadLink as error:
            raise Unanswered(
                FailureClass.UNREADABLE, f"the link leads to one that is not taken: {error}"
            ) from None


def _unread(_status: int, _headers: Mapping[str, str]) -> None:
    """Heads are all that is wanted."""


def _limited(into: BinaryIO, limit: int, headers: Mapping[str, str]) -> Callable[[bytes], None]:
    left = limit

    def put(chunk: bytes) -> None:
        nonlocal left
        left -= len(chunk)
        if left < 0:
            raise Unanswered(FailureClass.TOO_LARGE, f"the document has more than {limit:,} bytes")
        into.write(chunk)

    stated = headers.get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:20]) > limit:
        raise Unanswered(
            FailureClass.TOO_LARGE, f"the document has {stated[:20]} bytes, where {limit:,} are allowed"
        )
    return put


def _is_there(reply: Reply) -> bool:
    # 416 answers the first byte of a document that has none.
    return 200 <= reply.status < 300 or reply.status == 416


def _refused(reply: Reply) -> Unanswered:
    answered = f"the link was answered with status {reply.status}"
    if reply.status in _GONE:
        return Unanswered(FailureClass.UNREADABLE, f"{answered}: there is no document")
    if reply.status in _DENIED:
        return Unanswered(FailureClass.AUTH, f"{answered}: the document may not be read", passing=True)
    return Unanswered(FailureClass.UNREADABLE, answered, passing=reply.later)


def _said(reply: Reply) -> LinkState:
    return LinkState(_word(reply.headers.get("etag")), _word(reply.headers.get("last-modified")))


def _word(text: str | None) -> str | None:
    """Return a stranger's word as it can be kept and sent back; None where it cannot."""
    fits = text is not None and 0 < len(text) <= _LONGEST_WORD and text.isascii() and text.isprintable()
    return text if fits else None
