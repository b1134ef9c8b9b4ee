"""Handing over a document's bytes: registering a file, and the headers its presigned upload was signed for."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, urlsplit

from docbatch.core.errors import Refused
from docbatch.core.models import REFERENCE_TYPES, Input, RemoteObject, WorkItem
from docbatch.providers.extractpage.marks import step_name
from docbatch.providers.extractpage.replies import RemoteFile, StoredFile

HOUR = 3600.0
REUSED_FOR = 48 * HOUR
UNSAID_LIFE = 24 * HOUR
LARGEST = 5 << 30
LISTED = REFERENCE_TYPES[Input.FILE_ID]

_LONGEST_NAME = 512
_LONGEST_TYPE = 128
_MARKED = re.compile(r"([0-9a-f]{64})-")


def registration(item: WorkItem) -> dict[str, Any]:
    """Return the body that registers an item's bytes. Raises Refused for what no single upload can carry."""
    if not 0 < item.size <= LARGEST:
        raise Refused(
            f"{item.name} has {item.size} bytes; extract.page takes 1 byte to 5 GiB in one upload",
            code="size",
            hint="take it out of the job's source",
        )
    body: dict[str, Any] = {"size_bytes": item.size, "filename": file_name(item)}
    if len(item.media_type) <= _LONGEST_TYPE:
        body["content_type"] = item.media_type
    return body


def witness(marker: str) -> dict[str, Any]:
    """Return the body that registers a file which only shows whose the credentials are; it expires by itself."""
    return {"size_bytes": 1, "filename": f"{marker}-witness.txt", "content_type": "text/plain"}


def file_name(item: WorkItem) -> str:
    """Return the name of an upload: the digest by which it is told again, then as much of its own as the service takes.

    What is too long is cut in the middle: its end may tell the type.
    """
    name = f"{item.digest}-{item.name}"
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 64] + name[-64:]


def digest_in(name: str | None) -> str | None:
    """Return the digest in the name of an upload, None when docbatch did not name it."""
    found = _MARKED.match(name or "")
    return None if found is None else found[1]


def signed_headers(file: RemoteFile) -> dict[str, str]:
    """Return the headers of the upload. Raises Refused when it was signed for a value that nobody tells us."""
    query = {
        name.lower(): value for name, value in parse_qsl(urlsplit(file.url).query, keep_blank_values=True)
    }
    known = {"content-type": file.content_type or "", **query}
    signed = {name.strip().lower() for name in query.get("x-amz-signedheaders", "").split(";")}
    headers = {"Content-Type": file.content_type} if file.content_type is not None else {}
    for name in sorted(signed - {"", "host", "content-length", "content-type"}):
        if not name.startswith("x-amz-") or name not in known:
            raise Refused(
                f"the upload was signed for the header {name}, and the service does not say its value",
                code="signed_headers",
                hint="nothing of it was sent; tell the vendor",
            )
        headers[name] = known[name]
    if "content-type" in signed and file.content_type is None:
        headers["Content-Type"] = ""
    return headers


def sent(
    digest: str, media_type: str, file: RemoteFile | StoredFile, *, now: float, etag: str = ""
) -> RemoteObject:
    """Note an upload: reused for 48 hours at most, since deadlines are counted to when a worker fetches it.

    `now` is the vendor's time at the upload; without an expiry of the vendor's own the shorter of its two documented
    ones counts.
    """
    ends = now + UNSAID_LIFE if file.expires is None else file.expires
    data = {"etag": etag, "ends": repr(ends), **_owned(file)}
    return RemoteObject(step_name(digest, media_type), file.id, data, expires=min(now + REUSED_FOR, ends))


def listed(digest: str, file: StoredFile, *, now: float) -> RemoteObject:
    """Note a file that was there already. How long it stays is its owner's business: it is looked at again daily."""
    ends = now + UNSAID_LIFE if file.expires is None else file.expires
    data = {"ends": repr(ends), **_owned(file)}
    return RemoteObject(step_name(digest, LISTED), file.id, data, expires=min(now + UNSAID_LIFE, ends))


def _owned(file: RemoteFile | StoredFile) -> dict[str, str]:
    return {} if file.owner is None else {"owner": file.owner}


def unusable(file: str, why: str) -> Refused:
    return Refused(
        f"file {file} cannot be used at extract.page: {why}",
        code="file_not_usable",
        kind="expired",
        hint="nothing was paid for it; upload it again and list its new id, or give the document itself",
    )


class Digested:
    """A stream that remembers what was read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._digest.update(chunk)
        return chunk

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(1 << 20):
            yield chunk

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    @property
    def file(self) -> BinaryIO:
        """The stream as what reads it expects it."""
        return cast("BinaryIO", self)
