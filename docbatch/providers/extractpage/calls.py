"""The calls of extract.page's API as functions from values to values, one exchange or one bounded list each."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn, TypeVar
from urllib.parse import quote

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.core.models import FailureClass
from docbatch.jsontext import parse
from docbatch.providers.extractpage.following import CLASSES, CursorRefused
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.extractpage.pictures import linked_figures
from docbatch.providers.extractpage.replies import (
    Misshapen,
    Page,
    RemoteBatch,
    RemoteFile,
    StoredFile,
    read_complaint,
    read_file,
    read_list,
    read_page,
    read_stored,
)
from docbatch.providers.extractpage.uploads import signed_headers
from docbatch.providers.http.keyed import KeyedClient, PresignedClient, Reply, redact
from docbatch.providers.http.presigned import REDIRECTS, joined

BATCHES = "/v1/batches"
MOST_LISTED = 100_000
MOST_PAGES = 2_000
MOST_REGISTRATIONS = 4
LARGEST_RESULT = 512 << 20
BY_STATUS = {
    402: FailureClass.OUT_OF_CREDITS,
    413: FailureClass.TOO_LARGE,
    415: FailureClass.UNSUPPORTED,
}

_LISTED_AT_ONCE = 200
_ITEMS_AT_ONCE = 500

T = TypeVar("T")


class Service:
    """extract.page behind its base URL. `client` carries the key, `storage` never does."""

    def __init__(self, base_url: str, client: KeyedClient, storage: PresignedClient) -> None:
        self.client = client
        self._base = base_url
        self._storage = storage
        self._registrations = threading.Semaphore(MOST_REGISTRATIONS)

    def time(self) -> float:
        """Return the vendor's time, seconds since the epoch; the list it comes with also proves the key."""
        reply = self.client.ask("GET", BATCHES, params=[("limit", "1")])
        if reply.status != 200:
            _refuse("the list of batches", reply)
        return reply.date

    def register(self, body: Mapping[str, Any]) -> tuple[RemoteFile, float]:
        """Register a file; return it and the vendor's time. One registered twice is waste, and expires by itself."""
        with self._registrations:
            reply = self.client.ask("POST", "/v1/files", json=body)
        if not 200 <= reply.status < 300:
            _refuse(f"the registration of {body['filename']}", reply)
        return _understood(reply, read_file), reply.date

    def put(self, file: RemoteFile, stream: BinaryIO, size: int) -> str:
        """Upload the bytes of a registered file; return their entity tag."""
        if file.method != "PUT":
            raise Refused(f"the service wants an upload by {file.method}, which docbatch does not know")
        reply = self._storage.put(file.url, stream, size, signed_headers(file))
        if 200 <= reply.status < 300:
            return reply.headers.get("etag", "")
        code, told = complaint(reply)
        if reply.status == 403 and code == "SignatureDoesNotMatch":
            raise Refused(f"the storage did not accept the upload's headers: {told}", code=code)
        # A link that has expired is renewed by the next try, which registers anew.
        told = f"the upload was answered with status {reply.status}: {told}"
        raise Unavailable(told, cause=reply.cause)

    def file(self, file_id: str) -> tuple[StoredFile | None, float]:
        """Return a file, None when these credentials do not see it, and the vendor's time."""
        reply = self.client.ask("GET", f"/v1/files/{quote(file_id, safe='')}")
        return _understood(reply, read_stored) if reply.status == 200 else None, reply.date

    def sees_file(self, file_id: str) -> bool:
        """Tell whether these credentials see a file."""
        return self.file(file_id)[0] is not None

    def batches(self) -> tuple[list[RemoteBatch], float]:
        """Return all batches the service lists, in an order it does not promise, and the vendor's time.

        Raises Refused when there are too many.
        """
        cursor: str | None = None
        seen: set[str | None] = {None}
        listed: list[RemoteBatch] = []
        while len(listed) < MOST_LISTED and len(seen) <= MOST_PAGES:
            reply = self.client.ask("GET", BATCHES, params=_paging(cursor, _LISTED_AT_ONCE))
            if reply.status != 200:
                _refuse("the list of batches", reply)
            found, following = _understood(reply, read_list)
            listed += found
            if not found or following in {None, cursor}:
                return listed, reply.date
            if following in seen:
                raise Unavailable("the pages of the list of batches go round in a circle")
            seen.add(following)
            cursor = following
        raise Refused(
            f"the service lists more than {MOST_LISTED:,} batches, and docbatch reads no further",
            code="too_many_batches",
            hint="finished batches leave the list by themselves; nothing more is sent there",
        )

    def page(self, batch: str, cursor: str | None) -> Page:
        """Read a part of a batch's feed. Raises Gone for an unknown batch, CursorRefused."""
        reply = self.client.ask("GET", _path(batch), params=_paging(cursor, _ITEMS_AT_ONCE))
        if reply.status == 200:
            page = _understood(reply, read_page)
            return replace(page, batch=replace(page.batch, seen=reply.date))
        told = f"batch {batch} was answered with status {reply.status}: {complaint(reply)[1]}"
        if cursor is not None:
            raise CursorRefused(told)
        if reply.status in {404, 410}:
            raise Gone(told)
        raise Unavailable(told)

    def result(self, at: Locator) -> bytes:
        """Fetch one result over its presigned link. Raises Gone."""
        reply = self.client.ask("GET", at.result_path, redirects=True)
        if reply.status in REDIRECTS and reply.headers.get("location"):
            # The link is used at once and kept nowhere.
            link = joined(self._base + at.result_path, reply.headers["location"])
            return self._storage.get(link, limit=LARGEST_RESULT)
        if reply.status == 200:
            return reply.body
        told = f"the result of item {at.item} was answered with status {reply.status}: {complaint(reply)[1]}"
        raise Gone(told) if reply.status in {404, 410} else Unavailable(told)

    def pictures(self, answer: bytes) -> dict[str, str] | None:
        """Fetch the pictures that a result links to, see `linked_figures.fetched`."""
        return linked_figures.fetched(self._storage, self._base, answer)

    def cancel(self, batch: str) -> None:
        """Ask to stop a batch; one that has ended is left alone."""
        reply = self.client.ask("POST", f"{_path(batch)}/cancel")
        if not (200 <= reply.status < 300 or reply.status in {404, 409}):
            _refuse(f"the cancellation of batch {batch}", reply)

    def close(self) -> None:
        self.client.close()
        self._storage.close()


