"""What extract.page answers, read leniently: unknown fields are ignored, unknown words are kept for display."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from docbatch.providers.http.identities import identity
from docbatch.providers.http.times import moment

MOST_WRAPPED = 5
_COUNTS = ("pending", "running", "succeeded", "failed", "cancelled")
_ENDED = frozenset({"completed", "partially_failed", "failed", "cancelled", "canceled", "expired"})
_XML = re.compile(r"<(Code|Message)>([^<]{1,300})</\1>")


class Misshapen(ValueError):
    """An answer without a field that nothing can be done without."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A registered file and where its bytes go. `owner` tells its account from others. `expires` is in vendor time, None where the service does not say."""

    id: str
    content_type: str | None
    expires: float | None
    method: str
    url: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it is seen later. Times are the vendor's, None where the service does not say."""

    id: str
    name: str | None
    content_type: str | None
    created: float | None
    expires: float | None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteBatch:
    """`options` are those the service works with. `seen` is the vendor's time of the answer, where it was noted."""

    id: str
    status: str
    total: int
    counts: Mapping[str, int]
    metadata: Mapping[str, Any]
    engine: str | None
    created: float | None
    completed: bool
    expires: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seen: float | None = None

    @property
    def is_finished(self) -> bool:
        """Whether no item will change any more. The counts decide where they are whole; words are undeclared."""
        if self.counts and sum(self.counts.values()) == self.total:
            return self.counts["pending"] + self.counts["running"] == 0
        return self.completed or self.status in _ENDED


@dataclass(frozen=True, slots=True)
class RemoteItem:
    """`seconds` is how long the service worked on it."""

    id: str
    file_id: str
    status: str
    pages: int | None
    seconds: float | None
    completed: bool
    updated: float | None
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a batch's item feed; the batch is as it stands at this request."""

    batch: RemoteBatch
    items: tuple[RemoteItem, ...]
    next_cursor: str | None


def read_file(answer: object) -> RemoteFile:
    """Read a registered file. Raises Misshapen."""
    body = _object(answer)
    upload = _object(body.get("upload"))
    kind = body.get("content_type")
    return RemoteFile(
        id=_identity(body, "id"),
        content_type=kind if isinstance(kind, str) else None,
        expires=moment(body.get("expires_at")),
        method=_text(upload, "method").upper(),
        url=_text(upload, "url"),
        owner=_owner(body),
    )


def read_stored(answer: object) -> StoredFile:
    """Read a file that was registered earlier. Raises Misshapen."""
    body = _object(answer)
    name, kind = body.get("filename"), body.get("content_type")
    return StoredFile(
        id=_identity(body, "id"),
        name=name if isinstance(name, str) else None,
        content_type=kind if isinstance(kind, str) else None,
        created=moment(body.get("created_at")),
        expires=moment(body.get("expires_at")),
        owner=_owner(body),
    )


def _owner(body: Mapping[str, Any]) -> str | None:
    """Return what tells an account from others, without its id, which is kept nowhere."""
    found = body.get("customer_id")
    return hashlib.sha256(found.encode()).hexdigest()[:16] if isinstance(found, str) and found else None


def read_batch(answer: object) -> RemoteBatch:
    """Read a batch. Raises Misshapen."""
    body = _object(answer)
    total, metadata, engine = body.get("total_items"), body.get("metadata"), body.get("engine")
    options = body.get("options")
    if not _is_whole(total):
        raise Misshapen("total_items is missing")
    return RemoteBatch(
        id=_identity(body, "id"),
        status=str(body.get("status")),
        total=total,
        counts=_counts(body.get("counts")),
        metadata=metadata if isinstance(metadata, dict) else {},
        engine=engine if isinstance(engine, str) else None,
        created=moment(body.get("created_at")),
        completed=body.get("completed_at") is not None,
        expires=moment(body.get("expires_at")),
        options=options if isinstance(options, dict) else {},
    )


def read_page(answer: object) -> Page:
    """Read one page of a batch's items. Raises Misshapen."""
    body = _object(answer)
    items = tuple(_item(each) for each in _list(body, "items"))
    return Page(read_batch(body), items, _cursor(body))


def read_list(answer: object) -> tuple[list[RemoteBatch], str | None]:
    """Read one page of the list of batches and the cursor of the next. Raises Misshapen."""
    body = _object(answer)
    return [read_batch(each) for each in _list(body, "data")], _cursor(body)


def read_complaint(body: object, text: str, depth: int = MOST_WRAPPED) -> tuple[str | None, str]:
    """Return the code and the words of an error, whatever shape it came in; in `depth` others at most."""
    if not isinstance(body, dict) or depth <= 0:
        found = dict(_XML.findall(text))
        return found.get("Code"), found.get("Message", "")
    code = body.get("error", body.get("code"))
    if isinstance(code, dict):
        return read_complaint({**code, "error": code.get("code")}, text, depth - 1)
    detail = body.get("detail")
    if isinstance(detail, dict):
        return read_complaint(detail, text, depth - 1)
    words = "; ".join(_findings(detail)) if isinstance(detail, list) else detail or body.get("message")
    return code if isinstance(code, str) else None, words if isinstance(words, str) else ""


def named_files(body: object) -> tuple[str, ...]:
    """Return the file ids an error names."""
    ids = body.get("file_ids") if isinstance(body, dict) else None
    return tuple(each for each in ids if isinstance(each, str)) if isinstance(ids, list) else ()


def _findings(detail: list[Any]) -> Iterator[str]:
    """Yield what a validation error says; the input it quotes may hold anything and is left out."""
    for each in detail:
        if isinstance(each, dict):
            place = each.get("loc")
            where = ".".join(map(str, place)) if isinstance(place, list) else "request"
            yield f"{where}: {each.get('msg')}"


def _item(answer: object) -> RemoteItem:
    body = _object(answer)
    error, pages = body.get("error"), body.get("page_count")
    code, message = read_complaint(error, "")
    began, ended = moment(body.get("started_at")), moment(body.get("completed_at"))
    return RemoteItem(
        id=_identity(body, "id"),
        file_id=_identity(body, "file_id"),
        status=str(body.get("status")),
        pages=pages if _is_whole(pages) else None,
        seconds=None if began is None or ended is None else ended - began,
        completed=body.get("completed_at") is not None,
        updated=moment(body.get("updated_at")),
        code=code or ("unknown" if error else None),
        message=message or None,
    )


def _counts(found: object) -> dict[str, int]:
    if not isinstance(found, dict):
        return {}
    counts = {name: found.get(name, 0) for name in _COUNTS}
    return counts if all(map(_is_whole, counts.values())) else {}


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _cursor(body: Mapping[str, Any]) -> str | None:
    cursor = body.get("next_cursor")
    return cursor if isinstance(cursor, str) and cursor else None


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    found = body.get(name)
    if not isinstance(found, list):
        raise Misshapen(f"{name} is no list")
    return found


def _object(answer: object) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise Misshapen("an object is missing")
    return answer


def _identity(body: Mapping[str, Any], name: str) -> str:
    found = identity(body.get(name))
    if found is None:
        raise Misshapen(f"{name} is missing")
    return found


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or not found:
        raise Misshapen(f"{name} is missing")
    return found