def complaint(reply: Reply) -> tuple[str | None, str]:
    """Return the code of an error answer and a line that may be shown."""
    code, words = read_complaint(_json(reply.body), reply.body[:8000].decode(errors="replace"))
    shown = None if code is None else redact(code, reply.secrets)
    told = ": ".join(part for part in (shown, redact(words, reply.secrets)) if part)
    return shown, told or reply.excerpt


def _refuse(subject: str, reply: Reply) -> NoReturn:
    code, told = complaint(reply)
    kind = CLASSES.get(code or "") or BY_STATUS.get(reply.status, FailureClass.REFUSED_INPUT)
    raise Refused(
        f"{subject} was answered with status {reply.status}: {told}",
        code=code or str(reply.status),
        kind=kind,
    )


def _understood(reply: Reply, read: Callable[[object], T]) -> T:
    try:
        return read(reply.json())
    except Misshapen as error:
        raise Unavailable(
            f"an answer of extract.page has an unknown shape ({error}): {reply.excerpt}",
            cause=reply.cause,
        ) from None


def _json(body: bytes) -> Any:
    try:
        return parse(body)
    except (ValueError, RecursionError):
        return None


def _path(batch: str) -> str:
    return f"{BATCHES}/{quote(batch, safe='')}"


def _paging(cursor: str | None, limit: int) -> list[tuple[str, str]]:
    return [("limit", str(limit)), *([] if cursor is None else [("cursor", cursor)])]
